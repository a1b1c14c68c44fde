package main

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"tiktok-shop-affiliate/shared/connection"
)

// cookie ties a consent to the browser it began in. The prefix makes browsers
// refuse it unless it is secure and for this host alone.
const cookie = "__Host-connect"

// tokenLength is the length of 256 bits in base64.
const tokenLength = 43

// handler leads a user from a connect link to TikTok Shop's consent page and
// back.
type handler struct {
	connector *connection.Connector
	pages     *pages
	claimURL  string // where a consent without an owner goes on; empty: on a page of ours
}

func (h *handler) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connect/{token}", h.show)
	mux.HandleFunc("POST /connect/{token}", h.begin)
	mux.HandleFunc("GET /oauth/callback", h.finish)
	mux.HandleFunc("GET /oauth/callback/{app}", h.finish)
	// Only the page itself may press its button.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.pages.foreignButton(w, r.URL.Path) }))
	return guard.Handler(mux)
}

// show answers a connect link with a page that says who asks for what. It
// changes nothing: chat programs open links to preview them.
func (h *handler) show(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	link, err := h.link(r, token)
	if err != nil {
		h.fail(w, r, err, "")
		return
	}
	h.pages.ask(w, link, "/connect/"+token)
}

func (h *handler) link(r *http.Request, token string) (connection.Link, error) {
	if len(token) != tokenLength {
		return connection.Link{}, &connection.ProblemError{Problem: connection.UnknownLink}
	}
	return h.connector.Show(r.Context(), token)
}

// begin is the page's button: it ties a new state to the browser and sends the
// user to TikTok Shop.
func (h *handler) begin(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	browser, _ := readCookie(r)
	if browser == "" {
		browser = connection.NewBrowser() // else two open consents in one browser would shut each other out
	}
	_, err := h.link(r, token)
	var consent string
	if err == nil {
		consent, err = h.connector.Begin(r.Context(), token, browser)
	}
	if err != nil {
		h.fail(w, r, err, "")
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookie, Value: browser + "." + token, Path: "/", MaxAge: int(connection.StateLife.Seconds()),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	h.pages.headers(w)
	http.Redirect(w, r, consent, http.StatusSeeOther)
}

// finish is where TikTok Shop sends the user back to.
func (h *handler) finish(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	browser, token := readCookie(r)
	result, err := h.connector.Finish(r.Context(), connection.Callback{
		Code: query.Get("code"), State: query.Get("state"), Error: query.Get("error"), Browser: browser,
		App: r.PathValue("app"), AppKey: query.Get("app_key"),
	})
	if err != nil {
		h.fail(w, r, err, token)
		return
	}
	if result.Claim != "" {
		h.park(w, r, result)
		return
	}
	slog.InfoContext(r.Context(), "an account was connected", "connection", result.Connection.ID, "kind", result.Connection.Kind(),
		"assets", len(result.Connection.Assets), "missing_scopes", result.Connection.MissingScopes())
	h.pages.connected(w, result)
}

// park leads on to where the partner's customer signs in and claims the consent,
// or explains that it waits.
func (h *handler) park(w http.ResponseWriter, r *http.Request, result connection.Result) {
	slog.InfoContext(r.Context(), "a consent waits to be claimed", "install", result.Install)
	if h.claimURL == "" {
		h.pages.parked(w, result)
		return
	}
	h.pages.headers(w)
	w.Header().Set("Location", withQuery(h.claimURL, "claim_token", result.Claim)) // no body repeats the token
	w.WriteHeader(http.StatusSeeOther)
}

// fail shows what went wrong. With the token of the connect link, which only the
// browser remembers, the page can lead back to it.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error, token string) {
	problem := &connection.ProblemError{Problem: connection.Unavailable, Err: err}
	errors.As(err, &problem)
	level := slog.LevelInfo
	if problem.Problem == connection.Unavailable {
		level = slog.LevelError
	}
	slog.Log(r.Context(), level, "connecting ended on a page", "problem", problem.Problem, "kind", problem.Kind, "error", problem.Err)
	again := ""
	if token != "" {
		again = "/connect/" + token
	}
	h.pages.problem(w, problem, again)
}

// readCookie returns the browser's value and the token of the connect link it
// opened last.
func readCookie(r *http.Request) (browser, token string) {
	found, err := r.Cookie(cookie)
	if err != nil {
		return "", ""
	}
	browser, token, _ = strings.Cut(found.Value, ".")
	if len(browser) != tokenLength || len(token) != tokenLength {
		return "", ""
	}
	return browser, token
}
