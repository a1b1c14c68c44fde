package dynamo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/delivery"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

var (
	deliveredAt = time.Unix(1_793_491_200, 0).UTC()
	testSeller  = account.NewID("main", tiktokshop.SellerAccount, "s1")
)

// deliveryBench is the deliveries of three tables of their own.
type deliveryBench struct {
	*Deliveries
	connections *Connections
}

func newDeliveryBench(t *testing.T, tune ...func(*dynamodb.Options)) deliveryBench {
	t.Helper()
	names := awstest.Tables(t)
	client := dynamodb.NewFromConfig(awstest.Config(t), tune...)
	return deliveryBench{
		Deliveries:  NewDeliveries(client, names.Accounts, names.Orders, names.Records, func() time.Time { return deliveredAt }),
		connections: NewConnections(client, names.Accounts, names.Orders),
	}
}

func (b deliveryBench) get(t *testing.T, table, pk, sk string) Item {
	t.Helper()
	out, err := b.client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table, Key: itemKey(pk, sk), ConsistentRead: aws.Bool(true)})
	require.NoError(t, err)
	return out.Item
}

func (b deliveryBench) delivery(t *testing.T, id string) Item {
	t.Helper()
	return b.get(t, b.records, deliveryPK("main", "main:creator:c1"), deliverySK(id))
}

// enrol stores an account with two shops, authorized at the time.
func (b deliveryBench) enrol(t *testing.T, at time.Time) {
	t.Helper()
	items := []types.TransactWriteItem{b.connections.accountItem(account.Account{ID: testSeller, State: account.Active, AuthorizedAt: at}, "test-owner", at)}
	for _, shop := range []account.AssetID{"shop:1", "shop:2"} {
		items = append(items, b.connections.assetItem(account.Asset{ID: shop, Account: testSeller, State: account.AssetActive, AuthorizedAt: at}, false))
	}
	_, err := b.client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: items})
	require.NoError(t, err)
}

func (b deliveryBench) asset(t *testing.T, id account.AssetID) Item {
	t.Helper()
	return b.get(t, b.accounts, accountPK(string(testSeller)), assetSK(string(id)))
}

func (b deliveryBench) account(t *testing.T) Item {
	t.Helper()
	return b.get(t, b.accounts, accountPK(string(testSeller)), accountSK())
}

func record(id string) delivery.Record {
	return delivery.Record{App: "main", ID: id, Type: 17, Subject: "main:creator:c1", Timestamp: deliveredAt, ReceivedAt: deliveredAt, Body: []byte(`{"type":17}`)}
}

func post(action delivery.Action, at time.Time) delivery.Posted {
	return delivery.Posted{Asset: "creator:main:c1", ProductID: "p1", ContentID: "v1", Scene: "VIDEO", Action: action, At: at}
}

func (b deliveryBench) content(t *testing.T) Item {
	t.Helper()
	return b.get(t, b.records, contentPK("creator:main:c1"), contentSK("p1", "v1"))
}

func TestDeliveryIsRecorded(t *testing.T) {
	t.Parallel()
	b := newDeliveryBench(t)
	large := record("large")
	large.Body = []byte(`{"type":17,"x":"` + strings.Repeat("ä", 3000) + `"}`)
	require.NoError(t, b.Save(t.Context(), record("plain"), delivery.Recorded, nil))
	require.NoError(t, b.Save(t.Context(), large, delivery.Recorded, nil))

	item := b.delivery(t, "plain")
	assert.Equal(t, entityDelivery, text(item, attrEntity))
	assert.Equal(t, int64(1), number(item, attrRev))
	assert.Equal(t, deliveredAt.Add(14*24*time.Hour), moment(item, attrTTL))
	assert.Equal(t, "recorded", text(item, "outcome"))
	assert.Equal(t, "main:creator:c1", text(item, "subject"))
	assert.Equal(t, int64(17), number(item, "type"))
	assert.Equal(t, `{"type":17}`, text(item, "body"))

	packed, ok := b.delivery(t, "large")["body_gzip"].(*types.AttributeValueMemberB)
	require.True(t, ok)
	assert.Less(t, len(packed.Value), 200)
	body, err := delivery.Unpack(packed.Value)
	require.NoError(t, err)
	assert.Equal(t, large.Body, body)
}

func TestDuplicatesHaveOneEffect(t *testing.T) {
	t.Parallel()
	for name, effects := range map[string][]delivery.Effect{
		"with an effect": {post(delivery.Added, deliveredAt)},
		"without":        nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newDeliveryBench(t)
			var writers errgroup.Group
			writers.SetLimit(16)
			for range 100 {
				writers.Go(func() error { return b.Save(t.Context(), record("n1"), delivery.Applied, effects) })
			}
			require.NoError(t, writers.Wait())
			assert.Equal(t, int64(99), number(b.delivery(t, "n1"), "duplicates"))
			if effects != nil {
				assert.Equal(t, int64(1), number(b.content(t), attrRev))
			}
		})
	}
}

// losing carries requests out and loses the first answer of each operation it
// is set to, as a crash between write and acknowledgement does.
type losing struct {
	http.RoundTripper
	operation string
}

func (l *losing) Do(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+l.operation) {
		l.operation = ""
		return nil, errors.Join(errors.New("the answer was lost"), response.Body.Close())
	}
	return response, err
}

func TestDeliveryWhoseAcknowledgementWasLost(t *testing.T) {
	t.Parallel()
	b := newDeliveryBench(t, func(o *dynamodb.Options) {
		o.HTTPClient, o.Retryer = &losing{operation: "TransactWriteItems"}, aws.NopRetryer{}
	})
	effects := []delivery.Effect{post(delivery.Added, deliveredAt)}
	require.Error(t, b.Save(t.Context(), record("n1"), delivery.Applied, effects))
	require.NoError(t, b.Save(t.Context(), record("n1"), delivery.Applied, effects))
	assert.Equal(t, int64(1), number(b.delivery(t, "n1"), "duplicates"))
	assert.Equal(t, int64(1), number(b.content(t), attrRev))
}

func TestContentIsOrderFree(t *testing.T) {
	t.Parallel()
	b := newDeliveryBench(t)
	events := []delivery.Posted{
		post(delivery.Added, deliveredAt),
		post(delivery.Updated, deliveredAt.Add(time.Second)),
		post(delivery.Removed, deliveredAt.Add(time.Second)), // of the same second, yet after the update
	}
	for round := range 6 {
		asset := account.AssetID(fmt.Sprintf("creator:main:c%d", round))
		order := rand.Perm(len(events))
		for _, n := range order {
			e := events[n]
			e.Asset = asset
			require.NoError(t, b.Save(t.Context(), record(fmt.Sprint(round, n)), delivery.Applied, []delivery.Effect{e}))
		}
		item := b.get(t, b.records, contentPK(string(asset)), contentSK("p1", "v1"))
		assert.Equal(t, "REMOVE", text(item, "action"), "order %v", order)
		assert.Equal(t, []string{"webhook"}, item["sources"].(*types.AttributeValueMemberSS).Value)
		if order[0] == 2 {
			assert.Equal(t, "superseded", text(b.delivery(t, fmt.Sprint(round, 0)), "outcome"))
		}
	}
}

func TestEffectsOnAccounts(t *testing.T) {
	t.Parallel()
	at := deliveredAt
	t.Run("a shop and then the grant end", func(t *testing.T) {
		t.Parallel()
		b := newDeliveryBench(t)
		b.enrol(t, at.Add(-time.Hour))
		require.NoError(t, b.Save(t.Context(), record("n1"), delivery.Applied, []delivery.Effect{delivery.Deauthorized{Asset: "shop:1", Account: testSeller, At: at}}))
		assert.Equal(t, "deauthorized", text(b.asset(t, "shop:1"), "state"))
		assert.Equal(t, "active", text(b.asset(t, "shop:2"), "state"))
		assert.Equal(t, "active", text(b.account(t), "state"))

		require.NoError(t, b.Save(t.Context(), record("n2"), delivery.Applied, []delivery.Effect{
			delivery.Deauthorized{Asset: "shop:2", Account: testSeller, At: at}, delivery.Revoked{Account: testSeller, At: at},
		}))
		assert.Equal(t, "deauthorized", text(b.asset(t, "shop:2"), "state"))
		assert.Equal(t, "revoked", text(b.account(t), "state"))
		assert.Equal(t, "applied", text(b.delivery(t, "n2"), "outcome"))
	})
	t.Run("a newer consent wins", func(t *testing.T) {
		t.Parallel()
		b := newDeliveryBench(t)
		b.enrol(t, at.Add(time.Second))
		require.NoError(t, b.Save(t.Context(), record("n1"), delivery.Applied, []delivery.Effect{
			delivery.Deauthorized{Asset: "shop:2", Account: testSeller, At: at}, delivery.Revoked{Account: testSeller, At: at},
		}))
		assert.Equal(t, "active", text(b.asset(t, "shop:2"), "state"))
		assert.Equal(t, "active", text(b.account(t), "state"))
		assert.Equal(t, "superseded", text(b.delivery(t, "n1"), "outcome"))
	})
	t.Run("what is not superseded is applied", func(t *testing.T) {
		t.Parallel()
		b := newDeliveryBench(t)
		b.enrol(t, at.Add(-time.Hour))
		require.NoError(t, b.Save(t.Context(), record("n1"), delivery.Applied, []delivery.Effect{
			delivery.Deauthorized{Asset: "shop:absent", Account: testSeller, At: at}, delivery.Expiring{Account: testSeller, At: at.Add(time.Hour)},
		}))
		assert.Equal(t, at.Add(time.Hour), moment(b.account(t), "expiry_warned"))
		assert.Equal(t, "applied", text(b.delivery(t, "n1"), "outcome"))
	})
}

func TestOrdersArePulledForward(t *testing.T) {
	t.Parallel()
	b := newDeliveryBench(t)
	_, err := b.client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{enrolOrders(b.orders.table, "shop:1", deliveredAt.Add(time.Hour))}})
	require.NoError(t, err)
	var writers errgroup.Group
	writers.SetLimit(16)
	for n := range 32 {
		writers.Go(func() error {
			return b.Save(t.Context(), record(fmt.Sprint(n)), delivery.Applied, []delivery.Effect{delivery.OrderMoved{Asset: "shop:1", OrderID: fmt.Sprint(n)}})
		})
	}
	require.NoError(t, writers.Wait())
	schedule := b.get(t, b.orders.table, schedulePK("shop:1"), scheduleSK())
	assert.Equal(t, deliveredAt, moment(schedule, attrDueAt))
	assert.Equal(t, int64(2), number(schedule, attrRev), "one pull serves them all")
	for n := range 32 {
		assert.Equal(t, "applied", text(b.delivery(t, fmt.Sprint(n)), "outcome"))
	}

	require.NoError(t, b.Save(t.Context(), record("unread"), delivery.Applied, []delivery.Effect{delivery.OrderMoved{Asset: "shop:2", OrderID: "1"}}))
	assert.Nil(t, b.get(t, b.orders.table, schedulePK("shop:2"), scheduleSK()), "an asset that is not read stays so")
}

func TestSaveEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := newDeliveryBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.Save(ctx, record("n1"), delivery.Recorded, nil), context.Canceled)
}

func TestReplayCountsOnce(t *testing.T) {
	t.Parallel()
	b := newDeliveryBench(t)
	again := func(n int) delivery.Record {
		r := record("7")
		r.Replay = n
		return r
	}
	require.NoError(t, b.Save(t.Context(), again(1), delivery.Applied, []delivery.Effect{post(delivery.Added, deliveredAt)}))
	assert.Nil(t, b.delivery(t, "7"), "what is not remembered is not replayed")
	assert.Nil(t, b.content(t))

	require.NoError(t, b.Save(t.Context(), record("7"), delivery.Unmatched, nil))
	group, ctx := errgroup.WithContext(t.Context())
	for range 16 {
		group.Go(func() error {
			return b.Save(ctx, again(1), delivery.Applied, []delivery.Effect{post(delivery.Added, deliveredAt)})
		})
	}
	require.NoError(t, group.Wait())
	item := b.delivery(t, "7")
	assert.Equal(t, int64(1), number(item, "replays"))
	assert.Equal(t, "unmatched", text(item, "outcome"))
	assert.Equal(t, "applied", text(item, "replay_outcome"))
	assert.Equal(t, int64(0), number(item, "duplicates"))
	assert.Equal(t, int64(1), number(b.content(t), attrRev), "one effect")

	require.NoError(t, b.Save(t.Context(), again(2), delivery.Applied, []delivery.Effect{post(delivery.Added, deliveredAt)}))
	item = b.delivery(t, "7")
	assert.Equal(t, "superseded", text(item, "replay_outcome"), "the effect is there already")
	assert.Equal(t, int64(2), number(item, "replays"))
	require.NoError(t, b.Save(t.Context(), again(1), delivery.Recorded, nil), "a straggler")
	assert.Equal(t, int64(2), number(b.delivery(t, "7"), "replays"))
	require.NoError(t, b.Save(t.Context(), again(3), delivery.Recorded, nil))
	assert.Equal(t, "recorded", text(b.delivery(t, "7"), "replay_outcome"))
	assert.Equal(t, int64(1), number(b.content(t), attrRev))

	stored, err := b.Delivery(t.Context(), delivery.Ref{App: "main", Subject: "main:creator:c1", ID: "7"})
	require.NoError(t, err)
	assert.Equal(t, delivery.Stored{
		Record: record("7"), Place: "00000000000000000007", Outcome: delivery.Unmatched, ProcessedAt: deliveredAt,
		Replays: 3, ReplayedAt: deliveredAt, ReplayOutcome: delivery.Recorded,
	}, stored)
}

func TestDeliveryPlacesRiseWithTikTokShopsIDs(t *testing.T) {
	t.Parallel()
	places := []string{deliverySK(strings.Repeat("f", 64)), deliverySK(strings.Repeat("1", 64)), deliverySK("9"), deliverySK("10"), deliverySK("7380066284010030890"), deliverySK("7380066284010030891"), deliverySK("18446744073709551615")}
	assert.IsNonDecreasing(t, places[2:])
	assert.Less(t, places[0], places[2], "those without an id come before")
	assert.Less(t, places[1], places[2])
}
