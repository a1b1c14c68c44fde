package conversiontest

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/conversion"
	"tiktok-shop-affiliate/shared/order"
)

// Rows gives the rows of a day, in order.
type Rows func(ctx context.Context, key conversion.Key, each func(order.Row)) error

// Memory keeps sums with the conditions of the real store. It implements
// conversion.Store and conversion.Reader.
type Memory struct {
	rows Rows

	mu    sync.Mutex
	days  map[conversion.Key]conversion.Kept
	parts map[conversion.Key]map[partID]keptPart
}

type partID struct {
	by     conversion.Dimension
	number int
}

type keptPart struct {
	sums []byte
	rev  int64
}

// NewMemory keeps sums of rows that are elsewhere.
func NewMemory(rows Rows) *Memory {
	return &Memory{rows: rows, days: map[conversion.Key]conversion.Kept{}, parts: map[conversion.Key]map[partID]keptPart{}}
}

// DayRows implements conversion.Store.
func (m *Memory) DayRows(ctx context.Context, key conversion.Key, each func(order.Row)) error {
	return m.rows(ctx, key, each)
}

// Kept implements conversion.Store.
func (m *Memory) Kept(_ context.Context, key conversion.Key) (conversion.Kept, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return clone(m.days[key]), nil
}

// clone is a value of its own, as every read of the real store gives.
func clone(kept conversion.Kept) conversion.Kept {
	kept.Sums, kept.Parts = bytes.Clone(kept.Sums), maps.Clone(kept.Parts)
	for dimension, hashes := range kept.Parts {
		kept.Parts[dimension] = bytes.Clone(hashes)
	}
	return kept
}

// Open implements conversion.Store.
func (m *Memory) Open(_ context.Context, key conversion.Key, rev int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.days[key]
	if kept.Rev != rev {
		return conversion.ErrStale
	}
	kept.Open, kept.Rev = true, rev+1
	m.days[key] = kept
	return nil
}

// PutPart implements conversion.Store.
func (m *Memory) PutPart(_ context.Context, key conversion.Key, part conversion.Part, rev int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.parts[key] == nil {
		m.parts[key] = map[partID]keptPart{}
	}
	id := partID{part.Dimension, part.Number}
	if there, ok := m.parts[key][id]; ok && there.rev >= rev {
		return conversion.ErrStale
	}
	m.parts[key][id] = keptPart{bytes.Clone(part.Sums), rev}
	return nil
}

// PutDay implements conversion.Store.
func (m *Memory) PutDay(_ context.Context, key conversion.Key, kept conversion.Kept, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.days[key].Rev != kept.Rev-1 {
		return conversion.ErrStale
	}
	kept.Open = false
	m.days[key] = clone(kept)
	return nil
}

// keys are those of the days of [from, to) that are kept, in order.
func (m *Memory) keys(asset account.AssetID, perspective order.Perspective, from, to time.Time) (keys []conversion.Key) {
	for key := range m.days {
		if key.Asset == asset && key.Perspective == perspective && !key.Day.Before(from) && key.Day.Before(to) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b conversion.Key) int { return a.Day.Compare(b.Day) })
	return keys
}

// Days implements conversion.Reader.
func (m *Memory) Days(_ context.Context, asset account.AssetID, perspective order.Perspective, from, to time.Time, each func(time.Time, conversion.Kept) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range m.keys(asset, perspective, from, to) {
		if err := each(key.Day, clone(m.days[key])); err != nil {
			return err
		}
	}
	return nil
}

// Parts implements conversion.Reader.
func (m *Memory) Parts(_ context.Context, asset account.AssetID, perspective order.Perspective, by conversion.Dimension, from, to time.Time, each func(time.Time, conversion.Part) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range m.keys(asset, perspective, from, to) {
		var numbers []int
		for id := range m.parts[key] {
			if id.by == by {
				numbers = append(numbers, id.number)
			}
		}
		slices.Sort(numbers)
		for _, number := range numbers {
			if err := each(key.Day, conversion.Part{Dimension: by, Number: number, Sums: bytes.Clone(m.parts[key][partID{by, number}].sums)}); err != nil {
				return err
			}
		}
	}
	return nil
}
