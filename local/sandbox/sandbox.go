package sandbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options say how a Sandbox starts. The zero value is useful: one app called
// "main" with keys of its own, real durations, no orders.
type Options struct {
	Now      func() time.Time // the wall clock when nil
	Apps     []App            // DefaultApp when empty
	Settings Settings         // zero fields take TikTok's values
	Orders   int              // affiliate orders to begin with, spread over the shops and the last 30 days
	HTTP     *http.Client     // delivers webhooks; a plain client when nil
}

// Sandbox is the state of one imitated TikTok Shop. It is safe for concurrent use.
type Sandbox struct {
	now     func() time.Time
	http    *http.Client
	options Options
	routes  []route

	mu       sync.Mutex // guards everything below
	settings Settings
	apps     []*App
	world
	grants     []*grant
	codes      map[string]*authCode
	tokens     map[string]*token // by access token and by refresh token
	orders     []*order
	faults     []*Fault
	deliveries []*Delivery
	reviews    []Review
	links      []Link
	calls      map[string]map[string]int // operation → "HTTP status/code" → count
	daily      map[string]int64          // marketplace calls, by day, app and shop
	serial     int64                     // the last number given to a new thing; never one of an earlier life
	turns      int                       // orders made, which choose from the world in turn
	life       context.Context           // of deliveries; Reset begins a new one
	stop       context.CancelFunc
}

// New starts a sandbox.
func New(o Options) *Sandbox {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{}
	}
	if len(o.Apps) == 0 {
		o.Apps = []App{DefaultApp()}
	}
	s := &Sandbox{now: o.Now, http: o.HTTP, options: o, routes: allRoutes()}
	for _, app := range o.Apps {
		s.apps = append(s.apps, &app)
	}
	s.Reset()
	return s
}

// Reset goes back to the first minute: the seeded world, no grants, the settings
// of the start. Apps stay as they are, since they live in Partner Center.
func (s *Sandbox) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = s.options.Settings.withDefaults()
	s.world = newWorld(s.now())
	s.grants, s.orders, s.faults, s.deliveries, s.reviews, s.links = nil, nil, nil, nil, nil, nil
	s.daily = map[string]int64{}
	s.codes, s.tokens, s.calls = map[string]*authCode{}, map[string]*token{}, map[string]map[string]int{}
	s.serial, s.turns = max(s.serial, s.now().Unix()*10_000), 0
	if s.stop != nil {
		s.stop()
	}
	s.life, s.stop = context.WithCancel(context.Background())
	if s.options.Orders > 0 {
		s.seedOrders(s.options.Orders)
	}
}

// Close ends the webhook deliveries under way.
func (s *Sandbox) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
}

// next numbers a new thing; the caller holds the lock.
func (s *Sandbox) next() int64 {
	s.serial++
	return s.serial
}

// opaque is a stable text without meaning, of at most 43 characters, made from parts.
func opaque(length int, parts ...string) string {
	sum := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil))[:length]
}

// random is an unguessable text.
func random(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// requestID looks like TikTok's: the time, then a random tail.
func requestID(now time.Time) string {
	b := make([]byte, 9)
	_, _ = rand.Read(b)
	return now.UTC().Format("20060102150405") + hex.EncodeToString(b)
}

// find returns the first element that fits, or nil.
func find[T any](list []*T, fits func(*T) bool) *T {
	if i := slices.IndexFunc(list, fits); i >= 0 {
		return list[i]
	}
	return nil
}

// orElse is v, or the fallback when v is zero.
func orElse[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

func byKey[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
