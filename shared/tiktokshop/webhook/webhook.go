// Package webhook verifies and reads what TikTok Shop posts to us.
// Source: doc:tts-webhooks-overview.
package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tiktok-shop-affiliate/shared/redact"
)

// The ways a delivery is refused. None of them carries the signature.
var (
	// ErrNoSecret is a configuration error of ours, never a pass.
	ErrNoSecret = errors.New("webhook: no app secret is configured")
	// ErrNoSignature: the Authorization header is missing.
	ErrNoSignature = errors.New("webhook: no signature")
	// ErrSignature: the signature is malformed or not made with our secret.
	ErrSignature = errors.New("webhook: signature does not match")
	// ErrBody: the body is signed but not a notification we can read.
	ErrBody = errors.New("webhook: unreadable notification")
)

// Verify checks the Authorization header of a delivery against the raw body.
// secrets are the app's current secret and, during a rotation, the previous
// one; any of them may match. Comparison is in constant time. TikTok Shop signs
// no time, so replays are told apart by the notification id, not here.
func Verify(appKey string, secrets []redact.Secret, header string, body []byte) error {
	if appKey == "" || len(secrets) == 0 {
		return ErrNoSecret
	}
	for _, secret := range secrets {
		if secret.Empty() {
			return ErrNoSecret
		}
	}
	if header == "" {
		return ErrNoSignature
	}
	given, err := hex.DecodeString(header)
	if err != nil || len(given) != sha256.Size {
		return ErrSignature
	}
	matched := false
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret.Reveal()))
		mac.Write([]byte(appKey))
		mac.Write(body)
		matched = hmac.Equal(given, mac.Sum(nil)) || matched
	}
	if !matched {
		return ErrSignature
	}
	return nil
}

// Type is the number of a notification. Types we have no use for are kept too.
type Type int

// The types this product acts on.
const (
	OrderStatusChange   Type = 1
	SellerDeauthorized  Type = 6
	AuthorizationExpiry Type = 7
	ContentPosted       Type = 17
	CreatorDeauthorized Type = 20
)

// Notification is the envelope. Exactly one of the three ids names whom it is
// about; open ids are per app.
type Notification struct {
	Type Type
	// ID is TikTok Shop's own, the same on every repeated delivery. It may be
	// missing; Key never is.
	ID            string
	Time          time.Time
	ShopID        string
	CreatorOpenID string
	SellerOpenID  string
	// Data is the type's own part as it came.
	Data json.RawMessage
	// Key tells deliveries apart: ID, or the SHA-256 of the body without one.
	Key string
}

// OrderStatus is the data of type 1. It is the shop's order: a reason to read
// affiliate orders again, not an affiliate order.
type OrderStatus struct {
	OrderID    string
	Status     string // UNPAID, ON_HOLD, AWAITING_SHIPMENT, … COMPLETED, CANCEL
	OnHold     bool
	UpdateTime time.Time
}

// SellerDeauthorization is the data of type 6; the shop is in the envelope.
type SellerDeauthorization struct{ Message string }

// AuthorizationExpiring is the data of type 7, sent daily from 30 days before.
type AuthorizationExpiring struct {
	Message   string
	ExpiresAt time.Time
}

// ContentPosting is the data of type 17, one notification a product.
type ContentPosting struct {
	ProductID string
	Action    string // ADD, UPDATE or REMOVE
	Scene     string // VIDEO is the documented value
	ContentID string
}

// CreatorDeauthorization is the data of type 20: all access was removed.
type CreatorDeauthorization struct{ CancelTime time.Time }

// Parse reads the envelope of a verified body. Numbers may come as text and
// ids as numbers; unknown types and fields are fine. It wraps ErrBody.
func Parse(body []byte) (Notification, error) {
	var wire struct {
		Type          text            `json:"type"`
		ID            text            `json:"tts_notification_id"`
		Timestamp     text            `json:"timestamp"`
		ShopID        text            `json:"shop_id"`
		CreatorOpenID text            `json:"creator_open_id"`
		SellerOpenID  text            `json:"seller_open_id"`
		Data          json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return Notification{}, fmt.Errorf("%w: %w", ErrBody, err)
	}
	number, err := strconv.Atoi(string(wire.Type))
	if err != nil {
		return Notification{}, fmt.Errorf("%w: type is not a number", ErrBody)
	}
	at, err := wire.Timestamp.time()
	if err != nil {
		return Notification{}, err
	}
	n := Notification{
		Type: Type(number), ID: string(wire.ID), Time: at, ShopID: string(wire.ShopID),
		CreatorOpenID: string(wire.CreatorOpenID), SellerOpenID: string(wire.SellerOpenID), Data: wire.Data,
		Key: string(wire.ID),
	}
	if n.Key == "" {
		sum := sha256.Sum256(body)
		n.Key = hex.EncodeToString(sum[:])
	}
	return n, nil
}

// OrderStatus reads the data of type 1.
func (n Notification) OrderStatus() (OrderStatus, error) {
	var wire struct {
		OrderID    text `json:"order_id"`
		Status     text `json:"order_status"`
		OnHold     bool `json:"is_on_hold_order"`
		UpdateTime text `json:"update_time"`
	}
	if err := n.read(&wire); err != nil {
		return OrderStatus{}, err
	}
	at, err := wire.UpdateTime.time()
	return OrderStatus{OrderID: string(wire.OrderID), Status: string(wire.Status), OnHold: wire.OnHold, UpdateTime: at}, err
}

// SellerDeauthorization reads the data of type 6.
func (n Notification) SellerDeauthorization() (SellerDeauthorization, error) {
	var wire struct {
		Message text `json:"message"`
	}
	err := n.read(&wire)
	return SellerDeauthorization{Message: string(wire.Message)}, err
}

// AuthorizationExpiring reads the data of type 7.
func (n Notification) AuthorizationExpiring() (AuthorizationExpiring, error) {
	var wire struct {
		Message text `json:"message"`
		Expires text `json:"expiration_time"`
	}
	if err := n.read(&wire); err != nil {
		return AuthorizationExpiring{}, err
	}
	at, err := wire.Expires.time()
	return AuthorizationExpiring{Message: string(wire.Message), ExpiresAt: at}, err
}

// ContentPosting reads the data of type 17.
func (n Notification) ContentPosting() (ContentPosting, error) {
	var wire struct {
		ProductID text `json:"product_id"`
		Event     struct {
			Type      text `json:"type"`
			Scene     text `json:"scene"`
			ContentID text `json:"content_id"`
		} `json:"event"`
	}
	if err := n.read(&wire); err != nil {
		return ContentPosting{}, err
	}
	return ContentPosting{ProductID: string(wire.ProductID), Action: string(wire.Event.Type), Scene: string(wire.Event.Scene), ContentID: string(wire.Event.ContentID)}, nil
}

// CreatorDeauthorization reads the data of type 20.
func (n Notification) CreatorDeauthorization() (CreatorDeauthorization, error) {
	var wire struct {
		CancelTime text `json:"cancel_time"`
	}
	if err := n.read(&wire); err != nil {
		return CreatorDeauthorization{}, err
	}
	at, err := wire.CancelTime.time()
	return CreatorDeauthorization{CancelTime: at}, err
}

func (n Notification) read(into any) error {
	if len(n.Data) == 0 {
		return fmt.Errorf("%w: type %d without data", ErrBody, n.Type)
	}
	if err := json.Unmarshal(n.Data, into); err != nil {
		return fmt.Errorf("%w: type %d: %w", ErrBody, n.Type, err)
	}
	return nil
}

// text is a JSON string or number, kept as written.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	var value any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		return err
	}
	switch v := value.(type) {
	case nil:
	case string:
		*t = text(v)
	case json.Number:
		*t = text(v)
	default:
		return fmt.Errorf("want text or a number, got %T", value)
	}
	return nil
}

// maxSecond is the last second of the year 9999: later times have no text form.
const maxSecond = 253402300799

// time reads Unix seconds; empty is the zero time.
func (t text) time() (time.Time, error) {
	if t == "" || t == "0" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil || seconds < 0 || seconds > maxSecond {
		return time.Time{}, fmt.Errorf("%w: time is not Unix seconds", ErrBody)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
