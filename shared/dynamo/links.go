package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tiktok-shop-affiliate/shared/link"
)

// Links keeps the promotion links of owners in the records table.
type Links struct {
	db    *dynamodb.Client
	table string
}

// NewLinks keeps links in table.
func NewLinks(db *dynamodb.Client, table string) *Links { return &Links{db: db, table: table} }

// Find returns the owner's link with the key, found or not.
func (s *Links) Find(ctx context.Context, owner string, purpose link.Purpose, key string) (l link.Link, found bool, err error) {
	out, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: itemKey(linksPK(owner), linkSK(string(purpose), key)), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return l, false, unavailable("dynamo.Links", err)
	}
	if out.Item == nil {
		return l, false, nil
	}
	return l, true, readNoun(out.Item, &l)
}

// Save stores the link. When another request stored the same link since it was
// read, that one stays: both are good.
func (s *Links) Save(ctx context.Context, l link.Link) error {
	before := l.Rev
	l.Rev++
	item, err := nounItem(entityLink, linksPK(l.Owner), linkSK(string(l.Purpose), l.Key), l)
	if err != nil {
		return err
	}
	_, err = s.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: item,
		ConditionExpression:       aws.String("attribute_not_exists(pk) OR rev = :before"),
		ExpressionAttributeValues: Item{":before": num(before)},
	})
	if err != nil && !conditionFailed(err) {
		return unavailable("dynamo.Links", err)
	}
	return nil
}

// linkChange tells of every link that was made.
func linkChange(_, current Item) []Change {
	var l link.Link
	if current == nil || readNoun(current, &l) != nil {
		return nil
	}
	return []Change{{Type: "link.created", Time: l.MadeAt, Owner: l.Owner, Asset: l.Asset, Data: struct {
		LinkID       string `json:"link_id"`
		ConnectionID string `json:"connection_id"`
		link.Ask
		URL      string `json:"url"`
		DeepLink string `json:"deep_link,omitempty"`
		OneLink  string `json:"one_link,omitempty"`
	}{l.ID(), l.ConnectionID, l.Ask, l.URL, l.DeepLink, l.OneLink}}}
}

// The nouns of this package that carry json tags are stored under those names.

func nounItem(entity, pk, sk string, noun any) (Item, error) {
	item, err := attributevalue.MarshalMapWithOptions(noun, func(o *attributevalue.EncoderOptions) { o.TagKey = "json" })
	if err != nil {
		return nil, fmt.Errorf("encoding a %s: %w", entity, err)
	}
	item[attrPK], item[attrSK], item[attrEntity] = str(pk), str(sk), str(entity)
	return item, nil
}

func readNoun(item Item, noun any) error {
	if err := attributevalue.UnmarshalMapWithOptions(item, noun, func(o *attributevalue.DecoderOptions) { o.TagKey = "json" }); err != nil {
		return fmt.Errorf("decoding a %s: %w", text(item, attrEntity), err)
	}
	return nil
}
