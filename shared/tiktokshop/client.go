package tiktokshop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Where TikTok Shop answers, for every market.
const (
	DefaultBaseURL = "https://open-api.tiktokglobalshop.com"
	DefaultAuthURL = "https://auth.tiktok-shops.com"
)

// ErrOptions is wrapped by every mistake in Options.
var ErrOptions = errors.New("tiktokshop: options")

// Options configures a Client. The zero value talks to TikTok Shop.
type Options struct {
	// BaseURL and AuthURL are the API and the token host. Empty means TikTok
	// Shop's own. https is required, except for a loopback host.
	BaseURL, AuthURL string
	// HTTP sends the requests; the client is copied and never follows a
	// redirect. Nil means a client of its own.
	HTTP *http.Client
	// Timeout bounds each single request. 0 means 10 s.
	Timeout time.Duration
	// Attempts is how often a repeatable call is sent at most. 0 means 3.
	Attempts int
	// MaxWait bounds all waiting between attempts of one call; what takes longer
	// belongs to a schedule. 0 means 4 s.
	MaxWait time.Duration
	// Now gives the timestamp that is signed. Nil means time.Now.
	Now func() time.Time
	// Rand gives the jitter, 0 to 1. Nil means math/rand.
	Rand func() float64
	// Ledger holds back what TikTok Shop would refuse. Nil means that every call
	// is sent.
	Ledger Ledger
	// Log gets a line per failed attempt, never a secret. Nil means silence.
	Log *slog.Logger
}

// Client calls TikTok Shop. It is safe for concurrent use.
type Client struct {
	base, auth string
	http       *http.Client
	once       *http.Client // for token calls: one connection each
	timeout    time.Duration
	attempts   int
	maxWait    time.Duration
	now        func() time.Time
	rand       func() float64
	plans      plans
	ledger     Ledger
	log        *slog.Logger
}

// New checks the options; all mistakes are reported together.
func New(o Options) (*Client, error) {
	base, baseErr := checkURL("BaseURL", o.BaseURL, DefaultBaseURL)
	auth, authErr := checkURL("AuthURL", o.AuthURL, DefaultAuthURL)
	err := errors.Join(baseErr, authErr)
	if o.Timeout < 0 || o.Attempts < 0 || o.MaxWait < 0 {
		err = errors.Join(err, fmt.Errorf("%w: Timeout, Attempts and MaxWait cannot be negative", ErrOptions))
	}
	if err != nil {
		return nil, err
	}
	c := &Client{
		base: base, auth: auth, http: &http.Client{}, timeout: or(o.Timeout, 10*time.Second), attempts: or(o.Attempts, 3),
		maxWait: or(o.MaxWait, 4*time.Second), now: o.Now, rand: o.Rand, ledger: o.Ledger, log: o.Log,
	}
	if o.HTTP != nil {
		*c.http = *o.HTTP
	}
	// A redirect would carry the access token to wherever it points.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	// net/http repeats a GET whose reused connection breaks. A refresh token may
	// be spent by then, so token calls never reuse one.
	once := *c.http
	c.once = &once
	if t, ok := or[http.RoundTripper](once.Transport, http.DefaultTransport).(*http.Transport); ok {
		t = t.Clone()
		t.DisableKeepAlives = true
		c.once.Transport = t
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.rand == nil {
		c.rand = rand.Float64
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// checkURL accepts scheme and host only; the paths are the platform's.
func checkURL(name, given, fallback string) (string, error) {
	given = or(given, fallback)
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Path != "" && u.Path != "/" {
		return "", fmt.Errorf("%w: %s must be scheme and host", ErrOptions, name)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", fmt.Errorf("%w: %s must be https unless it is a loopback address", ErrOptions, name)
	}
	return u.Scheme + "://" + u.Host, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// wait sleeps unless the context ends first.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
