package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/order"
	"tiktok-shop-affiliate/shared/order/ordertest"
)

// failing is a roller that cannot add up some days.
type failing struct {
	bad    map[string]bool
	rolled []string
}

func (f *failing) Roll(_ context.Context, keys []conversion.Key) (int, map[conversion.Key]error) {
	failed := map[conversion.Key]error{}
	for _, key := range keys {
		name := string(key.Asset) + " " + string(key.Perspective) + " " + key.Day.Format(time.DateOnly)
		f.rolled = append(f.rolled, name)
		if f.bad[name] {
			failed[key] = errors.New("down")
		}
	}
	return 0, failed
}

func record(pk, sk, sequence string) events.DynamoDBEventRecord {
	return events.DynamoDBEventRecord{Change: events.DynamoDBStreamRecord{
		SequenceNumber: sequence, Keys: map[string]events.DynamoDBAttributeValue{"pk": events.NewStringAttribute(pk), "sk": events.NewStringAttribute(sk)},
	}}
}

func TestEachDayIsAddedUpOnce(t *testing.T) {
	t.Parallel()
	batch := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{
		record("rows#shop:1#seller#202611", "1793534400#1#5#0", "1"), // 2026-11-01T12:00:00Z
		record("rows#shop:1#seller#202611", "1793577599#2#5#0", "2"), // 23:59:59
		record("rows#shop:1#seller#202611", "1793577600#3#5#0", "3"), // midnight
		record("windows#shop:1#seller", "1793577600", "4"),
		record("rows#tap:a:partner:b:1:US#tap#202611", "1793577600#3#5#0", "5"),
		record("rows#shop:1#seller#202611", "1793577601#4#5#0", "6"),
	}}
	days := []string{"shop:1 seller 2026-11-01", "shop:1 seller 2026-11-02", "tap:a:partner:b:1:US tap 2026-11-02"}
	for name, test := range map[string]struct {
		bad  map[string]bool
		want []events.DynamoDBBatchItemFailure
	}{
		"all well":         {nil, []events.DynamoDBBatchItemFailure{}},
		"the last fails":   {map[string]bool{days[2]: true}, []events.DynamoDBBatchItemFailure{{ItemIdentifier: "5"}}},
		"two of them fail": {map[string]bool{days[2]: true, days[1]: true}, []events.DynamoDBBatchItemFailure{{ItemIdentifier: "3"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &failing{bad: test.bad}
			response, err := (&handler{days: f}).Handle(t.Context(), batch)
			require.NoError(t, err)
			assert.Equal(t, days, f.rolled)
			assert.Equal(t, test.want, response.BatchItemFailures, "the stream goes on from the first")
		})
	}
	response, err := (&handler{days: &failing{}}).Handle(t.Context(), events.DynamoDBEvent{})
	require.NoError(t, err)
	assert.NotNil(t, response.BatchItemFailures)
}

func TestSampleEvent(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../events/order-roller.json")
	require.NoError(t, err)
	var batch events.DynamoDBEvent
	require.NoError(t, json.Unmarshal(raw, &batch))
	f := &failing{}
	_, err = (&handler{days: f}).Handle(t.Context(), batch)
	require.NoError(t, err)
	assert.Equal(t, []string{"shop:7495540735365777507 seller 2026-11-01"}, f.rolled)
}

func TestRowsInTheTableAreAddedUp(t *testing.T) {
	t.Parallel()
	db, table := dynamodb.NewFromConfig(awstest.Config(t)), awstest.Tables(t).Orders
	sums, rows := dynamo.NewRollups(db, table), dynamo.NewOrders(db, table)
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	row := ordertest.TAPRow(t, "tap:a:partner:b:1:US", "1", at, "PENDING")
	require.NoError(t, rows.Create(t.Context(), order.Lease{Fence: 1}, row))
	h := &handler{days: conversion.NewRoller(conversion.RollerOptions{Store: sums, Now: func() time.Time { return at }})}
	response, err := h.Handle(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record("rows#tap:a:partner:b:1:US#tap#202611", "1793534400#1#1729384756473829105#0", "1")}})
	require.NoError(t, err)
	assert.Empty(t, response.BatchItemFailures)
	q := conversion.Query{Perspective: order.TAP, By: conversion.ByCreator, Interval: conversion.Daily, Zone: time.UTC, From: conversion.DayOf(at).AddDate(0, 0, -1), To: conversion.DayOf(at).AddDate(0, 0, 2)}
	lines, _, err := q.Read(t.Context(), sums, []account.AssetID{row.Asset}, nil, 10)
	require.NoError(t, err)
	require.Len(t, lines, 1)
	assert.Equal(t, []string{"2026-11-01", "mia.lane.finds", "49.98 USD"}, []string{lines[0].From, *lines[0].Key, lines[0].Base.Estimated.String()})
}
