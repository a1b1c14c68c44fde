package dynamo

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/job"
)

// Jobs keeps jobs and their lanes in the records table. It implements job.Store
// and job.DueStore.
//
// A job stands with its owner, its turn with its lane: a worker reads the turns
// of a lane as one partition. The lane's own item holds lease and due time.
type Jobs struct {
	db    *dynamodb.Client
	table string
}

// NewJobs keeps them in table.
func NewJobs(db *dynamodb.Client, table string) *Jobs { return &Jobs{db: db, table: table} }

// Attributes of lanes and turns, beside those of schedules. Times are Unix
// milliseconds, except due_at.
const (
	attrAfter     = "turn_after" // the job that had the last turn
	attrNotBefore = "not_before"
)

// collisions is how often a write is tried again that met another transaction.
const collisions = 4

func laneKey(lane job.Lane) Item           { return itemKey(lanePK(string(lane)), laneSK()) }
func jobKey(owner, id string) Item         { return itemKey(jobsPK(owner), jobSK(id)) }
func turnKey(lane job.Lane, j string) Item { return itemKey(lanePK(string(lane)), jobSK(j)) }

// Create implements job.Store.
func (s *Jobs) Create(ctx context.Context, j job.Job, now time.Time) error {
	j.Rev = 1
	put, err := s.putJob(j, "attribute_not_exists(pk)", nil)
	if err != nil {
		return err
	}
	writes := []types.TransactWriteItem{put, s.putTurn(j), s.giveWork(j.Lane, now)}
	for range collisions {
		_, err = s.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
		if !collided(err) {
			break
		}
	}
	if conditionFailed(err) {
		return fault.Wrap("dynamo.Jobs", fault.Conflict, "the job exists", err)
	}
	if err != nil {
		return unavailable("dynamo.Jobs", err)
	}
	return nil
}

// Job implements job.Store.
func (s *Jobs) Job(ctx context.Context, owner, id string) (j job.Job, err error) {
	out, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: jobKey(owner, id), ConsistentRead: aws.Bool(true)})
	switch {
	case err != nil:
		return j, unavailable("dynamo.Jobs", err)
	case out.Item == nil:
		return j, fault.New("dynamo.Jobs", fault.NotFound, "There is no such job.")
	}
	return j, readNoun(out.Item, &j)
}

// Save implements job.Store.
func (s *Jobs) Save(ctx context.Context, was, is job.Job, now time.Time) (job.Job, error) {
	is.Rev = was.Rev + 1
	put, err := s.putJob(is, "rev = :was", Item{":was": num(was.Rev)})
	if err != nil {
		return is, err
	}
	writes := []types.TransactWriteItem{put}
	switch active := is.State.Active(); {
	case active && !was.State.Active():
		writes = append(writes, s.putTurn(is), s.giveWork(is.Lane, now))
	case active && is.NotBefore.Before(was.NotBefore) && is.State == job.Queued: // it was told not to wait any longer
		writes = append(writes, s.putTurn(is), s.giveWork(is.Lane, now))
	case active && !is.NotBefore.Equal(was.NotBefore):
		writes = append(writes, s.putTurn(is))
	case !active && was.State.Active():
		writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{TableName: &s.table, Key: turnKey(is.Lane, is.ID)}})
	}
	if len(writes) == 1 {
		p := put.Put
		_, err = s.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: p.TableName, Item: p.Item, ConditionExpression: p.ConditionExpression, ExpressionAttributeValues: p.ExpressionAttributeValues})
	} else {
		_, err = s.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	}
	if conditionFailed(err) || collided(err) {
		return is, job.ErrStale
	}
	if err != nil {
		return is, unavailable("dynamo.Jobs", err)
	}
	return is, nil
}

func (s *Jobs) putJob(j job.Job, condition string, values Item) (types.TransactWriteItem, error) {
	item, err := nounItem(entityJob, jobsPK(j.Owner), jobSK(j.ID), j)
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	item[attrTTL] = unix(j.ExpiresAt)
	return types.TransactWriteItem{Put: &types.Put{TableName: &s.table, Item: item, ConditionExpression: &condition, ExpressionAttributeValues: values}}, nil
}

func (s *Jobs) putTurn(j job.Job) types.TransactWriteItem {
	item := turnKey(j.Lane, j.ID)
	item[attrEntity], item[attrRev] = str(entityTurn), num(j.Rev)
	item["owner"], item["job_id"], item[attrNotBefore] = str(j.Owner), str(j.ID), ms(j.NotBefore)
	item[attrTTL] = unix(j.ExpiresAt)
	return types.TransactWriteItem{Put: &types.Put{TableName: &s.table, Item: item}}
}

// giveWork makes a lane due and lets whoever works at it notice.
func (s *Jobs) giveWork(lane job.Lane, now time.Time) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &s.table, Key: laneKey(lane),
		UpdateExpression:          aws.String("SET entity = :entity, due_shard = :shard, due_at = :due ADD asks :one, rev :one"),
		ExpressionAttributeValues: Item{":entity": str(entityLane), ":shard": str(dueShard(dueJobs, string(lane))), ":due": unix(now), ":one": num(1)},
	}}
}

// collided reports whether a write met a transaction that was writing the same
// item at that moment.
func collided(err error) bool {
	var alone *types.TransactionConflictException
	if errors.As(err, &alone) {
		return true
	}
	var together *types.TransactionCanceledException
	return errors.As(err, &together) && slices.ContainsFunc(together.CancellationReasons, func(r types.CancellationReason) bool {
		return aws.ToString(r.Code) == "TransactionConflict"
	})
}

// Jobs implements job.Store.
func (s *Jobs) Jobs(ctx context.Context, owner string, state job.State, after string, limit int) (jobs []job.Job, next string, err error) {
	in := &dynamodb.QueryInput{
		TableName: &s.table, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false), Limit: pageLimit(limit),
		KeyConditionExpression:    aws.String("pk = :pk AND begins_with(sk, :prefix)"),
		ExpressionAttributeValues: Item{":pk": str(jobsPK(owner)), ":prefix": str(jobSK(""))},
	}
	if state != "" {
		in.FilterExpression, in.ExpressionAttributeNames = aws.String("#state = :state"), names("state")
		in.ExpressionAttributeValues[":state"] = str(string(state))
	}
	if after != "" {
		in.ExclusiveStartKey = jobKey(owner, after)
	}
	out, err := s.db.Query(ctx, in)
	if err != nil {
		return nil, "", unavailable("dynamo.Jobs", err)
	}
	for _, item := range out.Items {
		var j job.Job
		if err := readNoun(item, &j); err != nil {
			return nil, "", err
		}
		jobs = append(jobs, j)
	}
	return jobs, strings.TrimPrefix(text(out.LastEvaluatedKey, attrSK), jobSK("")), nil
}

// Acquire implements job.Store.
func (s *Jobs) Acquire(ctx context.Context, lane job.Lane, holder string, now, until time.Time) (job.Lease, error) {
	out, err := s.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: laneKey(lane), ReturnValues: types.ReturnValueAllNew,
		UpdateExpression:    aws.String("SET lease_owner = :holder, lease_until = :until, due_shard = :shard, due_at = :due ADD fence :one, rev :one"),
		ConditionExpression: aws.String("attribute_exists(pk) AND (attribute_not_exists(lease_until) OR lease_until <= :now)"),
		ExpressionAttributeValues: Item{
			":holder": str(holder), ":until": ms(until), ":now": ms(now), ":due": secondsUp(until), ":shard": str(dueShard(dueJobs, string(lane))), ":one": num(1),
		},
	})
	if conditionFailed(err) || collided(err) {
		return job.Lease{}, job.ErrHeld
	}
	if err != nil {
		return job.Lease{}, unavailable("dynamo.Lanes", err)
	}
	item := out.Attributes
	return job.Lease{Lane: lane, Fence: number(item, attrFence), Until: until, Asks: number(item, attrAsks), After: text(item, attrAfter)}, nil
}

// Release implements job.Store.
func (s *Jobs) Release(ctx context.Context, lease job.Lease, rest job.Rest) (asks int64, err error) {
	in := &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: laneKey(lease.Lane),
		ConditionExpression:                 aws.String("fence = :fence AND attribute_exists(lease_owner)"),
		ExpressionAttributeValues:           Item{":fence": num(lease.Fence), ":after": str(rest.After), ":one": num(1)},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	set, remove := "SET turn_after = :after", " REMOVE lease_owner, lease_until"
	if rest.Due.IsZero() {
		remove += ", due_shard, due_at"
	} else {
		set += ", due_at = :due"
		in.ExpressionAttributeValues[":due"] = secondsUp(rest.Due)
	}
	if !rest.Busy {
		in.ConditionExpression = aws.String(*in.ConditionExpression + " AND asks = :asks")
		in.ExpressionAttributeValues[":asks"] = num(lease.Asks)
	}
	in.UpdateExpression = aws.String(set + remove + " ADD rev :one")
	for range collisions {
		if _, err = s.db.UpdateItem(ctx, in); !collided(err) {
			break
		}
	}
	var refused *types.ConditionalCheckFailedException
	switch {
	case err == nil:
		return 0, nil
	case !errors.As(err, &refused):
		return 0, unavailable("dynamo.Lanes", err)
	case number(refused.Item, attrFence) == lease.Fence && text(refused.Item, attrOwner) != "":
		return number(refused.Item, attrAsks), job.ErrAsked
	}
	return 0, job.ErrFenced
}

// Turns implements job.Store.
func (s *Jobs) Turns(ctx context.Context, lane job.Lane, after string, limit int) (turns []job.Turn, err error) {
	in := &dynamodb.QueryInput{
		TableName: &s.table, ConsistentRead: aws.Bool(true), Limit: pageLimit(limit),
		KeyConditionExpression:    aws.String("pk = :pk AND begins_with(sk, :prefix)"),
		ExpressionAttributeValues: Item{":pk": str(lanePK(string(lane))), ":prefix": str(jobSK(""))},
	}
	if after != "" {
		in.ExclusiveStartKey = turnKey(lane, after)
	}
	out, err := s.db.Query(ctx, in)
	if err != nil {
		return nil, unavailable("dynamo.Lanes", err)
	}
	for _, item := range out.Items {
		turns = append(turns, job.Turn{Lane: lane, Owner: text(item, "owner"), JobID: text(item, "job_id"), NotBefore: msTime(item, attrNotBefore)})
	}
	return turns, nil
}

// Forget implements job.Store.
func (s *Jobs) Forget(ctx context.Context, turn job.Turn) error {
	if _, err := s.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.table, Key: turnKey(turn.Lane, turn.JobID)}); err != nil {
		return unavailable("dynamo.Lanes", err)
	}
	return nil
}

// Due implements job.DueStore.
func (s *Jobs) Due(ctx context.Context, shard int, now time.Time, limit int) (due []job.Due, err error) {
	out, err := s.db.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.table, IndexName: aws.String(indexDue), Limit: pageLimit(limit),
		KeyConditionExpression:    aws.String("due_shard = :shard AND due_at <= :now"),
		ExpressionAttributeValues: Item{":shard": str(dueShardName(dueJobs, shard)), ":now": unix(now)},
	})
	if err != nil {
		return nil, unavailable("dynamo.Lanes", err)
	}
	for _, item := range out.Items {
		due = append(due, job.Due{Lane: job.Lane(strings.TrimPrefix(text(item, attrPK), lanePK(""))), At: moment(item, attrDueAt)})
	}
	return due, nil
}

// Claim implements job.DueStore.
func (s *Jobs) Claim(ctx context.Context, due job.Due, until time.Time) error {
	_, err := s.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: laneKey(due.Lane),
		UpdateExpression: aws.String("SET due_at = :until ADD rev :one"), ConditionExpression: aws.String("due_at = :due"),
		ExpressionAttributeValues: Item{":until": unix(until), ":due": unix(due.At), ":one": num(1)},
	})
	if conditionFailed(err) || collided(err) {
		return job.ErrHeld
	}
	if err != nil {
		return unavailable("dynamo.Lanes", err)
	}
	return nil
}

// secondsUp is a time in Unix seconds, not before it.
func secondsUp(t time.Time) types.AttributeValue { return num((t.UnixMilli() + 999) / 1000) }

func pageLimit(n int) *int32 {
	return aws.Int32(int32(min(max(1, n), math.MaxInt16)))
}

// jobChange tells of every job that is over.
func jobChange(old, current Item) []Change {
	var was, is job.Job
	if current == nil || old != nil && readNoun(old, &was) != nil || readNoun(current, &is) != nil || !is.State.Over() || was.State.Over() {
		return nil
	}
	return []Change{{Type: "job.finished", Time: is.FinishedAt, Owner: is.Owner, Asset: is.Asset, Data: struct {
		JobID        string          `json:"job_id"`
		Kind         string          `json:"kind"`
		State        job.State       `json:"state"`
		ConnectionID string          `json:"connection_id,omitempty"`
		Asset        account.AssetID `json:"asset,omitempty"`
		Total        int             `json:"total"`
		Done         int             `json:"done"`
		Failed       int             `json:"failed"`
		Problem      *job.Problem    `json:"problem,omitempty"`
		CreatedAt    time.Time       `json:"created_at"`
		FinishedAt   time.Time       `json:"finished_at"`
	}{is.ID, is.Kind, is.State, is.ConnectionID, is.Asset, is.Total, is.Done, is.Failed, is.Problem, is.CreatedAt, is.FinishedAt}}}
}
