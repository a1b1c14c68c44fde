package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tiktok-shop-affiliate/shared/account"
)

// winddown is how long after an owner lost an asset its changes still reach the
// owner: what was being read when it was lost.
const winddown = time.Minute

// Audience finds the owners a change concerns. It asks once for each asset and
// account, so it is made anew for each batch.
type Audience struct {
	connections *Connections
	owners      map[account.ID][]string
	holders     map[account.AssetID][]holder
}

// holder is an account that holds or held an asset, and until when.
type holder struct {
	account account.ID
	until   time.Time // zero: it does
}

// NewAudience makes an Audience for one batch.
func NewAudience(connections *Connections) *Audience {
	return &Audience{connections: connections, owners: map[account.ID][]string{}, holders: map[account.AssetID][]holder{}}
}

// Of lists the owners that may know of the change, each once: the owner it
// names, else those connected to the account it names, else those connected to
// an account that holds the asset.
func (a *Audience) Of(ctx context.Context, c Change) ([]string, error) {
	if c.Owner != "" {
		return []string{c.Owner}, nil
	}
	if c.Account != "" {
		return a.ownersOf(ctx, c.Account)
	}
	holders, err := a.holdersOf(ctx, c.Asset)
	if err != nil {
		return nil, err
	}
	var all []string
	seen := map[string]bool{}
	for _, h := range holders {
		if !h.until.IsZero() && c.WrittenAt.After(h.until.Add(winddown)) {
			continue
		}
		owners, err := a.ownersOf(ctx, h.account)
		if err != nil {
			return nil, err
		}
		for _, owner := range owners {
			if !seen[owner] {
				seen[owner] = true
				all = append(all, owner)
			}
		}
	}
	return all, nil
}

func (a *Audience) ownersOf(ctx context.Context, id account.ID) ([]string, error) {
	if owners, ok := a.owners[id]; ok {
		return owners, nil
	}
	owners, err := a.connections.Owners(ctx, id)
	if err == nil {
		a.owners[id] = owners
	}
	return owners, err
}

func (a *Audience) holdersOf(ctx context.Context, asset account.AssetID) ([]holder, error) {
	if holders, ok := a.holders[asset]; ok {
		return holders, nil
	}
	holders := []holder{}
	pages := dynamodb.NewQueryPaginator(a.connections.client, &dynamodb.QueryInput{
		TableName: &a.connections.table, IndexName: aws.String(indexReverse),
		KeyConditionExpression:    aws.String("rpk = :asset"),
		ExpressionAttributeValues: Item{":asset": str(assetReversePK(string(asset)))},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, unavailable("dynamo.Audience", err)
		}
		for _, item := range page.Items {
			h := holder{account: account.ID(text(item, "account")), until: moment(item, "deauthorized_at")}
			if h.until.IsZero() {
				h.until, err = a.revokedAt(ctx, h.account)
				if err != nil {
					return nil, err
				}
			}
			holders = append(holders, h)
		}
	}
	a.holders[asset] = holders
	return holders, nil
}

// revokedAt is when the account's grant ended; zero while it lives.
func (a *Audience) revokedAt(ctx context.Context, id account.ID) (time.Time, error) {
	out, err := a.connections.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &a.connections.table, Key: itemKey(accountPK(string(id)), accountSK()),
		ProjectionExpression: aws.String("revoked_at"),
	})
	if err != nil {
		return time.Time{}, unavailable("dynamo.Audience", err)
	}
	return moment(out.Item, "revoked_at"), nil
}
