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
//
// Nothing is written when what is kept has the same sums, made of the same
// revisions of the rows, and is not open. The same sums are not enough: a row may
// have changed and changed back, and a roller that has read it in between may
// still write over the revision that is kept. Rows are never deleted and their
// revisions only grow, so that the revisions of a day, added up, tell:
//
//   - Whoever writes over revision n has looked at it before it read the rows: it
//     has seen of each row what the writer of n has, or newer. So have all after.
//   - Whoever is told of a change has read the row since. It writes, or finds what
//     is kept made of the same: then the change is in there, and in all that is
//     written later. Another was faster: it begins anew. It dies: it is told again.
//
// So the sums of the rows after the last change stay, whichever rollers slept or
// died. A change that no sum shows costs one write.

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
	same := !kept.Open && kept.Revs == day.Revs // rows
	if same && kept.Rev == 0 && day.Rows == 0 {
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
		case same && bytes.Equal(sums, kept.Sums):
			return 0, nil
		default:
			return 1, r.store.PutDay(ctx, key, Kept{Rev: kept.Rev + 1, Rows: day.Rows, Revs: day.Revs, Sums: sums}, r.now())
		}
	}
	next, changed, err := r.deal(kept, day, encoded, packer)
	switch {
	case err != nil || same && len(changed) == 0:
		return 0, err
	case len(changed) > 0:
		if written, err = r.putParts(ctx, key, kept.Rev, changed); err != nil {
			return written, err
		}
		next.Rev++
	}
	return written + 1, r.store.PutDay(ctx, key, next, r.now())
}

// deal deals the sums out to parts. It returns what is to be kept of the day, and
// the parts that differ.
func (r *Roller) deal(kept Kept, day *Day, encoded map[Dimension][]byte, packer *packer) (next Kept, changed []Part, err error) {
	next = Kept{Rev: kept.Rev + 1, Rows: day.Rows, Revs: day.Revs, Parts: map[Dimension][]byte{}}
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
				return Kept{}, nil, err
			}
			changed = append(changed, Part{dimension, i, sums})
		}
		next.Parts[dimension] = after
	}
	return next, changed, nil
}

// putParts opens the day that is kept under revision rev and writes parts.
func (r *Roller) putParts(ctx context.Context, key Key, rev int64, parts []Part) (written int, err error) {
	if err := r.store.Open(ctx, key, rev); err != nil {
		return 0, err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(r.atOnce)
	for _, part := range parts {
		group.Go(func() error { return r.store.PutPart(groupCtx, key, part, rev+1) })
	}
	if err := group.Wait(); err != nil {
		return 1, err
	}
	return 1 + len(parts), nil
}
