package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// Delivery is one notification on its way to an app.
type Delivery struct {
	ID        int64     `json:"id"`
	App       string    `json:"app"`
	Type      int       `json:"type"` // 0 for a raw body
	Notice    string    `json:"tts_notification_id"`
	Body      string    `json:"body"`
	Signature string    `json:"signature"` // "valid", "forged" or "missing"
	State     string    `json:"state"`     // "pending", "delivered", "refused" (401: final) or "dropped"
	Attempts  []Attempt `json:"attempts"`

	header string // the Authorization header
	url    string
}

// Attempt is one try to deliver.
type Attempt struct {
	At     time.Time `json:"at"`
	Status int       `json:"status"` // HTTP; 0 = no answer
	Error  string    `json:"error,omitempty"`
}

// webhookTimeout is how long TikTok waits for the answer.
// Source: doc:configuration-guide.
const webhookTimeout = 3 * time.Second

// retryPlan is the wait before each further attempt.
// Source: doc:configuration-guide.
func retryPlan() []time.Duration {
	return []time.Duration{2 * time.Minute, 30 * time.Minute, 3 * time.Hour, 12 * time.Hour}
}

// NewWebhook describes notifications to send.
type NewWebhook struct {
	App            string          `json:"app"`                 // app name; the first app
	Type           int             `json:"type"`                // 1, 6, 7, 17, 20 are filled in; any other takes Data as it is
	Shop           string          `json:"shop"`                // shop id, for types with a shop_id
	Creator        string          `json:"creator"`             // user id, for types with a creator_open_id
	Order          string          `json:"order"`               // order id, for type 1; the shop's newest order
	Product        string          `json:"product"`             // product id, for type 17
	Content        string          `json:"content"`             // content id, for type 17
	Event          string          `json:"event"`               // ADD, UPDATE or REMOVE, for type 17; ADD
	Data           json.RawMessage `json:"data"`                // instead of the data that would be filled in
	Timestamp      int64           `json:"timestamp"`           // of the envelope, Unix seconds; now
	NotificationID string          `json:"tts_notification_id"` // a new one
	Copies         int             `json:"copies"`              // how often the same notification is sent; 1
	Signature      string          `json:"signature"`           // "valid", "forged" or "missing"; valid
	Body           string          `json:"body"`                // sent as it is instead of all of the above
}

// SendWebhooks sends notifications and returns the numbers of their deliveries.
func (s *Sandbox) SendWebhooks(n NewWebhook) ([]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	app := s.app(n.App)
	if app == nil || app.WebhookURL == "" {
		return nil, fmt.Errorf("app %q does not exist or has no webhook URL", n.App)
	}
	body, notice := []byte(n.Body), ""
	if n.Body == "" {
		m, err := s.message(app, n)
		if err != nil {
			return nil, err
		}
		notice = orElse(n.NotificationID, s.noticeID())
		body = m.encode(notice, orElse(n.Timestamp, s.now().Unix()))
	}
	var ids []int64
	for range orElse(n.Copies, 1) {
		ids = append(ids, s.deliver(app, n.Type, notice, body, orElse(n.Signature, "valid")))
	}
	return ids, nil
}

// message fills in what a notification of the type says.
func (s *Sandbox) message(app *App, n NewWebhook) (message, error) {
	m := message{kind: n.Type, about: obj{}, data: obj{}}
	shop, creator := s.shop(n.Shop), s.user(n.Creator)
	if shop == nil && n.Shop != "" || creator == nil && n.Creator != "" {
		return m, fmt.Errorf("there is no such shop or creator")
	}
	switch n.Type {
	case 1, 6, 7:
		if shop == nil {
			return m, fmt.Errorf("type %d needs a shop", n.Type)
		}
	case 17, 20:
		if creator == nil {
			return m, fmt.Errorf("type %d needs a creator", n.Type)
		}
	}
	switch n.Type {
	case 1:
		newest := &order{id: n.Order, shop: shop, created: s.now()}
		for _, o := range s.orders {
			if o.shop == shop && (n.Order == "" || n.Order == o.id) {
				newest = o
			}
		}
		m = orderStatusChanged(newest, s.now())
	case 6:
		m = sellerDeauthorized(shop)
	case 7:
		m = authorizationExpires(shop, s.now().Add(30*day))
	case 17:
		product := orElse(n.Product, s.products[0].id)
		m = contentPosted(openID(app, creator), product, orElse(n.Content, number(contentFamily, s.next())), orElse(n.Event, "ADD"))
	case 20:
		m = creatorDeauthorized(openID(app, creator), s.now())
	default:
		if shop != nil {
			m.about["shop_id"] = shop.id
		}
		if creator != nil {
			m.about["creator_open_id"] = openID(app, creator)
		}
	}
	if n.Data != nil {
		m.data = nil
		if err := json.Unmarshal(n.Data, &m.data); err != nil {
			return m, fmt.Errorf("data: %w", err)
		}
	}
	return m, nil
}

func (m message) encode(notice string, timestamp int64) []byte {
	whole := obj{"type": m.kind, "tts_notification_id": notice, "timestamp": timestamp, "data": m.data}
	maps.Copy(whole, m.about)
	body, err := json.Marshal(whole)
	if err != nil {
		panic(err) // a message made of our own values always encodes
	}
	return body
}

func (s *Sandbox) noticeID() string { return number(noticeFamily, s.next()) }

// notify sends what TikTok sends by itself. The caller holds the lock.
func (s *Sandbox) notify(app *App, m message) {
	if app.WebhookURL == "" {
		return
	}
	notice := s.noticeID()
	s.deliver(app, m.kind, notice, m.encode(notice, s.now().Unix()), "valid")
}

// deliver puts a notification on its way. The caller holds the lock.
func (s *Sandbox) deliver(app *App, kind int, notice string, body []byte, signature string) int64 {
	d := &Delivery{
		ID: s.next(), App: app.Name, Type: kind, Notice: notice, Body: string(body), Signature: signature, State: "pending", url: app.WebhookURL,
	}
	switch signature {
	case "valid":
		d.header = webhookSignature(app.Key, app.Secret, body)
	case "forged":
		d.header = webhookSignature(app.Key, app.Secret+"?", body)
	}
	s.deliveries = append(s.deliveries, d)
	go s.attempts(s.life, d, s.settings.RetryScale)
	return d.ID
}

// attempts tries until the app took the notification, refused its signature, or
// the plan is at its end.
func (s *Sandbox) attempts(life context.Context, d *Delivery, scale float64) {
	plan := retryPlan()
	for i := 0; ; i++ {
		attempt := s.attempt(life, d)
		state := "pending"
		switch {
		case attempt.Status == http.StatusOK:
			state = "delivered"
		case attempt.Status == http.StatusUnauthorized:
			state = "refused"
		case i == len(plan):
			state = "dropped"
		}
		s.mu.Lock()
		d.Attempts, d.State = append(d.Attempts, attempt), state
		s.mu.Unlock()
		if state != "pending" {
			return
		}
		select {
		case <-time.After(time.Duration(float64(plan[i]) * scale)):
		case <-life.Done():
			return
		}
	}
}

func (s *Sandbox) attempt(life context.Context, d *Delivery) Attempt {
	attempt := Attempt{At: s.now()}
	ctx, cancel := context.WithTimeout(life, webhookTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader([]byte(d.Body)))
	if err != nil {
		attempt.Error = err.Error()
		return attempt
	}
	request.Header.Set("Content-Type", "application/json")
	if d.header != "" {
		request.Header.Set("Authorization", d.header)
	}
	response, err := s.http.Do(request)
	if err != nil {
		attempt.Error = err.Error()
		return attempt
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, maxBody))
	attempt.Status = response.StatusCode
	if err != nil {
		attempt.Status, attempt.Error = 0, err.Error()
	}
	return attempt
}

// Deliveries lists the webhook log, oldest first.
func (s *Sandbox) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Delivery, len(s.deliveries))
	for i, d := range s.deliveries {
		list[i] = *d
		list[i].Attempts = append([]Attempt{}, d.Attempts...)
	}
	return list
}

// byStatus counts deliveries by what the app answered last: an HTTP status, or "none".
func byStatus(list []*Delivery, counts func(*Delivery) bool) map[string]int {
	by := map[string]int{}
	for _, d := range list {
		if !counts(d) || len(d.Attempts) == 0 {
			continue
		}
		answer := "none"
		if last := d.Attempts[len(d.Attempts)-1]; last.Status > 0 {
			answer = strconv.Itoa(last.Status)
		}
		by[answer]++
	}
	return by
}
