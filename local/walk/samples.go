package walk

import "strings"

// sample is a valid request of the host, and what a stranger gets who sends it.
// {seller}, {creator}, {partner} are the host's connections, {order} is an order,
// {delivery} a webhook about one of its shops, {job} a job that is done, {campaign} a campaign of TikTok
// Shop's that its partner works on.
type sample struct {
	target string // path and query
	body   string // JSON object; empty: the route takes none
	is     kind
	cursor string // name of the parameter that takes a cursor; empty: none
	limit  bool   // it has a limit
	safe   bool   // the host may send it without harm
}

// kind is whose things a route is about.
type kind int

const (
	ofHost   kind = iota // things of the host: not found for a stranger
	ofCaller             // things of the caller: a stranger sees its own only
	ofAll                // the operator's: open to whoever has the scope, so not walked as a stranger
)

// samples has one line per route.
func samples() map[string]sample {
	return map[string]sample{
		"POST /v1/connect-links":              {target: "/v1/connect-links", body: `{"account":"seller","market":"US"}`, is: ofAll},
		"GET /v1/connections":                 {target: "/v1/connections", is: ofCaller, cursor: "cursor", limit: true, safe: true},
		"GET /v1/connections/{id}":            {target: "/v1/connections/{seller}", safe: true},
		"POST /v1/connections/claim":          {target: "/v1/connections/claim", body: `{"claim_token":"` + strings.Repeat("x", 43) + `"}`},
		"POST /v1/connections/{id}/refresh":   {target: "/v1/connections/{seller}/refresh", safe: true},
		"DELETE /v1/connections/{id}":         {target: "/v1/connections/{seller}"},
		"GET /v1/orders":                      {target: "/v1/orders?connection_id={seller}", cursor: "cursor", limit: true, safe: true},
		"GET /v1/orders/{order_id}":           {target: "/v1/orders/{order}", safe: true},
		"GET /v1/orders.csv":                  {target: "/v1/orders.csv?connection_id={seller}&perspective=seller", safe: true},
		"GET /v1/orders/freshness":            {target: "/v1/orders/freshness?connection_id={seller}", cursor: "cursor", limit: true, safe: true},
		"GET /v1/conversions":                 {target: "/v1/conversions?connection_id={seller}&perspective=seller", cursor: "cursor", limit: true, safe: true},
		"GET /v1/conversions.csv":             {target: "/v1/conversions.csv?connection_id={seller}&perspective=seller", safe: true},
		"GET /v1/status":                      {target: "/v1/status", is: ofCaller, safe: true},
		"POST /v1/orders/refresh":             {target: "/v1/orders/refresh", body: `{"connection_id":"{seller}"}`, safe: true},
		"GET /v1/deliveries":                  {target: "/v1/deliveries", is: ofCaller, cursor: "cursor", limit: true, safe: true},
		"GET /v1/deliveries/{id}":             {target: "/v1/deliveries/{delivery}", safe: true},
		"POST /v1/deliveries/{id}/replay":     {target: "/v1/deliveries/{delivery}/replay"},
		"GET /v1/jobs":                        {target: "/v1/jobs", is: ofCaller, cursor: "cursor", limit: true, safe: true},
		"POST /v1/jobs":                       {target: "/v1/jobs", body: `{"kind":"links","connection_id":"{seller}","asset":"{shop}","items":[{"purpose":"target_collaboration","collaboration_id":"7402000000000000001"}]}`},
		"GET /v1/jobs/{id}":                   {target: "/v1/jobs/{job}", safe: true},
		"GET /v1/jobs/{id}/results":           {target: "/v1/jobs/{job}/results", cursor: "cursor", limit: true, safe: true},
		"POST /v1/jobs/{id}/pause":            {target: "/v1/jobs/{job}/pause"},
		"POST /v1/jobs/{id}/resume":           {target: "/v1/jobs/{job}/resume"},
		"POST /v1/jobs/{id}/cancel":           {target: "/v1/jobs/{job}/cancel"},
		"POST /v1/orders/backfill":            {target: "/v1/orders/backfill", body: `{"connection_id":"{seller}","asset":"{shop}","from":"2026-11-01T00:00:00Z"}`, safe: true},
		"POST /v1/self-test":                  {target: "/v1/self-test", body: `{"items":3}`, is: ofAll},
		"POST /v1/links":                      {target: "/v1/links", body: `{"connection_id":"{seller}","asset":"{shop}","items":[{"purpose":"target_collaboration","collaboration_id":"7402000000000000001"}]}`, safe: true},
		"PUT /v1/campaigns/{id}/review-rules": {target: "/v1/campaigns/{campaign}/review-rules", body: `{"connection_id":"{partner}","rules":{}}`},
		"POST /v1/campaigns/{id}/review":      {target: "/v1/campaigns/{campaign}/review", body: `{"connection_id":"{partner}","dry_run":true}`, safe: true},
		"GET /v1/campaigns/{id}/reviews":      {target: "/v1/campaigns/{campaign}/reviews", is: ofCaller, cursor: "cursor", limit: true, safe: true},
		"GET /v1/changes":                     {target: "/v1/changes", is: ofCaller, cursor: "after", limit: true, safe: true},
		"GET /v1/clients":                     {target: "/v1/clients", is: ofAll, cursor: "cursor", limit: true, safe: true},
		"PUT /v1/clients/{client_id}":         {target: "/v1/clients/nobody", body: `{"owner":"nobody"}`, is: ofAll},
		"DELETE /v1/clients/{client_id}":      {target: "/v1/clients/nobody", is: ofAll},
	}
}
