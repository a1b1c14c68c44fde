package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/queue"
)

type wake struct {
	Asset string `json:"asset"`
}

func TestSenderOverTheWire(t *testing.T) {
	t.Parallel()
	client := sqs.NewFromConfig(awstest.Config(t))
	open := func(t *testing.T) (sender *queue.Sender, url string) {
		t.Helper()
		url = awstest.Queue(t)
		return queue.NewSender(client, url), url
	}
	t.Run("one message as JSON", func(t *testing.T) {
		t.Parallel()
		sender, url := open(t)
		require.NoError(t, sender.Send(t.Context(), wake{Asset: "shop:1"}))
		assert.Equal(t, []string{`{"asset":"shop:1"}`}, awstest.Receive(t, url, 1))
	})
	t.Run("a message for later", func(t *testing.T) {
		t.Parallel()
		sender, url := open(t)
		require.NoError(t, sender.SendLater(t.Context(), wake{Asset: "shop:1"}, time.Hour), "more than the queue can hold it back")
		require.NoError(t, sender.SendLater(t.Context(), wake{Asset: "shop:2"}, -time.Second))
		assert.Equal(t, []string{`{"asset":"shop:2"}`}, awstest.Receive(t, url, 1))
		assert.Empty(t, awstest.Receive(t, url, 0))
	})
	t.Run("text keeps its bytes and its attributes", func(t *testing.T) {
		t.Parallel()
		sender, url := open(t)
		require.NoError(t, sender.SendText(t.Context(), "{ \"a\":\t1}", map[string]string{"app": "main"}))
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MessageAttributeNames: []string{"All"}, WaitTimeSeconds: 5})
		require.NoError(t, err)
		require.Len(t, out.Messages, 1)
		assert.Equal(t, "{ \"a\":\t1}", aws.ToString(out.Messages[0].Body))
		assert.Equal(t, "main", aws.ToString(out.Messages[0].MessageAttributes["app"].StringValue))
		_, err = client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: out.Messages[0].ReceiptHandle})
		require.NoError(t, err)
	})
	t.Run("a batch larger than one call", func(t *testing.T) {
		t.Parallel()
		sender, url := open(t)
		var messages []any
		var want []string
		for i := range 23 {
			messages = append(messages, wake{Asset: fmt.Sprintf("shop:%02d", i)})
			want = append(want, fmt.Sprintf(`{"asset":"shop:%02d"}`, i))
		}
		require.NoError(t, sender.SendBatch(t.Context(), messages))
		got := awstest.Receive(t, url, 23)
		assert.ElementsMatch(t, want, got)
	})
	t.Run("a message that is put off comes again when its time is over", func(t *testing.T) {
		t.Parallel()
		sender, url := open(t)
		require.NoError(t, sender.Send(t.Context(), wake{Asset: "shop:1"}))
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 5, VisibilityTimeout: 600})
		require.NoError(t, err)
		require.Len(t, out.Messages, 1)
		message := events.SQSMessage{ReceiptHandle: aws.ToString(out.Messages[0].ReceiptHandle)}
		postponer := queue.NewPostponer(client, url)
		require.NoError(t, postponer.Postpone(t.Context(), message, time.Hour))
		assert.Empty(t, awstest.Receive(t, url, 0), "not yet")
		require.NoError(t, postponer.Postpone(t.Context(), message, 0))
		assert.Len(t, awstest.Receive(t, url, 1), 1)
		err = queue.NewPostponer(client, url+"-absent").Postpone(t.Context(), message, time.Hour)
		assert.Equal(t, fault.Unavailable, fault.KindOf(err))
	})
	t.Run("a queue that is not there", func(t *testing.T) {
		t.Parallel()
		_, url := open(t)
		err := queue.NewSender(client, url+"-absent").Send(t.Context(), wake{})
		assert.Equal(t, fault.Unavailable, fault.KindOf(err))
	})
}

// faulty fails entries of batches as SQS can, which the emulator cannot.
type faulty struct {
	queue.Client
	answer func(entry types.SendMessageBatchRequestEntry) *types.BatchResultErrorEntry

	mu      sync.Mutex
	batches [][]string
}

func (f *faulty) SendMessageBatch(_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := &sqs.SendMessageBatchOutput{}
	var bodies []string
	for _, entry := range in.Entries {
		bodies = append(bodies, aws.ToString(entry.MessageBody))
		if failed := f.answer(entry); failed != nil {
			failed.Id = entry.Id
			out.Failed = append(out.Failed, *failed)
		}
	}
	f.batches = append(f.batches, bodies)
	return out, nil
}

func TestSendBatchPartialFailures(t *testing.T) {
	t.Parallel()
	messages := []any{"a", "b", "c"}
	t.Run("what SQS left out is sent again", func(t *testing.T) {
		t.Parallel()
		first := true
		f := &faulty{answer: func(e types.SendMessageBatchRequestEntry) *types.BatchResultErrorEntry {
			if aws.ToString(e.MessageBody) == `"b"` && first {
				first = false
				return &types.BatchResultErrorEntry{Code: aws.String("InternalError")}
			}
			return nil
		}}
		require.NoError(t, queue.NewSender(f, "q").SendBatch(t.Context(), messages))
		assert.Equal(t, [][]string{{`"a"`, `"b"`, `"c"`}, {`"b"`}}, f.batches)
	})
	t.Run("what stays out is an error", func(t *testing.T) {
		t.Parallel()
		f := &faulty{answer: func(e types.SendMessageBatchRequestEntry) *types.BatchResultErrorEntry {
			return &types.BatchResultErrorEntry{Code: aws.String("InternalError")}
		}}
		err := queue.NewSender(f, "q").SendBatch(t.Context(), messages)
		assert.Equal(t, fault.Unavailable, fault.KindOf(err))
		assert.ErrorContains(t, err, "3 messages")
		assert.Len(t, f.batches, 3)
	})
	t.Run("what SQS refuses is not repeated and spoils no other", func(t *testing.T) {
		t.Parallel()
		f := &faulty{answer: func(e types.SendMessageBatchRequestEntry) *types.BatchResultErrorEntry {
			if aws.ToString(e.MessageBody) == `"a"` {
				return &types.BatchResultErrorEntry{Code: aws.String("InvalidMessageContents"), SenderFault: true}
			}
			return nil
		}}
		assert.ErrorContains(t, queue.NewSender(f, "q").SendBatch(t.Context(), messages), "InvalidMessageContents")
		assert.Len(t, f.batches, 1)
	})
	t.Run("a batch stays below the size of a call", func(t *testing.T) {
		t.Parallel()
		f := &faulty{answer: func(types.SendMessageBatchRequestEntry) *types.BatchResultErrorEntry { return nil }}
		big := strings.Repeat("x", 100<<10)
		require.NoError(t, queue.NewSender(f, "q").SendBatch(t.Context(), []any{big, big, big, "small"}))
		require.Len(t, f.batches, 2)
		assert.Len(t, f.batches[0], 2)
	})
	t.Run("nothing to send is no call", func(t *testing.T) {
		t.Parallel()
		f := &faulty{}
		require.NoError(t, queue.NewSender(f, "q").SendBatch(t.Context(), nil))
		assert.Empty(t, f.batches)
	})
}

func records(bodies ...string) events.SQSEvent {
	var event events.SQSEvent
	for i, body := range bodies {
		event.Records = append(event.Records, events.SQSMessage{MessageId: fmt.Sprintf("m%d", i), Body: body})
	}
	return event
}

func failures(response events.SQSEventResponse) []string {
	ids := []string{}
	for _, f := range response.BatchItemFailures {
		ids = append(ids, f.ItemIdentifier)
	}
	return ids
}

func TestConsume(t *testing.T) {
	t.Parallel()
	each := queue.JSON(func(_ context.Context, w wake) error {
		switch w.Asset {
		case "bad":
			return errors.New("refused")
		case "panic":
			panic("boom")
		}
		return nil
	})
	for _, c := range []struct {
		name   string
		bodies []string
		want   []string
	}{
		{"all good", []string{`{"asset":"a"}`, `{"asset":"b"}`}, []string{}},
		{"no message", nil, []string{}},
		{"one of three fails", []string{`{"asset":"a"}`, `{"asset":"bad"}`, `{"asset":"b"}`}, []string{"m1"}},
		{"not JSON", []string{`{"asset":`, `{"asset":"a"}`, `[]`}, []string{"m0", "m2"}},
		{"a panic is one failure", []string{`{"asset":"panic"}`, `{"asset":"a"}`}, []string{"m0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			response := queue.Consume(t.Context(), records(c.bodies...), 2, each)
			assert.Equal(t, c.want, failures(response))
			encoded, err := json.Marshal(response)
			require.NoError(t, err)
			assert.NotContains(t, string(encoded), "null")
		})
	}
}

func TestConsumeBoundsItsConcurrency(t *testing.T) {
	t.Parallel()
	var running atomic.Int32
	all := make(chan struct{}) // closed once three run together: fewer would never end
	queue.Consume(t.Context(), records(slices.Repeat([]string{"x"}, 3)...), 3, func(context.Context, events.SQSMessage) error {
		if running.Add(1) == 3 {
			close(all)
		}
		<-all
		return nil
	})
	running.Store(0)
	queue.Consume(t.Context(), records(slices.Repeat([]string{"x"}, 40)...), 3, func(context.Context, events.SQSMessage) error {
		assert.LessOrEqual(t, running.Add(1), int32(3))
		running.Add(-1)
		return nil
	})
}

func TestConsumeBeginsNothingAfterTheDeadline(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	response := queue.Consume(ctx, records("x"), 1, func(context.Context, events.SQSMessage) error {
		t.Error("must not begin")
		return nil
	})
	assert.Equal(t, []string{"m0"}, failures(response))
}

func FuzzConsume(f *testing.F) {
	f.Add(`{"asset":"shop:1"}`, `{"asset":"shop:1"`, 2)
	f.Add(`null`, `{"asset":[]}`, 0)
	f.Add("\xff", `{"asset":"a","asset":"b","Asset":"c"} `, -1)
	f.Fuzz(func(t *testing.T, one, two string, concurrency int) {
		event := events.SQSEvent{Records: []events.SQSMessage{{MessageId: "one", Body: one}, {MessageId: "two", Body: two}}}
		response := queue.Consume(t.Context(), event, concurrency%100, queue.JSON(func(_ context.Context, w wake) error {
			if w.Asset == "" {
				panic("an empty message")
			}
			return nil
		}))
		var want []events.SQSBatchItemFailure
		for _, message := range event.Records {
			var w wake
			if json.Unmarshal([]byte(message.Body), &w) != nil || w.Asset == "" {
				want = append(want, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
			}
		}
		assert.ElementsMatch(t, want, response.BatchItemFailures)
		assert.NotNil(t, response.BatchItemFailures)
	})
}
