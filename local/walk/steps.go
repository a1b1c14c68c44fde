package walk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// largeBody is more than any route takes: API Gateway hands it on.
const largeBody = 5<<20 + 1

func (w *walk) request(r route, t token) call {
	s := w.samples[r.String()]
	return call{method: r.Method, target: w.ids.in(s.target), body: w.ids.in(s.body), token: t}
}

// asStranger sends the host's own request as another owner.
func (w *walk) asStranger(ctx context.Context, r route) {
	switch c := w.request(r, w.stranger); w.samples[r.String()].is {
	case ofHost:
		answer := w.expect(ctx, "as another owner", c, http.StatusNotFound, "/problems/not-found")
		w.silent(r, answer)
	case ofCaller:
		w.silent(r, w.expect(ctx, "as another owner", c, http.StatusOK))
	}
}

// silent checks that an answer names nothing of the host's but what was asked for.
func (w *walk) silent(r route, answer call) {
	for _, id := range w.ids.foreign() {
		if strings.Contains(answer.text, id) && !strings.Contains(answer.target+answer.body, id) {
			w.faults = append(w.faults, fmt.Errorf("%s tells a stranger %s", r, id))
		}
	}
}

// asNobody sends it without the right token.
func (w *walk) asNobody(ctx context.Context, r route) {
	w.expect(ctx, "without a token", w.request(r, ""), http.StatusUnauthorized)
	w.expect(ctx, "with an expired token", w.request(r, expired(w.stranger)), http.StatusUnauthorized)
	other := w.reader
	if r.Scope == "affiliate/read" {
		other = w.writer
	}
	w.expect(ctx, "with the wrong scope", w.request(r, other), http.StatusForbidden)
}

// expired is the token with its end moved into the past, which also breaks its
// signature, as nobody else can make one.
func expired(t token) token {
	parts := strings.Split(string(t), ".")
	var claims map[string]any
	if len(parts) != 3 {
		return "malformed"
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return "malformed"
	}
	claims["exp"] = 1700000000
	payload, _ = json.Marshal(claims) // it came from JSON
	parts[1] = base64.RawURLEncoding.EncodeToString(payload)
	return token(strings.Join(parts, "."))
}

// withBadInput sends, as the host, what the route must refuse.
func (w *walk) withBadInput(ctx context.Context, r route) {
	s := w.samples[r.String()]
	spoil := func(what string, status int, holds string, change func(*call)) {
		c := w.request(r, w.host)
		change(&c)
		w.expect(ctx, what, c, status, holds)
	}
	query := func(parameter string) func(*call) {
		return func(c *call) {
			separator := "?"
			if strings.Contains(c.target, "?") {
				separator = "&"
			}
			c.target += separator + parameter
		}
	}
	spoil("with an unknown parameter", 400, "surprise", query("surprise=1"))
	spoil("with a parameter that is not UTF-8", 400, "/problems/invalid", query("surprise=%ff"))
	if s.limit {
		spoil("with a negative limit", 400, `"limit"`, query("limit=-1"))
		spoil("with a huge limit", 400, `"limit"`, query("limit=100000"))
		spoil("with a limit that is no number", 400, `"limit"`, query("limit=ten"))
	}
	if s.cursor != "" {
		spoil("with a cursor nobody signed", 400, `"`+s.cursor+`"`, query(s.cursor+"="+strings.Repeat("A", 64)))
	}
	if s.body == "" {
		spoil("with a body where none belongs", 400, "no body", func(c *call) { c.body = "{}" })
		return
	}
	spoil("with a huge body", 413, "/problems/too-large", func(c *call) { c.body = `{"x":"` + strings.Repeat("x", largeBody) + `"}` })
	spoil("with an empty body", 400, "/problems/invalid", func(c *call) { c.body = " " })
	spoil("with half a body", 400, "/problems/invalid", func(c *call) { c.body = c.body[:len(c.body)/2] })
	// The emulated API Gateway mends such a body before the function sees it, and
	// the id in it is then another one.
	spoil("with a body that is not UTF-8", refused, "", func(c *call) {
		place, spoilt := `":"`, "\":\"\xff"
		if !strings.Contains(c.body, place) { // no field holds a text: its name, then
			place, spoilt = `{"`, "{\"\xff"
		}
		c.body = strings.Replace(c.body, place, spoilt, 1)
	})
	spoil("with a list for a body", 400, "/problems/invalid", func(c *call) { c.body = "[" + c.body + "]" })
	spoil("with an unknown field", 400, `"/surprise"`, func(c *call) { c.body = `{"surprise":1,` + c.body[1:] })
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(w.ids.in(s.body)), &fields); err != nil {
		w.faults = append(w.faults, fmt.Errorf("the sample of %s: %w", r, err))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		spoil("with "+name+" of a wrong type", 400, `"/`+name+`"`, func(c *call) {
			changed := maps.Clone(fields)
			changed[name] = json.RawMessage(`7`)
			if fields[name][0] != '"' && fields[name][0] != '{' && fields[name][0] != '[' {
				changed[name] = json.RawMessage(`"seven"`)
			}
			encoded, _ := json.Marshal(changed) // it came from JSON
			c.body = string(encoded)
		})
	}
}

// asHost sends the requests that do no harm as the host: they are answered, so it
// was not for another reason that the stranger's were refused.
func (w *walk) asHost(ctx context.Context, r route) {
	if !w.samples[r.String()].safe {
		return
	}
	answer, err := w.send(ctx, w.request(r, w.host))
	if err == nil && answer.status/100 != 2 {
		err = fmt.Errorf("answered %d: %.300s", answer.status, answer.text)
	}
	if err != nil {
		w.faults = append(w.faults, fmt.Errorf("%s as its owner: %w", r, err))
	}
	w.answered++
}

// conventions are what holds on every route, tried on one of each sort.
func (w *walk) conventions(ctx context.Context) {
	list := call{method: http.MethodGet, target: "/v1/connections", token: w.stranger}
	first := w.expect(ctx, "for its ETag", list, http.StatusOK)
	list.headers = map[string]string{"If-None-Match": first.header.Get("ETag")}
	w.expect(ctx, "with its ETag", list, http.StatusNotModified)

	write := call{
		method: http.MethodPost, target: "/v1/connect-links", body: `{"account":"seller","market":"US"}`, token: w.stranger,
		headers: map[string]string{"Idempotency-Key": "walk of " + w.Stranger.ID},
	}
	made := w.expect(ctx, "with a key", write, http.StatusCreated)
	again := w.expect(ctx, "with the key again", write, http.StatusCreated, made.text)
	if again.header.Get("Idempotency-Replayed") != "true" {
		w.faults = append(w.faults, fmt.Errorf("a repeated write is not marked as replayed: %v", again.header))
	}
	write.body = `{"account":"creator","market":"US"}`
	w.expect(ctx, "with the key for another", write, http.StatusUnprocessableEntity, "/problems/key-reused")

	wrongKind := call{method: http.MethodPut, target: w.ids.in("/v1/campaigns/{campaign}/review-rules"), body: w.ids.in(`{"connection_id":"{seller}","rules":{}}`), token: w.host}
	w.expect(ctx, "with an account of the wrong kind", wrongKind, http.StatusBadRequest, `"/connection_id"`)

	// The creator withdrew access at the end of the first day.
	ended := call{method: http.MethodPost, target: "/v1/orders/refresh", body: w.ids.in(`{"connection_id":"{creator}"}`), token: w.host}
	w.expect(ctx, "with an account whose access has ended", ended, http.StatusConflict, "/problems/reconnect", `"connect_link":"`+w.API+"/connect/")
	w.expect(ctx, "for what is stored of it", call{method: http.MethodGet, target: w.ids.in("/v1/orders?connection_id={creator}"), token: w.host}, http.StatusOK)
}
