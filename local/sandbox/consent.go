package sandbox

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

func show(w http.ResponseWriter, status int, page string, data any) {
	var text bytes.Buffer
	if err := pages.ExecuteTemplate(&text, page, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = text.WriteTo(w)
}

func problem(w http.ResponseWriter, title, text string) {
	show(w, http.StatusBadRequest, "problem.html", map[string]string{"Title": title, "Text": text})
}

// consentPages adds the pages where users meet TikTok Shop. In reality each kind
// has hosts of its own; here each has a path prefix, with and without the real path.
func (s *Sandbox) consentPages(mux *http.ServeMux) {
	for kind, path := range map[Kind]string{Seller: "/open/authorize", Creator: "/alliance/creator/auth", Partner: "/open/authorize"} {
		prefix := "/consent/" + string(kind)
		for _, at := range []string{prefix, prefix + path} {
			mux.HandleFunc("GET "+at, func(w http.ResponseWriter, r *http.Request) { s.askConsent(w, r, kind) })
			mux.HandleFunc("POST "+at, func(w http.ResponseWriter, r *http.Request) { s.takeConsent(w, r, kind) })
		}
		mux.HandleFunc("GET "+prefix+"/authorizations", func(w http.ResponseWriter, _ *http.Request) { s.listAuthorizations(w, kind) })
		mux.HandleFunc("POST "+prefix+"/authorizations", func(w http.ResponseWriter, r *http.Request) { s.removeAuthorization(w, r) })
	}
}

// consentRequest reads which app asks, or explains why the page cannot be shown.
func (s *Sandbox) consentRequest(w http.ResponseWriter, r *http.Request, kind Kind) (app *App, ok bool) {
	switch kind {
	case Seller:
		app = find(s.apps, func(a *App) bool { return a.SellerServiceID != "" && a.SellerServiceID == r.FormValue("service_id") })
	case Partner:
		app = find(s.apps, func(a *App) bool { return a.PartnerServiceID != "" && a.PartnerServiceID == r.FormValue("service_id") })
	case Creator:
		app = s.appByKey(r.FormValue("app_key"))
	}
	state := r.FormValue("state")
	switch {
	case app == nil:
		problem(w, "App not found", "No app has this "+identifier(kind)+".")
	case app.RedirectURL == "":
		problem(w, "No redirect URL", "The app has no redirect URL. Set one for it in the sandbox's control API.")
	case kind == Creator && (state == "" || state != strings.TrimSpace(state)):
		problem(w, "The link is incomplete", "A creator's link needs a state without blanks around it.")
	default:
		return app, true
	}
	return nil, false
}

func identifier(kind Kind) string {
	if kind == Creator {
		return "app_key"
	}
	return "service_id"
}

type consentAccount struct{ ID, Name, Detail string }

// askConsent is GET: it changes nothing.
func (s *Sandbox) askConsent(w http.ResponseWriter, r *http.Request, kind Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	app, ok := s.consentRequest(w, r, kind)
	if !ok {
		return
	}
	page := struct {
		Title, Action, App, Purpose, Identifier, IdentifierValue, State, Choose, Manage string
		Accounts                                                                        []consentAccount
		Scopes                                                                          []string
	}{
		Title: "Authorize " + orElse(app.Title, app.Name), Action: r.URL.Path, App: orElse(app.Title, app.Name), Identifier: identifier(kind), State: r.FormValue("state"),
		IdentifierValue: r.FormValue(identifier(kind)), Manage: "/consent/" + string(kind) + "/authorizations",
	}
	for _, u := range s.ofKind(kind) {
		page.Accounts = append(page.Accounts, consentAccount{u.id, u.name, u.detail()})
	}
	switch kind {
	case Seller:
		page.Choose, page.Purpose = "Seller account", "It will read and manage the affiliate collaborations and orders of all shops of the account."
	case Partner:
		page.Choose, page.Purpose = "Partner account", "Business category: Seller and Scalable Creator Match-up."
	case Creator:
		page.Choose, page.Purpose, page.Scopes = "Creator account", "Untick what it should not do.", kind.scopes()
	}
	show(w, http.StatusOK, "consent.html", page)
}

// detail is the small print under a name.
func (u *user) detail() string {
	switch u.kind {
	case Creator:
		return "@" + u.username + " · " + u.region
	case Partner:
		return "Affiliate partner · " + u.category.market
	}
	names := make([]string, len(u.shops))
	for i, shop := range u.shops {
		names[i] = shop.name + " (" + shop.region + ")"
	}
	return strings.Join(names, ", ")
}

// takeConsent is POST: fields account, decision (allow or deny), state, the
// identifier, and for creators any number of scope.
func (s *Sandbox) takeConsent(w http.ResponseWriter, r *http.Request, kind Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	app, ok := s.consentRequest(w, r, kind)
	if !ok {
		return
	}
	back := url.Values{}
	if state := r.FormValue("state"); state != "" {
		back.Set("state", state)
	}
	users := s.ofKind(kind)
	u := users[0]
	if id := r.FormValue("account"); id != "" {
		u = find(users, func(u *user) bool { return u.id == id })
	}
	scopes := kind.scopes()
	if kind == Creator {
		scopes = slices.DeleteFunc(scopes, func(scope string) bool { return !slices.Contains(r.Form["scope"], scope) })
	}
	switch decision := r.FormValue("decision"); {
	case u == nil:
		problem(w, "No such account", "Choose one of the accounts on the page.")
		return
	case decision == "deny":
		back.Set("code", "null")
		back.Set("error", "auth_denied")
	case decision != "allow":
		problem(w, "No decision", "Press Allow or Deny.")
		return
	case len(scopes) == 0:
		// A creator who unticks everything takes all access back.
		if g := s.grant(app, u); g != nil {
			s.removeAccess(g)
		}
		back.Set("code", "null")
		back.Set("error", "auth_denied")
	default:
		for name, values := range s.accepted(app, u, scopes) {
			back[name] = values
		}
	}
	sendBack(w, r, app, back)
}

// accepted is what a callback carries after a consent, but for the state.
func (s *Sandbox) accepted(app *App, u *user, scopes []string) url.Values {
	return url.Values{"code": {s.consent(app, u, scopes)}, "app_key": {app.Key}, "locale": {"en-US"}, "shop_region": {u.region}}
}

// sendBack redirects the user to the app.
func sendBack(w http.ResponseWriter, r *http.Request, app *App, back url.Values) {
	target, err := url.Parse(app.RedirectURL)
	if err != nil {
		problem(w, "No redirect URL", "The app's redirect URL is not a URL.")
		return
	}
	query := target.Query()
	for name := range back {
		query.Set(name, back.Get(name))
	}
	target.RawQuery = query.Encode()
	http.Redirect(w, r, target.String(), http.StatusSeeOther)
}

type authorization struct{ Name, App, Account, Shop string }

func (s *Sandbox) listAuthorizations(w http.ResponseWriter, kind Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []authorization
	for _, g := range s.grants {
		switch {
		case !g.active() || g.user.kind != kind:
		case kind == Seller:
			for _, shop := range g.shops() {
				rows = append(rows, authorization{shop.name + " (" + shop.region + ")", g.app.Name, g.user.id, shop.id})
			}
		default:
			rows = append(rows, authorization{g.user.name, g.app.Name, g.user.id, ""})
		}
	}
	show(w, http.StatusOK, "authorizations.html", map[string]any{"Rows": rows})
}

func (s *Sandbox) removeAuthorization(w http.ResponseWriter, r *http.Request) {
	var err error
	if shop := r.FormValue("shop"); shop != "" {
		err = s.DeauthorizeShop(r.FormValue("app"), shop)
	} else {
		err = s.RemoveAccess(r.FormValue("app"), r.FormValue("account"))
	}
	if err != nil {
		problem(w, "Nothing to remove", "The authorization does not exist or was removed before.")
		return
	}
	http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
}
