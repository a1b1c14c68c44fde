package dynamo

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/campaign"
	"tiktok-shop-affiliate/shared/fault"
)

// Campaigns keeps review rules, decisions and runs in the records table. It
// implements campaign.Store.
type Campaigns struct {
	db    *dynamodb.Client
	table string
}

// NewCampaigns keeps them in table.
func NewCampaigns(db *dynamodb.Client, table string) *Campaigns {
	return &Campaigns{db: db, table: table}
}

// runLife is how long runs are kept. Decisions stay.
const runLife = 90 * 24 * time.Hour

// reviewPrefix is how reviewSK begins.
const reviewPrefix = "product#"

func rulesKey(k campaign.Key) Item { return itemKey(campaignsPK(k.Owner), rulesSK(k.CampaignID)) }

func runKey(k campaign.Key, id string) Item {
	return itemKey(reviewsPK(k.Owner, k.CampaignID), runSK(id))
}

// Rules returns the rules, found or not.
func (c *Campaigns) Rules(ctx context.Context, key campaign.Key) (set campaign.RuleSet, found bool, err error) {
	out, err := c.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &c.table, Key: rulesKey(key), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return set, false, unavailable("dynamo.Rules", err)
	}
	if out.Item == nil {
		return set, false, nil
	}
	return set, true, readNoun(out.Item, &set)
}

// SetRules stores an owner's rules as the next revision and makes the campaign
// due at once, if it is reviewed on a schedule.
func (c *Campaigns) SetRules(ctx context.Context, set campaign.RuleSet) (campaign.RuleSet, error) {
	item, err := nounItem(entityRules, campaignsPK(set.Owner), rulesSK(set.CampaignID), set)
	if err != nil {
		return set, err
	}
	for _, kept := range []string{attrPK, attrSK, "revision", "open_product", "open_at"} {
		delete(item, kept)
	}
	u := newUpdate(item)
	u.values[":one"] = num(1)
	remove := ""
	if set.Scheduled() {
		u.put(attrDueShard, str(dueShard(dueReview, set.Owner+"#"+set.CampaignID)))
		u.put(attrDueAt, unix(set.UpdatedAt))
	} else {
		remove = " REMOVE due_shard, due_at"
	}
	out, err := c.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &c.table, Key: rulesKey(set.Key), ReturnValues: types.ReturnValueAllNew,
		UpdateExpression: aws.String(u.set() + remove + " ADD rev :one, revision :one"), ExpressionAttributeNames: u.names, ExpressionAttributeValues: u.values,
	})
	if err != nil {
		return set, unavailable("dynamo.SetRules", err)
	}
	return set, readNoun(out.Attributes, &set)
}

// Claim takes campaigns that are due for review, at most limit per shard of the
// index, and puts each off until the given time. If the work is then lost, the
// campaign is due again.
func (c *Campaigns) Claim(ctx context.Context, now, until time.Time, limit int32) ([]campaign.RuleSet, error) {
	var claimed []campaign.RuleSet
	for shard := range DueShards {
		out, err := c.db.Query(ctx, &dynamodb.QueryInput{
			TableName: &c.table, IndexName: aws.String(indexDue), Limit: &limit,
			KeyConditionExpression:    aws.String("due_shard = :shard AND due_at <= :now"),
			ExpressionAttributeValues: Item{":shard": str(dueShardName(dueReview, shard)), ":now": unix(now)},
		})
		if err != nil {
			return claimed, unavailable("dynamo.Claim", err)
		}
		for _, due := range out.Items {
			out, err := c.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
				TableName: &c.table, Key: itemKey(text(due, attrPK), text(due, attrSK)), ReturnValues: types.ReturnValueAllNew,
				UpdateExpression: aws.String("SET due_at = :until ADD rev :one"), ConditionExpression: aws.String("due_at <= :now"),
				ExpressionAttributeValues: Item{":until": unix(until), ":now": unix(now), ":one": num(1)},
			})
			if conditionFailed(err) {
				continue // another claimed it
			}
			if err != nil {
				return claimed, unavailable("dynamo.Claim", err)
			}
			var set campaign.RuleSet
			if err := readNoun(out.Attributes, &set); err != nil {
				return claimed, err
			}
			claimed = append(claimed, set)
		}
	}
	return claimed, nil
}

// Lease reserves the campaign for the holder; fault.Conflict while another has it.
func (c *Campaigns) Lease(ctx context.Context, key campaign.Key, holder string, now, until time.Time) error {
	_, err := c.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &c.table, Key: rulesKey(key),
		UpdateExpression:          aws.String("SET lease_holder = :holder, lease_until = :until ADD rev :one"),
		ConditionExpression:       aws.String("attribute_exists(pk) AND (attribute_not_exists(lease_until) OR lease_until <= :now)"),
		ExpressionAttributeValues: Item{":holder": str(holder), ":until": num(until.Unix() + 1), ":now": unix(now), ":one": num(1)},
	})
	if conditionFailed(err) {
		return fault.Wrap("dynamo.Lease", fault.Conflict, "the campaign is being reviewed at this moment", err)
	}
	if err != nil {
		return unavailable("dynamo.Lease", err)
	}
	return nil
}

// Release ends the lease. Rules that were set since they were read have made
// the campaign due themselves, so then only the lease ends.
func (c *Campaigns) Release(ctx context.Context, rules campaign.RuleSet, holder string, due time.Time) error {
	const held = "lease_holder = :holder"
	release := func(expression, condition string, values Item) error {
		values[":holder"], values[":one"] = str(holder), num(1)
		_, err := c.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &c.table, Key: rulesKey(rules.Key),
			UpdateExpression: aws.String(expression + " ADD rev :one"), ConditionExpression: &condition, ExpressionAttributeValues: values,
		})
		return err
	}
	values, expression := Item{":revision": num(rules.Revision)}, "REMOVE lease_holder, lease_until, due_shard, due_at"
	if !due.IsZero() {
		expression = "SET due_shard = :shard, due_at = :due REMOVE lease_holder, lease_until"
		values[":shard"], values[":due"] = str(dueShard(dueReview, rules.Owner+"#"+rules.CampaignID)), unix(due)
	}
	err := release(expression, held+" AND revision = :revision", values)
	if conditionFailed(err) {
		err = release("REMOVE lease_holder, lease_until", held, Item{})
	}
	if err != nil && !conditionFailed(err) { // a lease that ran out and went to another needs no release
		return unavailable("dynamo.Release", err)
	}
	return nil
}

// Begin stores a decision and makes it the campaign's open one, together.
func (c *Campaigns) Begin(ctx context.Context, holder string, r campaign.Review) error {
	put, err := c.putReview(r, "attribute_not_exists(pk)", nil)
	if err != nil {
		return err
	}
	open := types.TransactWriteItem{Update: &types.Update{
		TableName: &c.table, Key: rulesKey(r.Key),
		UpdateExpression: aws.String("SET open_product = :product, open_at = :at ADD rev :one"), ConditionExpression: aws.String("lease_holder = :holder"),
		ExpressionAttributeValues: Item{":product": str(r.ProductID), ":at": put.Put.Item["decided_at"], ":holder": str(holder), ":one": num(1)},
	}}
	return c.together(ctx, "dynamo.Begin", put, open)
}

// Advance stores the next state of a decision and counts it in the run, together.
func (c *Campaigns) Advance(ctx context.Context, before, after campaign.Review, runID string) error {
	after.Rev = before.Rev
	put, err := c.putReview(after, "rev = :before", Item{":before": num(before.Rev)})
	if err != nil {
		return err
	}
	writes := []types.TransactWriteItem{put}
	if counter := counterOf(before, after); counter != "" {
		writes = append(writes, types.TransactWriteItem{Update: &types.Update{
			TableName: &c.table, Key: runKey(after.Key, runID),
			UpdateExpression: aws.String("ADD " + counter + " :one, rev :one"), ExpressionAttributeValues: Item{":one": num(1)},
		}})
	}
	return c.together(ctx, "dynamo.Advance", writes...)
}

// counterOf names the counter of a run that a step of a decision raises.
func counterOf(before, after campaign.Review) string {
	switch {
	case before.State != campaign.Deciding:
		return ""
	case after.State == campaign.Failed, after.State == campaign.Overtaken:
		return string(after.State)
	case after.State == campaign.Linking:
		return "approved"
	case after.State == campaign.Done:
		return "rejected"
	}
	return ""
}

// Add stores a decision that TikTok Shop is not told of.
func (c *Campaigns) Add(ctx context.Context, r campaign.Review) error {
	put, err := c.putReview(r, "attribute_not_exists(pk)", nil)
	if err != nil {
		return err
	}
	return c.together(ctx, "dynamo.Add", put)
}

func (c *Campaigns) putReview(r campaign.Review, condition string, values Item) (types.TransactWriteItem, error) {
	r.Rev++
	item, err := nounItem(entityReview, reviewsPK(r.Owner, r.CampaignID), reviewSK(r.ProductID, r.At), r)
	return types.TransactWriteItem{Put: &types.Put{TableName: &c.table, Item: item, ConditionExpression: &condition, ExpressionAttributeValues: values}}, err
}

func (c *Campaigns) together(ctx context.Context, op string, writes ...types.TransactWriteItem) error {
	_, err := c.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	if conditionFailed(err) {
		return fault.Wrap(op, fault.Conflict, "the campaign is being reviewed by another run", err)
	}
	if err != nil {
		return unavailable(op, err)
	}
	return nil
}

// Review returns the decision about the product at the time.
func (c *Campaigns) Review(ctx context.Context, key campaign.Key, productID string, at time.Time) (r campaign.Review, err error) {
	out, err := c.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &c.table, Key: itemKey(reviewsPK(key.Owner, key.CampaignID), reviewSK(productID, at)), ConsistentRead: aws.Bool(true),
	})
	switch {
	case err != nil:
		return r, unavailable("dynamo.Review", err)
	case out.Item == nil:
		return r, fault.New("dynamo.Review", fault.NotFound, "there is no such review")
	}
	return r, readNoun(out.Item, &r)
}

// Newest returns the newest decision about the product, found or not.
func (c *Campaigns) Newest(ctx context.Context, key campaign.Key, productID string) (r campaign.Review, found bool, err error) {
	out, err := c.query(ctx, key, reviewPrefix+productID+"#", false, 1, nil)
	if err != nil || len(out.Items) == 0 {
		return r, false, err
	}
	return r, true, readNoun(out.Items[0], &r)
}

// Reviews lists a campaign's decisions by product and time, at most limit of
// them, after the position that an earlier page ended with.
func (c *Campaigns) Reviews(ctx context.Context, key campaign.Key, after string, limit int32) (reviews []campaign.Review, next string, err error) {
	var start Item
	if after != "" {
		start = itemKey(reviewsPK(key.Owner, key.CampaignID), after)
	}
	out, err := c.query(ctx, key, reviewPrefix, true, limit, start)
	if err != nil {
		return nil, "", err
	}
	for _, item := range out.Items {
		var r campaign.Review
		if err := readNoun(item, &r); err != nil {
			return nil, "", err
		}
		reviews = append(reviews, r)
	}
	return reviews, text(out.LastEvaluatedKey, attrSK), nil
}

// Runs lists a campaign's newest runs, the newest first.
func (c *Campaigns) Runs(ctx context.Context, key campaign.Key, limit int32) (runs []campaign.Run, err error) {
	out, err := c.query(ctx, key, runSK(""), false, limit, nil)
	if err != nil {
		return nil, err
	}
	for _, item := range out.Items {
		var r campaign.Run
		if err := readNoun(item, &r); err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

func (c *Campaigns) query(ctx context.Context, key campaign.Key, prefix string, forward bool, limit int32, start Item) (*dynamodb.QueryOutput, error) {
	out, err := c.db.Query(ctx, &dynamodb.QueryInput{
		TableName: &c.table, ConsistentRead: aws.Bool(true), ScanIndexForward: &forward, Limit: &limit, ExclusiveStartKey: start,
		KeyConditionExpression:    aws.String("pk = :pk AND begins_with(sk, :prefix)"),
		ExpressionAttributeValues: Item{":pk": str(reviewsPK(key.Owner, key.CampaignID)), ":prefix": str(prefix)},
	})
	if err != nil {
		return nil, unavailable("dynamo.Reviews", err)
	}
	return out, nil
}

// QueueRun stores a run that was asked for.
func (c *Campaigns) QueueRun(ctx context.Context, run campaign.Run) error {
	run.State = campaign.RunQueued
	item, err := nounItem(entityRun, reviewsPK(run.Owner, run.CampaignID), runSK(run.ID), run)
	if err != nil {
		return err
	}
	item[attrTTL] = unix(run.RequestedAt.Add(runLife))
	if _, err := c.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &c.table, Item: item}); err != nil {
		return unavailable("dynamo.QueueRun", err)
	}
	return nil
}

// StartRun marks the run as running; finished is true when it had ended before.
func (c *Campaigns) StartRun(ctx context.Context, run campaign.Run) (started campaign.Run, finished bool, err error) {
	run.State = campaign.RunRunning
	item, err := nounItem(entityRun, "", "", run)
	if err != nil {
		return run, false, err
	}
	u := newUpdate(Item{})
	for _, name := range []string{attrEntity, "owner", "campaign_id", "run_id", "dry_run", "state", "started_at"} {
		u.put(name, item[name])
	}
	u.first("requested_at", item["requested_at"])
	u.first(attrTTL, unix(run.StartedAt.Add(runLife)))
	maps.Copy(u.values, Item{":one": num(1), ":queued": str(string(campaign.RunQueued)), ":running": str(string(campaign.RunRunning))})
	out, err := c.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &c.table, Key: runKey(run.Key, run.ID), ReturnValues: types.ReturnValueAllNew,
		UpdateExpression:         aws.String(u.set() + " ADD rev :one"),
		ConditionExpression:      aws.String("attribute_not_exists(pk) OR #state IN (:queued, :running)"),
		ExpressionAttributeNames: u.names, ExpressionAttributeValues: u.values,
	})
	if conditionFailed(err) {
		return run, true, nil
	}
	if err != nil {
		return run, false, unavailable("dynamo.StartRun", err)
	}
	return run, false, readNoun(out.Attributes, &run)
}

// FinishRun stores how the run ended.
func (c *Campaigns) FinishRun(ctx context.Context, run campaign.Run) error {
	item, err := nounItem(entityRun, "", "", run)
	if err != nil {
		return err
	}
	names := []string{"state", "problem", "finished_at", "left"}
	if run.DryRun {
		names = append(names, "approved", "rejected", "would")
	}
	u := newUpdate(Item{})
	for _, name := range names {
		if value := item[name]; value != nil {
			u.put(name, value)
		}
	}
	u.values[":one"] = num(1)
	_, err = c.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &c.table, Key: runKey(run.Key, run.ID),
		UpdateExpression: aws.String(u.set() + " ADD rev :one"), ExpressionAttributeNames: u.names, ExpressionAttributeValues: u.values,
	})
	if err != nil {
		return unavailable("dynamo.FinishRun", err)
	}
	return nil
}

// update collects what an update sets. Every name gets a placeholder, because
// "state", "owner" and others are reserved words.
type update struct {
	names  map[string]string
	values Item
	parts  []string
}

func newUpdate(item Item) *update {
	u := &update{names: map[string]string{}, values: Item{}}
	for _, name := range slices.Sorted(maps.Keys(item)) {
		u.put(name, item[name])
	}
	return u
}

func (u *update) put(name string, value types.AttributeValue) {
	u.names["#"+name], u.values[":"+name] = name, value
	u.parts = append(u.parts, "#"+name+" = :"+name)
}

// first sets an attribute that has no value yet.
func (u *update) first(name string, value types.AttributeValue) {
	u.names["#"+name], u.values[":"+name] = name, value
	u.parts = append(u.parts, "#"+name+" = if_not_exists(#"+name+", :"+name+")")
}

func (u *update) set() string { return "SET " + strings.Join(u.parts, ", ") }

// reviewChange tells of every decision that TikTok Shop has taken.
func reviewChange(old, current Item) []Change {
	if old == nil || current == nil || text(old, "state") != string(campaign.Deciding) {
		return nil
	}
	var r campaign.Review
	if readNoun(current, &r) != nil || r.State != campaign.Linking && r.State != campaign.Done {
		return nil
	}
	return []Change{{Type: "campaign.product_reviewed", Owner: r.Owner, Asset: r.Asset, Data: struct {
		CampaignID   string            `json:"campaign_id"`
		ConnectionID string            `json:"connection_id"`
		ProductID    string            `json:"product_id"`
		ProductName  string            `json:"product_name,omitempty"`
		Decision     campaign.Decision `json:"decision"`
		RuleRevision int64             `json:"rule_revision"`
		RunID        string            `json:"run_id"`
		DecidedAt    time.Time         `json:"decided_at"`
	}{r.CampaignID, r.ConnectionID, r.ProductID, r.Product.Name, r.Decision, r.RuleRevision, r.RunID, r.At}}}
}
