package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Refusals every operation shares. Source: doc:common-errors and observed answers.
var (
	errPath     = &refusal{http.StatusNotFound, 36009009, "Invalid path. The requested path does not exist."}
	errMethod   = &refusal{http.StatusMethodNotAllowed, 36009010, "Invalid HTTP method for this path."}
	errRetired  = &refusal{http.StatusBadRequest, 36009014, "The API version is invalid or has been retired."}
	errBodyForm = &refusal{http.StatusBadRequest, 36009022, "Invalid request body format."}
	errSign     = &refusal{http.StatusUnauthorized, 106001, "Invalid credentials. The 'sign' query parameter is invalid."}
	errNoShop   = &refusal{http.StatusBadRequest, 106013, "Invalid shop_cipher. The 'shop_cipher' query parameter is missing."}
	errMismatch = &refusal{http.StatusBadRequest, 101000, "Invalid credentials. The access token does not match the requested resource."}
	errToken    = &refusal{http.StatusUnauthorized, 105001, "access token is invalid"}
	errRevoked  = &refusal{http.StatusUnauthorized, 105001, "access token is invalid; detail: your token has been deauthorized"}
	errExpired  = &refusal{http.StatusUnauthorized, 105002, "Expired credentials. The access token has expired."}
	errScope    = &refusal{http.StatusUnauthorized, 105005, "Access denied. You should apply auth pkg for this api."}
)

// unexpected is the overloaded gateway refusal; callers tell its cases apart by the words.
func unexpected(format string, args ...any) error {
	return &refusal{http.StatusBadRequest, 36009004, fmt.Sprintf(format, args...)}
}

// Accepted age of a request's timestamp. Source: doc:common-errors.
const (
	oldestTimestamp = 5 * time.Minute
	futureTimestamp = 30 * time.Second
	maxBody         = 1 << 20
)

// call is one request that passed the gateway.
type call struct {
	*Sandbox
	route   *route
	fault   Fault
	app     *App
	grant   *grant
	shop    *shop // of the shop_cipher
	path    map[string]string
	query   url.Values
	rawBody []byte
	now     time.Time
	page    page

	contentType string
}

// page is the part of a list that was asked for.
type page struct {
	size, offset int
	filter       string // what else was asked; a page token holds only for the same
	fault        string // what becomes of the next page token: "wrong" or "repeat"
}

// API is TikTok Shop's public side: the operations, the token endpoints and the
// consent pages, which live on hosts of their own in reality.
func (s *Sandbox) API() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v2/token/", s.serveToken)
	s.consentPages(mux)
	s.appStore(mux)
	mux.HandleFunc("/", s.serveOperation)
	return mux
}

func (s *Sandbox) serveOperation(w http.ResponseWriter, r *http.Request) {
	route, path, refused := s.route(r.Method, r.URL.Path)
	operation, limit := r.Method+" (unknown)", int64(maxBody)
	if route != nil {
		operation = r.Method + " " + route.path
		if route.facts.multipart() {
			limit = maxVideo + maxBody
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	s.serve(w, r, operation, func(f Fault) (any, error) {
		if refused != nil {
			return nil, refused
		}
		if err != nil {
			return nil, errBodyForm
		}
		c := &call{
			Sandbox: s, route: route, fault: f, path: path, query: r.URL.Query(), rawBody: body, now: s.now(),
			contentType: r.Header.Get("Content-Type"),
		}
		s.sweep(c.now)
		if err := c.admit(route, r); err != nil {
			return nil, err
		}
		data, err := route.answer(c)
		if err != nil {
			return nil, err
		}
		return data, route.facts.checkAnswer(data)
	})
}

// route finds the operation for a path.
func (s *Sandbox) route(method, path string) (*route, map[string]string, error) {
	var fault error = errPath
	for i := range s.routes {
		values, fits := match(s.routes[i].path, path)
		if !fits {
			continue
		}
		if s.routes[i].method == method {
			return &s.routes[i], values, nil
		}
		fault = errMethod
	}
	return nil, nil, fault
}

// match reads the {values} of a pattern from a path.
func match(pattern, path string) (map[string]string, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	values := map[string]string{}
	for i := range want {
		if name, ok := strings.CutPrefix(want[i], "{"); ok && got[i] != "" {
			values[strings.TrimSuffix(name, "}")] = got[i]
		} else if want[i] != got[i] {
			return nil, false
		}
	}
	return values, true
}

// admit does what TikTok's gateway does before an operation runs.
func (c *call) admit(rt *route, r *http.Request) error {
	checks := []func(*route, *http.Request) error{c.checkApp, c.checkTimestamp, c.checkSign, c.checkToken, c.checkForm, c.checkCipher, c.checkQuery, c.checkPage}
	for _, check := range checks {
		if err := check(rt, r); err != nil {
			return err
		}
	}
	return c.checkBody(rt)
}

func (c *call) checkApp(*route, *http.Request) error {
	if c.app = c.appByKey(c.query.Get("app_key")); c.app == nil {
		return unexpected("Invalid credentials. The 'app_key' query parameter is missing or invalid.")
	}
	return nil
}

var timestampForm = regexp.MustCompile(`^\d{10}$`)

func (c *call) checkTimestamp(*route, *http.Request) error {
	text := c.query.Get("timestamp")
	if !timestampForm.MatchString(text) {
		return unexpected("Invalid timestamp. The 'timestamp' query parameter must be 10 digits.")
	}
	n, _ := strconv.ParseInt(text, 10, 64)
	now := c.now.Add(seconds(c.fault.ClockSkewSeconds))
	if at := time.Unix(n, 0); at.Before(now.Add(-oldestTimestamp)) || at.After(now.Add(futureTimestamp)) {
		return unexpected("Expired timestamp. The 'timestamp' query parameter is out of the accepted window.")
	}
	return nil
}

func (c *call) checkSign(_ *route, r *http.Request) error {
	sign := c.query.Get("sign")
	if sign == "" {
		return unexpected("Invalid credentials. The 'sign' query parameter is missing.")
	}
	if sign != requestSignature(c.app.Secret, r.URL.Path, c.query, r.Header.Get("Content-Type"), c.rawBody) {
		return errSign
	}
	return nil
}

func (c *call) checkToken(rt *route, r *http.Request) error {
	value := r.Header.Get("x-tts-access-token")
	if value == "" {
		return unexpected("Invalid credentials. The 'x-tts-access-token' header is missing or malformed.")
	}
	t := c.tokens[value]
	switch {
	case t == nil || t.refresh || t.grant.app != c.app:
		return errToken
	case t.dead == deauthorized:
		return errRevoked
	case t.dead == superseded || !t.expires.After(c.now):
		return errExpired
	case rt.retired:
		return errRetired
	case t.grant.user.kind != rt.kind:
		return errMismatch
	case !slices.Contains(t.grant.scopes, rt.scope) && rt.scope != "":
		return errScope
	}
	c.grant = t.grant
	return nil
}

func (c *call) checkForm(rt *route, r *http.Request) error {
	media, _, _ := mime.ParseMediaType(c.contentType)
	switch {
	case rt.facts.multipart() && media != "multipart/form-data":
		return errMultipart
	case rt.facts.multipart() || len(c.rawBody) == 0:
		return nil
	}
	if r.Method == http.MethodGet || media != "application/json" {
		return errBodyForm
	}
	return nil
}

func (c *call) checkCipher(rt *route, _ *http.Request) error {
	shopCipher, categoryCipherSent := c.query.Get("shop_cipher"), c.query.Get("category_asset_cipher")
	switch {
	case rt.cipher != shopCipherNeeded && c.query.Has("shop_cipher"):
		return unexpected("Unexpected identifier: shop_cipher.")
	case rt.cipher != categoryCipherNeeded && rt.cipher != categoryCipherAllowed && c.query.Has("category_asset_cipher"):
		return unexpected("Unexpected identifier: category_asset_cipher.")
	case rt.cipher == shopCipherNeeded && shopCipher == "":
		return errNoShop
	case rt.cipher == shopCipherNeeded:
		if c.shop = find(c.grant.shops(), func(s *shop) bool { return s.cipher(c.app) == shopCipher }); c.shop == nil {
			return errMismatch
		}
	case rt.cipher == categoryCipherNeeded || rt.cipher == categoryCipherAllowed && categoryCipherSent != "":
		if categoryCipherSent != categoryCipher(c.app, c.grant.user) {
			return errMismatch
		}
	}
	return nil
}

// checkQuery refuses parameters the operation does not have, and repeated ones,
// which TikTok's own signers treat differently.
func (c *call) checkQuery(rt *route, _ *http.Request) error {
	if c.settings.Lenient {
		return nil
	}
	known := append([]string{"app_key", "timestamp", "sign", "access_token", "shop_cipher", "category_asset_cipher"}, rt.facts.query()...)
	for name, values := range c.query {
		if !slices.Contains(known, name) {
			return unexpected("Unexpected identifier: %s.", name)
		}
		if len(values) > 1 {
			return invalid("%s is repeated", name)
		}
	}
	return rt.facts.checkParameters(c.query)
}

// defaultPage is the page size when none is asked for and none is needed.
const defaultPage = 20

func (c *call) checkPage(rt *route, _ *http.Request) error {
	if !rt.facts.paged() {
		return nil
	}
	size, err := strconv.Atoi(c.query.Get("page_size"))
	if !c.query.Has("page_size") && !rt.facts["query.page_size"].Required {
		size, err = defaultPage, nil
	}
	if err != nil || size < 1 || size > rt.maxPage || len(rt.sizes) > 0 && !slices.Contains(rt.sizes, size) {
		return invalid("page_size must be between 1 and %d, or one of %v", rt.maxPage, rt.sizes)
	}
	c.page = page{size: size, filter: c.filter()}
	if text := c.query.Get("page_token"); text != "" {
		if c.page.offset, err = c.page.read(text); err != nil || c.fault.PageToken == "expired" {
			return invalid("page_token does not belong to this request, or has expired")
		}
		c.page.offset = max(0, c.page.offset+c.fault.Shift)
	}
	c.page.fault = c.fault.PageToken
	return nil
}

// filter is a short hash of everything that selects a list, however it is
// written. A search key continues a search and selects nothing.
func (c *call) filter() string {
	h := fnv.New32a()
	for _, name := range byKey(c.query) {
		if !slices.Contains([]string{"app_key", "timestamp", "sign", "access_token", "page_size", "page_token"}, name) {
			fmt.Fprintf(h, "%s=%s;", name, c.query.Get(name))
		}
	}
	var body map[string]any
	if json.Unmarshal(c.rawBody, &body) == nil {
		delete(body, "search_key")
		for _, name := range byKey(body) {
			fmt.Fprintf(h, "%s=%v;", name, body[name])
		}
	}
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

func (p page) token(offset int) string {
	switch p.fault {
	case "wrong":
		p.filter = "another"
	case "repeat":
		offset = p.offset
	}
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "offset=%d&f=%s", offset, p.filter))
}

func (p page) read(text string) (offset int, err error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return 0, err
	}
	values, err := url.ParseQuery(string(raw))
	if err != nil {
		return 0, err
	}
	if offset, err = strconv.Atoi(values.Get("offset")); err != nil || offset < 0 || values.Get("f") != p.filter {
		return 0, errors.New("foreign page token")
	}
	return offset, nil
}

// cut takes the page out of a list; next is empty at the end.
func cut[T any](p page, list []T) (part []T, next string) {
	from := min(p.offset, len(list))
	to := min(from+p.size, len(list))
	if to < len(list) {
		next = p.token(to)
	}
	return list[from:to], next
}

// decode reads the body strictly; an absent body is an empty object.
func (c *call) decode(into any) error {
	if len(c.rawBody) == 0 {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(string(c.rawBody)))
	if !c.settings.Lenient {
		decoder.DisallowUnknownFields()
	}
	if err := decoder.Decode(into); err != nil {
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errBodyForm
		}
		return invalid("%s", err)
	}
	if decoder.More() {
		return errBodyForm
	}
	return nil
}
