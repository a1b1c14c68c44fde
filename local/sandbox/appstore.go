package sandbox

import "net/http"

// appStore adds TikTok Shop's app store, where a seller installs an app without
// a link of the developer's: the consent reaches the redirect URL without state.
// Source: doc:authorization-via-app-store.
func (s *Sandbox) appStore(mux *http.ServeMux) {
	mux.HandleFunc("GET /appstore", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		app := s.app(r.FormValue("app"))
		if app == nil || app.SellerServiceID == "" {
			problem(w, "App not found", "No app of this name is for sellers.")
			return
		}
		var accounts []consentAccount
		for _, u := range s.ofKind(Seller) {
			accounts = append(accounts, consentAccount{u.id, u.name, u.detail()})
		}
		show(w, http.StatusOK, "appstore.html", obj{"Title": orElse(app.Title, app.Name), "App": app.Name, "Accounts": accounts})
	})
	mux.HandleFunc("POST /appstore", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		app := s.app(r.FormValue("app"))
		u := find(s.ofKind(Seller), func(u *user) bool { return u.id == r.FormValue("account") })
		switch {
		case app == nil || app.SellerServiceID == "":
			problem(w, "App not found", "No app of this name is for sellers.")
		case app.RedirectURL == "":
			problem(w, "No redirect URL", "The app has no redirect URL. Set one for it in the sandbox's control API.")
		case u == nil:
			problem(w, "No such account", "Choose one of the accounts on the page.")
		default:
			sendBack(w, r, app, s.accepted(app, u, Seller.scopes()))
		}
	})
}
