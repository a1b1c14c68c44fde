package main

import (
	"encoding/json"
	"io"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/local/runtimeapi"
	"tiktok-shop-affiliate/local/runtimeapi/runtimeapitest"
	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/connection/connectiontest"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/order"
)

// binary is the function's real binary with a deployment of its own: tables,
// secrets and a sandbox over HTTP.
type binary struct {
	*connectiontest.World
	t        *testing.T
	store    *dynamo.Orders
	function runtimeapi.Function
	assets   []account.AssetID
}

// newBinary deploys the binary at path for a seller with two shops and a
// creator who have sold.
func newBinary(t *testing.T, path string) *binary {
	t.Helper()
	b := &binary{World: connectiontest.New(t, connectiontest.Options{Now: time.Now}), t: t}
	b.store = dynamo.NewOrders(b.DB, b.Tables.Orders)
	b.function = runtimeapi.Function{
		Path: path, Name: "order-fetcher", Timeout: 25 * time.Second, Log: io.Discard,
		Env: []string{
			"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_ENDPOINT_URL=" + os.Getenv(awstest.Endpoint),
			"ACCOUNTS_TABLE=" + b.Tables.Accounts, "ORDERS_TABLE=" + b.Tables.Orders, "TIKTOK_API_URL=" + b.TikTok.BaseURL, "TIKTOK_AUTH_URL=" + b.TikTok.BaseURL,
			"APPS_SECRET_ID=" + awstest.Secret(t, string(b.AppsSecret)), "KEYSET_SECRET_ID=" + awstest.Secret(t, string(b.KeysetSecret)),
		},
	}
	for _, sale := range []sandbox.NewOrders{
		{Count: 260, Shop: "7495000000000000001", DaysAgo: 27, SpreadDays: 26, Outcome: sandbox.Settles},
		{Count: 40, Shop: "7495000000000000001", DaysAgo: 20, SpreadDays: 10, SameSKU: true, Via: "open"},
		{Count: 220, Shop: "7495000000000000002", DaysAgo: 27, SpreadDays: 26},
	} {
		_, err := b.TikTok.CreateOrders(sale)
		require.NoError(t, err)
	}
	b.TikTok.FinishOrders()
	for _, user := range []string{sandboxtest.AuroraHome, sandboxtest.MiaLane} {
		for _, asset := range b.Connect(t, "acme", user).Assets {
			b.assets = append(b.assets, asset.ID)
		}
	}
	return b
}

func (b *binary) start() *runtimeapi.Process {
	b.t.Helper()
	process, err := runtimeapi.Start(b.t.Context(), b.function)
	require.NoError(b.t, err)
	b.t.Cleanup(process.Kill)
	return process
}

// wake is a message for each asset.
func (b *binary) wake() []byte {
	b.t.Helper()
	var batch events.SQSEvent
	for _, asset := range b.assets {
		body, err := json.Marshal(order.Wake{Asset: asset})
		require.NoError(b.t, err)
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: string(asset), Body: string(body)})
	}
	event, err := json.Marshal(batch)
	require.NoError(b.t, err)
	return event
}

// searches is how many pages of orders TikTok Shop was asked for.
func (b *binary) searches() (n int) {
	calls := b.TikTok.Truth().Calls
	for _, operation := range []string{sellerSearch, creatorSearch} {
		for _, times := range calls[operation] {
			n += times
		}
	}
	return n
}

// unread is how many assets have not been read in full yet.
func (b *binary) unread() (n int) {
	for _, asset := range b.assets {
		windows, err := b.store.Windows(b.t.Context(), asset, order.Perspective(asset.Perspective()))
		require.NoError(b.t, err)
		if len(windows) == 0 || windows[0].ReadAt.IsZero() {
			n++
		}
	}
	return n
}

func TestKilledReadersChangeNothingInTheResult(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits for leases to end")
	}
	b := newBinary(t, runtimeapitest.Build(t))
	for _, pages := range []int{3, 2} { // asked for, but not stored in full
		var copies [3]*runtimeapi.Process
		for i := range copies {
			copies[i] = b.start()
		}
		before, ctx := b.searches(), t.Context()
		var group errgroup.Group
		for _, process := range copies { // one message brings three copies at once
			group.Go(func() error {
				_, err := process.Invoke(ctx, b.wake())
				return err
			})
		}
		require.Eventually(t, func() bool { return b.searches() >= before+pages }, time.Minute, time.Millisecond)
		for _, process := range copies {
			process.Kill()
		}
		require.ErrorIs(t, group.Wait(), runtimeapi.ErrEnded)
		require.Positive(t, b.unread(), "they were killed in the middle")
		require.Eventually(t, func() bool { // until their leases have ended
			for _, asset := range b.assets {
				reading, err := b.store.Reading(ctx, asset, time.Now())
				if err != nil || reading.Busy {
					return false
				}
			}
			return true
		}, time.Minute, 100*time.Millisecond)
	}
	survivor := b.start()
	for rounds := 0; b.unread() > 0; rounds++ {
		require.Less(t, rounds, 20)
		answer, err := survivor.Invoke(t.Context(), b.wake())
		require.NoError(t, err)
		require.JSONEq(t, `{"batchItemFailures":[]}`, string(answer.Body))
	}

	judge := &bench{t: t, clock: &clock{now: time.Now()}, tiktok: b.TikTok, store: b.store, assets: map[account.AssetID]account.Asset{}}
	for _, asset := range b.assets {
		judge.assets[asset] = account.Asset{ID: asset}
	}
	judge.agree()
	for _, asset := range b.assets {
		for _, row := range judge.rows(asset) {
			assert.Equal(t, int64(1), row.Rev, "written once: %+v", row.Key)
		}
	}
}
