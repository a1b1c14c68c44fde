package dynamo

import (
	"context"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

const (
	batchKeys   = 100 // of one BatchGetItem call
	batchCalls  = 8   // under way at a time
	batchReads  = 16  // of single partitions, at a time
	batchRounds = 5   // for what DynamoDB leaves out of an answer
)

// batchGet hands out the items that are there, in no order, one at a time.
func batchGet(ctx context.Context, op string, client *dynamodb.Client, table string, keys []Item, each func(Item)) error {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(batchCalls)
	for some := range slices.Chunk(keys, batchKeys) {
		group.Go(func() error {
			asked := map[string]types.KeysAndAttributes{table: {Keys: some}}
			for round := 1; len(asked) > 0; round++ {
				out, err := client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: asked})
				if err != nil {
					return unavailable(op, err)
				}
				mu.Lock()
				for _, item := range out.Responses[table] {
					each(item)
				}
				mu.Unlock()
				if asked = out.UnprocessedKeys; len(asked) == 0 {
					break
				}
				if round == batchRounds {
					return unavailable(op, errLeftOut)
				}
				if err := pause(ctx, round); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
