package dynamo

import (
	"context"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/quota"
)

// Quotas keeps the quota ledger in the accounts table, one item per app, asset
// and class. It implements quota.Store.
//
// Times are Unix milliseconds, the rate is in thousandths.
type Quotas struct {
	client *dynamodb.Client
	table  string
}

// NewQuotas keeps the ledger in the accounts table.
func NewQuotas(client *dynamodb.Client, table string) *Quotas {
	return &Quotas{client: client, table: table}
}

// Load implements quota.Store.
func (q *Quotas) Load(ctx context.Context, key quota.Key) (quota.State, error) {
	out, err := q.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &q.table, ConsistentRead: aws.Bool(true), Key: itemKey(quotaPK(key.App, key.Asset, string(key.Class)), quotaSK()),
	})
	if err != nil {
		return quota.State{}, unavailable("dynamo.Quota", err)
	}
	return readQuota(out.Item), nil
}

// States reads many keys at a time. What nothing is remembered of is left out.
func (q *Quotas) States(ctx context.Context, keys []quota.Key) (map[quota.Key]quota.State, error) {
	items, of := make([]Item, 0, len(keys)), make(map[string]quota.Key, len(keys))
	for _, key := range keys {
		pk := quotaPK(key.App, key.Asset, string(key.Class))
		items, of[pk] = append(items, itemKey(pk, quotaSK())), key
	}
	states := map[quota.Key]quota.State{}
	err := batchGet(ctx, "dynamo.Quotas", q.client, q.table, items, func(item Item) { states[of[text(item, attrPK)]] = readQuota(item) })
	return states, err
}

func readQuota(item Item) quota.State {
	state := quota.State{
		Rev: number(item, attrRev), NotBefore: msTime(item, "not_before"), Strikes: int(number(item, "strikes")),
		Rate: float64(number(item, "rate")) / 1000, RatedAt: msTime(item, "rated_at"),
		Until: msTime(item, "used_until"), Code: int(number(item, "used_code")),
		Day: msTime(item, "day"), Calls: number(item, "calls"), WeekEnd: msTime(item, "week_end"),
	}
	if retired, ok := item["retired"].(*types.AttributeValueMemberM); ok && len(retired.Value) > 0 {
		state.Retired = make(map[string]quota.Retirement, len(retired.Value))
		for operation, value := range retired.Value {
			if gone, ok := value.(*types.AttributeValueMemberM); ok {
				state.Retired[operation] = quota.Retirement{Until: msTime(gone.Value, "until"), Code: int(number(gone.Value, "code"))}
			}
		}
	}
	return state
}

// Save implements quota.Store.
func (q *Quotas) Save(ctx context.Context, key quota.Key, s quota.State, expires time.Time) error {
	retired := make(Item, len(s.Retired))
	for operation, gone := range s.Retired {
		retired[operation] = &types.AttributeValueMemberM{Value: Item{"until": ms(gone.Until), "code": num(int64(gone.Code))}}
	}
	_, err := q.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &q.table, Key: itemKey(quotaPK(key.App, key.Asset, string(key.Class)), quotaSK()),
		UpdateExpression: aws.String("SET entity = :entity, not_before = :not_before, strikes = :strikes, rate = :rate, rated_at = :rated_at," +
			" used_until = :until, used_code = :code, #day = :day, calls = :calls, week_end = :week_end, retired = :retired, #ttl = :ttl ADD rev :one"),
		ConditionExpression:      aws.String("rev = :before OR (attribute_not_exists(rev) AND :before = :none)"),
		ExpressionAttributeNames: names("day", attrTTL),
		ExpressionAttributeValues: Item{
			":entity": str(entityQuota), ":not_before": ms(s.NotBefore), ":strikes": num(int64(s.Strikes)),
			":rate": num(int64(math.Round(s.Rate * 1000))), ":rated_at": ms(s.RatedAt), ":until": ms(s.Until), ":code": num(int64(s.Code)),
			":day": ms(s.Day), ":calls": num(s.Calls), ":week_end": ms(s.WeekEnd), ":retired": &types.AttributeValueMemberM{Value: retired},
			":ttl": unix(expires), ":one": num(1), ":before": num(s.Rev), ":none": num(0),
		},
	})
	switch {
	case conditionFailed(err):
		return fault.New("dynamo.Quota", fault.Conflict, "the ledger has changed since it was read")
	case err != nil:
		return unavailable("dynamo.Quota", err)
	}
	return nil
}
