package firstday

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// detail is what the API tells of one connection.
type detail struct {
	connection
	Health      string    `json:"health"`
	RefreshedAt time.Time `json:"refreshed_at"`
	Todo        []struct {
		Code  string `json:"code"`
		Asset string `json:"asset"`
	} `json:"todo"`
}

// claim installs the app from the app store as a seller whom the second owner is
// connected to, and lets the first owner claim the install.
func (d *day) claim(ctx context.Context) (string, error) {
	browser := newBrowser(d.http)
	store, err := browser.open(ctx, d.Control+"/appstore")
	if err != nil {
		return "", err
	}
	waits, err := browser.press(ctx, store, "install", url.Values{"account": {otherSeller}})
	if err != nil {
		return "", err
	}
	if waits.status != http.StatusOK || len(waits.codes) != 1 {
		return "", fmt.Errorf("an install ended on %q with status %d and %d codes", waits.title, waits.status, len(waits.codes))
	}
	in := map[string]string{"claim_token": waits.codes[0]}
	var claimed, again detail
	for _, into := range []*detail{&claimed, &again} {
		if err := d.atelier.post(ctx, "/v1/connections/claim", in, into); err != nil {
			return "", err
		}
	}
	var status *StatusError
	if err := d.bright.post(ctx, "/v1/connections/claim", in, nil); !asStatus(err, &status) || status.Status != http.StatusNotFound {
		return "", fmt.Errorf("another owner's claim was not refused: %w", err)
	}
	d.accounts.claimed = claimed.connection
	d.check("connections made by an install, claimed twice", 1, len(slices.Compact([]string{claimed.ID, again.ID})))
	d.check("assets of the install", len(d.accounts.otherSeller.Assets), len(claimed.Assets))
	return "by one owner, and by nobody else", nil
}

// look reads connections in detail and renews the access of one.
func (d *day) look(ctx context.Context) (string, error) {
	var before, claimed, renewed detail
	if err := d.atelier.get(ctx, "/v1/connections/"+d.accounts.seller.ID, &before); err != nil {
		return "", err
	}
	if before.Health != "expiring" { // TikTok Shop's warning (webhook 7) arrived earlier in the day
		return "", fmt.Errorf("the seller whose authorization ends soon is %q", before.Health)
	}
	lost := 0
	for _, todo := range before.Todo {
		if todo.Code == "restore_asset" && todo.Asset == d.accounts.gbShop {
			lost++
		}
	}
	d.check("shops to restore, by the seller's detail", 1, lost)
	if err := d.atelier.get(ctx, "/v1/connections/"+d.accounts.claimed.ID, &claimed); err != nil {
		return "", err
	}
	if claimed.Health != "active" || len(claimed.Todo) != 0 {
		return "", fmt.Errorf("the claimed connection is %q with %d things to do", claimed.Health, len(claimed.Todo))
	}
	were, err := d.truth(ctx)
	if err != nil {
		return "", err
	}
	path := "/v1/connections/" + d.accounts.seller.ID + "/refresh"
	if err := d.atelier.post(ctx, path, nil, &renewed); err != nil {
		return "", err
	}
	if err := d.atelier.post(ctx, path, nil, nil); err != nil { // at once again: left as it is
		return "", err
	}
	are, err := d.truth(ctx)
	if err != nil {
		return "", err
	}
	d.check("token refreshes asked for", 1, are.refreshes(seller)-were.refreshes(seller))
	if !renewed.RefreshedAt.After(before.RefreshedAt) {
		return "", fmt.Errorf("the access is still of %s", renewed.RefreshedAt)
	}
	return "what is missing is told; access is renewed once", nil
}

// leave lets one owner go after the other.
func (d *day) leave(ctx context.Context) (string, error) {
	authorized := func() (int, error) {
		t, err := d.truth(ctx)
		n := 0
		for _, a := range t.Accounts {
			for _, asset := range a.Assets {
				if a.User == otherSeller && a.Active && asset.Active {
					n++
				}
			}
		}
		return n, err
	}
	var first, last struct {
		TikTok string `json:"tiktok"`
	}
	if err := do(ctx, d.http, http.MethodDelete, d.API+"/v1/connections/"+d.accounts.claimed.ID, d.atelier.token, nil, &first); err != nil {
		return "", err
	}
	kept, err := authorized()
	if err != nil {
		return "", err
	}
	var other detail
	if err := d.bright.get(ctx, "/v1/connections/"+d.accounts.otherSeller.ID, &other); err != nil {
		return "", err
	}
	if first.TikTok != "kept" || other.Health != "active" {
		return "", fmt.Errorf("one owner left: TikTok Shop's side is %q, the other's connection %q", first.TikTok, other.Health)
	}
	d.check("authorizations while another owner is connected", len(d.accounts.otherSeller.Assets), kept)
	if err := do(ctx, d.http, http.MethodDelete, d.API+"/v1/connections/"+d.accounts.otherSeller.ID, d.bright.token, nil, &last); err != nil {
		return "", err
	}
	left, err := authorized()
	if err != nil {
		return "", err
	}
	if last.TikTok != "ended" {
		return "", fmt.Errorf("the last owner left, and TikTok Shop's side is %q", last.TikTok)
	}
	d.check("authorizations after the last owner left", 0, left)
	var status *StatusError
	for b, id := range map[*backend]string{d.atelier: d.accounts.claimed.ID, d.bright: d.accounts.otherSeller.ID} {
		if err := b.get(ctx, "/v1/connections/"+id, nil); !asStatus(err, &status) || status.Status != http.StatusNotFound {
			return "", fmt.Errorf("a removed connection of %s is still there: %w", b.owner.Name, err)
		}
	}
	tokens, err := d.tokensOf(ctx, other.Name)
	if err != nil {
		return "", err
	}
	d.check("accounts with tokens after the last owner left", 0, tokens)
	want := map[string]int{"connection.created": 6, "connection.removed": 2}
	err = until(ctx, "the bus to tell of it", time.Minute, func(ctx context.Context) (bool, error) {
		err := d.events.read(ctx)
		got := d.events.counts()
		return got["connection.created"] >= want["connection.created"] && got["connection.removed"] >= want["connection.removed"], err
	})
	if err != nil && ctx.Err() != nil {
		return "", err
	}
	for kind, n := range want {
		d.check("events at the end of the day: "+kind, n, d.events.counts()[kind])
	}
	return "the other keeps its access; then nothing is left", nil
}

// tokensOf counts the stored accounts of a name that still have tokens.
func (d *day) tokensOf(ctx context.Context, name string) (found int, err error) {
	pages := dynamodb.NewScanPaginator(d.DynamoDB, &dynamodb.ScanInput{
		TableName: aws.String(d.AccountsTable), ConsistentRead: aws.Bool(true),
		FilterExpression:          aws.String("entity = :account AND attribute_exists(sealed)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":account": &types.AttributeValueMemberS{Value: "account"}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, err
		}
		for _, item := range page.Items {
			if stored, ok := item["name"].(*types.AttributeValueMemberS); ok && strings.EqualFold(stored.Value, name) {
				found++
			}
		}
	}
	return found, nil
}
