package queue

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tiktok-shop-affiliate/shared/fault"
)

// Hider is the part of the SQS client that a Postponer uses.
type Hider interface {
	ChangeMessageVisibility(ctx context.Context, in *sqs.ChangeMessageVisibilityInput, opts ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error)
}

// Postponer says when failed messages of one queue come again.
type Postponer struct {
	client Hider
	url    string
}

// NewPostponer postpones messages of the queue at url.
func NewPostponer(client Hider, url string) *Postponer { return &Postponer{client: client, url: url} }

// Postpone hides a message for so long, at most 12 hours from when it was
// received, instead of the queue's own visibility time-out. Its handler must
// still fail.
func (p *Postponer) Postpone(ctx context.Context, message events.SQSMessage, wait time.Duration) error {
	_, err := p.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &p.url, ReceiptHandle: &message.ReceiptHandle, VisibilityTimeout: int32(wait / time.Second), //nolint:gosec // hours
	})
	if err != nil {
		return fault.Wrap("queue.Postpone", fault.Unavailable, "the message comes again when the queue's own time is over", err)
	}
	return nil
}
