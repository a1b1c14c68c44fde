package proof_test

import (
	"context"
	"fmt"
	"maps"

	"tiktok-shop-affiliate/shared/order"
)

// memoryIsTrue demands that windows follow each other, none too long, and that
// what they remember is what is stored.
func (s *schedule) memoryIsTrue(ctx context.Context) error {
	for _, p := range s.perspectives() {
		windows, err := s.memory.Windows(ctx, s.asset, p)
		if err != nil {
			return err
		}
		hashes := map[uint64]bool{}
		if err := s.memory.Between(ctx, s.asset, p, day0.AddDate(-1, 0, 0), s.now.Add(day), func(rows []order.Row) error {
			for _, row := range rows {
				hashes[row.Hash()] = true
			}
			return nil
		}); err != nil {
			return err
		}
		for i, w := range windows {
			if i > 0 && !windows[i-1].To.Equal(w.From) || w.Open() != (i == len(windows)-1) {
				return fmt.Errorf("window %d of %d begins at %s and ends at %s", i, len(windows), w.From, w.To)
			}
			pages, err := s.memory.Checkpoints(ctx, w)
			if err != nil {
				return err
			}
			for _, page := range pages {
				for content := range maps.Values(page.Marks) {
					if !hashes[content] {
						return fmt.Errorf("window %d remembers a row that is not stored", i)
					}
				}
			}
		}
	}
	return nil
}
