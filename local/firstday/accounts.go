package firstday

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The people of the sandbox's world who take part, by their short names there.
const (
	seller       = "aurora-home" // has two shops
	otherSeller  = "birch-bloom"
	creator      = "mia-lane"
	partner      = "northwind"
	campaignName = "Winter favourites"
)

// errAccepted stands for the refusal that did not come.
var errAccepted = errors.New("it was accepted")

// connection is what the API tells of a connection.
type connection struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	Name    string `json:"name"`
	State   string `json:"state"`
	Assets  []struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		Market string `json:"market"`
		State  string `json:"state"`
	} `json:"assets"`
}

// accounts are the connections of the day.
type accounts struct {
	seller, creator, partner       connection // of the first owner
	otherSeller, sameCreator       connection // of the second owner
	claimed                        connection // of the first owner, an install of the other seller's
	usShop, gbShop, creatorID, tap string     // asset ids
}

func (d *day) signIn(ctx context.Context) (string, error) {
	for _, b := range []*backend{d.atelier, d.bright} {
		if err := b.signIn(ctx, d.TokenURL); err != nil {
			return "", err
		}
		existing, err := all[connection](ctx, b, "/v1/connections")
		if err != nil {
			return "", err
		}
		if len(existing) > 0 {
			return "", fmt.Errorf("owner %s has %d connections already: the day needs a fresh deployment (make stop, then make local)", b.owner.Name, len(existing))
		}
	}
	return d.atelier.owner.Name + " and " + d.bright.owner.Name, nil
}

// connectLink asks for a link for an account kind.
func (b *backend) connectLink(ctx context.Context, kind string) (string, error) {
	var link struct {
		URL string `json:"url"`
	}
	err := b.post(ctx, "/v1/connect-links", map[string]string{"account": kind, "market": "US"}, &link)
	return link.URL, err
}

// join walks a connect link to its end as the user of the sandbox's world.
func (d *day) join(ctx context.Context, b *backend, kind, user string) error {
	link, err := b.connectLink(ctx, kind)
	if err != nil {
		return err
	}
	// A chat programme previews the link first; nothing may come of it.
	if _, err := newBrowser(d.http).open(ctx, link); err != nil {
		return err
	}
	last, err := d.consent(ctx, link, user, "allow")
	if err != nil {
		return err
	}
	if last.status != http.StatusOK {
		return fmt.Errorf("connecting %s ended on %q with status %d", user, last.title, last.status)
	}
	d.callback = last.url.String()
	return nil
}

// consent opens a connect link in a new browser, goes on to TikTok Shop and
// presses Allow or Deny there.
func (d *day) consent(ctx context.Context, link, user, decision string) (*page, error) {
	browser := newBrowser(d.http)
	ours, err := browser.open(ctx, link)
	if err != nil {
		return nil, err
	}
	theirs, err := browser.press(ctx, ours, "continue", nil)
	if err != nil {
		return nil, err
	}
	return browser.press(ctx, theirs, decision, url.Values{"account": {user}})
}

func (d *day) connect(ctx context.Context) (string, error) {
	if err := d.sellBefore(ctx); err != nil {
		return "", err
	}
	for _, j := range []struct {
		b          *backend
		kind, user string
		into       *connection
	}{
		{d.atelier, "seller", seller, &d.accounts.seller},
		{d.atelier, "creator", creator, &d.accounts.creator},
		{d.atelier, "partner", partner, &d.accounts.partner},
		{d.bright, "seller", otherSeller, &d.accounts.otherSeller},
		{d.bright, "creator", creator, &d.accounts.sameCreator},
	} {
		if err := d.join(ctx, j.b, j.kind, j.user); err != nil {
			return "", fmt.Errorf("%s for %s: %w", j.user, j.b.owner.Name, err)
		}
		found, err := d.connectionOf(ctx, j.b, j.kind)
		if err != nil {
			return "", err
		}
		*j.into = found
	}
	for _, asset := range d.accounts.seller.Assets {
		if asset.Market == "GB" {
			d.accounts.gbShop = asset.ID
		} else {
			d.accounts.usShop = asset.ID
		}
	}
	if d.accounts.gbShop == "" || d.accounts.usShop == "" || len(d.accounts.creator.Assets) != 1 || len(d.accounts.partner.Assets) != 1 {
		return "", fmt.Errorf("the connections lack assets: %+v", d.accounts)
	}
	d.accounts.creatorID, d.accounts.tap = d.accounts.creator.Assets[0].ID, d.accounts.partner.Assets[0].ID
	return "a seller with two shops, a creator, a TAP; another seller; the same creator again", d.find(ctx)
}

func (d *day) connectionOf(ctx context.Context, b *backend, kind string) (connection, error) {
	list, err := all[connection](ctx, b, "/v1/connections")
	if err != nil {
		return connection{}, err
	}
	for _, c := range list {
		if c.Account == kind {
			return c, nil
		}
	}
	return connection{}, fmt.Errorf("owner %s has no %s connection", b.owner.Name, kind)
}

// refusals are the outcomes of connecting that must store nothing.
func (d *day) refusals(ctx context.Context) (string, error) {
	before, err := all[connection](ctx, d.bright, "/v1/connections")
	if err != nil {
		return "", err
	}
	link, err := d.bright.connectLink(ctx, "partner")
	if err != nil {
		return "", err
	}
	denied, err := d.consent(ctx, link, partner, "deny")
	if err != nil {
		return "", err
	}
	if !strings.Contains(denied.url.RawQuery, "error=") {
		return "", fmt.Errorf("a refused consent ended on %s", denied.url.Path)
	}
	callback := d.API + "/oauth/callback"
	for what, target := range map[string]string{
		"a callback without state":      callback + "?code=anything",
		"a callback with unknown state": callback + "?code=anything&state=" + strings.Repeat("x", 43),
		"the same callback once more":   d.callback,
		"a connect link nobody minted":  d.API + "/connect/" + strings.Repeat("y", 43),
	} {
		shown, err := newBrowser(d.http).open(ctx, target)
		if err != nil {
			return "", fmt.Errorf("%s: %w", what, err)
		}
		if shown.status < 400 || shown.status >= 500 {
			return "", fmt.Errorf("%s was answered with %d %q", what, shown.status, shown.title)
		}
	}
	for what, refused := range map[string]error{
		"an unknown kind of account": d.bright.post(ctx, "/v1/connect-links", map[string]string{"account": "buyer", "market": "US"}, nil),
		"an unknown field":           d.bright.post(ctx, "/v1/connect-links", map[string]string{"acount": "seller"}, nil),
		"another owner's connection": d.bright.get(ctx, "/v1/orders?connection_id="+d.accounts.seller.ID, nil),
		"a request without a token":  do(ctx, d.http, http.MethodGet, d.API+"/v1/connections", "", nil, nil),
	} {
		var status *StatusError
		if !asStatus(refused, &status) || status.Status < 400 || status.Status >= 500 {
			return "", fmt.Errorf("%s was not refused: %w", what, cmp.Or(refused, errAccepted))
		}
	}
	after, err := all[connection](ctx, d.bright, "/v1/connections")
	if err != nil {
		return "", err
	}
	if len(after) != len(before) {
		return "", fmt.Errorf("a refusal left a connection behind: %d, then %d", len(before), len(after))
	}
	return "denied, replayed, foreign, malformed: nothing stored", nil
}

// assetState is the state of an asset as its owner sees it.
func (d *day) assetState(ctx context.Context, b *backend, kind, asset string) (connectionState, state string, err error) {
	c, err := d.connectionOf(ctx, b, kind)
	if err != nil {
		return "", "", err
	}
	for _, a := range c.Assets {
		if a.ID == asset {
			return c.State, a.State, nil
		}
	}
	return c.State, "", nil
}

func (d *day) deauthorize(ctx context.Context) (string, error) {
	shop := strings.TrimPrefix(d.accounts.gbShop, "shop:")
	if err := d.sandbox.post(ctx, "/control/deauthorize", map[string]any{"shop": shop}, nil); err != nil {
		return "", err
	}
	err := until(ctx, "the shop to be deauthorized", time.Minute, func(ctx context.Context) (bool, error) {
		_, state, err := d.assetState(ctx, d.atelier, "seller", d.accounts.gbShop)
		return state == "deauthorized", err
	})
	if err != nil {
		return "", err
	}
	connectionState, state, err := d.assetState(ctx, d.atelier, "seller", d.accounts.usShop)
	if err != nil {
		return "", err
	}
	if connectionState != "active" || state != "active" {
		return "", fmt.Errorf("the other shop is %s and its connection %s", state, connectionState)
	}
	// A sale in each shop: only the living shop's may arrive.
	before, err := d.orderIDs(ctx, d.atelier, d.accounts.seller.ID, d.accounts.gbShop)
	if err != nil {
		return "", err
	}
	if _, err := d.newOrders(ctx, map[string]any{"count": 1, "shop": shop, "days_ago": 0.01}); err != nil {
		return "", err
	}
	living, err := d.newOrders(ctx, map[string]any{"count": 1, "shop": strings.TrimPrefix(d.accounts.usShop, "shop:"), "days_ago": 0.01})
	if err != nil {
		return "", err
	}
	if err := d.waitForOrder(ctx, d.atelier, d.accounts.seller.ID, d.accounts.usShop, living[0]); err != nil {
		return "", err
	}
	after, err := d.orderIDs(ctx, d.atelier, d.accounts.seller.ID, d.accounts.gbShop)
	if err != nil {
		return "", err
	}
	d.check("orders of the deauthorized shop since it stopped", 0, len(after)-len(before))
	return "the other shop is read on", nil
}

func (d *day) revoke(ctx context.Context) (string, error) {
	if err := d.sandbox.post(ctx, "/control/deauthorize", map[string]any{"account": creator}, nil); err != nil {
		return "", err
	}
	for _, b := range []*backend{d.atelier, d.bright} {
		err := until(ctx, "the creator's connection to need a new consent", time.Minute, func(ctx context.Context) (bool, error) {
			state, _, err := d.assetState(ctx, b, "creator", d.accounts.creatorID)
			return state == "needs_reconnect", err
		})
		if err != nil {
			return "", fmt.Errorf("%s: %w", b.owner.Name, err)
		}
	}
	if state, _, err := d.assetState(ctx, d.atelier, "partner", d.accounts.tap); err != nil || state != "active" {
		return "", fmt.Errorf("the TAP's connection is %q: %w", state, err)
	}
	return "both owners see that it needs a new consent", nil
}
