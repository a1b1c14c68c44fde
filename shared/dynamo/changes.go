package dynamo

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tiktok-shop-affiliate/shared/account"
)

// Item is a stored item.
type Item = map[string]types.AttributeValue

// Change is something that happened to a noun, told by what was written. The
// noun's own function fills in the type, the data, and whom it concerns: an
// owner where one is known, else an account or an asset, whose owners are
// looked up.
type Change struct {
	ID      string    // the item's key, its revision and the type: the same whenever the record is read again
	Type    string    // for example "order.created"
	Time    time.Time // when it was written, unless the noun knows better
	Owner   string
	Account account.ID
	Asset   account.AssetID
	Data    any // becomes JSON

	WrittenAt time.Time
	PK, SK    string // of the item
}

// Changes tells what a stream record means to the world. Most writes mean
// nothing to it.
func Changes(record events.DynamoDBEventRecord) ([]Change, error) {
	old, err := streamItem(record.Change.OldImage)
	if err != nil {
		return nil, err
	}
	current, err := streamItem(record.Change.NewImage)
	if err != nil {
		return nil, err
	}
	item, gone := current, ""
	if item == nil {
		item, gone = old, "#gone"
	}
	changes := nounChanges(old, current, text(item, attrEntity))
	for i := range changes {
		c := &changes[i]
		c.PK, c.SK = text(item, attrPK), text(item, attrSK)
		c.ID = fmt.Sprintf("%s/%s#%d%s#%s", c.PK, c.SK, number(item, attrRev), gone, c.Type)
		c.WrittenAt = record.Change.ApproximateCreationDateTime.UTC()
		if c.Time.IsZero() {
			c.Time = c.WrittenAt
		}
	}
	return changes, nil
}

// nounChanges asks the noun. Of old and current one is nil when the item is new or
// gone.
func nounChanges(old, current Item, entity string) []Change {
	switch entity {
	case entityAccount:
		return accountChange(old, current)
	case entityAsset:
		return assetChange(old, current)
	case entityConnection:
		return connectionChange(old, current)
	case entityContent:
		return contentChange(old, current)
	case entityJob:
		return jobChange(old, current)
	case entityLink:
		return linkChange(old, current)
	case entityOrder:
		return orderChange(old, current)
	case entityReview:
		return reviewChange(old, current)
	}
	return nil
}

// streamItem turns the stream's form of an item into the SDK's; nil when there
// is none.
func streamItem(image map[string]events.DynamoDBAttributeValue) (Item, error) {
	if len(image) == 0 {
		return nil, nil
	}
	item := make(Item, len(image))
	for name, value := range image {
		converted, err := streamValue(value)
		if err != nil {
			return nil, fmt.Errorf("dynamo.Changes: attribute %s: %w", name, err)
		}
		item[name] = converted
	}
	return item, nil
}

func streamValue(v events.DynamoDBAttributeValue) (types.AttributeValue, error) {
	switch v.DataType() {
	case events.DataTypeString:
		return &types.AttributeValueMemberS{Value: v.String()}, nil
	case events.DataTypeNumber:
		return &types.AttributeValueMemberN{Value: v.Number()}, nil
	case events.DataTypeBoolean:
		return &types.AttributeValueMemberBOOL{Value: v.Boolean()}, nil
	case events.DataTypeBinary:
		return &types.AttributeValueMemberB{Value: v.Binary()}, nil
	case events.DataTypeNull:
		return &types.AttributeValueMemberNULL{Value: true}, nil
	case events.DataTypeStringSet:
		return &types.AttributeValueMemberSS{Value: v.StringSet()}, nil
	case events.DataTypeNumberSet:
		return &types.AttributeValueMemberNS{Value: v.NumberSet()}, nil
	case events.DataTypeBinarySet:
		return &types.AttributeValueMemberBS{Value: v.BinarySet()}, nil
	case events.DataTypeMap:
		m, err := streamItem(v.Map())
		if m == nil {
			m = Item{}
		}
		return &types.AttributeValueMemberM{Value: m}, err
	case events.DataTypeList:
		list := make([]types.AttributeValue, 0, len(v.List()))
		for _, element := range v.List() {
			converted, err := streamValue(element)
			if err != nil {
				return nil, err
			}
			list = append(list, converted)
		}
		return &types.AttributeValueMemberL{Value: list}, nil
	}
	return nil, fmt.Errorf("unknown type %d", v.DataType())
}

// text and number read an attribute that may be absent.

func text(item Item, name string) string {
	if s, ok := item[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func number(item Item, name string) int64 {
	if s, ok := item[name].(*types.AttributeValueMemberN); ok {
		n, _ := strconv.ParseInt(s.Value, 10, 64)
		return n
	}
	return 0
}
