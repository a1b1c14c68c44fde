package dynamo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

// A window's own state is one small item; what its pages held is kept apart, in
// items of up to 1.6 KB, so that neither a scan without news nor a checkpoint
// writes more than it must.

// unfenced is the condition of every write under a lease.
const unfenced = "(attribute_not_exists(fence) OR fence <= :fence)"

func windowKey(w order.Window) Item {
	return itemKey(windowPK(string(w.Asset), string(w.Perspective)), windowSK(w.From))
}

func pagesPK(w order.Window) string {
	return windowPK(string(w.Asset), string(w.Perspective)) + "#" + windowSK(w.From)
}

func pageKey(w order.Window, page int) Item { return itemKey(pagesPK(w), pageSK(page)) }

func pageSK(page int) string { return fmt.Sprintf("%05d", page) }

// Windows implements order.Store.
func (o *Orders) Windows(ctx context.Context, asset account.AssetID, perspective order.Perspective) ([]order.Window, error) {
	var windows []order.Window
	err := o.each(ctx, "dynamo.Windows", windowPK(string(asset), string(perspective)), func(item Item) error {
		from, err := strconv.ParseInt(text(item, attrSK), 10, 64)
		windows = append(windows, order.Window{
			Asset: asset, Perspective: perspective, From: time.Unix(from, 0).UTC(), To: moment(item, "to"),
			DueAt: msTime(item, "next_at"), ReadAt: msTime(item, "read_at"), Rows: int(number(item, "rows")), Scan: number(item, "scan"),
			Most: time.Duration(number(item, "most")) * time.Second, SlowAt: msTime(item, "slow_at"), Unsettled: int(number(item, "unsettled")), SettleAt: msTime(item, "settle_at"), NewsAt: msTime(item, "news_at"),
			Digest: uint64(number(item, "digest")), Equal: int(number(item, "equal")), //nolint:gosec // bits, not a number
			ScanTo: moment(item, "scan_to"), ScanStart: msTime(item, "scan_start"), RefusedAt: msTime(item, "refused_at"), Past: number(item, "past") > 0,
		})
		return err
	})
	return windows, err
}

// CreateWindows implements order.Store.
func (o *Orders) CreateWindows(ctx context.Context, lease order.Lease, windows []order.Window) error {
	var items []types.TransactWriteItem
	for _, w := range windows {
		items = append(items, o.newWindow(lease, w))
	}
	return o.transact(ctx, "dynamo.CreateWindows", items)
}

// SaveWindow implements order.Store.
func (o *Orders) SaveWindow(ctx context.Context, lease order.Lease, w order.Window, following *order.Window) error {
	update := o.windowUpdate(lease, w)
	if following != nil {
		return o.transact(ctx, "dynamo.SaveWindow", []types.TransactWriteItem{{Update: update}, o.newWindow(lease, *following)})
	}
	_, err := o.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: update.TableName, Key: update.Key, UpdateExpression: update.UpdateExpression, ConditionExpression: update.ConditionExpression,
		ExpressionAttributeNames: update.ExpressionAttributeNames, ExpressionAttributeValues: update.ExpressionAttributeValues,
	})
	return fenced("dynamo.SaveWindow", err)
}

// Recut implements order.Store.
func (o *Orders) Recut(ctx context.Context, lease order.Lease, change order.Recut) error {
	items := []types.TransactWriteItem{{Update: o.windowUpdate(lease, change.Keep)}}
	for _, w := range change.Add {
		items = append(items, o.newWindow(lease, w))
	}
	for _, page := range change.Pages {
		put, err := o.checkpointPut(lease, change.Keep, page)
		if err != nil {
			return err
		}
		items = append(items, types.TransactWriteItem{Put: put})
	}
	remove := func(key Item, condition string) {
		items = append(items, types.TransactWriteItem{Delete: &types.Delete{
			TableName: &o.table, Key: key, ConditionExpression: aws.String(condition), ExpressionAttributeValues: Item{":fence": num(lease.Fence)},
		}})
	}
	for _, page := range change.Forget {
		remove(pageKey(change.Keep, page.Page), unfenced)
	}
	for _, dropped := range change.Drop {
		remove(windowKey(dropped.Window), "attribute_exists(pk) AND "+unfenced)
		for _, page := range dropped.Pages {
			remove(pageKey(dropped.Window, page.Page), unfenced)
		}
	}
	return o.transact(ctx, "dynamo.Recut", items)
}

// windowUpdate writes the state of a window that is there: one that another
// reader has dropped is not ours.
func (o *Orders) windowUpdate(lease order.Lease, w order.Window) *types.Update {
	values := windowValues(w)
	set := make([]string, 0, len(values))
	placeholders := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		set = append(set, "#"+name+" = :"+name)
		placeholders["#"+name] = name
	}
	update := &types.Update{
		TableName: &o.table, Key: windowKey(w),
		UpdateExpression:         aws.String("SET " + strings.Join(set, ", ") + ", fence = :fence ADD rev :one"),
		ConditionExpression:      aws.String("attribute_exists(pk) AND " + unfenced),
		ExpressionAttributeNames: placeholders, ExpressionAttributeValues: Item{":fence": num(lease.Fence), ":one": num(1)},
	}
	for name, value := range values {
		update.ExpressionAttributeValues[":"+name] = value
	}
	return update
}

// windowValues are the attributes of a window beside its key.
func windowValues(w order.Window) Item {
	past := num(0)
	if w.Past {
		past = num(1)
	}
	return Item{
		"to": unix(w.To), "next_at": ms(w.DueAt), "read_at": ms(w.ReadAt), "rows": num(int64(w.Rows)), "scan": num(w.Scan),
		"most": num(int64(w.Most / time.Second)), "slow_at": ms(w.SlowAt), "unsettled": num(int64(w.Unsettled)), "settle_at": ms(w.SettleAt), "news_at": ms(w.NewsAt),
		"digest": num(int64(w.Digest)), "equal": num(int64(w.Equal)), //nolint:gosec // bits, not a number
		"scan_to": unix(w.ScanTo), "scan_start": ms(w.ScanStart), "refused_at": ms(w.RefusedAt), "past": past,
	}
}

func (o *Orders) newWindow(lease order.Lease, w order.Window) types.TransactWriteItem {
	item := windowKey(w)
	maps.Copy(item, windowValues(w))
	item[attrEntity], item[attrRev], item[attrFence] = str(entityWindow), num(1), num(lease.Fence)
	return types.TransactWriteItem{Put: &types.Put{TableName: &o.table, Item: item, ConditionExpression: aws.String("attribute_not_exists(pk)")}}
}

// Checkpoints implements order.Store.
func (o *Orders) Checkpoints(ctx context.Context, w order.Window) ([]order.Checkpoint, error) {
	var found []order.Checkpoint
	err := o.each(ctx, "dynamo.Checkpoints", pagesPK(w), func(item Item) error {
		page, err := strconv.Atoi(text(item, attrSK))
		if err != nil {
			return err
		}
		c := order.Checkpoint{Page: page, Scan: number(item, "scan"), Next: text(item, "next"), SettleAt: msTime(item, "settle_at")}
		found = append(found, c)
		return found[len(found)-1].Marks.UnmarshalBinary(bytesOf(item, "marks"))
	})
	return found, err
}

// SaveCheckpoint implements order.Store.
func (o *Orders) SaveCheckpoint(ctx context.Context, lease order.Lease, w order.Window, c order.Checkpoint) error {
	put, err := o.checkpointPut(lease, w, c)
	if err != nil {
		return err
	}
	_, err = o.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: put.TableName, Item: put.Item, ConditionExpression: put.ConditionExpression, ExpressionAttributeValues: put.ExpressionAttributeValues,
	})
	return fenced("dynamo.SaveCheckpoint", err)
}

func (o *Orders) checkpointPut(lease order.Lease, w order.Window, c order.Checkpoint) (*types.Put, error) {
	marks, err := c.Marks.MarshalBinary()
	if err != nil {
		return nil, err
	}
	item := pageKey(w, c.Page)
	item[attrEntity], item[attrRev], item[attrFence] = str(entityWindow), num(c.Scan), num(lease.Fence)
	item["scan"], item["marks"] = num(c.Scan), &types.AttributeValueMemberB{Value: marks}
	if c.Next != "" {
		item["next"] = str(c.Next)
	}
	if !c.SettleAt.IsZero() {
		item["settle_at"] = ms(c.SettleAt)
	}
	return &types.Put{TableName: &o.table, Item: item, ConditionExpression: aws.String(unfenced), ExpressionAttributeValues: Item{":fence": num(lease.Fence)}}, nil
}

// DropCheckpoints implements order.Store.
func (o *Orders) DropCheckpoints(ctx context.Context, lease order.Lease, w order.Window, pages []order.Checkpoint) error {
	for _, c := range pages {
		_, err := o.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: &o.table, Key: pageKey(w, c.Page), ConditionExpression: aws.String(unfenced), ExpressionAttributeValues: Item{":fence": num(lease.Fence)},
		})
		if err := fenced("dynamo.DropCheckpoints", err); err != nil {
			return err
		}
	}
	return nil
}

// each reads a whole partition, strongly consistent and in order.
func (o *Orders) each(ctx context.Context, op, pk string, do func(Item) error) error {
	pages := dynamodb.NewQueryPaginator(o.client, &dynamodb.QueryInput{
		TableName: &o.table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :pk"), ExpressionAttributeValues: Item{":pk": str(pk)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unavailable(op, err)
		}
		for _, item := range page.Items {
			if err := do(item); err != nil {
				return fmt.Errorf("%s: item %s %s: %w", op, pk, text(item, attrSK), err)
			}
		}
	}
	return nil
}

// transact writes all or nothing. Every condition is about the lease.
func (o *Orders) transact(ctx context.Context, op string, items []types.TransactWriteItem) error {
	_, err := o.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: slices.Clip(items)})
	return fenced(op, err)
}

// fenced turns a failed condition into order.ErrFenced.
func fenced(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case conditionFailed(err):
		return fmt.Errorf("%s: %w", op, order.ErrFenced)
	}
	return unavailable(op, err)
}

func bytesOf(item Item, name string) []byte {
	if b, ok := item[name].(*types.AttributeValueMemberB); ok {
		return b.Value
	}
	return nil
}
