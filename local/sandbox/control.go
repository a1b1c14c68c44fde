package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// errNothing is answered when what is to be changed does not exist.
var errNothing = errors.New("there is no such active authorization")

// DeauthorizeShop is the seller ending the authorization of one shop.
func (s *Sandbox) DeauthorizeShop(appName, shopID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	app, shop := s.app(appName), s.shop(shopID)
	if app == nil || shop == nil {
		return errNothing
	}
	if g := s.grant(app, shop.owner); g == nil || !s.deauthorizeShop(g, shop) {
		return errNothing
	}
	return nil
}

// RemoveAccess is a creator or partner taking all access back, or a seller
// ending the authorization of every shop.
func (s *Sandbox) RemoveAccess(appName, userID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	app, u := s.app(appName), s.user(userID)
	if app == nil || u == nil {
		return errNothing
	}
	g := s.grant(app, u)
	if g == nil || !g.active() {
		return errNothing
	}
	if u.kind != Seller {
		s.removeAccess(g)
		return nil
	}
	for _, shop := range g.shops() {
		s.deauthorizeShop(g, shop)
	}
	return nil
}

// ExpireTokens lets the access tokens of a user's grant expire now, and on
// request the refresh tokens too.
func (s *Sandbox) ExpireTokens(appName, userID string, refreshToo bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	app, u, touched := s.app(appName), s.user(userID), false
	for _, t := range s.tokens {
		if t.grant.app == app && t.grant.user == u && (!t.refresh || refreshToo) {
			t.expires, touched = s.now(), true
		}
	}
	if !touched {
		return errNothing
	}
	return nil
}

// Settings returns the settings in force.
func (s *Sandbox) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// Configure replaces the settings.
func (s *Sandbox) Configure(settings Settings) error {
	settings = settings.withDefaults()
	if !settings.valid() {
		return errors.New("settings must be positive and refresh_mode no_rotation, rotation_with_grace or strict")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = settings
	return nil
}

// Control is the control API. README.md describes it.
func (s *Sandbox) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.index)
	s.appStore(mux)
	mux.HandleFunc("POST /control/reset", action(func(struct{}) (any, error) {
		s.Reset()
		return obj{}, nil
	}))
	mux.HandleFunc("GET /control/state", answer(func(*http.Request) (any, error) { return s.State(), nil }))
	mux.HandleFunc("PUT /control/apps/{name}", s.putApp)
	mux.HandleFunc("PUT /control/settings", s.putSettings)

	posted := &inbox{}
	mux.HandleFunc("POST /control/inbox", posted.take)
	mux.HandleFunc("GET /control/inbox", answer(posted.list))

	mux.HandleFunc("POST /control/orders", action(func(n NewOrders) (any, error) {
		ids, err := s.CreateOrders(n)
		return obj{"orders": ids}, err
	}))
	mux.HandleFunc("POST /control/orders/finish", action(func(in struct {
		Orders []string `json:"orders"`
	}) (any, error) {
		return obj{"finished": s.FinishOrders(in.Orders...)}, nil
	}))

	type authorization struct {
		App     string `json:"app"`
		Account string `json:"account"`
		Shop    string `json:"shop"`
		Refresh bool   `json:"refresh"`
	}
	mux.HandleFunc("POST /control/deauthorize", action(func(in authorization) (any, error) {
		if in.Shop != "" {
			return obj{}, s.DeauthorizeShop(in.App, in.Shop)
		}
		return obj{}, s.RemoveAccess(in.App, in.Account)
	}))
	mux.HandleFunc("POST /control/tokens/expire", action(func(in authorization) (any, error) {
		return obj{}, s.ExpireTokens(in.App, in.Account, in.Refresh)
	}))

	mux.HandleFunc("POST /control/webhooks", action(func(n NewWebhook) (any, error) {
		ids, err := s.SendWebhooks(n)
		return obj{"deliveries": ids}, err
	}))
	mux.HandleFunc("GET /control/webhooks", answer(func(*http.Request) (any, error) {
		return obj{"deliveries": s.Deliveries()}, nil
	}))

	mux.HandleFunc("POST /control/faults", action(func(f Fault) (any, error) {
		s.AddFault(f)
		return obj{}, nil
	}))
	mux.HandleFunc("DELETE /control/faults", action(func(struct{}) (any, error) {
		s.ClearFaults()
		return obj{}, nil
	}))
	mux.HandleFunc("GET /control/faults", answer(func(*http.Request) (any, error) {
		return obj{"faults": s.Faults()}, nil
	}))

	mux.HandleFunc("GET /control/truth", answer(func(*http.Request) (any, error) { return s.Truth(), nil }))
	mux.HandleFunc("GET /control/truth/orders", answer(func(r *http.Request) (any, error) {
		rows := s.TruthRows()
		asset, perspective := r.FormValue("asset"), r.FormValue("perspective")
		return obj{"rows": slices.DeleteFunc(rows, func(row TruthRow) bool {
			return asset != "" && row.Asset != asset || perspective != "" && row.Perspective != perspective
		})}, nil
	}))
	return mux
}

// putApp changes the given fields of an app, or adds the app.
func (s *Sandbox) putApp(w http.ResponseWriter, r *http.Request) {
	app, _ := s.App(r.PathValue("name"))
	if err := readJSON(r, &app); err != nil {
		writeJSON(w, nil, err)
		return
	}
	app.Name = r.PathValue("name")
	s.SetApp(app)
	writeJSON(w, app, nil)
}

// putSettings changes the given settings.
func (s *Sandbox) putSettings(w http.ResponseWriter, r *http.Request) {
	settings := s.Settings()
	err := readJSON(r, &settings)
	if err == nil {
		err = s.Configure(settings)
	}
	writeJSON(w, s.Settings(), err)
}

func action[T any](do func(T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		if err := readJSON(r, &in); err != nil {
			writeJSON(w, nil, err)
			return
		}
		out, err := do(in)
		writeJSON(w, out, err)
	}
}

func answer(give func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out, err := give(r)
		writeJSON(w, out, err)
	}
}

// readJSON reads a body strictly; none is an empty object.
func readJSON(r *http.Request, into any) error {
	decoder := json.NewDecoder(io.LimitReader(r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("body: %w", err)
	}
	return nil
}

func writeJSON(w http.ResponseWriter, out any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		out = obj{"error": err.Error()}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(out)
}
