package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/delivery"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/seal"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

// fixed is a secret that never changes.
type fixed redact.Secret

func (f fixed) Value(context.Context) (redact.Secret, error) { return redact.Secret(f), nil }
func (f fixed) Reload(context.Context) (bool, error)         { return false, nil }

// bench is the function with real tables, and a sandbox for TikTok Shop.
type bench struct {
	*handler
	tiktok      *sandboxtest.Server
	client      *tiktokshop.Client
	vault       *account.Vault
	tables      *dynamodb.Client
	names       awstest.Names
	connections *dynamo.Connections
	number      int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{tiktok: sandboxtest.Start(t), tables: dynamodb.NewFromConfig(awstest.Config(t)), names: awstest.Tables(t)}
	b.connections = dynamo.NewConnections(b.tables, b.names.Accounts, b.names.Orders)
	keyset, err := seal.NewKeyset()
	require.NoError(t, err)
	b.vault = account.NewVault(seal.New(fixed(keyset)))
	b.client, err = tiktokshop.New(tiktokshop.Options{BaseURL: b.tiktok.BaseURL, AuthURL: b.tiktok.BaseURL})
	require.NoError(t, err)
	apps := fmt.Sprintf(`{"apps":[{"name":"main","key":%q,"secret":%q,"seller_service_id":"1","portal":"us","accounts":["seller","creator"]}]}`, b.tiktok.App.Key, b.tiktok.App.Secret)
	grants := account.NewGrants(account.GrantsOptions{
		Store: b.connections.Accounts, TikTok: b.client, Apps: app.NewRegistry(fixed(redact.New(apps))), Vault: b.vault, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	store := dynamo.NewDeliveries(b.tables, b.names.Accounts, b.names.Orders, b.names.Records, time.Now)
	b.handler = &handler{processor: delivery.NewProcessor(b.connections.Accounts, shops{grants: grants, tiktok: b.client}, store)}
	return b
}

// connect lets a user of the sandbox consent a minute ago.
func (b *bench) connect(t *testing.T, user string, kind tiktokshop.AccountKind) account.ID {
	t.Helper()
	set, err := b.client.ExchangeCode(t.Context(), tiktokshop.App{Key: b.tiktok.App.Key, Secret: redact.New(b.tiktok.App.Secret)}, b.tiktok.Code(t, user))
	require.NoError(t, err)
	id, at := account.NewID("main", kind, set.OpenID), time.Now().UTC().Add(-time.Minute)
	sealed, err := b.vault.Seal(t.Context(), id, account.Tokens{Access: set.AccessToken, Refresh: set.RefreshToken})
	require.NoError(t, err)
	assets := []account.Asset{{ID: account.CreatorAsset("main", set.OpenID)}}
	if kind == tiktokshop.SellerAccount {
		assets = nil
		for n := range 2 {
			assets = append(assets, account.Asset{ID: account.ShopAsset(b.shop(t, user, n))})
		}
	}
	for i := range assets {
		assets[i].Account, assets[i].State, assets[i].AuthorizedAt = id, account.AssetActive, at
	}
	require.NoError(t, b.connections.PutState(t.Context(), user, connection.Pending{ExpiresAt: at.Add(time.Hour)}))
	require.NoError(t, b.connections.Enrol(t.Context(), connection.Enrolment{
		State: user, RefreshAt: set.AccessExpiresAt, Assets: assets,
		Account: account.Account{
			ID: id, State: account.Active, AuthorizedAt: at, Sealed: sealed, Scopes: set.Scopes,
			AccessExpiresAt: set.AccessExpiresAt, RefreshExpiresAt: set.RefreshExpiresAt,
		},
		Connection: connection.Connection{ID: "conn_" + user, Owner: "owner-a", Account: id, ConnectedAt: at},
	}))
	return id
}

// shop is the id of a seller's n-th shop.
func (b *bench) shop(t *testing.T, seller string, n int) string {
	t.Helper()
	for _, u := range b.tiktok.State().Users {
		if u.ID == seller {
			return u.Shops[n].ID
		}
	}
	require.FailNow(t, "no such seller", seller)
	return ""
}

// webhook is a message with a notification from now. subject is "shop_id" or
// "creator_open_id" with its value.
func (b *bench) webhook(kind int, subject, value, data string) events.SQSMessage {
	b.number++
	return b.message(fmt.Sprintf(`{"type":%d,"tts_notification_id":"n%d","%s":"%s","timestamp":%d,"data":%s}`, kind, b.number, subject, value, time.Now().Unix(), data))
}

func (b *bench) message(body string) events.SQSMessage {
	b.number++
	text, attributes := delivery.Message{App: "main", ReceivedAt: time.Now(), Body: []byte(body)}.Text()
	message := events.SQSMessage{MessageId: fmt.Sprintf("m%d", b.number), Body: text, MessageAttributes: map[string]events.SQSMessageAttribute{}}
	for name, value := range attributes {
		message.MessageAttributes[name] = events.SQSMessageAttribute{DataType: "String", StringValue: &value}
	}
	return message
}

// handle gives messages to the function and returns the ids of those that failed.
func (b *bench) handle(t *testing.T, messages ...events.SQSMessage) []string {
	t.Helper()
	response, err := b.Handle(t.Context(), events.SQSEvent{Records: messages})
	require.NoError(t, err)
	require.NotNil(t, response.BatchItemFailures)
	var failed []string
	for _, f := range response.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed
}

// outcomes counts the deliveries that are recorded, by outcome.
func (b *bench) outcomes(t *testing.T) map[string]int {
	t.Helper()
	out, err := b.tables.Scan(t.Context(), &dynamodb.ScanInput{TableName: &b.names.Records})
	require.NoError(t, err)
	counts := map[string]int{}
	for _, item := range out.Items {
		if outcome, ok := item["outcome"].(*types.AttributeValueMemberS); ok {
			counts[outcome.Value]++
		}
	}
	return counts
}

func (b *bench) states(t *testing.T, id account.ID) (account.State, map[account.AssetID]account.AssetState) {
	t.Helper()
	a, err := b.connections.Account(t.Context(), id)
	require.NoError(t, err)
	held, err := b.connections.Assets(t.Context(), id)
	require.NoError(t, err)
	states := map[account.AssetID]account.AssetState{}
	for _, asset := range held {
		states[asset.ID] = asset.State
	}
	return a.State, states
}

func TestShopsAreDeauthorizedOneByOne(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.connect(t, sandboxtest.AuroraHome, tiktokshop.SellerAccount)
	first, second := b.shop(t, sandboxtest.AuroraHome, 0), b.shop(t, sandboxtest.AuroraHome, 1)

	assert.Empty(t, b.handle(t, b.webhook(6, "shop_id", first, `{"message":"x"}`)))
	state, assets := b.states(t, id)
	assert.Equal(t, account.Active, state)
	assert.Equal(t, account.AssetActive, assets[account.ShopAsset(first)], "TikTok Shop still lists the shop")

	require.NoError(t, b.tiktok.DeauthorizeShop("main", first))
	assert.Empty(t, b.handle(t, b.webhook(6, "shop_id", first, `{"message":"x"}`)))
	state, assets = b.states(t, id)
	assert.Equal(t, account.Active, state)
	assert.Equal(t, account.AssetDeauthorized, assets[account.ShopAsset(first)])
	assert.Equal(t, account.AssetActive, assets[account.ShopAsset(second)])

	require.NoError(t, b.tiktok.DeauthorizeShop("main", second))
	assert.Empty(t, b.handle(t, b.webhook(6, "shop_id", second, `{"message":"x"}`)))
	state, assets = b.states(t, id)
	assert.Equal(t, account.Revoked, state)
	assert.Equal(t, account.AssetDeauthorized, assets[account.ShopAsset(second)])
	assert.Equal(t, map[string]int{"unconfirmed": 1, "applied": 2}, b.outcomes(t))
}

func TestCreatorPostsAndLeaves(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.connect(t, sandboxtest.MiaLane, tiktokshop.CreatorAccount)
	posting := b.webhook(17, "creator_open_id", id.OpenID(), `{"product_id":"p1","event":{"type":"ADD","scene":"VIDEO","content_id":"v1"}}`)
	assert.Empty(t, b.handle(t, posting, posting, posting, posting, posting))
	assert.Equal(t, map[string]int{"applied": 1}, b.outcomes(t))

	long := fmt.Sprintf(`{"cancel_time":%d}`, time.Now().Add(-time.Hour).Unix())
	assert.Empty(t, b.handle(t, b.webhook(20, "creator_open_id", id.OpenID(), long)))
	state, _ := b.states(t, id)
	assert.Equal(t, account.Active, state, "it was revoked before it was authorized")

	assert.Empty(t, b.handle(t, b.webhook(20, "creator_open_id", id.OpenID(), fmt.Sprintf(`{"cancel_time":"%d"}`, time.Now().Unix()))))
	state, _ = b.states(t, id)
	assert.Equal(t, account.Revoked, state)
	assert.Equal(t, map[string]int{"applied": 2, "superseded": 1}, b.outcomes(t))
}

func TestABatchOfAllSorts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.connect(t, sandboxtest.AuroraHome, tiktokshop.SellerAccount)
	shop := b.shop(t, sandboxtest.AuroraHome, 0)
	poison, unsent := b.message(`{"type":17,`), b.webhook(56, "shop_id", shop, `{}`)
	unsent.MessageAttributes = nil
	failed := b.handle(t,
		b.webhook(7, "shop_id", shop, fmt.Sprintf(`{"message":"x","expiration_time":"%d"}`, time.Now().Add(720*time.Hour).Unix())),
		b.webhook(1, "shop_id", shop, `{"order_id":"o1","order_status":"UNPAID"}`),
		poison,
		b.webhook(56, "shop_id", shop, `{"application_id":"a"}`),
		unsent,
		b.webhook(999, "shop_id", shop, `{"future":true}`),
		b.webhook(17, "creator_open_id", "stranger", `{"product_id":"p1","event":{"type":"ADD","scene":"VIDEO","content_id":"v1"}}`),
		b.webhook(33, "shop_id", shop, `{"content":"`+strings.Repeat("x", 5000)+`"}`),
	)
	assert.Equal(t, []string{poison.MessageId, unsent.MessageId}, failed)
	assert.Equal(t, map[string]int{"applied": 2, "recorded": 3, "unmatched": 1}, b.outcomes(t))
}

func TestSampleEvent(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../events/webhook-processor.json")
	require.NoError(t, err)
	var event events.SQSEvent
	require.NoError(t, json.Unmarshal(raw, &event))
	b := newBench(t)
	assert.Empty(t, b.handle(t, event.Records...))
	assert.Equal(t, map[string]int{"unmatched": 2, "recorded": 1}, b.outcomes(t))
}
