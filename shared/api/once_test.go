package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/idempotency"
	"tiktok-shop-affiliate/shared/idempotency/idempotencytest"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// counter counts how often a write is done.
type counter struct {
	*api.Router
	mu    sync.Mutex
	done  int
	fail  error
	began chan struct{} // nil, or told when a write begins, which then waits for it
}

type count struct {
	Step int `json:"step"`
}

func (c *count) Validate(f *api.Fields) {
	if c.Step > 9 {
		f.Body("/step", "must be at most 9")
	}
}

func newCounter(store idempotency.Store, clock func() time.Time) *counter {
	c := &counter{Router: api.New(api.Owners{Claim: "owner"}, nil, api.WithIdempotency(idempotency.NewKeeper(store, clock)))}
	add := func(_ context.Context, _ api.Call, in count) (api.Answer[map[string]int], error) {
		if c.began != nil {
			c.began <- struct{}{}
			<-c.began
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.done += in.Step
		return api.Answer[map[string]int]{Status: http.StatusCreated, Body: map[string]int{"done": c.done}}, c.fail
	}
	api.HandleStatus(c.Router, "POST /v1/count", api.Write, add)
	api.HandleStatus(c.Router, "PUT /v1/count/{id}", api.Write, add)
	return c
}

func (c *counter) send(ctx context.Context, owner, method, target, key, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(lambdahttp.WithClaims(ctx, map[string]string{"owner": owner, "scope": "affiliate/write"}), method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

func standing() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }

func TestAWriteIsDoneOnce(t *testing.T) {
	t.Parallel()
	c := newCounter(new(idempotencytest.Memory), standing)
	first := c.send(t.Context(), "acme", "POST", "/v1/count", "k1", `{"step":1}`)
	require.Equal(t, http.StatusCreated, first.Code, first.Body)
	assert.Empty(t, first.Header().Get("Idempotency-Replayed"))
	for _, again := range []struct {
		name, owner, method, target, key, body string
		status                                 int
		problem                                string
		done                                   int
	}{
		{"the same", "acme", "POST", "/v1/count", "k1", `{"step":1}`, 201, "", 1},
		{"another body", "acme", "POST", "/v1/count", "k1", `{"step":2}`, 422, "key-reused", 1},
		{"another route", "acme", "PUT", "/v1/count/1", "k1", `{"step":1}`, 422, "key-reused", 1},
		{"another owner", "globex", "POST", "/v1/count", "k1", `{"step":1}`, 201, "", 2},
		{"another key", "acme", "POST", "/v1/count", "k2", `{"step":1}`, 201, "", 3},
		{"no key", "acme", "POST", "/v1/count", "", `{"step":1}`, 201, "", 4},
		{"another path", "acme", "PUT", "/v1/count/2", "k3", `{"step":1}`, 201, "", 5},
		{"the path once more", "acme", "PUT", "/v1/count/2", "k3", `{"step":1}`, 201, "", 5},
		{"a wrong request takes no key", "acme", "POST", "/v1/count", "k4", `{"step":10}`, 400, "invalid", 5},
		{"and its correction gets it", "acme", "POST", "/v1/count", "k4", `{"step":1}`, 201, "", 6},
		{"a key of blanks", "acme", "POST", "/v1/count", "kö", `{"step":1}`, 400, "invalid", 6},
		{"a key too long", "acme", "POST", "/v1/count", strings.Repeat("k", 256), `{"step":1}`, 400, "invalid", 6},
		{"the longest key", "acme", "POST", "/v1/count", strings.Repeat("k", 255), `{"step":1}`, 201, "", 7},
	} {
		answer := c.send(t.Context(), again.owner, again.method, again.target, again.key, again.body)
		assert.Equal(t, again.status, answer.Code, again.name)
		assert.Equal(t, again.done, c.done, again.name)
		assert.Contains(t, answer.Body.String(), again.problem, again.name)
	}
	replay := c.send(t.Context(), "acme", "POST", "/v1/count", "k1", `{"step":1}`)
	assert.Equal(t, first.Body.String(), replay.Body.String())
	assert.Equal(t, "true", replay.Header().Get("Idempotency-Replayed"))
	assert.Equal(t, first.Header().Get("Content-Type"), replay.Header().Get("Content-Type"))
}

func TestADuplicateMeanwhile(t *testing.T) {
	t.Parallel()
	c := newCounter(new(idempotencytest.Memory), standing)
	c.began = make(chan struct{})
	ended := make(chan *httptest.ResponseRecorder)
	go func() { ended <- c.send(t.Context(), "acme", "POST", "/v1/count", "k", `{"step":1}`) }()
	<-c.began
	duplicate := c.send(t.Context(), "acme", "POST", "/v1/count", "k", `{"step":1}`)
	assert.Equal(t, http.StatusConflict, duplicate.Code)
	assert.Contains(t, duplicate.Body.String(), "/problems/in-progress")
	assert.Equal(t, "1", duplicate.Header().Get("Retry-After"))
	c.began <- struct{}{}
	assert.Equal(t, http.StatusCreated, (<-ended).Code)
	assert.Equal(t, 1, c.done)
}

// Each kind of fault either is the outcome that repeating is told again, or
// frees the key so that repeating tries again.
func TestWhatIsKept(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds(t) {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			c := newCounter(new(idempotencytest.Memory), standing)
			c.fail = fault.New("test", kind, "It failed.")
			failed := c.send(t.Context(), "acme", "POST", "/v1/count", "k", `{"step":1}`)
			c.fail = nil
			again := c.send(t.Context(), "acme", "POST", "/v1/count", "k", `{"step":1}`)
			switch kind {
			case fault.Invalid, fault.NotFound, fault.Gone, fault.Conflict, fault.TooLarge, fault.Retired, fault.OutcomeUnknown:
				assert.Equal(t, failed.Body.String(), again.Body.String())
				assert.Equal(t, "application/problem+json", again.Header().Get("Content-Type"))
				assert.Equal(t, "true", again.Header().Get("Idempotency-Replayed"))
				assert.Equal(t, 1, c.done)
			default:
				assert.Equal(t, http.StatusCreated, again.Code)
				assert.Equal(t, 2, c.done)
			}
		})
	}
}

func TestTheUnknownOutcomeOfATikTokWriteIsKept(t *testing.T) {
	t.Parallel()
	c := newCounter(new(idempotencytest.Memory), standing)
	c.fail = fmt.Errorf("making a link: %w", &tiktokshop.Error{Op: "Partner.Link", Kind: tiktokshop.OutcomeUnknown})
	for range 2 {
		answer := c.send(t.Context(), "acme", "POST", "/v1/count", "k", `{"step":1}`)
		assert.Equal(t, http.StatusGatewayTimeout, answer.Code)
	}
	assert.Equal(t, 1, c.done)
}

func TestAClaimOutlivedItsRequest(t *testing.T) {
	t.Parallel()
	store, now := new(idempotencytest.Memory), standing()
	c := newCounter(store, func() time.Time { return now })
	func() {
		defer func() { _ = recover() }() // the function dies in the middle of it
		api.HandleStatus(c.Router, "POST /v1/crash", api.Write, func(context.Context, api.Call, count) (api.Answer[thing], error) {
			if c.done++; c.done == 1 {
				panic("killed")
			}
			return api.Answer[thing]{Status: http.StatusOK}, nil
		})
		c.send(t.Context(), "acme", "POST", "/v1/crash", "k", `{"step":1}`)
	}()
	assert.Equal(t, http.StatusConflict, c.send(t.Context(), "acme", "POST", "/v1/crash", "k", `{"step":1}`).Code)
	now = now.Add(idempotency.Lease)
	assert.Equal(t, http.StatusOK, c.send(t.Context(), "acme", "POST", "/v1/crash", "k", `{"step":1}`).Code)
	assert.Equal(t, 2, c.done)
}

func TestTheStoreOfOutcomesIsDown(t *testing.T) {
	t.Parallel()
	store := &idempotencytest.Memory{Err: fault.New("test", fault.Unavailable, "The store did not answer.")}
	c := newCounter(store, standing)
	answer := c.send(t.Context(), "acme", "POST", "/v1/count", "k", `{"step":1}`)
	assert.Equal(t, http.StatusServiceUnavailable, answer.Code)
	assert.Zero(t, c.done, "what could not be claimed is not done")

	// Down only afterwards: the caller is told all the same.
	c = newCounter(&failingFinish{Memory: new(idempotencytest.Memory)}, standing)
	assert.Equal(t, http.StatusCreated, c.send(t.Context(), "acme", "POST", "/v1/count", "k", `{"step":1}`).Code)
}

type failingFinish struct{ *idempotencytest.Memory }

func (f *failingFinish) Finish(context.Context, idempotency.Record) error { return errors.New("down") }

func TestAKeyWhereNoneIsHonoured(t *testing.T) {
	t.Parallel()
	r := router(t, nil)
	request := httptest.NewRequestWithContext(lambdahttp.WithClaims(t.Context(), claims("client-a", "affiliate/write affiliate/read")), "POST", "/v1/things/1", strings.NewReader(`{"name":"n"}`))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", "k")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, request)
	assert.Equal(t, http.StatusBadRequest, w.Code, "better than a promise not kept")

	get := httptest.NewRequestWithContext(request.Context(), "GET", "/v1/things", nil)
	get.Header.Set("Idempotency-Key", "k")
	w = httptest.NewRecorder()
	r.ServeHTTP(w, get)
	assert.Equal(t, http.StatusOK, w.Code, "reads repeat anyway")
}
