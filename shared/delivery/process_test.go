package delivery_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/delivery"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
	"tiktok-shop-affiliate/shared/tiktokshop/webhook"
)

var (
	consent = time.Unix(1_793_000_000, 0).UTC()
	seller  = account.NewID("main", tiktokshop.SellerAccount, "s1")
	second  = account.NewID("main", tiktokshop.SellerAccount, "s2")
	foreign = account.NewID("other", tiktokshop.SellerAccount, "s1")
	creator = account.NewID("main", tiktokshop.CreatorAccount, "c1")
)

// world is who is connected, and what TikTok Shop says of their shops.
type world struct {
	holdings map[account.AssetID][]account.ID
	shops    map[account.ID][]account.AssetID // absent: the grant is over
	down     error

	record  delivery.Record
	outcome delivery.Outcome
	effects []delivery.Effect
}

func (w *world) Account(_ context.Context, id account.ID) (account.Account, error) {
	for _, known := range []account.ID{seller, second, foreign, creator} {
		if id == known {
			return account.Account{ID: id, AuthorizedAt: consent}, nil
		}
	}
	return account.Account{}, fault.New("test", fault.NotFound, "no such account")
}

func (w *world) Holdings(_ context.Context, asset account.AssetID) ([]account.Asset, error) {
	var held []account.Asset
	for _, id := range w.holdings[asset] {
		held = append(held, account.Asset{ID: asset, Account: id})
	}
	return held, nil
}

func (w *world) Authorized(_ context.Context, id account.ID) ([]account.AssetID, error) {
	if w.down != nil {
		return nil, w.down
	}
	shops, ok := w.shops[id]
	if !ok {
		return nil, fault.New("test", fault.Reconnect, "revoked")
	}
	return shops, nil
}

func (w *world) Save(_ context.Context, r delivery.Record, outcome delivery.Outcome, effects []delivery.Effect) error {
	w.record, w.outcome, w.effects = r, outcome, effects
	return nil
}

func newWorld() *world {
	return &world{
		holdings: map[account.AssetID][]account.ID{"shop:1": {seller, foreign}, "shop:2": {seller}, "shop:3": {seller, second}},
		shops:    map[account.ID][]account.AssetID{},
	}
}

func body(kind int, subject, at, data string) string {
	return fmt.Sprintf(`{"type":%d,"tts_notification_id":"n1",%s"timestamp":%s,"data":%s}`, kind, subject, at, data)
}

func TestProcess(t *testing.T) {
	t.Parallel()
	const (
		shop1, shop3, shop9 = `"shop_id":"1",`, `"shop_id":"3",`, `"shop_id":"9",`
		c1, c9              = `"creator_open_id":"c1",`, `"creator_open_id":"c9",`
		later, earlier      = "1793000100", "1792999999"
	)
	at := time.Unix(1_793_000_100, 0).UTC()
	post := func(action string) string {
		return `{"product_id":"p1","event":{"type":"` + action + `","scene":"VIDEO","content_id":"v1"}}`
	}
	posted := delivery.Posted{Asset: "creator:main:c1", ProductID: "p1", ContentID: "v1", Scene: "VIDEO", Action: delivery.Added, At: at}
	for _, c := range []struct {
		name    string
		body    string
		world   func(*world)
		subject string
		outcome delivery.Outcome
		effects []delivery.Effect
	}{
		{"17 of a creator", body(17, c1, later, post("ADD")), nil, string(creator), delivery.Applied, []delivery.Effect{posted}},
		{"17 of a stranger", body(17, c9, later, post("ADD")), nil, "main:creator:c9", delivery.Unmatched, nil},
		{"17 with an action of the future", body(17, c1, later, post("PIN")), nil, string(creator), delivery.Recorded, nil},
		{"20", body(20, c1, later, `{"cancel_time":1793000050}`), nil, string(creator), delivery.Applied,
			[]delivery.Effect{delivery.Revoked{Account: creator, At: time.Unix(1_793_000_050, 0).UTC()}}},
		{"20 with the time as text", body(20, c1, later, `{"cancel_time":"1793000050"}`), nil, string(creator), delivery.Applied,
			[]delivery.Effect{delivery.Revoked{Account: creator, At: time.Unix(1_793_000_050, 0).UTC()}}},
		{"20 without its own time", body(20, c1, later, `{}`), nil, string(creator), delivery.Applied,
			[]delivery.Effect{delivery.Revoked{Account: creator, At: at}}},
		{"20 from before the consent", body(20, c1, later, `{"cancel_time":1792999999}`), nil, string(creator), delivery.Superseded, nil},
		{"20 of the consent's second", body(20, c1, later, `{"cancel_time":1793000000}`), nil, string(creator), delivery.Superseded, nil},
		{"20 of a stranger", body(20, c9, later, `{"cancel_time":1793000050}`), nil, "main:creator:c9", delivery.Unmatched, nil},
		{"6, another shop is left", body(6, shop1, later, `{"message":"x"}`), func(w *world) { w.shops[seller] = []account.AssetID{"shop:2"} }, "shop:1", delivery.Applied,
			[]delivery.Effect{delivery.Deauthorized{Asset: "shop:1", Account: seller, At: at}}},
		{"6, no shop is left", body(6, shop1, later, `{"message":"x"}`), func(w *world) { w.shops[seller] = []account.AssetID{} }, "shop:1", delivery.Applied,
			[]delivery.Effect{delivery.Deauthorized{Asset: "shop:1", Account: seller, At: at}, delivery.Revoked{Account: seller, At: at}}},
		{"6, the grant is over", body(6, shop1, later, `{"message":"x"}`), nil, "shop:1", delivery.Applied,
			[]delivery.Effect{delivery.Deauthorized{Asset: "shop:1", Account: seller, At: at}, delivery.Revoked{Account: seller, At: at}}},
		{"6, TikTok Shop says otherwise", body(6, shop1, later, `{"message":"x"}`), func(w *world) { w.shops[seller] = []account.AssetID{"shop:1"} }, "shop:1", delivery.Unconfirmed, nil},
		{"6 from before the consent", body(6, shop1, earlier, `{"message":"x"}`), nil, "shop:1", delivery.Superseded, nil},
		{"6 of a stranger", body(6, shop9, later, `{"message":"x"}`), nil, "shop:9", delivery.Unmatched, nil},
		{"6 of a shop two accounts hold", body(6, shop3, later, `{"message":"x"}`), func(w *world) {
			w.shops[seller], w.shops[second] = []account.AssetID{"shop:2"}, []account.AssetID{"shop:3"}
		}, "shop:3", delivery.Applied,
			[]delivery.Effect{delivery.Deauthorized{Asset: "shop:3", Account: seller, At: at}}},
		{"7", body(7, shop1, later, `{"message":"x","expiration_time":"1795000000"}`), nil, "shop:1", delivery.Applied,
			[]delivery.Effect{delivery.Expiring{Account: seller, At: time.Unix(1_795_000_000, 0).UTC()}}},
		{"1", body(1, shop1, later, `{"order_id":"o1","order_status":"UNPAID"}`), nil, "shop:1", delivery.Applied,
			[]delivery.Effect{delivery.OrderMoved{Asset: "shop:1", OrderID: "o1"}}},
		{"1 of a stranger", body(1, shop9, later, `{"order_id":"o1","order_status":"UNPAID"}`), nil, "shop:9", delivery.Unmatched, nil},
		{"56", body(56, shop1, later, `{"application_id":"a","creator":[{}]}`), nil, "shop:1", delivery.Recorded, nil},
		{"33", body(33, shop1, later, `{"content":"Hello"}`), nil, "shop:1", delivery.Recorded, nil},
		{"55", body(55, c1, later, `{"result":"PASS"}`), nil, string(creator), delivery.Recorded, nil},
		{"59", body(59, c1, later, `{"task_id":"t"}`), nil, string(creator), delivery.Recorded, nil},
		{"a type of the future", body(999, `"seller_open_id":"s1",`, later, `[1,2]`), nil, string(seller), delivery.Recorded, nil},
		{"a type about no one", body(68, "", later, `null`), nil, "", delivery.Recorded, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			if c.world != nil {
				c.world(w)
			}
			m := delivery.Message{App: "main", ReceivedAt: received, Body: []byte(c.body)}
			require.NoError(t, delivery.NewProcessor(w, w, w).Process(t.Context(), m))
			assert.Equal(t, c.outcome, w.outcome)
			assert.Equal(t, c.effects, w.effects)
			assert.Equal(t, c.subject, w.record.Subject)
			assert.Equal(t, "main", w.record.App)
			assert.Equal(t, "n1", w.record.ID)
			assert.Equal(t, received, w.record.ReceivedAt)
			assert.Equal(t, c.body, string(w.record.Body))
		})
	}
}

func TestProcessFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		body string
		down error
		kind fault.Kind
	}{
		{"not JSON", `{"type":`, nil, fault.Invalid},
		{"no type", `{}`, nil, fault.Invalid},
		{"not an object", `[]`, nil, fault.Invalid},
		{"17 without a product", body(17, `"creator_open_id":"c1",`, "1793000100", `{"event":{"type":"ADD"}}`), nil, fault.Invalid},
		{"17 of a shop", body(17, `"shop_id":"1",`, "1793000100", `{"product_id":"p","event":{"type":"ADD","content_id":"v"}}`), nil, fault.Invalid},
		{"20 of a shop", body(20, `"shop_id":"1",`, "1793000100", `{"cancel_time":1793000050}`), nil, fault.Invalid},
		{"7 without a time", body(7, `"shop_id":"1",`, "1793000100", `{"message":"x"}`), nil, fault.Invalid},
		{"1 without an order", body(1, `"shop_id":"1",`, "1793000100", `{}`), nil, fault.Invalid},
		{"6 while TikTok Shop is down", body(6, `"shop_id":"1",`, "1793000100", `{}`), fault.New("test", fault.Unavailable, "down"), fault.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.down = c.down
			err := delivery.NewProcessor(w, w, w).Process(t.Context(), delivery.Message{App: "main", ReceivedAt: received, Body: []byte(c.body)})
			assert.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			assert.Empty(t, w.outcome, "nothing is stored")
		})
	}
}

func TestWithoutANotificationIDTheBodyIdentifies(t *testing.T) {
	t.Parallel()
	w := newWorld()
	process := func(text string) string {
		require.NoError(t, delivery.NewProcessor(w, w, w).Process(t.Context(), delivery.Message{App: "main", ReceivedAt: received, Body: []byte(text)}))
		return w.record.ID
	}
	first := process(`{"type":99}`)
	assert.Len(t, first, 64)
	assert.Equal(t, first, process(`{"type":99}`))
	assert.NotEqual(t, first, process(`{"type":98}`))
	assert.Equal(t, received, w.record.Timestamp, "without a time of its own the time of receipt stands in")
}

func FuzzProcess(f *testing.F) {
	for _, kind := range []webhook.Type{webhook.OrderStatusChange, webhook.SellerDeauthorized, webhook.AuthorizationExpiry, webhook.ContentPosted, webhook.CreatorDeauthorized, 99} {
		f.Add([]byte(body(int(kind), `"shop_id":"1",`, "1793000100", `{"order_id":"o"}`)))
		f.Add([]byte(body(int(kind), `"creator_open_id":"c1",`, `"1793000100"`, `{"product_id":1,"event":{"type":"ADD","content_id":2}}`)))
	}
	f.Add([]byte(`{"type":"17","data":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		w := newWorld()
		err := delivery.NewProcessor(w, w, w).Process(t.Context(), delivery.Message{App: "main", ReceivedAt: received, Body: text})
		if (err == nil) == (w.outcome == "") {
			t.Fatalf("outcome %q with error %v", w.outcome, err)
		}
		if err == nil && (w.outcome == delivery.Applied) != (len(w.effects) > 0) {
			t.Fatalf("outcome %q with effects %v", w.outcome, w.effects)
		}
	})
}
