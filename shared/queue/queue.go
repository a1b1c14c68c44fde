// Package queue sends work to SQS and takes it from there. Delivery is at least
// once and in no order: whoever takes a message must be able to take it twice.
package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"tiktok-shop-affiliate/shared/fault"
)

// What one SendMessageBatch call takes. SQS has allowed 1 MiB since 2025, for
// queues whose MaximumMessageSize says so; 256 KiB holds for every queue.
const (
	maxBatchEntries = 10
	maxBatchBytes   = 256 << 10
)

// batchAttempts is how often the entries that SQS left out of a batch by its
// own fault are sent before SendBatch gives up.
const batchAttempts = 3

// Client is the part of the SQS client that a Sender uses.
type Client interface {
	SendMessage(ctx context.Context, in *sqs.SendMessageInput, opts ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, opts ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// Sender sends to one queue. It is safe for concurrent use.
type Sender struct {
	client Client
	url    string
}

// NewSender sends to the queue at url.
func NewSender(client Client, url string) *Sender { return &Sender{client: client, url: url} }

// Send sends v as JSON.
func (s *Sender) Send(ctx context.Context, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("queue.Send: %w", err)
	}
	return s.SendText(ctx, string(body), nil)
}

// maxDelay is how long SQS holds a message back at most. Source:
// SQS developer guide, "message timers".
const maxDelay = 15 * time.Minute

// SendLater sends v as JSON so that it arrives after the delay, at most maxDelay.
func (s *Sender) SendLater(ctx context.Context, v any, delay time.Duration) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("queue.SendLater: %w", err)
	}
	delay = min(max(0, delay), maxDelay)
	in := &sqs.SendMessageInput{QueueUrl: &s.url, MessageBody: aws.String(string(body)), DelaySeconds: int32((delay + time.Second - 1) / time.Second)}
	if _, err := s.client.SendMessage(ctx, in); err != nil {
		return unavailable("queue.SendLater", err)
	}
	return nil
}

// SendText sends a body as it is, with text attributes beside it. The body must
// not be empty and may hold only characters that XML 1.0 allows.
func (s *Sender) SendText(ctx context.Context, body string, attributes map[string]string) error {
	in := &sqs.SendMessageInput{QueueUrl: &s.url, MessageBody: &body}
	for name, value := range attributes {
		if in.MessageAttributes == nil {
			in.MessageAttributes = map[string]types.MessageAttributeValue{}
		}
		in.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	if _, err := s.client.SendMessage(ctx, in); err != nil {
		return unavailable("queue.Send", err)
	}
	return nil
}

// SendBatch sends each of messages as JSON, in as few calls as SQS allows. What
// SQS leaves out of a batch is sent again; the error tells of everything that
// was not taken in the end. The other messages are sent all the same.
func (s *Sender) SendBatch(ctx context.Context, messages []any) error {
	var faults []error
	var batch []types.SendMessageBatchRequestEntry
	size := 0
	flush := func() {
		if len(batch) > 0 {
			faults = append(faults, s.sendEntries(ctx, batch))
		}
		batch, size = nil, 0
	}
	for _, message := range messages {
		body, err := json.Marshal(message)
		if err != nil {
			faults = append(faults, fmt.Errorf("queue.SendBatch: %w", err))
			continue
		}
		if len(batch) == maxBatchEntries || size+len(body) > maxBatchBytes {
			flush()
		}
		batch = append(batch, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(len(batch))), MessageBody: aws.String(string(body))})
		size += len(body)
	}
	flush()
	return errors.Join(faults...)
}

// sendEntries sends one batch until SQS has taken or refused every entry.
func (s *Sender) sendEntries(ctx context.Context, entries []types.SendMessageBatchRequestEntry) error {
	var refused []error
	for range batchAttempts {
		out, err := s.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &s.url, Entries: entries})
		if err != nil {
			return errors.Join(append(refused, unavailable("queue.SendBatch", err))...)
		}
		again := map[string]bool{}
		for _, failed := range out.Failed {
			if failed.SenderFault {
				refused = append(refused, fault.New("queue.SendBatch", fault.Internal, "SQS refused a message: "+aws.ToString(failed.Code)))
				continue
			}
			again[aws.ToString(failed.Id)] = true
		}
		var left []types.SendMessageBatchRequestEntry
		for _, entry := range entries {
			if again[aws.ToString(entry.Id)] {
				left = append(left, entry)
			}
		}
		if entries = left; len(entries) == 0 {
			return errors.Join(refused...)
		}
	}
	left := fault.New("queue.SendBatch", fault.Unavailable, fmt.Sprintf("the queue did not take %d messages: repeat later", len(entries)))
	return errors.Join(append(refused, left)...)
}

func unavailable(op string, err error) error {
	return fault.Wrap(op, fault.Unavailable, "the queue did not take the message: repeat later", err)
}
