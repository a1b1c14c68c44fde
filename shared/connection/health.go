package connection

import (
	"slices"
	"strings"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// Health is how well a connection works, and so whether somebody must act.
type Health string

// The kinds of health. Missing scopes and single lost shops do not change it:
// they are things to do.
const (
	HealthActive         Health = "active"
	HealthExpiring       Health = "expiring"        // works; the authorization ends within ExpiresSoon
	HealthSuspect        Health = "suspect"         // a refresh did not work out and is tried again; calls may fail meanwhile
	HealthNeedsReconnect Health = "needs_reconnect" // works no more until its holder consents again
)

// ExpiresSoon is how long before its end an authorization counts as expiring. It
// is when TikTok Shop begins to warn (webhook 7).
const ExpiresSoon = 30 * 24 * time.Hour

// Health is the connection's health at a time.
func (c Connection) Health(now time.Time) Health {
	end := c.AuthorizationEnd()
	switch {
	case c.State == NeedsReconnect, !end.IsZero() && !now.Before(end), !c.anyAsset():
		return HealthNeedsReconnect
	case c.Suspect || !c.AccessExpiresAt.IsZero() && !now.Before(c.AccessExpiresAt) && !c.RetryAt.IsZero():
		return HealthSuspect
	case !end.IsZero() && end.Sub(now) <= ExpiresSoon:
		return HealthExpiring
	}
	return HealthActive
}

// AuthorizationEnd is when the holder must have consented again: the end of the
// authorization, or an earlier one that TikTok Shop has warned of.
func (c Connection) AuthorizationEnd() time.Time {
	if end := c.AuthorizationExpiresAt; c.WarnedEnd.IsZero() || !end.IsZero() && end.Before(c.WarnedEnd) {
		return end
	}
	return c.WarnedEnd
}

func (c Connection) anyAsset() bool {
	return slices.ContainsFunc(c.Assets, func(a account.Asset) bool { return a.State != account.AssetDeauthorized })
}

// TodoCode says what is missing, for programs.
type TodoCode string

// The things to do.
const (
	TodoReconnect    TodoCode = "reconnect"     // nothing works until the holder consents again
	TodoRenew        TodoCode = "renew"         // the authorization ends soon
	TodoGrantScopes  TodoCode = "grant_scopes"  // permissions are missing
	TodoRestoreAsset TodoCode = "restore_asset" // a shop was taken away
	TodoWait         TodoCode = "wait"          // nothing but patience
)

// Todo is one thing that is missing and how to fix it.
type Todo struct {
	Code        TodoCode
	Detail      string          // for people
	Scopes      []string        // with TodoGrantScopes
	Asset       account.AssetID // with TodoRestoreAsset
	By          time.Time       // with TodoRenew; zero otherwise
	ConnectLink bool            // a new connect link, which Ask describes, is how to fix it
}

// Ask is the connect link by which the connection's holder consents again.
func (c Connection) Ask() Ask {
	return Ask{Owner: c.Owner, App: c.Account.App(), Kind: c.Kind(), Market: c.Market}
}

// Todo lists what is missing, the most pressing first.
func (c Connection) Todo(now time.Time) []Todo {
	var todo []Todo
	health := c.Health(now)
	switch health {
	case HealthNeedsReconnect:
		return []Todo{{Code: TodoReconnect, Detail: c.ended() + " Send its holder a new connect link.", ConnectLink: true}}
	case HealthSuspect:
		todo = append(todo, Todo{Code: TodoWait, Detail: "TikTok Shop did not renew the access just now. It is tried again by itself; there is nothing to do yet."})
	case HealthExpiring:
		todo = append(todo, Todo{
			Code: TodoRenew, By: c.AuthorizationEnd(), ConnectLink: true,
			Detail: "The authorization ends soon. Send its holder a new connect link before it does; nothing is interrupted by consenting early.",
		})
	case HealthActive:
	}
	if missing := c.MissingScopes(); len(missing) > 0 {
		todo = append(todo, Todo{Code: TodoGrantScopes, Scopes: missing, ConnectLink: true, Detail: grantScopes(c.Kind(), missing)})
	}
	for _, asset := range c.Assets {
		if asset.State == account.AssetDeauthorized {
			todo = append(todo, Todo{
				Code: TodoRestoreAsset, Asset: asset.ID, ConnectLink: true,
				Detail: "Access to " + asset.Name + " was taken away. If it should come back, send the holder a new connect link.",
			})
		}
	}
	return todo
}

// ended says why a connection works no more.
func (c Connection) ended() string {
	switch {
	case c.Reason == account.RefreshRefused:
		return "TikTok Shop no longer renews the access."
	case c.Reason == account.Deauthorized || c.State == Active && !c.anyAsset():
		return "The holder took the access away."
	}
	return "The time the holder granted is over."
}

func grantScopes(kind tiktokshop.AccountKind, missing []string) string {
	text := "Not everything works without " + strings.Join(missing, ", ") + ". "
	if kind == tiktokshop.CreatorAccount {
		return text + "Send the creator a new connect link and ask to leave every permission ticked."
	}
	return text + "Request it for the app in Partner Center under Manage API; once TikTok Shop has approved it, send the holder a new connect link."
}
