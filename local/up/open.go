package up

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// ErrNotRunning says that the profile's stack is not there.
var ErrNotRunning = errors.New("nothing is running; `make local` starts it")

// Open looks at the stack that an earlier Up has left running. The error is
// ErrNotRunning when there is none.
func (p Profile) Open(ctx context.Context) (*Stack, error) {
	if !answers(ctx, p.emulator().ready) {
		return nil, ErrNotRunning
	}
	s := &Stack{Profile: p}
	if err := s.read(ctx); err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrNotRunning, err)
	}
	return s, s.findCallers(ctx)
}

// findCallers lists the API clients that makeCallers made.
func (s *Stack) findCallers(ctx context.Context) error {
	client := cognitoidentityprovider.NewFromConfig(s.AWS())
	pool := aws.String(s.Outputs["UserPoolId"])
	pages := cognitoidentityprovider.NewListUserPoolClientsPaginator(client, &cognitoidentityprovider.ListUserPoolClientsInput{UserPoolId: pool, MaxResults: aws.Int32(60)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the API clients: %w", err)
		}
		for _, found := range page.UserPoolClients {
			if !slices.Contains(owners(), aws.ToString(found.ClientName)) {
				continue
			}
			one, err := client.DescribeUserPoolClient(ctx, &cognitoidentityprovider.DescribeUserPoolClientInput{UserPoolId: pool, ClientId: found.ClientId})
			if err != nil {
				return fmt.Errorf("reading the API client %s: %w", aws.ToString(found.ClientName), err)
			}
			s.Callers = append(s.Callers, Caller{
				Owner: aws.ToString(found.ClientName), ClientID: aws.ToString(found.ClientId), ClientSecret: aws.ToString(one.UserPoolClient.ClientSecret),
			})
		}
	}
	return nil
}

// Resource is the physical id of a resource of the template; empty when the
// stack does not have it.
func (s *Stack) Resource(logicalID string) string {
	if _, ok := s.deployed.Resources[logicalID]; !ok {
		return ""
	}
	return s.deployed.refs[logicalID]
}

// Properties are a resource's properties as they were deployed, where they are
// made of texts, parameters and the ids of resources.
func (s *Stack) Properties(logicalID string) map[string]any {
	properties, _ := s.deployed.resolve(s.deployed.Resources[logicalID].Properties).(map[string]any)
	return properties
}
