package dynamo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
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

func pageSK(page int) string { return fmt.Sprintf("%05d", page) }

// Windows implements order.Store.
func (o *Orders) Windows(ctx context.Context, asset account.AssetID, perspective order.Perspective) ([]order.Window, error) {
	var windows []order.Window
	err := o.each(ctx, "dynamo.Windows", windowPK(string(asset), string(perspective)), func(item Item) error {
		from, err := strconv.ParseInt(text(item, attrSK), 10, 64)
		windows = append(windows, order.Window{
			Asset: asset, Perspective: perspective, From: time.Unix(from, 0).UTC(), To: moment(item, "to"),
			DueAt: msTime(item, "next_at"), ReadAt: msTime(item, "read_at"), Rows: int(number(item, "rows")), Scan: number(item, "scan"),
			ScanTo: moment(item, "scan_to"), ScanStart: msTime(item, "scan_start"),
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
	update := &types.Update{
		TableName: &o.table, Key: windowKey(w),
		UpdateExpression: aws.String("SET #to = :to, next_at = :next, read_at = :read, #rows = :rows, #scan = :scan, scan_to = :scan_to, scan_start = :scan_start, fence = :fence ADD rev :one"),
		// a window that another reader has deleted or taken over is not ours
		ConditionExpression:       aws.String("attribute_exists(pk) AND " + unfenced),
		ExpressionAttributeNames:  names("to", "rows", "scan"),
		ExpressionAttributeValues: windowValues(w),
	}
	update.ExpressionAttributeValues[":fence"], update.ExpressionAttributeValues[":one"] = num(lease.Fence), num(1)
	if following != nil {
		return o.transact(ctx, "dynamo.SaveWindow", []types.TransactWriteItem{{Update: update}, o.newWindow(lease, *following)})
	}
	_, err := o.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: update.TableName, Key: update.Key, UpdateExpression: update.UpdateExpression, ConditionExpression: update.ConditionExpression,
		ExpressionAttributeNames: update.ExpressionAttributeNames, ExpressionAttributeValues: update.ExpressionAttributeValues,
	})
	return fenced("dynamo.SaveWindow", err)
}

func windowValues(w order.Window) Item {
	return Item{
		":to": unix(w.To), ":next": ms(w.DueAt), ":read": ms(w.ReadAt), ":rows": num(int64(w.Rows)), ":scan": num(w.Scan),
		":scan_to": unix(w.ScanTo), ":scan_start": ms(w.ScanStart),
	}
}

func (o *Orders) newWindow(lease order.Lease, w order.Window) types.TransactWriteItem {
	item := windowKey(w)
	values := windowValues(w)
	for name, value := range map[string]string{"to": ":to", "next_at": ":next", "read_at": ":read", "rows": ":rows", "scan": ":scan"} {
		item[name] = values[value]
	}
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
		c := order.Checkpoint{Page: page, Scan: number(item, "scan"), Next: text(item, "next")}
		found = append(found, c)
		return found[len(found)-1].Marks.UnmarshalBinary(bytesOf(item, "marks"))
	})
	return found, err
}

// SaveCheckpoint implements order.Store.
func (o *Orders) SaveCheckpoint(ctx context.Context, lease order.Lease, w order.Window, c order.Checkpoint) error {
	marks, err := c.Marks.MarshalBinary()
	if err != nil {
		return err
	}
	item := itemKey(pagesPK(w), pageSK(c.Page))
	item[attrEntity], item[attrRev], item[attrFence] = str(entityWindow), num(c.Scan), num(lease.Fence)
	item["scan"], item["marks"] = num(c.Scan), &types.AttributeValueMemberB{Value: marks}
	if c.Next != "" {
		item["next"] = str(c.Next)
	}
	_, err = o.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &o.table, Item: item, ConditionExpression: aws.String(unfenced), ExpressionAttributeValues: Item{":fence": num(lease.Fence)},
	})
	return fenced("dynamo.SaveCheckpoint", err)
}

// DropCheckpoints implements order.Store.
func (o *Orders) DropCheckpoints(ctx context.Context, lease order.Lease, w order.Window, pages []order.Checkpoint) error {
	for _, c := range pages {
		_, err := o.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: &o.table, Key: itemKey(pagesPK(w), pageSK(c.Page)), ConditionExpression: aws.String(unfenced), ExpressionAttributeValues: Item{":fence": num(lease.Fence)},
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
