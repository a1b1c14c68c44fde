package tiktokshop_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
	"tiktok-shop-affiliate/shared/tiktokshop/sign"
)

const (
	appSecret = "test-app-secret-0f3a"
	oldToken  = "test-access-token-old"
	newToken  = "test-access-token-new"
)

// grant is a grant with two tokens that remembers what it was told.
type grant struct {
	kind    tiktokshop.AccountKind
	renewed int
	revoked error
	fail    error
}

func (g *grant) App() tiktokshop.App {
	return tiktokshop.App{Key: "test-key", Secret: redact.New(appSecret)}
}
func (g *grant) Kind() tiktokshop.AccountKind { return g.kind }
func (g *grant) AccessToken(context.Context) (redact.Secret, error) {
	return redact.New(oldToken), g.fail
}

func (g *grant) RenewToken(_ context.Context, rejected redact.Secret) (redact.Secret, error) {
	g.renewed++
	if rejected.Reveal() != oldToken {
		return redact.Secret{}, errors.New("renewal of a token that was not rejected")
	}
	return redact.New(newToken), nil
}
func (g *grant) Revoked(_ context.Context, cause error) { g.revoked = cause }

// script answers in order and keeps the requests.
type script struct {
	mu      sync.Mutex
	answers []answer
	got     []sent
}

type answer struct {
	status int
	body   string
	header http.Header
	err    error
	delay  time.Duration
}

type sent struct {
	at     time.Time
	req    *http.Request
	body   string
	signed bool
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	q := r.URL.Query()
	s.got = append(s.got, sent{time.Now(), r, string(body), q.Get("sign") == sign.Request(appSecret, r.URL.Path, q, r.Header.Get("Content-Type"), body)})
	if len(s.answers) == 0 {
		return nil, errors.New("script: no answer left")
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-time.After(a.delay):
	}
	if a.err != nil {
		return nil, a.err
	}
	if a.status == 0 {
		a.status = 200
	}
	if a.header == nil {
		a.header = http.Header{}
	}
	return &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

func newClient(t *testing.T, s http.RoundTripper, change ...func(*tiktokshop.Options)) *tiktokshop.Client {
	t.Helper()
	o := tiktokshop.Options{HTTP: &http.Client{Transport: s}, Rand: func() float64 { return 0 }}
	for _, f := range change {
		f(&o)
	}
	c, err := tiktokshop.New(o)
	require.NoError(t, err)
	return c
}

func fails(t *testing.T, err error) *tiktokshop.Error {
	t.Helper()
	var e *tiktokshop.Error
	require.ErrorAs(t, err, &e)
	return e
}

func code(n string) string {
	return `{"code":` + n + `,"message":"words","request_id":"r1","data":null}`
}

const (
	empty     = `{"code":0,"message":"Success","request_id":"r0","data":{}}`
	timestamp = "timestamp"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options tiktokshop.Options
		ok      bool
	}{
		"nothing set":            {tiktokshop.Options{}, true},
		"https":                  {tiktokshop.Options{BaseURL: "https://sandbox.example"}, true},
		"http on loopback":       {tiktokshop.Options{BaseURL: "http://127.0.0.1:4570", AuthURL: "http://localhost:4570/"}, true},
		"http on IPv6 loopback":  {tiktokshop.Options{BaseURL: "http://[::1]:4570"}, true},
		"http elsewhere":         {tiktokshop.Options{BaseURL: "http://open-api.tiktokglobalshop.com"}, false},
		"loopback as a prefix":   {tiktokshop.Options{AuthURL: "http://127.0.0.1.example"}, false},
		"a path":                 {tiktokshop.Options{BaseURL: "https://h/api"}, false},
		"credentials":            {tiktokshop.Options{BaseURL: "https://u:p@h"}, false},
		"no scheme":              {tiktokshop.Options{BaseURL: "open-api.tiktokglobalshop.com"}, false},
		"negative time-out":      {tiktokshop.Options{Timeout: -1}, false},
		"negative attempts":      {tiktokshop.Options{Attempts: -1}, false},
		"two mistakes, reported": {tiktokshop.Options{BaseURL: "ftp://h", AuthURL: "ftp://h"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tiktokshop.New(c.options)
			if c.ok {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, tiktokshop.ErrOptions)
		})
	}
}

func TestRequestAsSent(t *testing.T) {
	t.Parallel()
	s := &script{answers: []answer{{body: empty}, {body: empty}, {body: empty}}}
	c := newClient(t, s, func(o *tiktokshop.Options) { o.Now = func() time.Time { return time.Unix(1793491200, 0) } })
	seller := c.Seller(&grant{kind: tiktokshop.SellerAccount}, "cipher")
	_, err := seller.SearchOrders(t.Context(), tiktokshop.SellerSearchOrdersRequest{PageSize: 50, PageToken: "a=", CreateTimeGE: 1790812800, CreateTimeLT: 1793491200, ProgramID: "<&>"})
	require.NoError(t, err)
	got := s.got[0]
	assert.True(t, got.signed)
	assert.Equal(t, "POST https://open-api.tiktokglobalshop.com/affiliate_seller/202410/orders/search", got.req.Method+" https://"+got.req.URL.Host+got.req.URL.Path)
	query := got.req.URL.Query()
	query.Del("sign")
	assert.Equal(t, url.Values{"app_key": {"test-key"}, timestamp: {"1793491200"}, "shop_cipher": {"cipher"}, "page_size": {"50"}, "page_token": {"a="}}, query)
	assert.JSONEq(t, `{"create_time_ge":1790812800,"create_time_lt":1793491200,"program_id":"<&>"}`, got.body)
	assert.Equal(t, oldToken, got.req.Header.Get("x-tts-access-token"))
	assert.Equal(t, "application/json", got.req.Header.Get("content-type"))

	_, err = seller.SearchOrders(t.Context(), tiktokshop.SellerSearchOrdersRequest{PageSize: 1})
	require.NoError(t, err)
	assert.Empty(t, s.got[1].body, "a body of {} is not sent")
	_, err = seller.AuthorizedShops(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, s.got[2].req.URL.RawQuery, "shop_cipher")
	assert.True(t, s.got[2].signed)
}

func TestRefusedBeforeTheCall(t *testing.T) {
	t.Parallel()
	s := &script{}
	c := newClient(t, s)
	seller, creator := &grant{kind: tiktokshop.SellerAccount}, &grant{kind: tiktokshop.CreatorAccount}
	partner := &grant{kind: tiktokshop.PartnerAccount}
	many := make([]string, 51)
	for name, c := range map[string]struct {
		call  func(ctx context.Context) error
		wants string
	}{
		"wrong account kind": {func(ctx context.Context) error { _, err := c.Creator(seller).Profile(ctx); return err }, "creator account"},
		"no cipher": {func(ctx context.Context) error {
			_, err := c.Seller(seller, "").SearchOrders(ctx, tiktokshop.SellerSearchOrdersRequest{PageSize: 1})
			return err
		}, "shop_cipher"},
		"page size 0": {func(ctx context.Context) error {
			_, err := c.Creator(creator).SearchOrders(ctx, tiktokshop.CreatorSearchOrdersRequest{})
			return err
		}, "page_size is 0: it must be 1 to 100"},
		"51 products": {func(ctx context.Context) error {
			_, err := c.Partner(partner, "x").PromotionLinks(ctx, tiktokshop.PartnerPromotionLinksRequest{CampaignID: "1", ProductIDs: many})
			return err
		}, "product_ids has 51 entries"},
		"no materials": {func(ctx context.Context) error {
			_, err := c.Creator(creator).GeneralLinks(ctx, tiktokshop.CreatorGeneralLinksRequest{Material: tiktokshop.LinkMaterial{Type: "PRODUCT"}})
			return err
		}, "ids has 0 entries"},
		"rate 50": {func(ctx context.Context) error {
			_, err := c.Partner(partner, "x").PromotionLink(ctx, tiktokshop.PartnerPromotionLinkRequest{CampaignID: "1", ProductID: "2", CreatorCommissionRate: 50})
			return err
		}, "creator_commission_rate is 50"},
		"id that leaves the path": {func(ctx context.Context) error {
			_, err := c.Partner(partner, "x").Campaign(ctx, tiktokshop.PartnerCampaignRequest{CampaignID: "../1"})
			return err
		}, "campaign_id"},
		"half a window": {func(ctx context.Context) error {
			_, err := c.Partner(partner, "x").SearchOrders(ctx, tiktokshop.PartnerSearchOrdersRequest{PageSize: 1, CreateTimeGE: 5})
			return err
		}, "both or not at all"},
		"93 days": {func(ctx context.Context) error {
			_, err := c.Partner(partner, "x").SearchCAPOrders(ctx, tiktokshop.PartnerSearchCAPOrdersRequest{PageSize: 1, CreateTimeGE: 1, CreateTimeLT: 1 + 93*86400})
			return err
		}, "longer than 92 days"},
		"unknown review result": {func(ctx context.Context) error {
			return c.Partner(partner, "x").ReviewCampaignProduct(ctx, tiktokshop.PartnerReviewCampaignProductRequest{CampaignID: "1", ProductID: "2", ReviewResult: "MAYBE"})
		}, "review_result"},
		"unknown reason": {func(ctx context.Context) error {
			return c.Partner(partner, "x").ReviewCampaignProduct(ctx, tiktokshop.PartnerReviewCampaignProductRequest{CampaignID: "1", ProductID: "2", ReviewResult: tiktokshop.ReviewResultReject, RejectReasons: []tiktokshop.RejectReason{"UGLY"}})
		}, "reject_reasons"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := fails(t, c.call(t.Context()))
			assert.Equal(t, tiktokshop.Refused, err.Kind)
			assert.Equal(t, fault.Invalid, fault.KindOf(err))
			assert.Contains(t, err.Advice(), c.wants)
		})
	}
	t.Cleanup(func() { assert.Empty(t, s.got) })
}

// campaigns is a read, review a write: the two ways to look at a failure.
func campaigns(ctx context.Context, c *tiktokshop.Client, g tiktokshop.Grant) error {
	_, err := c.Partner(g, "cat").Campaigns(ctx, tiktokshop.PartnerCampaignsRequest{PageSize: 10})
	return err
}

func review(ctx context.Context, c *tiktokshop.Client, g tiktokshop.Grant) error {
	return c.Partner(g, "cat").ReviewCampaignProduct(ctx, tiktokshop.PartnerReviewCampaignProductRequest{CampaignID: "1", ProductID: "2", ReviewResult: tiktokshop.ReviewResultApprove})
}

func TestFailures(t *testing.T) {
	t.Parallel()
	slow := map[string][]string{"Retry-After": {"60"}}
	for name, c := range map[string]struct {
		answer      answer
		read, write tiktokshop.ErrorKind
		kind        fault.Kind // of the read
	}{
		"code with HTTP 200":     {answer{body: code("16032005")}, tiktokshop.Missing, tiktokshop.Missing, fault.NotFound},
		"code as text":           {answer{body: code(`"105005"`), status: 401}, tiktokshop.MissingScope, tiktokshop.MissingScope, fault.Reconnect},
		"unknown code":           {answer{body: code("4711")}, tiktokshop.UnknownCode, tiktokshop.UnknownCode, fault.Internal},
		"data of another shape":  {answer{body: `{"data":{"campaigns":7},"code":36009014}`, status: 400}, tiktokshop.Retired, tiktokshop.Retired, fault.Retired},
		"throttled":              {answer{body: code("36009002"), status: 429, header: slow}, tiktokshop.RateLimited, tiktokshop.RateLimited, fault.RateLimited},
		"throttled without JSON": {answer{body: "slow down", status: 429, header: slow}, tiktokshop.RateLimited, tiktokshop.RateLimited, fault.RateLimited},
		"overload without JSON":  {answer{body: "<html>", status: 503, header: slow}, tiktokshop.Unavailable, tiktokshop.OutcomeUnknown, fault.Unavailable},
		"upstream time-out":      {answer{body: code("36009007"), header: slow}, tiktokshop.Unavailable, tiktokshop.OutcomeUnknown, fault.Unavailable},
		"refused by a proxy":     {answer{body: "<html>", status: 403}, tiktokshop.Unreadable, tiktokshop.Unreadable, fault.Internal},
		"redirect":               {answer{status: 302, header: http.Header{"Location": {"https://elsewhere.example"}}}, tiktokshop.Unreadable, tiktokshop.Unreadable, fault.Internal},
		"no code":                {answer{body: `{"data":{}}`}, tiktokshop.Unreadable, tiktokshop.OutcomeUnknown, fault.Internal},
		"code 0 with HTTP 400":   {answer{body: empty, status: 400}, tiktokshop.Unreadable, tiktokshop.Unreadable, fault.Internal},
		"cut off":                {answer{body: empty[:20], header: slow}, tiktokshop.Unavailable, tiktokshop.OutcomeUnknown, fault.Unavailable},
		"wrong shape, read":      {answer{body: `{"code":0,"data":[1]}`}, tiktokshop.Unreadable, tiktokshop.OutcomeUnknown, fault.Internal},
		"inactive shop":          {answer{body: code("36009043"), status: 401}, tiktokshop.Inactive, tiktokshop.Inactive, fault.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, call := range []struct {
				do   func(context.Context, *tiktokshop.Client, tiktokshop.Grant) error
				want tiktokshop.ErrorKind
			}{{campaigns, c.read}, {review, c.write}} {
				s := &script{answers: []answer{c.answer}}
				err := fails(t, call.do(t.Context(), newClient(t, s), &grant{kind: tiktokshop.PartnerAccount}))
				assert.Equal(t, call.want, err.Kind, err)
				assert.Len(t, s.got, 1)
				assert.NotEmpty(t, err.Advice())
				if call.want == tiktokshop.OutcomeUnknown {
					assert.Equal(t, "Partner.CampaignProducts", err.Settles)
					assert.Contains(t, err.Advice(), err.Settles)
					assert.Contains(t, err.Error(), err.Settles)
					assert.Equal(t, fault.OutcomeUnknown, fault.KindOf(err))
				}
				if call.want == c.read {
					assert.Equal(t, c.kind, fault.KindOf(err))
				}
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	s := &script{answers: []answer{{body: code("105005"), status: 401}}}
	err := fails(t, campaigns(t.Context(), newClient(t, s), &grant{kind: tiktokshop.PartnerAccount}))
	assert.Equal(t, "tiktokshop: Partner.Campaigns: missing_scope: code 105005: HTTP 401: request r1: words; needs partner.tap_campaign.read", err.Error())
	assert.Equal(t, "the account must be connected again with all permissions granted (code 105005)", err.Advice())
}

func TestTokenExpired(t *testing.T) {
	t.Parallel()
	expired := answer{body: code("105002"), status: 401}
	t.Run("renewed once, for a write too", func(t *testing.T) {
		t.Parallel()
		s, g := &script{answers: []answer{expired, {body: empty}}}, &grant{kind: tiktokshop.PartnerAccount}
		require.NoError(t, review(t.Context(), newClient(t, s), g))
		assert.Equal(t, 1, g.renewed)
		assert.Equal(t, newToken, s.got[1].req.Header.Get("x-tts-access-token"))
		assert.True(t, s.got[1].signed)
	})
	t.Run("not twice", func(t *testing.T) {
		t.Parallel()
		s, g := &script{answers: []answer{expired, expired, {body: empty}}}, &grant{kind: tiktokshop.PartnerAccount}
		err := fails(t, campaigns(t.Context(), newClient(t, s), g))
		assert.Equal(t, tiktokshop.TokenExpired, err.Kind)
		assert.Equal(t, 1, g.renewed)
		assert.Len(t, s.got, 2)
	})
	t.Run("revoked is told", func(t *testing.T) {
		t.Parallel()
		s, g := &script{answers: []answer{{body: code("105001"), status: 401}}}, &grant{kind: tiktokshop.PartnerAccount}
		err := campaigns(t.Context(), newClient(t, s), g)
		assert.Equal(t, fault.Reconnect, fault.KindOf(err))
		assert.Equal(t, err, g.revoked)
		assert.Zero(t, g.renewed)
	})
	t.Run("no token, no call", func(t *testing.T) {
		t.Parallel()
		s, g := &script{}, &grant{kind: tiktokshop.PartnerAccount, fail: errors.New("store is away")}
		require.ErrorIs(t, campaigns(t.Context(), newClient(t, s), g), g.fail)
		assert.Empty(t, s.got)
	})
}

func TestWaiting(t *testing.T) {
	t.Parallel()
	busy := answer{body: code("36009002"), status: 429}
	asks := func(seconds string) answer {
		a := busy
		a.header = http.Header{"Retry-After": {seconds}}
		return a
	}
	for name, c := range map[string]struct {
		answers  []answer
		deadline time.Duration
		change   func(*tiktokshop.Options)
		waits    []time.Duration // between attempts
		ok       bool
	}{
		"doubles":               {answers: []answer{busy, busy, {body: empty}}, waits: []time.Duration{time.Second, 2 * time.Second}, ok: true},
		"server's wish wins":    {answers: []answer{asks("3"), {body: empty}}, waits: []time.Duration{3 * time.Second}, ok: true},
		"jitter":                {answers: []answer{busy, {body: empty}}, change: func(o *tiktokshop.Options) { o.Rand = func() float64 { return 0.5 } }, waits: []time.Duration{1250 * time.Millisecond}, ok: true},
		"attempts used up":      {answers: []answer{busy, busy, busy, {body: empty}}, waits: []time.Duration{time.Second, 2 * time.Second}},
		"wish is too long":      {answers: []answer{asks("60"), {body: empty}}},
		"budget is shared":      {answers: []answer{asks("3"), asks("3"), {body: empty}}, waits: []time.Duration{3 * time.Second}},
		"never past a deadline": {answers: []answer{busy, busy, {body: empty}}, deadline: 2500 * time.Millisecond, waits: []time.Duration{time.Second}},
		"each try is bounded":   {answers: []answer{{delay: time.Minute}, {body: empty}}, waits: []time.Duration{11 * time.Second}, ok: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if c.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.deadline)
					defer cancel()
				}
				s := &script{answers: c.answers}
				if c.change == nil {
					c.change = func(*tiktokshop.Options) {}
				}
				err := campaigns(ctx, newClient(t, s, c.change), &grant{kind: tiktokshop.PartnerAccount})
				assert.Equal(t, c.ok, err == nil, err)
				if !c.ok {
					assert.Equal(t, fault.RateLimited, fault.KindOf(err), "the last error is returned")
				}
				var waits []time.Duration
				stamps := map[string]bool{}
				for i, got := range s.got {
					assert.True(t, got.signed, "signed again")
					stamps[got.req.URL.Query().Get(timestamp)] = true
					if i > 0 {
						waits = append(waits, got.at.Sub(s.got[i-1].at))
					}
				}
				assert.Equal(t, c.waits, waits)
				assert.Len(t, stamps, len(s.got), "a new timestamp for every attempt")
			})
		})
	}
}

func TestWriteIsNotRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []answer{{delay: time.Minute}, {body: empty}}}
		err := fails(t, review(t.Context(), newClient(t, s), &grant{kind: tiktokshop.PartnerAccount}))
		assert.Equal(t, tiktokshop.OutcomeUnknown, err.Kind)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Len(t, s.got, 1)
	})
}

func TestCancelledBeforeSending(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &script{}
	err := fails(t, review(ctx, newClient(t, s), &grant{kind: tiktokshop.PartnerAccount}))
	assert.Equal(t, tiktokshop.Unavailable, err.Kind, "nothing was sent, so the outcome is known")
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, s.got)
}

func TestNothingListensIsNotUnknown(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c, err := tiktokshop.New(tiktokshop.Options{BaseURL: server.URL})
	require.NoError(t, err)
	assert.Equal(t, tiktokshop.Unavailable, fails(t, review(t.Context(), c, &grant{kind: tiktokshop.PartnerAccount})).Kind)
}

func TestHugeAnswer(t *testing.T) {
	t.Parallel()
	s := &script{answers: []answer{{body: `{"code":0,"message":"` + strings.Repeat("x", 17<<20) + `"}`}}}
	err := fails(t, campaigns(t.Context(), newClient(t, s), &grant{kind: tiktokshop.PartnerAccount}))
	assert.Equal(t, tiktokshop.Unreadable, err.Kind)
}

// TestNoSecretInTextOrLog fails in each layer and looks for what must not show.
func TestNoSecretInTextOrLog(t *testing.T) {
	t.Parallel()
	const refresh, authCode = "test-refresh+token/==", "test-code&1"
	echo := func(w http.ResponseWriter, r *http.Request) { // the worst server: it repeats what it got
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"code":98001004,"message":"bad `+r.Header.Get("x-tts-access-token")+" "+r.URL.Query().Get("app_secret")+" "+
			url.QueryEscape(r.URL.Query().Get("refresh_token"))+" "+r.URL.Query().Get("auth_code")+" "+r.URL.Query().Get("refresh_token")+`"}`)
	}
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	redirect := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://127.0.0.1:1"+r.URL.String(), http.StatusFound)
	}
	half := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"code":0,"data":{"access_token":"`+newToken)
	}
	wrong := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"code":0,"data":{"access_token":{"t":"`+newToken+`"},"campaigns":7}}`)
	}
	for name, handler := range map[string]http.HandlerFunc{"echo": echo, "hang up": hangUp, "redirect": redirect, "half": half, "wrong shape": wrong, "refused connection": nil, "TLS": echo} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(handler)
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
			if name == "TLS" {
				server.StartTLS() // with a certificate the client does not trust
			} else {
				server.Start()
			}
			t.Cleanup(server.Close)
			if handler == nil {
				server.Close()
			}
			var log bytes.Buffer
			c, err := tiktokshop.New(tiktokshop.Options{BaseURL: server.URL, AuthURL: server.URL, Attempts: 1, Log: slog.New(slog.NewJSONHandler(&log, nil))})
			require.NoError(t, err)
			g := &grant{kind: tiktokshop.PartnerAccount}
			_, exchange := c.ExchangeCode(t.Context(), g.App(), authCode)
			_, renewal := c.RefreshToken(t.Context(), g.App(), redact.New(refresh))
			for _, err := range []error{exchange, renewal, campaigns(t.Context(), c, g), review(t.Context(), c, g)} {
				if err == nil { // an answer without data cannot have a wrong shape
					continue
				}
				slog.New(slog.NewJSONHandler(&log, nil)).Error("caller logs it", "error", err)
				for cause := err; cause != nil; cause = errors.Unwrap(cause) {
					log.WriteString(cause.Error() + "\n")
				}
			}
			for _, secret := range []string{appSecret, oldToken, newToken, refresh, authCode, url.QueryEscape(refresh), url.QueryEscape(authCode), "app_secret", "sign="} {
				assert.NotContains(t, log.String(), secret)
			}
		})
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	page := func(token, rows string) answer {
		return answer{body: `{"code":0,"data":{"next_page_token":"` + token + `","campaigns":` + rows + `}}`}
	}
	for name, c := range map[string]struct {
		answers []answer
		rows    int
		fails   bool
	}{
		"ends without a token":   {[]answer{page("a", `[{"id":"1"}]`), page("b", `[{"id":"2"},{"id":"3"}]`), page("", `[{"id":"4"}]`)}, 4, false},
		"ends on an empty page":  {[]answer{page("a", `[{"id":"1"}]`), page("b", `[]`)}, 1, false},
		"one empty page":         {[]answer{page("", `null`)}, 0, false},
		"refuses a token again":  {[]answer{page("a", `[{"id":"1"}]`), page("b", `[{"id":"2"}]`), page("a", `[{"id":"3"}]`)}, 3, true},
		"stops on an error":      {[]answer{page("a", `[{"id":"1"}]`), {body: code("4711")}}, 1, true},
		"one row as one object":  {[]answer{page("", `{"id":"1"}`)}, 1, false},
		"error on the first one": {[]answer{{body: code("4711")}}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &script{answers: c.answers}
			partner := newClient(t, s).Partner(&grant{kind: tiktokshop.PartnerAccount}, "cat")
			rows, failed := 0, false
			for page, err := range tiktokshop.Pages(t.Context(), tiktokshop.PartnerCampaignsRequest{PageSize: 2}, partner.Campaigns) {
				if failed = err != nil; !failed {
					rows += len(page.Campaigns)
				}
			}
			assert.Equal(t, c.rows, rows)
			assert.Equal(t, c.fails, failed)
			assert.Empty(t, s.answers, "every answer was asked for")
		})
	}
	t.Run("the caller stops", func(t *testing.T) {
		t.Parallel()
		s := &script{answers: []answer{page("a", `[{"id":"1"}]`), page("b", `[{"id":"2"}]`)}}
		partner := newClient(t, s).Partner(&grant{kind: tiktokshop.PartnerAccount}, "cat")
		for _, err := range tiktokshop.Pages(t.Context(), tiktokshop.PartnerCampaignsRequest{PageSize: 2}, partner.Campaigns) {
			require.NoError(t, err)
			break
		}
		assert.Len(t, s.got, 1)
	})
}

func TestTokens(t *testing.T) {
	t.Parallel()
	now := time.Unix(1793491200, 0).UTC()
	app := (&grant{}).App()
	get := func(t *testing.T, data string) (tiktokshop.TokenSet, *script, error) {
		t.Helper()
		s := &script{answers: []answer{{body: `{"code":0,"message":"success","data":` + data + `}`}}}
		c := newClient(t, s, func(o *tiktokshop.Options) { o.Now = func() time.Time { return now } })
		set, err := c.RefreshToken(t.Context(), app, redact.New("test-refresh"))
		return set, s, err
	}
	t.Run("all fields", func(t *testing.T) {
		t.Parallel()
		set, s, err := get(t, `{"access_token":"test-a","access_token_expire_in":1794096000,"refresh_token":"test-r","refresh_token_expire_in":4903858076,
			"open_id":"o","seller_name":"n","seller_base_region":"ID","user_type":0,"granted_scopes":["a","b"]}`)
		require.NoError(t, err)
		assert.Equal(t, tiktokshop.TokenSet{
			AccessToken: redact.New("test-a"), RefreshToken: redact.New("test-r"), AccessExpiresAt: time.Unix(1794096000, 0).UTC(),
			RefreshExpiresAt: time.Unix(4903858076, 0).UTC(), OpenID: "o", SellerName: "n", SellerRegion: "ID", Kind: tiktokshop.SellerAccount, Scopes: []string{"a", "b"},
		}, set)
		r := s.got[0].req
		assert.Equal(t, "https://auth.tiktok-shops.com/api/v2/token/refresh", "https://"+r.URL.Host+r.URL.Path)
		assert.Equal(t, url.Values{"app_key": {"test-key"}, "app_secret": {appSecret}, "refresh_token": {"test-refresh"}, "grant_type": {"refresh_token"}}, r.URL.Query())
	})
	t.Run("tolerant", func(t *testing.T) {
		t.Parallel()
		set, _, err := get(t, `{"access_token":"test-a","access_token_expire_in":"604800","user_type":"3","open_id":7}`)
		require.NoError(t, err)
		assert.Equal(t, now.Add(7*24*time.Hour), set.AccessExpiresAt, "a small value is a duration")
		assert.True(t, set.RefreshExpiresAt.IsZero())
		assert.True(t, set.RefreshToken.Empty())
		assert.Equal(t, tiktokshop.PartnerAccount, set.Kind)
		assert.Equal(t, "7", set.OpenID)
	})
	t.Run("unknown user type", func(t *testing.T) {
		t.Parallel()
		for _, data := range []string{`{"access_token":"test-a","user_type":2}`, `{"access_token":"test-a"}`} {
			set, _, err := get(t, data)
			require.NoError(t, err)
			assert.Empty(t, set.Kind)
		}
	})
	t.Run("no access token", func(t *testing.T) {
		t.Parallel()
		_, _, err := get(t, `{}`)
		assert.Equal(t, fault.OutcomeUnknown, fault.KindOf(err))
	})
	t.Run("dead code is not repeated", func(t *testing.T) {
		t.Parallel()
		s := &script{answers: []answer{{body: code("36004004")}}}
		_, err := newClient(t, s).ExchangeCode(t.Context(), app, "test-code")
		assert.Equal(t, tiktokshop.InvalidGrant, fails(t, err).Kind)
		assert.Equal(t, fault.Reconnect, fault.KindOf(err))
		assert.Equal(t, url.Values{"app_key": {"test-key"}, "app_secret": {appSecret}, "auth_code": {"test-code"}, "grant_type": {"authorized_code"}}, s.got[0].req.URL.Query())
	})
	t.Run("throttled is not repeated", func(t *testing.T) {
		t.Parallel()
		s := &script{answers: []answer{{body: code("36009002"), status: 429}}}
		_, err := newClient(t, s).RefreshToken(t.Context(), app, redact.New("test-refresh"))
		assert.Equal(t, fault.RateLimited, fault.KindOf(err))
		assert.Len(t, s.got, 1)
	})
}
