package walk

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// sight is what is stored for the two owners, and how often TikTok Shop was called.
type sight struct {
	items map[string]string // table, key → revision
	calls map[string]int    // operation → count
}

// scheduled reports whether schedules call an operation all the time.
func scheduled(operation string) bool {
	return slices.ContainsFunc([]string{"/orders/", "_orders/", "/token/", "/authorization/"}, func(part string) bool { return strings.Contains(operation, part) })
}

func (w *walk) look(ctx context.Context) (sight, error) {
	s := sight{items: map[string]string{}, calls: map[string]int{}}
	for _, table := range w.Tables {
		for pages := dynamodb.NewScanPaginator(w.DynamoDB, &dynamodb.ScanInput{TableName: &table}); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return s, fmt.Errorf("reading %s: %w", table, err)
			}
			for _, item := range page.Items {
				if key := text(item["pk"]) + " " + text(item["sk"]); w.owned(item) {
					s.items[table+" "+key] = text(item["rev"])
				}
			}
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.Control+"/control/truth", nil)
	if err != nil {
		return s, err
	}
	response, err := w.http.Do(request)
	if err != nil {
		return s, err
	}
	defer response.Body.Close()
	var truth struct {
		Calls map[string]map[string]int `json:"calls"`
	}
	if err := json.NewDecoder(response.Body).Decode(&truth); err != nil {
		return s, fmt.Errorf("reading what TikTok Shop was asked: %w", err)
	}
	for operation, outcomes := range truth.Calls {
		if scheduled(operation) {
			continue
		}
		for _, n := range outcomes {
			s.calls[operation] += n
		}
	}
	if len(s.items) == 0 || len(s.calls) == 0 {
		return s, fmt.Errorf("nothing is stored for %s, or TikTok Shop was never called: there is nothing to compare", w.Host.Owner)
	}
	return s, nil
}

// owned reports whether an item is one of the two owners'. What belongs to assets
// and accounts changes all the time and is read for all owners.
func (w *walk) owned(item map[string]types.AttributeValue) bool {
	for _, owner := range []string{w.Host.Owner, w.Stranger.Owner} {
		if text(item["owner"]) == owner || strings.Contains(text(item["pk"])+"#", "#"+owner+"#") {
			return true
		}
	}
	return false
}

// changes are the differences that the walk must not have made.
func (s sight) changes(after sight) (faults []error) {
	for _, key := range slices.Sorted(maps.Keys(after.items)) {
		if rev, there := s.items[key]; !there || rev != after.items[key] {
			faults = append(faults, fmt.Errorf("refused requests stored something: %s (revision %q, then %q)", key, rev, after.items[key]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.items)) {
		if _, there := after.items[key]; !there {
			faults = append(faults, fmt.Errorf("refused requests removed %s", key))
		}
	}
	for _, operation := range slices.Sorted(maps.Keys(after.calls)) {
		if n := after.calls[operation] - s.calls[operation]; n != 0 {
			faults = append(faults, fmt.Errorf("refused requests called TikTok Shop: %s, %d times", operation, n))
		}
	}
	return faults
}

func text(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	}
	return ""
}
