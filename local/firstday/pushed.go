package firstday

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// inbox reads what was delivered over HTTP, as the partner's own back end would:
// it believes only what is signed.
type inbox struct {
	sandbox *control
	key     []byte
	after   int
	signed  map[string]bool // ids of the events
	forged  int
}

func newInbox(sandbox *control, secret string) (*inbox, error) {
	key, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		return nil, fmt.Errorf("the secret of deliveries: %w", err)
	}
	return &inbox{sandbox: sandbox, key: key, signed: map[string]bool{}}, nil
}

func (b *inbox) read(ctx context.Context) error {
	var news struct {
		Items []struct {
			Headers map[string]string `json:"headers"`
			Body    string            `json:"body"`
		} `json:"items"`
		After int `json:"after"`
	}
	if err := b.sandbox.get(ctx, fmt.Sprintf("/control/inbox?after=%d", b.after), &news); err != nil {
		return err
	}
	b.after = news.After
	for _, posted := range news.Items {
		id := posted.Headers["webhook-id"]
		mac := hmac.New(sha256.New, b.key)
		mac.Write([]byte(id + "." + posted.Headers["webhook-timestamp"] + "." + posted.Body))
		var event told
		want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		if posted.Headers["webhook-signature"] != want || json.Unmarshal([]byte(posted.Body), &event) != nil || event.ID != id {
			b.forged++
			continue
		}
		b.signed[id] = true
	}
	return nil
}

// countPushed waits until what is on the bus was delivered, too.
func (d *day) countPushed(ctx context.Context) error {
	delivered := 0
	err := until(ctx, "every event to be delivered over HTTP", 2*time.Minute, func(ctx context.Context) (bool, error) {
		if err := d.inbox.read(ctx); err != nil {
			return false, err
		}
		delivered = 0
		for id := range d.events.events {
			if d.inbox.signed[id] {
				delivered++
			}
		}
		return delivered == len(d.events.events), nil
	})
	if err != nil && ctx.Err() != nil {
		return err
	}
	d.check("events: delivered over HTTP, with a signature that fits", len(d.events.events), delivered)
	d.check("events: delivered with another signature", 0, d.inbox.forged)
	return nil
}
