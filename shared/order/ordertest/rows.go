package ordertest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"tiktok-shop-affiliate/shared/account"
	"tiktok-shop-affiliate/shared/order"
)

// Order implements order.Store.
func (m *Memory) Order(_ context.Context, asset account.AssetID, perspective order.Perspective, orderID string) ([]order.Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stream(asset, perspective)
	rows := []order.Row{}
	m.units.Reads += 0.5
	for _, key := range s.byOrder[orderID] {
		if m.Lags == nil || !m.Lags(key) {
			rows = append(rows, s.rows[key].whole())
			m.units.Reads++
		}
	}
	slices.SortFunc(rows, func(a, b order.Row) int { return cmp.Or(cmp.Compare(a.SKUID, b.SKUID), a.Ordinal-b.Ordinal) })
	return rows, nil
}

// whole is the row as it is read back.
func (r fencedRow) whole() order.Row {
	row := r.Row
	row.Facts, row.History = order.ReadFacts(row.Perspective, row.Raw), slices.Clone(row.History)
	return row
}

func (m *Memory) put(s *stream, lease order.Lease, row order.Row) {
	row.Facts = order.Facts{}
	row.History = slices.Clone(row.History)
	for _, t := range []*time.Time{&row.FirstSeenAt, &row.ChangedAt, &row.SettledSeenAt, &row.SettledSeenAfter, &row.MissingSince} {
		*t = milli(*t)
	}
	for i := range row.History {
		row.History[i].At = milli(row.History[i].At)
	}
	s.rows[row.Key] = fencedRow{row, lease.Fence}
}

// Create implements order.Store.
func (m *Memory) Create(_ context.Context, lease order.Lease, row order.Row) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stream(row.Asset, row.Perspective)
	if there, ok := s.rows[row.Key]; ok {
		return &order.ExistsError{Row: there.whole()}
	}
	m.put(s, lease, row)
	s.byOrder[row.OrderID] = append(s.byOrder[row.OrderID], row.Key)
	m.units.RowsNew++
	m.units.Rows += 2 // the item and its entry in by_order
	return nil
}

// Replace implements order.Store.
func (m *Memory) Replace(_ context.Context, lease order.Lease, row order.Row) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stream(row.Asset, row.Perspective)
	switch there, ok := s.rows[row.Key]; {
	case ok && there.fence > lease.Fence:
		return fmt.Errorf("ordertest: %w", order.ErrFenced)
	case !ok || there.Rev != row.Rev-1:
		return fmt.Errorf("ordertest: %w", order.ErrStale)
	}
	m.put(s, lease, row)
	m.units.RowsChanged++
	m.units.Rows++
	return nil
}

// Between implements order.Store.
func (m *Memory) Between(_ context.Context, asset account.AssetID, perspective order.Perspective, from, to time.Time, each func([]order.Row) error) error {
	m.mu.Lock()
	var rows []order.Row
	for _, row := range m.stream(asset, perspective).rows {
		if !row.CreatedAt.Before(from) && row.CreatedAt.Before(to) {
			rows = append(rows, row.whole())
		}
	}
	m.units.Reads += max(1, float64(len(rows))/4)
	m.mu.Unlock()
	slices.SortFunc(rows, func(a, b order.Row) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.OrderID, b.OrderID), cmp.Compare(a.SKUID, b.SKUID), a.Ordinal-b.Ordinal)
	})
	if len(rows) == 0 {
		return nil
	}
	return each(rows)
}
