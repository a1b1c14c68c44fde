// Package dynamo is the only package that knows the shapes and keys of the
// DynamoDB tables. This file builds every key.
//
// What belongs to an owner has keys that start with the owner; what is read
// once for all owners is keyed by asset; tokens are keyed by account.
package dynamo

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// Attribute names that every table shares.
const (
	attrPK     = "pk"
	attrSK     = "sk"
	attrEntity = "entity" // one of the entity constants: what kind of thing the item is
	attrRev    = "rev"    // +1 per write; with the key it identifies a change
	attrTTL    = "ttl"    // Unix seconds after which DynamoDB may delete the item

	attrReversePK = "rpk" // index "reverse" of the accounts table
	attrReverseSK = "rsk"
	attrOrderKey  = "order_key" // index "by_order" of the orders table: the order's id
	attrDueShard  = "due_shard" // index "due" of all three tables; absent when nothing is due
	attrDueAt     = "due_at"    // Unix seconds
)

// Index names.
const (
	indexReverse = "reverse"
	indexByOrder = "by_order"
	indexDue     = "due"
)

// The entities. The stream publisher switches on them.
const (
	entityAccount    = "account"
	entityAsset      = "asset"
	entityConnection = "connection"
	entityLink       = "promotion_link"
	entityConnect    = "connect" // a connect link, a state or a claim
	entityRemoved    = "removed" // a connection that was
	entityClient     = "client"
	entityQuota      = "quota"
	entityOrder      = "order"
	entityWindow     = "window"
	entityRollup     = "rollup"
	entitySchedule   = "schedule"
	entityPlanner    = "planner"
	entityDelivery   = "delivery"
	entityContent    = "content"
	entityRules      = "rules"
	entityReview     = "review"
	entityRun        = "run"
	entityFeed       = "feed"
	entityOutcome    = "outcome"
	entityJob        = "job"
	entityLane       = "lane"
	entityTurn       = "turn"
)

// DueShards is the number of shards of a due index. A shard carries about
// 1,000 writes and 3,000 reads a second.
const DueShards = 16

// dueShard spreads items over the due index by their key.
func dueShard(of, id string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return dueShardName(of, int(h.Sum32()%DueShards))
}

// dueShardName names shard n of the due index of one kind of work.
func dueShardName(of string, n int) string { return fmt.Sprintf("%s#%02d", of, n) }

// Kinds of work in due indexes.
const (
	dueRefresh = "refresh"
	dueOrders  = "orders"
	dueReview  = "review"
	dueJobs    = "jobs"
)

// Keys of the accounts table.

func accountPK(account string) string        { return "account#" + account }
func accountSK() string                      { return "account" }
func assetSK(asset string) string            { return "asset#" + asset }
func assetReversePK(asset string) string     { return "asset#" + asset }
func ownerPK(owner string) string            { return "owner#" + owner }
func connectionSK(connection string) string  { return "connection#" + connection }
func removedSK(connection string) string     { return "removed#" + connection }
func connectionReversePK(acct string) string { return "account#" + acct }
func connectLinkPK(tokenHash string) string  { return "link#" + tokenHash }
func connectLinkSK() string                  { return "link" }
func connectStatePK(hash string) string      { return "state#" + hash }
func connectStateSK() string                 { return "state" }
func claimPK(tokenHash string) string        { return "claim#" + tokenHash }
func claimSK() string                        { return "claim" }
func clientPK(client string) string          { return "client#" + client }
func clientSK() string                       { return "owner" }
func clientsPK() string                      { return "clients" } // index "reverse": all of them

// quotaPK is an item of the quota ledger.
func quotaPK(app, asset, class string) string { return "quota#" + app + "#" + asset + "#" + class }
func quotaSK() string                         { return "quota" }

// Keys of the orders table.

// rowPK holds one month of an asset's rows, so that a range of create times
// reads one partition a month, in order, without an index.
func rowPK(asset, perspective string, created time.Time) string {
	return rowsPrefix + asset + "#" + perspective + "#" + created.UTC().Format("200601")
}

const rowsPrefix = "rows#"

// rowSK orders rows by create time. The ordinal tells apart rows of one scan
// that have the same order and SKU (one SKU sold through two creators).
func rowSK(created time.Time, order, sku string, ordinal int) string {
	return fmt.Sprintf("%010d#%s#%s#%d", created.Unix(), order, sku, ordinal)
}

func rowTimePrefix(created time.Time) string { return fmt.Sprintf("%010d", created.Unix()) }

// rowStream reads the asset and the perspective in a rowPK.
func rowStream(pk string) (asset, perspective string, ok bool) {
	stream, month := strings.CutPrefix(pk, rowsPrefix)
	stream, _, ok1 := cutLast(stream)
	asset, perspective, ok2 := cutLast(stream)
	return asset, perspective, month && ok1 && ok2
}

// rollupPK holds the sums of one month of an asset's days.
func rollupPK(asset, perspective string, day time.Time) string {
	return "rollups#" + asset + "#" + perspective + "#" + day.UTC().Format("200601")
}

func rollupDaySK(day time.Time) string { return day.UTC().Format("20060102") }

// rollupPartPK holds what is dealt out of a month's sums by one dimension.
func rollupPartPK(asset, perspective, dimension string, day time.Time) string {
	return rollupPK(asset, perspective, day) + "#" + dimension
}

func rollupPartSK(day time.Time, part int) string {
	return fmt.Sprintf("%s#%03d", rollupDaySK(day), part)
}

func windowPK(asset, perspective string) string { return "windows#" + asset + "#" + perspective }
func windowSK(from time.Time) string            { return fmt.Sprintf("%010d", from.Unix()) }
func schedulePK(asset string) string            { return "schedule#" + asset }
func scheduleSK() string                        { return "schedule" }
func plannerPK(of string) string                { return "planner#" + of } // of the kinds of work in due indexes
func plannerSK() string                         { return "mark" }

// Keys of the records table.

// deliveryPK holds the deliveries about one subject of one app. A notification
// says itself whom it is about, so its key follows from its body: a repeated one
// finds the first, and an owner's are read without an index.
func deliveryPK(app, subject string) string { return "deliveries#" + app + "#" + subject }

// deliverySK orders deliveries by TikTok Shop's notification id, which rises
// with time. Those without one, known by a hash, come before all others.
func deliverySK(notification string) string {
	if digits := strings.Trim(notification, "0123456789") == ""; digits && len(notification) <= 20 {
		return strings.Repeat("0", 20-len(notification)) + notification
	}
	return "-" + notification
}

func contentPK(asset string) string            { return "content#" + asset }
func contentSK(product, content string) string { return product + "#" + content }
func linksPK(owner string) string              { return "links#" + owner }
func linkSK(purpose, hash string) string       { return purpose + "#" + hash }
func campaignsPK(owner string) string          { return "campaigns#" + owner }
func rulesSK(campaign string) string           { return "rules#" + campaign }
func reviewsPK(owner, campaign string) string  { return "reviews#" + owner + "#" + campaign }
func reviewSK(product string, at time.Time) string {
	return fmt.Sprintf("product#%s#%013d", product, at.UnixMilli())
}
func runSK(run string) string    { return "run#" + run }
func jobsPK(owner string) string { return "jobs#" + owner }
func lanePK(lane string) string  { return "lane#" + lane }
func laneSK() string             { return "lane" }

// jobSK names a job with its owner and its turn with its lane.
func jobSK(id string) string { return "job#" + id }

// Keys of the feed table.

func feedPK(owner string) string    { return "feed#" + owner }
func feedSK(seq int64) string       { return fmt.Sprintf("%016d", seq) }
func feedRunPK(owner string) string { return "feed_run#" + owner } // where the run of chunks begins that is written now
func feedRunSK() string             { return "run" }

// outcomePK is what came of a request with an idempotency key. Each has a
// partition of its own.
func outcomePK(owner, keyHash string) string { return "outcome#" + owner + "#" + keyHash }
func outcomeSK() string                      { return "outcome" }
