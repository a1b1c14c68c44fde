package awstest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// Names are the tables of one test.
type Names struct{ Accounts, Orders, Records string }

// Tables makes the accounts, orders and records tables with the keys, indexes
// and streams template.yaml gives them. Expiry (TTL) is left out: on AWS it
// comes up to days late, so no test may count on it, and a test's fixed clock
// must not make its items vanish.
func Tables(t testing.TB) Names {
	t.Helper()
	tables := template(t)
	return Names{
		Accounts: create(t, tables, "AccountsTable"),
		Orders:   create(t, tables, "OrdersTable"),
		Records:  create(t, tables, "RecordsTable"),
	}
}

// Table makes one table of template.yaml, such as "FeedTable", in the same way.
func Table(t testing.TB, id string) string {
	t.Helper()
	return create(t, template(t), id)
}

type attribute struct {
	AttributeName string `yaml:"AttributeName"`
	AttributeType string `yaml:"AttributeType"`
}

type key struct {
	AttributeName string `yaml:"AttributeName"`
	KeyType       string `yaml:"KeyType"`
}

// table is what a test needs of an AWS::DynamoDB::Table. The field names are
// CloudFormation's.
type table struct {
	AttributeDefinitions   []attribute `yaml:"AttributeDefinitions"`
	KeySchema              []key       `yaml:"KeySchema"`
	GlobalSecondaryIndexes []struct {
		IndexName  string `yaml:"IndexName"`
		KeySchema  []key  `yaml:"KeySchema"`
		Projection struct {
			ProjectionType   string   `yaml:"ProjectionType"`
			NonKeyAttributes []string `yaml:"NonKeyAttributes"`
		} `yaml:"Projection"`
	} `yaml:"GlobalSecondaryIndexes"`
	StreamSpecification *struct {
		StreamViewType string `yaml:"StreamViewType"`
	} `yaml:"StreamSpecification"`
}

// template reads the tables of the template at the module's root. It decodes
// only their own nodes, so the intrinsic tags of the others do not matter.
func template(t testing.TB) map[string]table {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root(t), "template.yaml"))
	require.NoError(t, err)
	var doc struct {
		Resources map[string]struct {
			Type       string    `yaml:"Type"`
			Properties yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	require.NoError(t, yaml.Unmarshal(raw, &doc))
	tables := map[string]table{}
	for id, resource := range doc.Resources {
		if resource.Type != "AWS::DynamoDB::Table" {
			continue
		}
		var one table
		require.NoError(t, resource.Properties.Decode(&one), id)
		tables[id] = one
	}
	return tables
}

// root is the folder of go.mod, above the package under test.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		require.NotEqual(t, filepath.Dir(dir), dir, "no go.mod above the test")
		dir = filepath.Dir(dir)
	}
}

func create(t testing.TB, tables map[string]table, id string) string {
	t.Helper()
	shape, ok := tables[id]
	require.True(t, ok, "template.yaml has no table %s", id)
	in := &dynamodb.CreateTableInput{
		TableName:   aws.String(unique(strings.ToLower(strings.TrimSuffix(id, "Table")))),
		BillingMode: types.BillingModePayPerRequest,
		KeySchema:   keys(shape.KeySchema),
	}
	for _, a := range shape.AttributeDefinitions {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String(a.AttributeName), AttributeType: types.ScalarAttributeType(a.AttributeType)})
	}
	for _, index := range shape.GlobalSecondaryIndexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(index.IndexName), KeySchema: keys(index.KeySchema),
			Projection: &types.Projection{ProjectionType: types.ProjectionType(index.Projection.ProjectionType), NonKeyAttributes: index.Projection.NonKeyAttributes},
		})
	}
	if s := shape.StreamSpecification; s != nil {
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewType(s.StreamViewType)}
	}
	client := dynamodb.NewFromConfig(Config(t))
	_, err := client.CreateTable(t.Context(), in)
	require.NoError(t, err)
	cleanup(t, func(ctx context.Context) error {
		_, err := client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: in.TableName})
		return err
	})
	return *in.TableName
}

func keys(ks []key) []types.KeySchemaElement {
	out := make([]types.KeySchemaElement, 0, len(ks))
	for _, k := range ks {
		out = append(out, types.KeySchemaElement{AttributeName: aws.String(k.AttributeName), KeyType: types.KeyType(k.KeyType)})
	}
	return out
}
