package dynamo

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/order"
)

// Values implements conversion.Reader: for each month one query for the days,
// and one for the dimension's parts if there is a day that has some.
func (r *Rollups) Values(ctx context.Context, asset account.AssetID, perspective order.Perspective, by conversion.Dimension, from, to time.Time, each func(time.Time, conversion.Values)) error {
	for month := startOf(from); month.Before(to); month = month.AddDate(0, 1, 0) {
		first, last := from, to.Add(-time.Second)
		if month.After(first) {
			first = month
		}
		if end := endOf(month); last.After(end) {
			last = end
		}
		pk, partPK := rollupPK(string(asset), string(perspective), month), rollupPartPK(string(asset), string(perspective), string(by), month)
		if err := r.monthValues(ctx, pk, partPK, by, first, last, each); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rollups) monthValues(ctx context.Context, pk, partPK string, by conversion.Dimension, first, last time.Time, each func(time.Time, conversion.Values)) error {
	parts := map[string]int{} // of large days, by the day's part of the key
	err := r.rollupItems(ctx, pk, rollupDaySK(first), rollupDaySK(last), func(_ string, day time.Time, item Item) error {
		kept := readKeptDay(item)
		if kept.parts != nil {
			parts[dayText(day)] = len(kept.parts[by]) / 8
			return nil
		}
		if len(kept.sums) == 0 { // nothing but opened
			return nil
		}
		text, err := inflated(kept.sums)
		if err != nil {
			return err
		}
		var all map[conversion.Dimension]json.RawMessage
		if err := json.Unmarshal(text, &all); err != nil {
			return err
		}
		return tell(day, all[by], each)
	})
	if err != nil || len(parts) == 0 {
		return err
	}
	return r.rollupItems(ctx, partPK, rollupDaySK(first), rollupDaySK(last)+"#~", func(rest string, day time.Time, item Item) error {
		number, err := strconv.Atoi(strings.TrimPrefix(rest, "#"))
		if err != nil || number >= parts[dayText(day)] {
			return err
		}
		text, err := inflated(bytesOf(item, attrSums))
		if err != nil {
			return err
		}
		return tell(day, text, each)
	})
}

func tell(day time.Time, text []byte, each func(time.Time, conversion.Values)) error {
	if len(text) == 0 {
		return nil
	}
	var values conversion.Values
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	if len(values) > 0 {
		each(day, values)
	}
	return nil
}

func dayText(day time.Time) string { return day.Format("20060102") }

// rollupItems reads items whose keys are a day and a rest.
func (r *Rollups) rollupItems(ctx context.Context, pk, from, to string, do func(rest string, day time.Time, item Item) error) error {
	pages := dynamodb.NewQueryPaginator(r.client, &dynamodb.QueryInput{
		TableName: &r.table, KeyConditionExpression: aws.String("pk = :pk AND sk BETWEEN :from AND :to"),
		ExpressionAttributeValues: Item{":pk": str(pk), ":from": str(from), ":to": str(to)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unavailable("dynamo.Rollup", err)
		}
		for _, item := range page.Items {
			at := text(item, attrSK)
			day, err := time.Parse("20060102", at[:min(8, len(at))])
			if err == nil {
				err = do(at[min(8, len(at)):], day, item)
			}
			if err != nil {
				return fmt.Errorf("dynamo.Rollup: item %s %s: %w", pk, text(item, attrSK), err)
			}
		}
	}
	return nil
}
