package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/idempotency"
	"tiktok-shop-affiliate/shared/idempotency/idempotencytest"
	"tiktok-shop-affiliate/shared/lambdahttp"
)

// What the middle itself costs: all of a request but the stores, TikTok Shop and
// the handler's own work, which here does nothing.
func BenchmarkMiddle(b *testing.B) {
	type item struct {
		Purpose    string `json:"purpose"`
		CampaignID string `json:"campaign_id"`
		ProductID  string `json:"product_id"`
		Rate       int    `json:"creator_commission_rate_bp"`
	}
	var items []item
	for i := range 50 {
		items = append(items, item{"campaign_product", "7403000000000000001", fmt.Sprintf("17290000000000000%02d", i), 1200})
	}
	encoded, err := json.Marshal(items)
	if err != nil {
		b.Fatal(err)
	}
	r := api.New(api.Owners{Claim: "owner"}, api.NewCursors(fixedKey("bench")), api.WithIdempotency(idempotency.NewKeeper(discard{new(idempotencytest.Memory)}, time.Now)))
	type request struct {
		ConnectionID string `json:"connection_id"`
		Items        []item `json:"items"`
	}
	api.Handle(r, "POST /v1/links", api.Write, func(_ context.Context, _ api.Call, in request) (request, error) { return in, nil })
	type page struct {
		Limit  int    `query:"limit"`
		Cursor string `query:"cursor"`
	}
	api.Handle(r, "GET /v1/links", api.Read, func(ctx context.Context, c api.Call, in page) (api.Page[item], error) {
		at := 0
		if in.Cursor != "" {
			if err := c.DecodeCursor(ctx, in.Cursor, &at); err != nil {
				return api.Page[item]{}, err
			}
		}
		next, err := c.EncodeCursor(ctx, at+1)
		return api.NewPage(items, next), err
	})
	claims := map[string]string{"owner": "acme", "scope": "affiliate/read affiliate/write"}
	first := httptest.NewRecorder()
	r.ServeHTTP(first, httptest.NewRequestWithContext(lambdahttp.WithClaims(b.Context(), claims), "GET", "/v1/links", nil))
	var listed api.Page[item]
	if err := json.Unmarshal(first.Body.Bytes(), &listed); err != nil {
		b.Fatal(err)
	}
	for name, c := range map[string]struct {
		method, target, body, key string
		status                    int
	}{
		"a page of 50":                {"GET", "/v1/links?limit=50&cursor=" + listed.NextCursor, "", "", http.StatusOK},
		"50 items":                    {"POST", "/v1/links", `{"connection_id":"conn_x","items":` + string(encoded) + `}`, "", http.StatusOK},
		"50 items with a key":         {"POST", "/v1/links", `{"connection_id":"conn_x","items":` + string(encoded) + `}`, "k", http.StatusOK},
		"50 items with a wrong field": {"POST", "/v1/links", `{"connection_id":"conn_x","items":` + string(encoded) + `,"x":1}`, "", http.StatusBadRequest},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				request := httptest.NewRequestWithContext(lambdahttp.WithClaims(b.Context(), claims), c.method, c.target, strings.NewReader(c.body))
				request.Header.Set("Content-Type", "application/json")
				if c.key != "" {
					request.Header.Set("Idempotency-Key", c.key)
				}
				w := httptest.NewRecorder()
				if r.ServeHTTP(w, request); w.Code != c.status {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}

// discard forgets outcomes, so that every request with a key is a first one.
type discard struct{ *idempotencytest.Memory }

func (d discard) Finish(ctx context.Context, r idempotency.Record) error { return d.Release(ctx, r) }
