package dynamo

import (
	"errors"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Attribute values. text, number, octets, moment and texts read an attribute that may
// be absent; str, num, binary, unix and strs make one.

func str(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }

func num(v int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(v, 10)}
}

func strs(vs []string) types.AttributeValue {
	list := make([]types.AttributeValue, 0, len(vs))
	for _, v := range vs {
		list = append(list, str(v))
	}
	return &types.AttributeValueMemberL{Value: list}
}

// set is a set of texts, at least one.
func set(vs ...string) types.AttributeValue { return &types.AttributeValueMemberSS{Value: vs} }

func binary(v []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: v} }

func octets(item Item, name string) []byte {
	if b, ok := item[name].(*types.AttributeValueMemberB); ok {
		return b.Value
	}
	return nil
}

// unix is a time in Unix seconds; the zero time is 0.
func unix(t time.Time) types.AttributeValue {
	if t.IsZero() {
		return num(0)
	}
	return num(t.Unix())
}

func moment(item Item, name string) time.Time {
	if n := number(item, name); n != 0 {
		return time.Unix(n, 0).UTC()
	}
	return time.Time{}
}

func texts(item Item, name string) []string {
	list, ok := item[name].(*types.AttributeValueMemberL)
	if !ok {
		return nil
	}
	out := make([]string, 0, len(list.Value))
	for _, v := range list.Value {
		if s, ok := v.(*types.AttributeValueMemberS); ok {
			out = append(out, s.Value)
		}
	}
	return out
}

func itemKey(pk, sk string) Item { return Item{attrPK: str(pk), attrSK: str(sk)} }

// names are the placeholders of attributes whose names DynamoDB reserves: #state
// for state.
func names(reserved ...string) map[string]string {
	placeholders := make(map[string]string, len(reserved))
	for _, name := range reserved {
		placeholders["#"+name] = name
	}
	return placeholders
}

// failedItem is the first item of a transaction whose condition failed; -1 when
// none did.
func failedItem(err error) int {
	var together *types.TransactionCanceledException
	if errors.As(err, &together) {
		for i, reason := range together.CancellationReasons {
			if reason.Code != nil && *reason.Code == "ConditionalCheckFailed" {
				return i
			}
		}
	}
	return -1
}

// conditionFailed reports whether a write was refused by its own condition,
// alone or in a transaction.
func conditionFailed(err error) bool {
	var alone *types.ConditionalCheckFailedException
	if errors.As(err, &alone) {
		return true
	}
	return failedItem(err) >= 0
}
