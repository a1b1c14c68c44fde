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
	item[attrOrderKey] = str(orderKey(string(row.Asset), string(row.Perspective), row.OrderID))
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
	stream, orderID, ok1 := cutLast(text(item, attrOrderKey))
	asset, perspective, ok2 := cutLast(stream)
	created, sku, ordinal, ok3 := readRowSK(text(item, attrSK), orderID)
	if !ok1 || !ok2 || !ok3 {
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

func (o *Orders) orderKeys(ctx context.Context, asset account.AssetID, perspective order.Perspective, orderID string) (keys []Item, err error) {
	pages := dynamodb.NewQueryPaginator(o.client, &dynamodb.QueryInput{
		TableName: &o.table, IndexName: aws.String(indexByOrder), KeyConditionExpression: aws.String("order_key = :order"),
		ExpressionAttributeValues: Item{":order": str(orderKey(string(asset), string(perspective), orderID))},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, unavailable("dynamo.Order", err)
		}
		for _, item := range page.Items {
			keys = append(keys, Item{attrPK: item[attrPK], attrSK: item[attrSK]})
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

// How much one call of Rows looks at, so that a rare status does not read years.
const (
	filteredAtOnce = 100
	maxQueries     = 30
)

// Rows lists stored rows of a stream, the newest first. next is where to go on,
// empty at the end; a page can be short of the limit, or empty, and still have
// a next.
func (o *Orders) Rows(ctx context.Context, s order.Selection) (rows []order.Row, next string, err error) {
	month := s.To.Add(-time.Second)
	var start Item
	if s.After != "" {
		created, err := afterTime(s.After)
		if err != nil {
			return nil, "", err
		}
		month, start = created, itemKey(rowPK(string(s.Asset), string(s.Perspective), created), s.After)
	}
	for queries := 0; ; queries++ {
		if queries == maxQueries {
			if start != nil {
				return rows, text(start, attrSK), nil
			}
			return rows, rowTimePrefix(endOf(month)) + "#~", nil
		}
		query := &dynamodb.QueryInput{
			TableName: &o.table, ScanIndexForward: aws.Bool(false), Limit: aws.Int32(int32(s.Limit - len(rows))), ExclusiveStartKey: start, //nolint:gosec // at most 100
			KeyConditionExpression: aws.String("pk = :pk AND sk BETWEEN :from AND :to"),
			ExpressionAttributeValues: Item{
				":pk":   str(rowPK(string(s.Asset), string(s.Perspective), month)),
				":from": str(rowTimePrefix(s.From)), ":to": str(rowTimePrefix(s.To.Add(-time.Second)) + "~"),
			},
		}
		if s.Status != "" {
			query.Limit = aws.Int32(filteredAtOnce)
			query.FilterExpression, query.ExpressionAttributeNames = aws.String("#status = :status"), names("status")
			query.ExpressionAttributeValues[":status"] = str(string(s.Status))
		}
		out, err := o.client.Query(ctx, query)
		if err != nil {
			return nil, "", unavailable("dynamo.Rows", err)
		}
		for _, item := range out.Items {
			row, err := readRow(item)
			if err != nil {
				return nil, "", err
			}
			rows = append(rows, row)
			if len(rows) == s.Limit {
				return rows, text(item, attrSK), nil
			}
		}
		if start = out.LastEvaluatedKey; start != nil {
			continue
		}
		month = startOf(month).Add(-time.Second)
		if month.Before(startOf(s.From)) {
			return rows, "", nil
		}
	}
}

// afterTime is the create time in a position that Rows gave.
func afterTime(after string) (time.Time, error) {
	seconds, _, _ := strings.Cut(after, "#")
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("dynamo.Rows: the position %.40q: %w", after, err)
	}
	return time.Unix(at, 0).UTC(), nil
}

func startOf(month time.Time) time.Time {
	return time.Date(month.UTC().Year(), month.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
}

func endOf(month time.Time) time.Time { return startOf(month).AddDate(0, 1, 0).Add(-time.Second) }

// orderEvent is the data of order events: the row as it is now and what changed.
type orderEvent struct {
	order.Row
	Changes map[string]order.Difference `json:"changes,omitempty"`
}

// orderChange tells of rows: order.created for a new one, then one event for
// each write that changed something: order.settled or order.ineligible when it
// became that, else order.changed. A row that is settled or ineligible when it
// is first seen has both events.
func orderChange(old, current Item) []Change {
	if current == nil {
		return nil
	}
	row, err := readRow(current)
	if err != nil {
		return nil // written by a later version; its publisher will tell
	}
	event := orderEvent{Row: row}
	change := func(kind string) Change {
		return Change{Type: kind, Time: row.ChangedAt, Asset: row.Asset, Data: event}
	}
	ended := map[order.Status]string{order.Settled: "order.settled", order.NoCommission: "order.ineligible"}[row.Status]
	if old == nil {
		changes := []Change{change("order.created")}
		if ended != "" {
			changes = append(changes, change(ended))
		}
		return changes
	}
	before, err := readRow(old)
	if err != nil {
		return nil
	}
	event.Changes, err = order.Changes(before, row)
	switch {
	case err != nil || len(event.Changes) == 0:
		return nil
	case ended != "" && before.Status != row.Status:
		return []Change{change(ended)}
	}
	return []Change{change("order.changed")}
}
