package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

// A row's item holds its key, its packed raw JSON and what we know beside it:
// history and times. The facts are read from the raw JSON, which keeps a
// typical item below 1 KB, one write unit. Only the status stands as an
// attribute, too, for filters and people.

func rowKey(k order.Key) Item {
	return itemKey(rowPK(string(k.Asset), string(k.Perspective), k.CreatedAt), rowSK(k.CreatedAt, k.OrderID, k.SKUID, k.Ordinal))
}

func rowItem(row order.Row, fence int64) (Item, error) {
	raw, err := order.Pack(row.Raw)
	if err != nil {
		return nil, err
	}
	item := rowKey(row.Key)
	item[attrEntity], item[attrRev], item[attrFence] = str(entityOrder), num(row.Rev), num(fence)
	item[attrOrderKey] = str(row.OrderID)
	item["status"], item["raw"] = str(string(row.Status)), &types.AttributeValueMemberB{Value: raw}
	item["seen_at"], item["changed_at"] = ms(row.FirstSeenAt), ms(row.ChangedAt)
	if !row.SettledSeenAt.IsZero() {
		item["settled_seen_at"], item["settled_seen_after"] = ms(row.SettledSeenAt), ms(row.SettledSeenAfter)
	}
	if !row.MissingSince.IsZero() {
		item["missing_since"] = ms(row.MissingSince)
	}
	if len(row.History) > 0 {
		history := make([]types.AttributeValue, 0, len(row.History))
		for _, h := range row.History {
			history = append(history, &types.AttributeValueMemberM{Value: Item{"at": ms(h.At), "from": str(string(h.From)), "to": str(string(h.To))}})
		}
		item["history"] = &types.AttributeValueMemberL{Value: history}
	}
	return item, nil
}

func readRow(item Item) (order.Row, error) {
	row := order.Row{
		FirstSeenAt: msTime(item, "seen_at"), ChangedAt: msTime(item, "changed_at"), Rev: number(item, attrRev),
		SettledSeenAt: msTime(item, "settled_seen_at"), SettledSeenAfter: msTime(item, "settled_seen_after"),
		MissingSince: msTime(item, "missing_since"), History: []order.StatusChange{},
	}
	orderID := text(item, attrOrderKey)
	asset, perspective, ok1 := rowStream(text(item, attrPK))
	created, sku, ordinal, ok2 := readRowSK(text(item, attrSK), orderID)
	if !ok1 || !ok2 {
		return row, fmt.Errorf("dynamo.readRow: the key %.80q is not an order row's", text(item, attrSK))
	}
	row.Key = order.Key{Asset: account.AssetID(asset), Perspective: order.Perspective(perspective), CreatedAt: created, OrderID: orderID, SKUID: sku, Ordinal: ordinal}
	raw, err := order.Unpack(bytesOf(item, "raw"))
	if err != nil {
		return row, err
	}
	row.Raw, row.Facts = raw, order.ReadFacts(row.Perspective, raw)
	history, _ := item["history"].(*types.AttributeValueMemberL)
	for i := 0; history != nil && i < len(history.Value); i++ {
		if m, ok := history.Value[i].(*types.AttributeValueMemberM); ok {
			row.History = append(row.History, order.StatusChange{At: msTime(m.Value, "at"), From: order.Status(text(m.Value, "from")), To: order.Status(text(m.Value, "to"))})
		}
	}
	return row, nil
}

// readRowSK is the inverse of rowSK.
func readRowSK(sk, orderID string) (created time.Time, sku string, ordinal int, ok bool) {
	seconds, rest, _ := strings.Cut(sk, "#")
	rest, found := strings.CutPrefix(rest, orderID+"#")
	sku, last, cut := cutLast(rest)
	at, err1 := strconv.ParseInt(seconds, 10, 64)
	ordinal, err2 := strconv.Atoi(last)
	return time.Unix(at, 0).UTC(), sku, ordinal, found && cut && err1 == nil && err2 == nil
}

// cutLast cuts at the last separator of keys.
func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, '#')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// Order implements order.Store. The index that finds the keys may lag.
func (o *Orders) Order(ctx context.Context, asset account.AssetID, perspective order.Perspective, orderID string) ([]order.Row, error) {
	keys, err := o.orderKeys(ctx, asset, perspective, orderID)
	if err != nil {
		return nil, err
	}
	return o.rowsAt(ctx, keys)
}

// rowsAt reads the rows with these keys that are still there.
func (o *Orders) rowsAt(ctx context.Context, keys []Item) ([]order.Row, error) {
	rows := make([]order.Row, 0, len(keys))
	for _, key := range keys {
		out, err := o.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &o.table, Key: key, ConsistentRead: aws.Bool(true)})
		if err != nil {
			return nil, unavailable("dynamo.Order", err)
		}
		if out.Item == nil { // gone since
			continue
		}
		row, err := readRow(out.Item)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// orderKeys are the keys of an order's rows in one stream.
func (o *Orders) orderKeys(ctx context.Context, asset account.AssetID, perspective order.Perspective, orderID string) ([]Item, error) {
	return o.keysOf(ctx, orderID, func(a account.AssetID, p order.Perspective) bool { return a == asset && p == perspective })
}

// keysOf are the keys of an order's rows in the streams that keep takes. The
// index has the rows of everyone who sees the order, which are few.
func (o *Orders) keysOf(ctx context.Context, orderID string, keep func(account.AssetID, order.Perspective) bool) (keys []Item, err error) {
	pages := dynamodb.NewQueryPaginator(o.client, &dynamodb.QueryInput{
		TableName: &o.table, IndexName: aws.String(indexByOrder), KeyConditionExpression: aws.String("order_key = :order"),
		ExpressionAttributeValues: Item{":order": str(orderID)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, unavailable("dynamo.Order", err)
		}
		for _, item := range page.Items {
			asset, perspective, ok := rowStream(text(item, attrPK))
			if ok && keep(account.AssetID(asset), order.Perspective(perspective)) {
				keys = append(keys, Item{attrPK: item[attrPK], attrSK: item[attrSK]})
			}
		}
	}
	return keys, nil
}

// orderCreated finds when an order of the asset was created, if it is known.
func (o *Orders) orderCreated(ctx context.Context, asset account.AssetID, orderID string) (created time.Time, known bool, err error) {
	for _, perspective := range order.Perspectives(asset) {
		keys, err := o.orderKeys(ctx, asset, perspective, orderID)
		if err != nil {
			return time.Time{}, false, err
		}
		if len(keys) > 0 {
			created, _, _, ok := readRowSK(text(keys[0], attrSK), orderID)
			return created, ok, nil
		}
	}
	return time.Time{}, false, nil
}

// Create implements order.Store.
func (o *Orders) Create(ctx context.Context, lease order.Lease, row order.Row) error {
	item, err := rowItem(row, lease.Fence)
	if err != nil {
		return err
	}
	_, err = o.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &o.table, Item: item, ConditionExpression: aws.String("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var refused *types.ConditionalCheckFailedException
	if errors.As(err, &refused) {
		there, err := readRow(refused.Item)
		if err != nil {
			return err
		}
		return &order.ExistsError{Row: there}
	}
	if err != nil {
		return unavailable("dynamo.Create", err)
	}
	return nil
}

// Replace implements order.Store.
func (o *Orders) Replace(ctx context.Context, lease order.Lease, row order.Row) error {
	item, err := rowItem(row, lease.Fence)
	if err != nil {
		return err
	}
	_, err = o.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &o.table, Item: item, ConditionExpression: aws.String("rev = :old AND " + unfenced),
		ExpressionAttributeValues:           Item{":old": num(row.Rev - 1), ":fence": num(lease.Fence)},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var refused *types.ConditionalCheckFailedException
	switch {
	case errors.As(err, &refused) && number(refused.Item, attrFence) > lease.Fence:
		return fmt.Errorf("dynamo.Replace: %w", order.ErrFenced)
	case refused != nil:
		return fmt.Errorf("dynamo.Replace: %w", order.ErrStale)
	case err != nil:
		return unavailable("dynamo.Replace", err)
	}
	return nil
}

// Between implements order.Store.
func (o *Orders) Between(ctx context.Context, asset account.AssetID, perspective order.Perspective, from, to time.Time, each func([]order.Row) error) error {
	for month := startOf(from); month.Before(to); month = endOf(month).Add(time.Second) {
		pages := dynamodb.NewQueryPaginator(o.client, &dynamodb.QueryInput{
			TableName: &o.table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :pk AND sk BETWEEN :from AND :to"),
			ExpressionAttributeValues: Item{
				":pk":   str(rowPK(string(asset), string(perspective), month)),
				":from": str(rowTimePrefix(from)), ":to": str(rowTimePrefix(to.Add(-time.Second)) + "~"),
			},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return unavailable("dynamo.Between", err)
			}
			rows := make([]order.Row, 0, len(page.Items))
			for _, item := range page.Items {
				row, err := readRow(item)
				if err != nil {
					return err
				}
				rows = append(rows, row)
			}
			if err := each(rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// orderEvent is the data of order events: the row as it is now and what changed.
type orderEvent struct {
	order.Row
	Changes map[string]order.Difference `json:"changes,omitempty"`
}

// orderChange tells of rows what order.Events says.
func orderChange(old, current Item) []Change {
	if current == nil {
		return nil
	}
	row, err := readRow(current)
	if err != nil {
		return nil // written by a later version; its publisher will tell
	}
	var before *order.Row
	if old != nil {
		was, err := readRow(old)
		if err != nil {
			return nil
		}
		before = &was
	}
	events, differences, err := order.Events(before, row)
	if err != nil {
		return nil
	}
	types := map[order.Event]string{
		order.EventCreated: "order.created", order.EventChanged: "order.changed", order.EventSettled: "order.settled", order.EventIneligible: "order.ineligible",
	}
	var changes []Change
	for _, event := range events {
		changes = append(changes, Change{Type: types[event], Time: row.ChangedAt, Asset: row.Asset, Data: orderEvent{Row: row, Changes: differences}})
	}
	return changes
}
