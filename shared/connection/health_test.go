package connection_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
)

func TestHealthAndTodo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	all := []string{"seller.authorization.info", "seller.affiliate_collaboration.read", "seller.affiliate_collaboration.write"}
	for name, c := range map[string]struct {
		change func(a *account.Account, assets []account.Asset)
		health connection.Health
		todo   []connection.TodoCode
		text   string
	}{
		"all is well":        {func(*account.Account, []account.Asset) {}, connection.HealthActive, nil, ""},
		"no end is known":    {func(a *account.Account, _ []account.Asset) { a.RefreshExpiresAt = time.Time{} }, connection.HealthActive, nil, ""},
		"ends in a month":    {func(a *account.Account, _ []account.Asset) { a.RefreshExpiresAt = now.Add(connection.ExpiresSoon) }, connection.HealthExpiring, []connection.TodoCode{connection.TodoRenew}, "before it does"},
		"TikTok Shop warned": {func(a *account.Account, _ []account.Asset) { a.ExpiryWarned = now.Add(time.Hour) }, connection.HealthExpiring, []connection.TodoCode{connection.TodoRenew}, ""},
		"the time is over":   {func(a *account.Account, _ []account.Asset) { a.RefreshExpiresAt = now }, connection.HealthNeedsReconnect, []connection.TodoCode{connection.TodoReconnect}, "time the holder granted is over"},
		"refused once":       {func(a *account.Account, _ []account.Asset) { a.State = account.Suspect }, connection.HealthSuspect, []connection.TodoCode{connection.TodoWait}, "tried again"},
		"refreshes keep failing": {func(a *account.Account, _ []account.Asset) {
			a.AccessExpiresAt, a.RetryAt = now, now.Add(time.Minute)
		}, connection.HealthSuspect, []connection.TodoCode{connection.TodoWait}, ""},
		"a refresh failed in time": {func(a *account.Account, _ []account.Asset) { a.RetryAt = now.Add(time.Minute) }, connection.HealthActive, nil, ""},
		"refused for good": {func(a *account.Account, _ []account.Asset) {
			a.State, a.Reason = account.Revoked, account.RefreshRefused
		}, connection.HealthNeedsReconnect, []connection.TodoCode{connection.TodoReconnect}, "no longer renews"},
		"a scope is missing": {func(a *account.Account, _ []account.Asset) { a.Scopes = all[:2] }, connection.HealthActive, []connection.TodoCode{connection.TodoGrantScopes}, all[2]},
		"one shop is gone":   {func(_ *account.Account, s []account.Asset) { s[0].State = account.AssetDeauthorized }, connection.HealthActive, []connection.TodoCode{connection.TodoRestoreAsset}, "First"},
		"every shop is gone": {func(_ *account.Account, s []account.Asset) {
			s[0].State, s[1].State = account.AssetDeauthorized, account.AssetDeauthorized
		}, connection.HealthNeedsReconnect, []connection.TodoCode{connection.TodoReconnect}, "took the access away"},
		"several at once": {func(a *account.Account, s []account.Asset) {
			a.Scopes, a.RefreshExpiresAt, s[1].State = all[1:], now.Add(time.Hour), account.AssetDeauthorized
		}, connection.HealthExpiring, []connection.TodoCode{connection.TodoRenew, connection.TodoGrantScopes, connection.TodoRestoreAsset}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := account.Account{State: account.Active, Scopes: all, AccessExpiresAt: now.Add(time.Hour), RefreshExpiresAt: now.Add(365 * 24 * time.Hour)}
			assets := []account.Asset{{ID: "shop:1", Name: "First", State: account.AssetActive}, {ID: "shop:2", Name: "Second", State: account.AssetActive}}
			c.change(&a, assets)
			one := connection.Connection{Account: "main:seller:test", Owner: "o", Market: "US"}.Of(a, assets)
			assert.Equal(t, c.health, one.Health(now))
			var codes []connection.TodoCode
			text := ""
			for _, todo := range one.Todo(now) {
				codes = append(codes, todo.Code)
				text += todo.Detail
				assert.Equal(t, todo.Code != connection.TodoWait, todo.ConnectLink)
			}
			assert.Equal(t, c.todo, codes)
			assert.Contains(t, text, c.text)
		})
	}
	creator := connection.Connection{Account: "main:creator:test"}.Of(account.Account{State: account.Active}, []account.Asset{{ID: "creator:main:test"}})
	assert.Contains(t, creator.Todo(now)[0].Detail, "leave every permission ticked")
}
