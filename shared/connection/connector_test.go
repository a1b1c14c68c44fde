package connection_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

var errDown = fault.New("test", fault.Unavailable, "the store is down")

// drawer is a store of one link and one state, each of which can fail.
type drawer struct {
	connection.ConnectorStore
	link                              connection.Link
	pending                           connection.Pending
	linkErr, putErr, stateErr, taking error
}

func (d *drawer) Link(context.Context, string) (connection.Link, error) { return d.link, d.linkErr }

func (d *drawer) PutState(_ context.Context, _ string, pending connection.Pending) error {
	d.pending = pending
	return d.putErr
}

func (d *drawer) State(context.Context, string) (connection.Pending, error) {
	return d.pending, d.stateErr
}

func (d *drawer) ClaimState(context.Context, string, time.Time, time.Time) error { return d.taking }

// Whatever fails before the code is exchanged has its own page, and uses up
// neither link nor state nor code.
func TestProblemsBeforeTheExchange(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	us := app.App{Name: "main", Key: "test-key", Portal: app.US, SellerServiceID: "11", Accounts: []tiktokshop.AccountKind{tiktokshop.SellerAccount}}
	back := connection.Callback{Code: "test-code", State: "test-state", Browser: "test-browser"}
	for name, c := range map[string]struct {
		spoil func(d *drawer, back *connection.Callback)
		want  connection.Problem
	}{
		"unknown link":          {func(d *drawer, _ *connection.Callback) { d.linkErr = fault.New("test", fault.NotFound, "no link") }, connection.UnknownLink},
		"links are not read":    {func(d *drawer, _ *connection.Callback) { d.linkErr = errDown }, connection.Unavailable},
		"link has expired":      {func(d *drawer, _ *connection.Callback) { d.link.ExpiresAt = now }, connection.ExpiredLink},
		"app is gone":           {func(d *drawer, _ *connection.Callback) { d.link.App = "other" }, connection.Unavailable},
		"state is not kept":     {func(d *drawer, _ *connection.Callback) { d.putErr = errDown }, connection.Unavailable},
		"refused":               {func(_ *drawer, b *connection.Callback) { b.Error = "access_denied" }, connection.Refused},
		"refused, older text":   {func(_ *drawer, b *connection.Callback) { b.Code = "null" }, connection.Refused},
		"no code":               {func(_ *drawer, b *connection.Callback) { b.Code = "" }, connection.Refused},
		"bare address":          {func(_ *drawer, b *connection.Callback) { b.State, b.Code = "", "" }, connection.NoState},
		"install, other app":    {func(_ *drawer, b *connection.Callback) { b.State, b.AppKey = "", "other-key" }, connection.UnknownApp},
		"install, app unnamed":  {func(_ *drawer, b *connection.Callback) { b.State, b.App = "", "other" }, connection.UnknownApp},
		"state of another app":  {func(_ *drawer, b *connection.Callback) { b.App = "other" }, connection.UnknownState},
		"unknown state":         {func(d *drawer, _ *connection.Callback) { d.stateErr = fault.New("test", fault.NotFound, "no state") }, connection.UnknownState},
		"states are not read":   {func(d *drawer, _ *connection.Callback) { d.stateErr = errDown }, connection.Unavailable},
		"another's cookie":      {func(_ *drawer, b *connection.Callback) { b.Browser = "test-other" }, connection.WrongBrowser},
		"used meanwhile":        {func(d *drawer, _ *connection.Callback) { d.taking = connection.ErrUsed }, connection.Replayed},
		"being used":            {func(d *drawer, _ *connection.Callback) { d.taking = account.ErrStale }, connection.InProgress},
		"state is not reserved": {func(d *drawer, _ *connection.Callback) { d.taking = errDown }, connection.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &drawer{link: connection.Link{Ask: connection.Ask{Owner: "o", App: "main", Kind: tiktokshop.SellerAccount, Market: "US"}, ExpiresAt: now.Add(time.Hour)}}
			connector := connection.NewConnector(connection.ConnectorOptions{
				Store: store, Apps: apps{us}, Now: func() time.Time { return now }, Pages: connection.ConsentPages{SellerUS: "https://us.example/open/authorize"},
			})
			consent, err := connector.Begin(t.Context(), "test-token", back.Browser)
			require.NoError(t, err)
			page, err := url.Parse(consent)
			require.NoError(t, err)
			assert.NotEmpty(t, page.Query().Get("state"))

			callback := back
			c.spoil(store, &callback)
			if _, err = connector.Begin(t.Context(), "test-token", back.Browser); err == nil {
				_, err = connector.Finish(t.Context(), callback)
			}
			var problem *connection.ProblemError
			require.ErrorAs(t, err, &problem)
			assert.Equal(t, c.want, problem.Problem)
			assert.Contains(t, err.Error(), string(c.want))
			assert.Equal(t, c.want == connection.Unavailable, errors.Unwrap(err) != nil, "only what is out of order has a cause")
		})
	}
}
