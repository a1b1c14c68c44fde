package dynamo

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/order"
)

var errLeftOut = errors.New("DynamoDB left items out of its answers again and again")

// All lists an owner's connections with accounts and assets, at most so many;
// more says that there are others. Many are read at a time.
func (c *Connections) All(ctx context.Context, owner string, most int) (found []connection.Connection, more bool, err error) {
	query := &dynamodb.QueryInput{
		TableName: &c.table, Limit: aws.Int32(int32(most + 1)), KeyConditionExpression: aws.String("pk = :owner AND begins_with(sk, :connection)"), //nolint:gosec // a few thousand
		ExpressionAttributeValues: Item{":owner": str(ownerPK(owner)), ":connection": str(connectionSK(""))},
	}
	for pages := dynamodb.NewQueryPaginator(c.client, query); pages.HasMorePages() && len(found) <= most; {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, false, unavailable("dynamo.All", err)
		}
		for _, item := range page.Items {
			found = append(found, readConnection(item))
		}
	}
	if more = len(found) > most; more {
		found = found[:most]
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(batchReads)
	for i := range found {
		group.Go(func() (err error) {
			found[i], err = c.complete(ctx, found[i])
			return err
		})
	}
	return found, more, group.Wait()
}

// Standings says how the reads of assets' orders stand. An asset that is not on
// the schedule is left out.
func (o *Orders) Standings(ctx context.Context, assets []account.AssetID) ([]order.Standing, error) {
	keys := make([]Item, 0, len(assets))
	for _, asset := range assets {
		keys = append(keys, scheduleKey(asset))
	}
	var found []order.Standing
	err := batchGet(ctx, "dynamo.Standings", o.client, o.table, keys, func(item Item) {
		if text(item, attrDueShard) == "" {
			return
		}
		found = append(found, order.Standing{
			Asset: account.AssetID(text(item, "asset")), WantedAt: moment(item, attrDueAt), Failures: int(number(item, attrFailures)),
		})
	})
	return found, err
}
