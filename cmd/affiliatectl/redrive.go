package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// lane is a queue with the dead-letter queue behind it.
type lane struct{ name, queue, dead string } // queue and dead are URLs

// redriver moves dead letters back into the queues they came from. It receives,
// sends and deletes, so a message is in at least one of the two queues all the
// time; an interrupted run can leave one in both, which every consumer bears.
type redriver struct {
	stacks *cloudformation.Client
	queues *sqs.Client
	out    io.Writer
}

// redrive is the command "affiliatectl redrive".
func redrive(ctx context.Context, cfg aws.Config, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("redrive", flag.ContinueOnError)
	flags.SetOutput(out)
	list := flags.Bool("list", false, "show the dead letters and move nothing")
	stack := flags.String("stack", "tiktok-shop-affiliate", "the stack whose queues to look at")
	dead := flags.String("dlq", "", "URL of a dead-letter queue; needs -to (instead of -stack)")
	to := flags.String("to", "", "URL of the queue its messages go to")
	var names []string
	flags.Func("queue", "logical `name` of a queue, such as WebhookQueue; can be repeated (default: all)", func(name string) error {
		names = append(names, name)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	if (*dead == "") != (*to == "") {
		return errors.New("-dlq and -to belong together")
	}
	r := &redriver{stacks: cloudformation.NewFromConfig(cfg), queues: sqs.NewFromConfig(cfg), out: out}
	lanes := []lane{{name: "messages", queue: *to, dead: *dead}}
	if *dead == "" {
		var err error
		if lanes, err = r.lanes(ctx, *stack, names); err != nil {
			return err
		}
	}
	act := r.move
	if *list {
		act = r.list
	}
	for _, l := range lanes {
		if err := act(ctx, l); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return nil
}

// lanes finds the stack's queues that have a dead-letter queue.
func (r *redriver) lanes(ctx context.Context, stack string, names []string) ([]lane, error) {
	var lanes []lane
	var found []string
	pages := cloudformation.NewListStackResourcesPaginator(r.stacks, &cloudformation.ListStackResourcesInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("looking for the queues of the stack %s: %w", stack, err)
		}
		for _, resource := range page.StackResourceSummaries {
			name, url := aws.ToString(resource.LogicalResourceId), aws.ToString(resource.PhysicalResourceId)
			if aws.ToString(resource.ResourceType) != "AWS::SQS::Queue" {
				continue
			}
			dead, err := r.deadLetters(ctx, url)
			if err != nil {
				return nil, err
			}
			if dead == "" {
				continue
			}
			found = append(found, name)
			if len(names) == 0 || slices.Contains(names, name) {
				lanes = append(lanes, lane{name: name, queue: url, dead: dead})
			}
		}
	}
	for _, name := range names {
		if !slices.Contains(found, name) {
			return nil, fmt.Errorf("the stack %s has no queue %s with dead letters; it has %s", stack, name, strings.Join(found, ", "))
		}
	}
	return lanes, nil
}

// deadLetters is the URL of the queue's dead-letter queue, empty when it has none.
func (r *redriver) deadLetters(ctx context.Context, url string) (string, error) {
	out, err := r.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameRedrivePolicy}})
	if err != nil {
		return "", err
	}
	policy := out.Attributes[string(types.QueueAttributeNameRedrivePolicy)]
	if policy == "" {
		return "", nil
	}
	var redrive struct {
		Target string `json:"deadLetterTargetArn"`
	}
	if err := json.Unmarshal([]byte(policy), &redrive); err != nil {
		return "", fmt.Errorf("the redrive policy of %s: %w", url, err)
	}
	name := redrive.Target[strings.LastIndexByte(redrive.Target, ':')+1:]
	dead, err := r.queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return "", err
	}
	return aws.ToString(dead.QueueUrl), nil
}

// list prints how many dead letters there are and the first ten of them.
func (r *redriver) list(ctx context.Context, l lane) error {
	count, err := r.count(ctx, l.dead)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(r.out, "%s: %d dead\n", l.name, count); err != nil || count == 0 {
		return err
	}
	messages, err := r.receive(ctx, l.dead, 1)
	for _, m := range messages {
		sent, _ := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
		fmt.Fprintf(r.out, "  %s  %s  %.100s\n", aws.ToString(m.MessageId), time.UnixMilli(sent).UTC().Format(time.RFC3339), aws.ToString(m.Body))
	}
	return err
}

// move takes as many messages as there are now, so that a message that fails
// again is not moved for ever.
func (r *redriver) move(ctx context.Context, l lane) error {
	count, err := r.count(ctx, l.dead)
	if err != nil {
		return err
	}
	moved := 0
	defer func() { fmt.Fprintf(r.out, "%s: %d of %d moved back\n", l.name, moved, count) }()
	for moved < count {
		messages, err := r.receive(ctx, l.dead, 60)
		if err != nil || len(messages) == 0 {
			return err
		}
		for _, m := range messages {
			if _, err := r.queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &l.queue, MessageBody: m.Body, MessageAttributes: m.MessageAttributes}); err != nil {
				return err
			}
			if _, err := r.queues.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &l.dead, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return err
			}
			moved++
		}
	}
	return nil
}

// count is how many messages a queue holds, those included that someone has
// just received.
func (r *redriver) count(ctx context.Context, url string) (int, error) {
	names := []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}
	out, err := r.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: names})
	if err != nil {
		return 0, err
	}
	total := 0
	for _, name := range names {
		n, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// receive takes up to ten messages and hides them for so many seconds.
func (r *redriver) receive(ctx context.Context, url string, hide int32) ([]types.Message, error) {
	out, err := r.queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, VisibilityTimeout: hide,
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp},
	})
	if err != nil {
		return nil, err
	}
	return out.Messages, nil
}
