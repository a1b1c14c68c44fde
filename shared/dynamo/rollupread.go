package dynamo

import (
	"context"
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

// Days implements conversion.Reader: one query for each month.
func (r *Rollups) Days(ctx context.Context, asset account.AssetID, perspective order.Perspective, from, to time.Time, each func(time.Time, conversion.Kept) error) error {
	for _, m := range monthsOf(from, to) {
		pk := rollupPK(string(asset), string(perspective), m.first)
		err := r.rollupItems(ctx, pk, rollupDaySK(m.first), rollupDaySK(m.last), func(_ string, day time.Time, item Item) error { return each(day, readKept(item)) })
		if err != nil {
			return err
		}
	}
	return nil
}

// Parts implements conversion.Reader: one query for each month.
func (r *Rollups) Parts(ctx context.Context, asset account.AssetID, perspective order.Perspective, by conversion.Dimension, from, to time.Time, each func(time.Time, conversion.Part) error) error {
	for _, m := range monthsOf(from, to) {
		pk := rollupPartPK(string(asset), string(perspective), string(by), m.first)
		err := r.rollupItems(ctx, pk, rollupDaySK(m.first), rollupDaySK(m.last)+"#~", func(rest string, day time.Time, item Item) error {
			number, err := strconv.Atoi(strings.TrimPrefix(rest, "#"))
			if err != nil {
				return err
			}
			return each(day, conversion.Part{Dimension: by, Number: number, Sums: bytesOf(item, attrSums)})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// days are the first and the last of days that lie in one month.
type days struct{ first, last time.Time }

// monthsOf cuts the days of [from, to) at the ends of months.
func monthsOf(from, to time.Time) (months []days) {
	for from.Before(to) {
		next := startOf(from).AddDate(0, 1, 0)
		if next.After(to) {
			next = to
		}
		months = append(months, days{from, next.AddDate(0, 0, -1)})
		from = next
	}
	return months
}

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
