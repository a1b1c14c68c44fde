package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/delivery"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
	"tiktok-shop-affiliate/shared/tiktokshop/webhook"
)

const (
	defaultLimit = 50
	maxLimit     = 100
)

// maxConnections is how many connections one list goes over: each is asked for
// by itself.
const maxConnections = 100

type deliveriesRequest struct {
	ConnectionID string           `query:"connection_id"`
	Type         int              `query:"type"` // TikTok Shop's number; 0: all
	Outcome      delivery.Outcome `query:"outcome"`
	Limit        int              `query:"limit"`
	Cursor       string           `query:"cursor"`
}

// Validate sets the default.
func (in *deliveriesRequest) Validate(f *api.Fields) {
	if in.Limit == 0 {
		in.Limit = defaultLimit
	}
	if in.Limit < 1 || in.Limit > maxLimit {
		f.Parameter("limit", "must be from 1 to %d", maxLimit)
	}
	if in.Type < 0 {
		f.Parameter("type", "must be the number of a webhook type, such as 17")
	}
	if known := delivery.Outcomes(); in.Outcome != "" && !slices.Contains(known, in.Outcome) {
		f.Parameter("outcome", "must be one of %s", strings.Trim(fmt.Sprint(known), "[]"))
	}
}

// position is where a list goes on: the filters it began with and the place.
type position struct {
	Connection string           `json:"c,omitempty"`
	Type       int              `json:"t,omitempty"`
	Outcome    delivery.Outcome `json:"o,omitempty"`
	Before     string           `json:"b"`
}

// deliveryView is a webhook about something of the owner's, and what became of it.
type deliveryView struct {
	ID             string           `json:"id"`
	App            string           `json:"app"`
	NotificationID string           `json:"notification_id"` // TikTok Shop's; a hash of the body where it gave none
	Type           int              `json:"type"`
	Subject        string           `json:"subject"` // the asset it is about; of a seller as a whole, the account
	SentAt         time.Time        `json:"sent_at"` // as TikTok Shop says
	ReceivedAt     time.Time        `json:"received_at"`
	ProcessedAt    time.Time        `json:"processed_at"`
	Outcome        delivery.Outcome `json:"outcome"`
	Duplicates     int              `json:"duplicates"` // times it came again, without an effect
	Replays        int              `json:"replays"`    // times it was processed again on request
	ReplayedAt     time.Time        `json:"replayed_at,omitzero"`
	ReplayOutcome  delivery.Outcome `json:"replay_outcome,omitempty"` // of the last one
}

// deliveryDetail has the body, too.
type deliveryDetail struct {
	deliveryView
	Body json.RawMessage `json:"body"` // as TikTok Shop sent it
}

// listDeliveries shows what has come about the owner's accounts and assets since
// they were connected, the latest first.
func (h *handler) listDeliveries(ctx context.Context, call api.Call, in deliveriesRequest) (api.Page[deliveryView], error) {
	at := position{Connection: in.ConnectionID, Type: in.Type, Outcome: in.Outcome}
	if in.Cursor != "" {
		var from position
		if err := call.DecodeCursor(ctx, in.Cursor, &from); err != nil {
			return api.Page[deliveryView]{}, err
		}
		if at.Before = from.Before; at != from {
			return api.Page[deliveryView]{}, api.Invalid(api.Field{Parameter: "cursor", Detail: "belongs to a list with other filters"})
		}
	}
	sources, err := h.sources(ctx, call.Owner, in.ConnectionID)
	if err != nil {
		return api.Page[deliveryView]{}, err
	}
	found, next, err := delivery.List(ctx, h.deliveries, sources, delivery.Filter{Type: webhook.Type(in.Type), Outcome: in.Outcome, Before: at.Before, Limit: in.Limit})
	if err != nil {
		return api.Page[deliveryView]{}, err
	}
	views := make([]deliveryView, 0, len(found))
	for _, one := range found {
		views = append(views, viewDelivery(one))
	}
	if at.Before = next; next != "" {
		if next, err = call.EncodeCursor(ctx, at); err != nil {
			return api.Page[deliveryView]{}, err
		}
	}
	return api.NewPage(views, next), nil
}

// sources are what deliveries of one connection, or of all, are about.
func (h *handler) sources(ctx context.Context, owner, connectionID string) ([]delivery.Source, error) {
	if connectionID != "" {
		one, err := h.connections.Connection(ctx, owner, connectionID)
		return delivery.Sources(one.Account, one.Assets, one.CreatedAt), err
	}
	all, more, err := h.connections.All(ctx, owner, maxConnections)
	if err != nil {
		return nil, err
	}
	if more {
		return nil, api.Invalid(api.Field{Parameter: "connection_id", Detail: fmt.Sprintf("is required: there are more than %d connections", maxConnections)})
	}
	var sources []delivery.Source
	for _, one := range all {
		sources = append(sources, delivery.Sources(one.Account, one.Assets, one.CreatedAt)...)
	}
	return sources, nil
}

type deliveryRequest struct {
	ID string `path:"id"`
}

// delivery shows one with its body.
func (h *handler) delivery(ctx context.Context, call api.Call, in deliveryRequest) (deliveryDetail, error) {
	stored, err := h.find(ctx, call.Owner, in.ID)
	return deliveryDetail{deliveryView: viewDelivery(stored), Body: stored.Body}, err
}

// queued is a replay on its way.
type queued struct {
	ID     string `json:"id"`
	Replay int    `json:"replay"` // the delivery's "replays" once it is done
}

// replay has a delivery processed again, by the same rules as the first time:
// what is stored and newer wins. Asked twice before it is done, it happens once.
func (h *handler) replay(ctx context.Context, call api.Call, in deliveryRequest) (api.Answer[queued], error) {
	stored, err := h.find(ctx, call.Owner, in.ID)
	if err != nil {
		return api.Answer[queued]{}, err
	}
	again := delivery.Message{App: stored.App, ReceivedAt: stored.ReceivedAt, Body: stored.Body, Replay: stored.Replays + 1}
	text, attributes := again.Text()
	if err := h.webhooks.SendText(ctx, text, attributes); err != nil {
		return api.Answer[queued]{}, err
	}
	return api.Answer[queued]{Status: http.StatusAccepted, Body: queued{ID: in.ID, Replay: again.Replay}}, nil
}

// find returns a delivery about something the owner is connected to, and was
// when it came. Any other is fault.NotFound.
func (h *handler) find(ctx context.Context, owner, id string) (delivery.Stored, error) {
	ref, err := delivery.ParseRef(id)
	if err != nil {
		return delivery.Stored{}, err
	}
	accounts := []account.ID{account.ID(ref.Subject)}
	if strings.HasPrefix(ref.Subject, "shop:") {
		holdings, err := h.connections.Holdings(ctx, account.AssetID(ref.Subject))
		if err != nil {
			return delivery.Stored{}, err
		}
		accounts = nil
		for _, held := range holdings {
			accounts = append(accounts, held.Account)
		}
	}
	for _, holder := range accounts {
		if holder.App() != ref.App {
			continue
		}
		mine, err := h.connections.Connection(ctx, owner, connection.NewID(owner, holder))
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return delivery.Stored{}, err
		}
		stored, err := h.deliveries.Delivery(ctx, ref)
		if err != nil || !stored.ReceivedAt.Before(mine.CreatedAt) {
			return stored, err
		}
	}
	return delivery.Stored{}, fault.New("status", fault.NotFound, "there is no such delivery, or its 14 days are over")
}

func viewDelivery(s delivery.Stored) deliveryView {
	return deliveryView{
		ID: s.Ref().String(), App: s.App, NotificationID: s.ID, Type: int(s.Type), Subject: subjectOf(s.Subject),
		SentAt: s.Timestamp, ReceivedAt: s.ReceivedAt, ProcessedAt: s.ProcessedAt, Outcome: s.Outcome,
		Duplicates: s.Duplicates, Replays: s.Replays, ReplayedAt: s.ReplayedAt, ReplayOutcome: s.ReplayOutcome,
	}
}

// subjectOf names a creator as connections do, by its asset.
func subjectOf(subject string) string {
	if id := account.ID(subject); id.Kind() == tiktokshop.CreatorAccount {
		return string(account.CreatorAsset(id.App(), id.OpenID()))
	}
	return subject
}
