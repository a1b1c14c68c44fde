package dynamo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/idempotency"
	"tiktok-shop-affiliate/shared/idempotency/idempotencytest"
)

func TestOutcomes(t *testing.T) {
	t.Parallel()
	idempotencytest.TestStore(t, NewOutcomes(dynamodb.NewFromConfig(awstest.Config(t)), awstest.Tables(t).Records))
}

// meter adds up the write units that DynamoDB says puts and deletes took.
type meter struct{ units float64 }

func (m *meter) watch(o *dynamodb.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("meter", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			switch in := in.Parameters.(type) {
			case *dynamodb.PutItemInput:
				in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
			case *dynamodb.DeleteItemInput:
				in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
			}
			out, metadata, err := next.HandleInitialize(ctx, in)
			if err != nil {
				return out, metadata, err
			}
			switch out := out.Result.(type) {
			case *dynamodb.PutItemOutput:
				m.units += aws.ToFloat64(out.ConsumedCapacity.CapacityUnits)
			case *dynamodb.DeleteItemOutput:
				m.units += aws.ToFloat64(out.ConsumedCapacity.CapacityUnits)
			}
			return out, metadata, err
		}), middleware.After)
	})
}

func TestWhatIdempotencyCosts(t *testing.T) {
	t.Parallel()
	table := awstest.Tables(t).Records
	list := func(n int) []byte { // the answer to n links
		var items []map[string]any
		for i := range n {
			items = append(items, map[string]any{
				"index": i, "status": "created", "link_id": "link_" + rand.Text(), "url": "https://affiliate.tiktok.example/s/" + rand.Text(), "made_at": "2026-11-27T12:00:00Z",
			})
		}
		body, err := json.Marshal(map[string]any{"items": items})
		require.NoError(t, err)
		return body
	}
	random := make([]byte, 450<<10)
	_, _ = rand.Read(random)
	for name, c := range map[string]struct {
		body  []byte
		units float64
	}{
		"no body":                    {nil, 2},
		"as much as is kept plain":   {random[:plainOutcome], 2},
		"one link":                   {list(1), 2},
		"eight links":                {list(8), 2}, // 1.4 KB, 0.6 KB compressed
		"fifty links":                {list(50), 5},
		"more than an item can hold": {random, 2},
	} {
		t.Run(fmt.Sprintf("%s, %d bytes", name, len(c.body)), func(t *testing.T) {
			t.Parallel()
			m := new(meter)
			keeper := idempotency.NewKeeper(NewOutcomes(dynamodb.NewFromConfig(awstest.Config(t), m.watch), table), time.Now)
			request := idempotency.Request{Owner: "an-owner-with-a-name", Key: name, Fingerprint: make([]byte, 32)}
			claim, _, err := keeper.Begin(t.Context(), request)
			require.NoError(t, err)
			require.NoError(t, keeper.End(t.Context(), claim, idempotency.Outcome{Status: 200, ContentType: "application/json", Body: c.body}))
			t.Logf("%d bytes, %d compressed: %.0f write units", len(c.body), len(pack(c.body)), m.units)
			assert.LessOrEqual(t, m.units, c.units)
			assert.GreaterOrEqual(t, m.units, 2.0, "the meter counts")
		})
	}
}
