package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tiktok-shop-affiliate/shared/api"
	"tiktok-shop-affiliate/shared/dynamo"
)

const ownersUsage = "usage: affiliatectl owners [flags] list | set <client id> <owner> | remove <client id>"

// owners is the command "affiliatectl owners": it says which owner an OAuth
// client acts for.
func owners(ctx context.Context, cfg aws.Config, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("owners", flag.ContinueOnError)
	flags.SetOutput(out)
	stack := flags.String("stack", "tiktok-shop-affiliate", "the stack whose clients to look at")
	table := flags.String("table", "", "name of the accounts table (instead of -stack)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *table == "" {
		var err error
		if *table, err = accountsTable(ctx, cfg, *stack); err != nil {
			return err
		}
	}
	clients := dynamo.NewClients(dynamodb.NewFromConfig(cfg), *table)
	switch rest := flags.Args(); {
	case len(rest) == 1 && rest[0] == "list":
		return listOwners(ctx, clients, out)
	case len(rest) == 3 && rest[0] == "set" && rest[1] != "":
		if !api.IsOwner(rest[2]) {
			return fmt.Errorf("%q cannot be an owner: use up to 100 letters, digits and . _ : -", rest[2])
		}
		return clients.Set(ctx, rest[1], rest[2])
	case len(rest) == 2 && rest[0] == "remove":
		return clients.Remove(ctx, rest[1])
	}
	return errors.New(ownersUsage)
}

func listOwners(ctx context.Context, clients *dynamo.Clients, out io.Writer) error {
	for after := ""; ; {
		found, next, err := clients.List(ctx, after, 1000)
		if err != nil {
			return err
		}
		for _, client := range found {
			fmt.Fprintf(out, "%s\t%s\n", client.ID, client.Owner)
		}
		if after = next; after == "" {
			return nil
		}
	}
}

func accountsTable(ctx context.Context, cfg aws.Config, stack string) (string, error) {
	found, err := cloudformation.NewFromConfig(cfg).DescribeStackResource(ctx, &cloudformation.DescribeStackResourceInput{
		StackName: &stack, LogicalResourceId: aws.String("AccountsTable"),
	})
	if err != nil {
		return "", fmt.Errorf("looking for the accounts table of the stack %s: %w", stack, err)
	}
	return aws.ToString(found.StackResourceDetail.PhysicalResourceId), nil
}
