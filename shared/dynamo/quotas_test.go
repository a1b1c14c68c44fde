package dynamo

import (
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/quota"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

var testQuota = quota.Key{App: "key-1", Asset: "shop:1", Class: tiktokshop.Orders}

func TestQuotasKeepWhatIsRemembered(t *testing.T) {
	t.Parallel()
	table := awstest.Tables(t).Accounts
	quotas := NewQuotas(dynamodb.NewFromConfig(awstest.Config(t)), table)
	got, err := quotas.Load(t.Context(), testQuota)
	require.NoError(t, err)
	assert.Equal(t, quota.State{}, got)

	state := quota.State{
		NotBefore: reviewedAt.Add(1500 * time.Millisecond), Strikes: 2, Rate: 2.5, RatedAt: reviewedAt,
		Until: reviewedAt.Add(time.Hour), Code: 45101004, Day: reviewedAt.Truncate(24 * time.Hour), Calls: 300, WeekEnd: reviewedAt.Add(48 * time.Hour),
		Retired: map[string]quota.Retirement{"Seller.ProductLink": {Until: reviewedAt.Add(24 * time.Hour), Code: 36009014}},
	}
	require.NoError(t, quotas.Save(t.Context(), testQuota, state, reviewedAt.Add(72*time.Hour)))
	got, err = quotas.Load(t.Context(), testQuota)
	require.NoError(t, err)
	state.Rev = 1
	assert.Equal(t, state, got)

	stale := state
	stale.Rev = 0
	assert.Equal(t, fault.Conflict, fault.KindOf(quotas.Save(t.Context(), testQuota, stale, reviewedAt)), "somebody was quicker")
	state.Retired, state.Code = nil, 0
	require.NoError(t, quotas.Save(t.Context(), testQuota, state, reviewedAt.Add(72*time.Hour)))
	got, err = quotas.Load(t.Context(), testQuota)
	require.NoError(t, err)
	state.Rev = 2
	assert.Equal(t, state, got)

	out, err := quotas.client.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: &table, Key: itemKey("quota#key-1#shop:1#orders", "quota"), ConsistentRead: aws.Bool(true),
	})
	require.NoError(t, err)
	assert.Equal(t, entityQuota, text(out.Item, attrEntity))
	assert.Equal(t, reviewedAt.Add(72*time.Hour).Unix(), number(out.Item, attrTTL))
}

// TestTwoProcessesHonourOnePause has two ledgers with nothing in common but the
// table.
func TestTwoProcessesHonourOnePause(t *testing.T) {
	t.Parallel()
	table, cfg := awstest.Tables(t).Accounts, awstest.Config(t)
	now := func() time.Time { return reviewedAt }
	process := func() *quota.Ledger {
		return quota.NewLedger(NewQuotas(dynamodb.NewFromConfig(cfg), table), now, slog.New(slog.DiscardHandler))
	}
	about := tiktokshop.Subject{App: "key-1", Asset: "shop:1", Class: tiktokshop.Orders, Operation: "Seller.SearchOrders"}
	one := process()
	require.Nil(t, one.Admit(t.Context(), about))
	one.Settle(t.Context(), about, &tiktokshop.Error{Op: about.Operation, Kind: tiktokshop.RateLimited, Code: 36009002, RetryAfter: 40 * time.Second})

	refusal := process().Admit(t.Context(), about)
	require.NotNil(t, refusal)
	assert.Equal(t, tiktokshop.RateLimited, refusal.Kind)
	assert.Equal(t, 40*time.Second, refusal.RetryAfter)
}

// TestManyProcessesAreToldAtOnce: nothing that one of them was told gets lost.
func TestManyProcessesAreToldAtOnce(t *testing.T) {
	t.Parallel()
	table, cfg := awstest.Tables(t).Accounts, awstest.Config(t)
	var all errgroup.Group
	for _, operation := range []string{"Seller.A", "Seller.B", "Seller.C"} {
		ledger := quota.NewLedger(NewQuotas(dynamodb.NewFromConfig(cfg), table), func() time.Time { return reviewedAt }, slog.New(slog.DiscardHandler))
		all.Go(func() error {
			ledger.Settle(t.Context(), tiktokshop.Subject{App: "key-1", Asset: "shop:1", Class: tiktokshop.Orders, Operation: operation},
				&tiktokshop.Error{Op: operation, Kind: tiktokshop.Retired, Code: 36009014})
			return nil
		})
	}
	require.NoError(t, all.Wait())
	state, err := NewQuotas(dynamodb.NewFromConfig(cfg), table).Load(t.Context(), testQuota)
	require.NoError(t, err)
	assert.Len(t, state.Retired, 3)
}
