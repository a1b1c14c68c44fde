package dynamo

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/delivery"
)

// The content ledger: one item per piece of content and product, of whichever
// source told of it.

const sourceWebhook = "webhook"

// postedItem writes what a webhook told of a piece of content, unless something
// newer is there.
func postedItem(table string, p delivery.Posted) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &table, Key: itemKey(contentPK(string(p.Asset)), contentSK(p.ProductID, p.ContentID)),
		UpdateExpression: aws.String("SET #entity = :entity, asset = :asset, product_id = :product, content_id = :content, scene = :scene," +
			" #action = :action, changed_at = :at, event_order = :order ADD sources :source, rev :one"),
		ConditionExpression:      aws.String("attribute_not_exists(pk) OR attribute_not_exists(event_order) OR event_order < :order"),
		ExpressionAttributeNames: map[string]string{"#entity": attrEntity, "#action": "action"},
		ExpressionAttributeValues: Item{
			":entity": str(entityContent), ":asset": str(string(p.Asset)), ":product": str(p.ProductID), ":content": str(p.ContentID),
			":scene": str(p.Scene), ":action": str(string(p.Action)), ":at": unix(p.At), ":order": num(eventOrder(p)),
			":source": &types.AttributeValueMemberSS{Value: []string{sourceWebhook}}, ":one": num(1),
		},
	}}
}

// eventOrder orders the events of a piece of content by time; within a second,
// in the order of its life.
func eventOrder(p delivery.Posted) int64 {
	rank := map[delivery.Action]int64{delivery.Added: 0, delivery.Updated: 1, delivery.Removed: 2}
	return p.At.Unix()*4 + rank[p.Action]
}

// contentChange tells of content as webhooks do.
func contentChange(old, current Item) []Change {
	if current == nil || number(old, "event_order") == number(current, "event_order") {
		return nil
	}
	return []Change{{
		Type: "content.posted", Asset: account.AssetID(text(current, "asset")), Time: moment(current, "changed_at"),
		Data: map[string]any{
			"product_id": text(current, "product_id"), "content_id": text(current, "content_id"),
			"scene": text(current, "scene"), "action": strings.ToLower(text(current, "action")), "source": sourceWebhook,
		},
	}}
}
