package conversion

import (
	"bytes"
	"context"
	"hash/fnv"

	"golang.org/x/sync/errgroup"
)

// A day's sums are one item while they are small, which a day of some hundred
// rows is. The sums of a larger day are dealt out by dimension and value to
// parts of about a write unit each, so that a changed row rewrites the few parts
// that hold its values and no item ever grows large. The day's item then keeps a
// hash of each part: equal ones are not written again.
//
// The day's item is written under its revision. Whoever is to write parts first
// marks the item as open under the next revision, and writes parts only over
// those of an older one. An item that was left open makes the next writer write
// every part.

// Sizes say how a day's sums are dealt out. The zero Sizes are the defaults.
type Sizes struct {
	Day  int // packed bytes that one item holds at most; 0: 6 KiB
	Part int // unpacked bytes of a part, about; 0: 1.5 KiB, which is some 700 bytes packed
}

func (s Sizes) orDefault() Sizes {
	if s.Day == 0 {
		s.Day = 6 << 10
	}
	if s.Part == 0 {
		s.Part = 1536
	}
	return s
}

const (
	mostParts = 512 // of a dimension
	hashBytes = 8
)

// keep replaces what is kept of the day, as far as it differs. It is ErrStale
// when that is not kept any more. It returns the number of items written.
func (r *Roller) keep(ctx context.Context, key Key, kept Kept, day *Day) (written int, err error) {
	if kept.Rev == 0 && day.Rows == 0 {
		return 0, nil // nothing was ever sold
	}
	packer, _ := r.packers.Get().(*packer)
	defer r.packers.Put(packer)
	encoded := map[Dimension][]byte{}
	for _, dimension := range Dimensions() {
		encoded[dimension] = day.by[dimension].encode(day.columns, inTime)
	}
	if kept.Parts == nil {
		sums, err := packer.pack(together(encoded))
		switch {
		case err != nil:
			return 0, err
		case len(sums) > r.sizes.Day:
		case bytes.Equal(sums, kept.Sums):
			return 0, nil
		default:
			return 1, r.store.PutDay(ctx, key, Kept{Rev: kept.Rev + 1, Rows: day.Rows, Sums: sums}, r.now())
		}
	}
	return r.keepParts(ctx, key, kept, day, encoded, packer)
}

// keepParts writes the parts that differ, in the order: open, parts, day.
func (r *Roller) keepParts(ctx context.Context, key Key, kept Kept, day *Day, encoded map[Dimension][]byte, packer *packer) (written int, err error) {
	next := Kept{Rev: kept.Rev + 2, Rows: day.Rows, Parts: map[Dimension][]byte{}}
	var changed []Part
	for _, dimension := range Dimensions() {
		before := kept.Parts[dimension]
		n := max(1, len(before)/hashBytes)
		for n < mostParts && len(encoded[dimension])/n > r.sizes.Part {
			n *= 2
		}
		var after []byte
		for i, values := range day.by[dimension].split(n) {
			plain := values.encode(day.columns, inTurn)
			hash := fnv.New64a()
			_, _ = hash.Write(plain)
			at := len(after)
			after = hash.Sum(after)
			if same := len(before) > at && bytes.Equal(before[at:at+hashBytes], after[at:]); same && !kept.Open {
				continue
			}
			sums, err := packer.pack(plain)
			if err != nil {
				return 0, err
			}
			changed = append(changed, Part{dimension, i, sums})
		}
		next.Parts[dimension] = after
	}
	if len(changed) == 0 {
		return 0, nil
	}
	if err := r.store.Open(ctx, key, kept.Rev); err != nil {
		return 0, err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(r.atOnce)
	for _, part := range changed {
		group.Go(func() error { return r.store.PutPart(groupCtx, key, part, kept.Rev+1) })
	}
	if err := group.Wait(); err != nil {
		return 1, err
	}
	return 2 + len(changed), r.store.PutDay(ctx, key, next, r.now())
}
