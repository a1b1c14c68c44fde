package sandbox

import (
	"slices"
	"time"
)

// grant is a user's consent to an app. A second consent renews it.
type grant struct {
	app     *App
	user    *user
	scopes  []string
	revoked time.Time            // zero while alive
	ended   map[string]time.Time // shop id → when that shop was deauthorized
	counts  GrantCounts
}

// GrantCounts is what happened to a grant so far.
type GrantCounts struct {
	Consents         int `json:"consents"`
	Exchanges        int `json:"exchanges"`         // codes turned into tokens
	Refreshes        int `json:"refreshes"`         // successful ones
	RefusedRefreshes int `json:"refused_refreshes"` // with a dead or expired refresh token
}

func (g *grant) active() bool { return g.revoked.IsZero() }

// shops are those the grant still covers.
func (g *grant) shops() (covered []*shop) {
	for _, s := range g.user.shops {
		if _, gone := g.ended[s.id]; !gone {
			covered = append(covered, s)
		}
	}
	return covered
}

// authCode is a one-time code of a consent.
type authCode struct {
	grant   *grant
	expires time.Time
	used    bool
}

// token is an access or a refresh token.
type token struct {
	value   string
	grant   *grant
	refresh bool
	expires time.Time
	dead    death
	born    int64 // order of issue: the exchange or refresh it came from
}

// death is why a token stopped working before its time.
type death int

const (
	alive death = iota
	deauthorized
	superseded
)

func (s *Sandbox) grant(app *App, u *user) *grant {
	return find(s.grants, func(g *grant) bool { return g.app == app && g.user == u })
}

// consent records that the user allows the app the scopes and returns a code.
func (s *Sandbox) consent(app *App, u *user, scopes []string) string {
	g := s.grant(app, u)
	if g == nil {
		g = &grant{app: app, user: u}
		s.grants = append(s.grants, g)
	}
	g.scopes, g.revoked, g.ended = scopes, time.Time{}, map[string]time.Time{}
	g.counts.Consents++
	code := "TTP_" + random(30)
	s.codes[code] = &authCode{grant: g, expires: s.now().Add(seconds(s.settings.CodeSeconds))}
	return code
}

// issue makes a new access token and, unless one is kept, a new refresh token.
func (s *Sandbox) issue(g *grant, keep *token) (access, refresh *token) {
	now, born := s.now(), s.next()
	life := s.settings.RefreshSeconds
	if g.user.kind == Creator {
		life = s.settings.CreatorRefreshSeconds
	}
	access = &token{value: "TTP_" + random(60), grant: g, expires: now.Add(seconds(s.settings.AccessSeconds)), born: born}
	s.tokens[access.value] = access
	if refresh = keep; refresh == nil {
		refresh = &token{value: "TTP_" + random(60), grant: g, refresh: true, expires: now.Add(seconds(life)), born: born}
		s.tokens[refresh.value] = refresh
	}
	return access, refresh
}

// retire lets the tokens that fit die, for the reason given.
func (s *Sandbox) retire(why death, fits func(*token) bool) {
	for _, t := range s.tokens {
		if t.dead == alive && fits(t) {
			t.dead = why
		}
	}
}

// revoke ends a grant.
func (s *Sandbox) revoke(g *grant) {
	g.revoked = s.now()
	s.retire(deauthorized, func(t *token) bool { return t.grant == g })
	for _, code := range s.codes {
		if code.grant == g {
			code.used = true
		}
	}
}

// deauthorizeShop ends one shop's authorization, and the grant with its last
// shop. TikTok tells the app about each shop.
func (s *Sandbox) deauthorizeShop(g *grant, shop *shop) bool {
	if !g.active() || !slices.Contains(g.shops(), shop) {
		return false
	}
	g.ended[shop.id] = s.now()
	if len(g.shops()) == 0 {
		s.revoke(g)
	}
	s.notify(g.app, sellerDeauthorized(shop))
	return true
}

// removeAccess is a creator or partner taking all access back.
func (s *Sandbox) removeAccess(g *grant) bool {
	if !g.active() {
		return false
	}
	s.revoke(g)
	if g.user.kind == Creator {
		s.notify(g.app, creatorDeauthorized(openID(g.app, g.user), s.now()))
	}
	return true
}
