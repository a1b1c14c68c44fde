package sandbox

import "net/http"

// Refusals of the token endpoints. They come with HTTP 200.
// Source: doc:authorization-overview-202407 and observed answers.
var (
	errAuthParams   = &refusal{http.StatusOK, 98001004, "invalid params"}
	errClientKey    = &refusal{http.StatusOK, 36004003, "invalid client key or secret"}
	errAuthCode     = &refusal{http.StatusOK, 36004004, "invalid auth code, please check and try again"}
	errRefreshToken = &refusal{http.StatusOK, 36004001, "refresh token is expired or invalid, please re-authorize"}
)

// serveToken is GET /api/v2/token/get and GET /api/v2/token/refresh. They are not signed.
func (s *Sandbox) serveToken(w http.ResponseWriter, r *http.Request) {
	operation := r.Method + " " + r.URL.Path
	s.serve(w, r, operation, func(Fault) (any, error) {
		if r.Method != http.MethodGet {
			return nil, errMethod
		}
		query := r.URL.Query()
		app := s.appByKey(query.Get("app_key"))
		if app == nil || app.Secret != query.Get("app_secret") {
			return nil, errClientKey
		}
		switch {
		case r.URL.Path == "/api/v2/token/get" && query.Get("grant_type") == "authorized_code" && query.Has("auth_code"):
			return s.exchange(app, query.Get("auth_code"))
		case r.URL.Path == "/api/v2/token/refresh" && query.Get("grant_type") == "refresh_token" && query.Has("refresh_token"):
			return s.refresh(app, query.Get("refresh_token"))
		}
		return nil, errAuthParams
	})
}

func (s *Sandbox) exchange(app *App, value string) (any, error) {
	code := s.codes[value]
	if code == nil || code.used || code.grant.app != app || !code.expires.After(s.now()) {
		return nil, errAuthCode
	}
	code.used = true
	g := code.grant
	if s.settings.RefreshMode == RotateStrictly {
		s.retire(superseded, func(t *token) bool { return t.grant == g })
	}
	g.counts.Exchanges++
	return tokenAnswer(s.issue(g, nil)), nil
}

func (s *Sandbox) refresh(app *App, value string) (any, error) {
	old, now := s.tokens[value], s.now()
	if old == nil || !old.refresh || old.grant.app != app {
		return nil, errRefreshToken
	}
	g := old.grant
	if old.dead != alive || !old.expires.After(now) {
		g.counts.RefusedRefreshes++
		return nil, errRefreshToken
	}
	keep := old
	switch s.settings.RefreshMode {
	case RotateWithGrace:
		keep = nil
		if end := now.Add(seconds(s.settings.GraceSeconds)); end.Before(old.expires) {
			old.expires = end
		}
	case RotateStrictly:
		keep = nil
		s.retire(superseded, func(t *token) bool { return t.grant == g && t.born <= old.born })
	}
	g.counts.Refreshes++
	return tokenAnswer(s.issue(g, keep)), nil
}

func tokenAnswer(access, refresh *token) obj {
	g := access.grant
	answer := obj{
		"access_token": access.value, "access_token_expire_in": access.expires.Unix(),
		"refresh_token": refresh.value, "refresh_token_expire_in": refresh.expires.Unix(),
		"open_id": openID(g.app, g.user), "user_type": g.user.kind.userType(), "granted_scopes": g.scopes,
		"seller_name": "", "seller_base_region": "",
	}
	if g.user.kind != Creator {
		answer["seller_name"], answer["seller_base_region"] = g.user.name, g.user.region
	}
	return answer
}
