package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

//go:embed pages/page.html
var pageText string

//go:embed pages/style.css
var styleText string

// page is one page: a title, some text, and one thing to do.
type page struct {
	Partner string
	Style   template.CSS
	Title   string
	Text    []string
	Code    string // to hand on
	Points  []string
	Notes   []string
	Action  action
	Manage  string // address where a creator manages access
	Failed  bool
}

// action is the one button of a page; none without a label.
type action struct {
	Label string
	URL   string // empty repeats the page's own address
	Post  bool
}

// pages renders for people who do not know us, so it says who asks.
type pages struct {
	partner, partnerURL string
	template            *template.Template
	policy              string // Content-Security-Policy
}

func newPages(partner, partnerURL string, consent connection.ConsentPages) *pages {
	if partner == "" {
		partner = "Your partner"
	}
	style := sha256.Sum256([]byte(styleText))
	return &pages{
		partner: partner, partnerURL: partnerURL, template: template.Must(template.New("page").Parse(pageText)),
		// Browsers hold every redirect after the button against form-action, and
		// TikTok Shop's consent pages redirect among its own hosts.
		policy: fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https:%s",
			base64.StdEncoding.EncodeToString(style[:]), plainOrigins(consent)),
	}
}

// plainOrigins lists consent pages on this machine, which "https:" leaves out.
func plainOrigins(consent connection.ConsentPages) string {
	origins := ""
	for _, address := range []string{consent.SellerUS, consent.Seller, consent.Creator, consent.PartnerUS, consent.Partner} {
		if u, err := url.Parse(address); err == nil && u.Scheme == "http" && !strings.Contains(origins, u.Host) {
			origins += " http://" + u.Host
		}
	}
	return origins
}

func (p *pages) headers(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Security-Policy", p.policy)
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer") // the addresses hold tokens and codes
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("X-Robots-Tag", "noindex")
}

func (p *pages) write(w http.ResponseWriter, status int, content page) {
	content.Partner, content.Style = p.partner, template.CSS(styleText) //nolint:gosec // our own file
	if content.Action.Label == "" && p.partnerURL != "" {
		content.Action = action{Label: "Go to " + p.partner, URL: p.partnerURL}
	}
	var html bytes.Buffer
	if err := p.template.Execute(&html, content); err != nil {
		slog.Error("rendering a page", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	p.headers(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(html.Bytes())
}

// ask is the page behind a connect link.
func (p *pages) ask(w http.ResponseWriter, link connection.Link, self string) {
	content := page{
		Title:  "Connect your TikTok Shop " + noun(link.Kind),
		Text:   []string{p.partner + " asks for access to your TikTok Shop " + noun(link.Kind) + ". With it, " + p.partner + " can:"},
		Points: purposes(link.Kind),
		Notes: []string{
			"Next, TikTok Shop itself asks you to sign in and to agree. Your password stays with TikTok Shop.",
			"You can take the access back in TikTok Shop whenever you want.",
		},
		Action: action{Label: "Continue to TikTok Shop", URL: self, Post: true},
	}
	if link.Kind == tiktokshop.CreatorAccount {
		content.Notes[1] = "The same page of TikTok Shop is where you can change or remove the access later."
	}
	p.write(w, http.StatusOK, content)
}

// connected is the page after a consent that worked.
func (p *pages) connected(w http.ResponseWriter, result connection.Result) {
	c := result.Connection
	content := page{
		Title: "Connected",
		Text:  []string{fmt.Sprintf("%s now has access to the TikTok Shop %s %s:", p.partner, noun(c.Kind()), c.Name)},
		Notes: []string{"You can close this page."}, Manage: result.Manage,
	}
	for _, asset := range c.Assets {
		content.Points = append(content.Points, assetLine(asset))
	}
	if missing := c.MissingScopes(); len(missing) > 0 {
		content.Notes = append([]string{"Some permissions were not granted, so not everything will work: " + strings.Join(missing, ", ") +
			". To grant them, open the connect link once more."}, content.Notes...)
	}
	if result.ReturnTo != "" {
		content.Action = action{Label: "Continue", URL: returnAddress(result)}
		content.Notes = content.Notes[:len(content.Notes)-1]
	}
	p.write(w, http.StatusOK, content)
}

func assetLine(asset account.Asset) string {
	if asset.Region == "" {
		return asset.Name
	}
	return asset.Name + " (" + asset.Region + ")"
}

// parked is the page of a consent that nobody is here to have, where the partner
// has no page of its own for that.
func (p *pages) parked(w http.ResponseWriter, result connection.Result) {
	content := page{
		Title: "One step is missing",
		Text: []string{
			"TikTok Shop has told us that you agree. What we do not know yet is which customer of " + p.partner + " you are.",
			"Give " + p.partner + " this code within 24 hours, and they connect your account:",
		},
		Code:  result.Claim,
		Notes: []string{"Until then nothing is used, and without the code everything is forgotten after 24 hours. Give it to nobody else."},
	}
	if !result.Install {
		content.Text[0] = "You began to connect in another browser or app. To go on there, copy this page's address and open it there within 30 minutes."
		content.Text[1] = "Or give " + p.partner + " this code within 24 hours, and they connect your account:"
		content.Notes = append(content.Notes, "If you did not begin this yourself, close the page and tell "+p.partner+".")
	}
	p.write(w, http.StatusOK, content)
}

// returnAddress tells the partner's page which connection was made.
func returnAddress(result connection.Result) string {
	return withQuery(result.ReturnTo, "connection_id", result.Connection.ID)
}

// withQuery adds a parameter to an address.
func withQuery(address, name, value string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}

// foreignButton answers a button that was pressed on another site's page.
func (p *pages) foreignButton(w http.ResponseWriter, self string) {
	p.write(w, http.StatusForbidden, page{
		Title: "Please start on our page", Failed: true,
		Text:   []string{"Another website tried to start this for you. Nothing has happened."},
		Action: action{Label: "Open the connect page", URL: self},
	})
}

// problem is the page of everything that can go wrong. again is the connect link
// where the browser remembers it.
func (p *pages) problem(w http.ResponseWriter, problem *connection.ProblemError, again string) {
	status, content := p.explain(problem)
	content.Failed = true
	switch problem.Problem {
	case connection.UnknownLink, connection.ExpiredLink, connection.Replayed:
		// a new try of the same would end the same
	case connection.Unavailable, connection.InProgress:
		content.Action = action{Label: "Try again"}
		w.Header().Set("Retry-After", "10")
	default:
		if again != "" {
			content.Action = action{Label: "Start again", URL: again}
		}
	}
	p.write(w, status, content)
}

func (p *pages) explain(problem *connection.ProblemError) (status int, content page) {
	reopen := "To try again, open the connect link that " + p.partner + " sent you."
	switch problem.Problem {
	case connection.UnknownLink:
		return http.StatusNotFound, page{Title: "This connect link does not work", Text: []string{"Please check that you opened the whole link. If you did, ask " + p.partner + " for a new one."}}
	case connection.ExpiredLink:
		return http.StatusGone, page{Title: "This connect link has expired", Text: []string{"Connect links work for seven days. Please ask " + p.partner + " for a new one."}}
	case connection.Refused:
		return http.StatusOK, page{Title: "You did not agree", Text: []string{"Nothing was connected, and " + p.partner + " has no access.", "If that was a mistake: " + lower(reopen)}}
	case connection.NoState:
		return http.StatusBadRequest, page{Title: "Please start from a connect link", Text: []string{"This is where TikTok Shop sends people back to. Nothing was connected.", "Ask " + p.partner + " for a connect link and open it to connect your account."}}
	case connection.UnknownApp:
		return http.StatusBadRequest, page{Title: "Please start from a connect link", Text: []string{"TikTok Shop did not tell us which app you agreed to. Nothing was connected.", "Ask " + p.partner + " for a connect link and open it to connect your account."}}
	case connection.UnknownState:
		return http.StatusBadRequest, page{Title: "This attempt is not known here", Text: []string{"It did not begin on our page, or it is long over. Nothing was connected.", reopen}}
	case connection.Expired:
		return http.StatusGone, page{Title: "That took too long", Text: []string{"For safety, an attempt to connect ends after 30 minutes. Nothing was connected.", reopen}}
	case connection.Replayed:
		return http.StatusConflict, page{Title: "This was finished already", Text: []string{"Your account was connected when this page was first opened. Nothing was changed now.", "You can close this page."}}
	case connection.InProgress:
		return http.StatusConflict, page{Title: "One moment", Text: []string{"Your account is being connected in another window. This takes a few seconds."}}
	case connection.WrongBrowser:
		return http.StatusForbidden, page{Title: "This attempt belongs to someone else", Text: []string{"It began in another browser, perhaps another person's. Nothing was connected.", "Only go on if " + p.partner + " sent you a connect link yourself."}}
	case connection.WrongKind:
		if problem.Kind == "" {
			return http.StatusUnprocessableEntity, page{Title: "That is another kind of account", Text: []string{p.partner + " does not work with this kind of TikTok Shop account. Nothing was connected.", "Start again and sign in to TikTok Shop with the account you want to connect."}}
		}
		return http.StatusUnprocessableEntity, page{Title: "That is another kind of account", Text: []string{
			"This link is for a TikTok Shop " + noun(problem.Kind) + ", and you agreed as something else. Nothing was connected.",
			"Start again and sign in to TikTok Shop with your " + noun(problem.Kind) + ".",
		}}
	case connection.MissingScope:
		return http.StatusUnprocessableEntity, page{Title: "A permission is missing", Text: []string{"TikTok Shop did not let us see which account it is. Nothing was connected.", "Start again and leave every permission ticked."}}
	case connection.Nothing:
		return http.StatusUnprocessableEntity, page{Title: nothingTitle(problem.Kind), Text: []string{"TikTok Shop shows nothing in this account that could be connected. Nothing was stored.", "Start again with the account you want to connect."}}
	case connection.Unavailable:
	}
	return http.StatusServiceUnavailable, page{Title: "We could not finish just now", Text: []string{"TikTok Shop or our own service is not answering. Nothing is lost: try again on this page in a moment."}}
}

func nothingTitle(kind tiktokshop.AccountKind) string {
	if kind == tiktokshop.PartnerAccount {
		return "This account has no partner category"
	}
	return "This account has no shop"
}

// noun is what users call the account.
func noun(kind tiktokshop.AccountKind) string {
	switch kind {
	case tiktokshop.SellerAccount:
		return "seller account"
	case tiktokshop.CreatorAccount:
		return "creator account"
	}
	return "affiliate partner account"
}

// purposes says what the access is for.
func purposes(kind tiktokshop.AccountKind) []string {
	switch kind {
	case tiktokshop.SellerAccount:
		return []string{"see which shops you have", "see the affiliate orders of your shops and the commission they cost", "manage your collaborations with creators and make links for them"}
	case tiktokshop.CreatorAccount:
		return []string{"see your user name and market", "see your affiliate orders and the commission you earn", "see which content you post with products", "make product links that earn you commission"}
	}
	return []string{"see your partner categories and markets", "see your campaigns and their affiliate orders", "review the products that sellers submit", "make promotion links for approved products"}
}

func lower(sentence string) string { return strings.ToLower(sentence[:1]) + sentence[1:] }
