package order

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/fault"
)

const (
	// resumeWithin is how old a scan may be to be resumed: page tokens hold
	// something like an offset, which is worth less and less.
	resumeWithin = 15 * time.Minute
	// idlePages is after how many pages in a row without a row not seen before the
	// pages are taken to go in a circle.
	idlePages    = 3
	ordersAtOnce = 8
	writeTries   = 10
)

// scan is one complete read of a window.
type scan struct {
	*Fetcher
	lease  Lease
	search Search
	window Window
	number int64 // of this scan; higher ones know better

	known Marks // what the last scans stored
	seen  Marks // what this scan has seen
	pages []Checkpoint
	page  int
	token string
	// settleAt is when the next of the rows seen is expected to settle.
	settleAt time.Time
	// forgetful says that known may lack rows of the last complete scan.
	forgetful bool
	// put off are rows that may be new or may be an old row that was attributed
	// anew; only the end of the scan tells.
	putOff []Row

	total                     int
	created, changed, missing int
}

// scanned is what came of a scan: the window as it is now with the one that
// follows it, or, unread, the parts it was cut into.
type scanned struct {
	windows []Window
	read    bool
}

// scan reads the window's pages and writes the rows that say something new. A
// window that is too long or turns out too full is cut instead.
func (f *Fetcher) scan(ctx context.Context, lease Lease, w Window, search Search) (scanned, error) {
	pages, err := f.store.Checkpoints(ctx, w)
	if err != nil {
		return scanned{}, err
	}
	s := &scan{Fetcher: f, lease: lease, search: search, window: w, pages: pages}
	if !s.resume() {
		s.restart()
		if cuts := f.rules.tooLong(w, s.window.ScanTo, f.now()); len(cuts) > 0 {
			return s.cut(ctx, cuts)
		}
	}
	for attempt := 1; ; attempt++ {
		err := s.readPages(ctx)
		var full *tooFullError
		switch {
		case errors.As(err, &full):
			return s.cut(ctx, f.rules.tooFull(w, s.window.ScanTo, full.total))
		case attempt == 1 && s.token != "" && refusesToken(err):
			s.restart()
			continue
		case err != nil:
			if cuts := f.rules.tooSlow(w, s.window.ScanTo, err, s.lease.Failures); len(cuts) > 0 { // the halves have their turn after a pause, as after any failure
				s.window.Most, s.window.SlowAt = s.window.ScanTo.Sub(s.window.From)/2, s.now()
				_, cutErr := s.cut(ctx, cuts)
				err = errors.Join(err, cutErr)
			}
			return scanned{}, err
		}
		if len(s.seen) == s.total || attempt > 1 {
			break
		}
		s.window.Scan = s.number
		if err := s.store.SaveWindow(ctx, s.lease, s.window, nil); err != nil {
			return scanned{}, err
		}
		s.restart() // rows moved between the pages while we read
	}
	if err := s.placeRest(ctx); err != nil {
		return scanned{}, err
	}
	if err := s.markMissing(ctx); err != nil {
		return scanned{}, err
	}
	return s.complete(ctx)
}

// cut makes parts of the window. What they hold is for their own scans to find.
func (s *scan) cut(ctx context.Context, cuts []time.Time) (scanned, error) {
	change := s.window.cutAt(cuts, s.now())
	if err := s.store.Recut(ctx, s.lease, change); err != nil {
		return scanned{}, err
	}
	s.log.InfoContext(ctx, "window cut", "asset", s.window.Asset, "perspective", s.window.Perspective, "from", s.window.From, "to", s.window.ScanTo, "parts", len(cuts)+1)
	return scanned{windows: append([]Window{change.Keep}, change.Add...)}, nil
}

// refusesToken reports whether the page token may be why a page was refused.
func refusesToken(err error) bool {
	var refused *searchError
	return errors.As(err, &refused) && (fault.Is(err, fault.Invalid) || fault.Is(err, fault.Internal))
}

// resume continues the scan that a stop or a crash has left, if it is young.
func (s *scan) resume() bool {
	s.known = Marks{}
	if s.lease.DoubtAt.IsZero() || s.window.ReadAt.After(s.lease.DoubtAt) {
		s.known = remembered(s.pages)
	}
	underway := !s.window.ScanTo.IsZero()
	doubted := !s.lease.DoubtAt.IsZero() && !s.window.ReadAt.After(s.lease.DoubtAt)
	s.forgetful = underway || doubted || s.window.Equal == 0 && s.window.Scan > 0
	if !underway || s.now().Sub(s.window.ScanStart) > resumeWithin {
		return false
	}
	s.number, s.seen = s.window.Scan, Marks{}
	slices.SortFunc(s.pages, func(a, b Checkpoint) int { return a.Page - b.Page })
	for _, page := range s.pages {
		if page.Scan != s.number || page.Page != s.page {
			break
		}
		maps.Copy(s.seen, page.Marks)
		s.settleAt = sooner(s.settleAt, page.SettleAt)
		s.page, s.token = page.Page+1, page.Next
	}
	return s.token != ""
}

// restart begins a new scan with a frozen end.
func (s *scan) restart() {
	now := s.now()
	s.number = max(s.number, s.window.Scan) + 1
	s.window.ScanStart, s.window.ScanTo = now, s.window.To
	if s.window.Open() {
		s.window.ScanTo = now.Truncate(time.Second)
	}
	s.seen, s.page, s.token, s.putOff, s.settleAt = make(Marks, len(s.known)), 0, "", nil, time.Time{}
}

// readPages reads from the current page to the last.
func (s *scan) readPages(ctx context.Context) error {
	if !s.window.From.Before(s.window.ScanTo) { // nothing can have been created yet
		s.total = 0
		return nil
	}
	for idle := 0; ; {
		page, err := s.search(ctx, Query{Perspective: s.window.Perspective, From: s.window.From, To: s.window.ScanTo, Token: s.token})
		if err != nil {
			return &searchError{err: err, first: s.token == ""}
		}
		if !s.now().Before(s.lease.Until) {
			return ErrFenced
		}
		if s.page == 0 && len(s.rules.tooFull(s.window, s.window.ScanTo, page.Total)) > 0 {
			return &tooFullError{page.Total}
		}
		before := len(s.seen)
		marks, err := s.apply(ctx, page.Rows)
		if err != nil {
			return err
		}
		if idle++; len(s.seen) > before {
			idle = 0
		}
		s.total = page.Total
		last := page.Next == "" || page.Next == s.token || len(page.Rows) == 0 || idle == idlePages
		read := Checkpoint{Page: s.page, Scan: s.number, Next: page.Next, Marks: marks}
		for i := range page.Rows {
			read.SettleAt = sooner(read.SettleAt, s.rules.settles(&page.Rows[i], s.window.ScanStart))
		}
		s.settleAt = sooner(s.settleAt, read.SettleAt)
		if err := s.checkpoint(ctx, read, last); err != nil {
			return err
		}
		s.page, s.token = s.page+1, page.Next
		if last {
			return nil
		}
		if s.timeUp(ctx, s.lease) {
			return errStopped
		}
	}
}

// checkpoint stores a page that was read. A window of one page that says
// nothing new needs no write.
func (s *scan) checkpoint(ctx context.Context, page Checkpoint, last bool) error {
	if s.page == 0 && !last {
		s.window.Scan = s.number
		if err := s.store.SaveWindow(ctx, s.lease, s.window, nil); err != nil {
			return err
		}
	}
	at := slices.IndexFunc(s.pages, func(p Checkpoint) bool { return p.Page == page.Page })
	if page.Page == 0 && last && (at < 0 && len(page.Marks) == 0 || at >= 0 && maps.Equal(s.pages[at].Marks, page.Marks)) {
		return nil
	}
	if err := s.store.SaveCheckpoint(ctx, s.lease, s.window, page); err != nil {
		return err
	}
	if at >= 0 {
		s.pages[at] = page
	} else {
		s.pages = append(s.pages, page)
	}
	return nil
}

// markMissing notes the stored rows that the scan has come without: TikTok Shop
// does not show them any more. Only a scan whose rows agree with TikTok Shop's
// count knows. Rows that are not all remembered are looked up.
func (s *scan) markMissing(ctx context.Context) error {
	gone := func(mark uint64) bool { _, seen := s.seen[mark]; return !seen }
	suspected := s.forgetful
	for mark := range s.known {
		suspected = suspected || gone(mark)
	}
	if !suspected || len(s.seen) != s.total {
		return nil
	}
	return s.store.Between(ctx, s.lease.Asset, s.window.Perspective, s.window.From, s.window.ScanTo, func(rows []Row) error {
		for _, row := range rows {
			placed := !slices.Contains(row.Unreadable, "create_time") // else it may belong into another window
			if !gone(row.mark()) || !placed || !row.MissingSince.IsZero() {
				continue
			}
			if err := s.store.Replace(ctx, s.lease, row.missing(s.now())); err != nil {
				return fmt.Errorf("order %s: %w", row.OrderID, err)
			}
			s.missing++
			s.log.WarnContext(ctx, "TikTok Shop does not show a row any more", "asset", s.lease.Asset, "perspective", s.window.Perspective, "order", row.OrderID)
		}
		return nil
	})
}

// complete stores that the window was read, closes the open window when it is
// full, and forgets pages that are not there any more.
func (s *scan) complete(ctx context.Context) (scanned, error) {
	w, r := s.found(), s.rules
	end := w.ScanTo
	w.ScanTo, w.ScanStart = time.Time{}, time.Time{}
	done := scanned{read: true}
	var following *Window
	if w.Open() && (w.Rows >= r.Full && end.Sub(w.From) >= r.Newest || w.Rows >= r.Crowded) && end.After(w.From) {
		w.To = end
		following = &Window{Asset: w.Asset, Perspective: w.Perspective, From: end, NewsAt: w.NewsAt}
		following.DueAt = r.next(*following, w.ReadAt)
	}
	w.DueAt = r.next(w, w.ReadAt)
	if err := s.store.SaveWindow(ctx, s.lease, w, following); err != nil {
		return done, err
	}
	done.windows = []Window{w}
	if following != nil {
		done.windows = append(done.windows, *following)
	}
	extra := slices.DeleteFunc(slices.Clone(s.pages), func(p Checkpoint) bool { return p.Page < s.page })
	if err := s.store.DropCheckpoints(ctx, s.lease, w, extra); err != nil {
		return done, err
	}
	if len(s.seen) != s.total {
		s.log.WarnContext(ctx, "a window's rows differ from TikTok Shop's count", "asset", w.Asset, "from", w.From, "rows", len(s.seen), "total", s.total)
	}
	s.log.InfoContext(ctx, "window read", "asset", w.Asset, "perspective", w.Perspective, "from", w.From, "to", end,
		"pages", s.page, "rows", len(s.seen), "unsettled", w.Unsettled, "created", s.created, "changed", s.changed, "missing", s.missing)
	return done, nil
}

// found is the window with what the scan found.
func (s *scan) found() Window {
	w, digest := s.window, s.seen.digest()
	if w.NewsAt.IsZero() || w.Equal > 0 && digest != w.Digest || s.created+s.changed+s.missing > 0 {
		w.NewsAt = w.ScanStart
	}
	switch {
	case len(s.seen) != s.total:
		w.Equal = 0
	case w.Equal > 0 && digest == w.Digest:
		w.Equal++
	default:
		w.Equal = 1
	}
	w.ReadAt, w.Scan, w.Rows, w.Unsettled, w.SettleAt, w.Digest = w.ScanStart, s.number, len(s.seen), s.seen.unsettled(), s.settleAt, digest
	return w
}

// apply writes what is new on a page and returns the marks of the rows that are
// stored now.
func (s *scan) apply(ctx context.Context, rows []Row) (Marks, error) {
	marks, fresh := make(Marks, len(rows)), Marks{} // fresh: those of news
	var news []Row
	unreadable := 0
	for i := range rows {
		row := &rows[i]
		mark, content := row.mark(), row.content()
		if known, ok := s.known[mark]; !ok || known != content {
			news, fresh[mark] = append(news, *row), content
			if len(row.Unreadable) > 0 {
				unreadable++
			}
		}
		marks[mark], s.seen[mark] = content, content
	}
	if unreadable > 0 {
		s.oddities.UnreadableRows(unreadable)
		s.log.WarnContext(ctx, "rows with fields that cannot be read are kept as they came", "asset", s.lease.Asset, "rows", unreadable)
	}
	before := len(s.putOff)
	if err := s.place(ctx, news, false); err != nil {
		return nil, err
	}
	for _, row := range s.putOff[before:] {
		delete(marks, row.mark())
		delete(fresh, row.mark())
	}
	maps.Copy(s.known, fresh)
	return marks, nil
}

// placeRest decides about the rows that were put off, now that all rows of the
// window have been seen.
func (s *scan) placeRest(ctx context.Context) error {
	rest := s.putOff
	if len(rest) == 0 {
		return nil
	}
	if err := s.place(ctx, rest, true); err != nil {
		return err
	}
	at := slices.IndexFunc(s.pages, func(p Checkpoint) bool { return p.Page == s.page-1 })
	if at < 0 {
		return nil
	}
	page := s.pages[at]
	page.Marks = maps.Clone(page.Marks)
	for _, row := range rest {
		page.Marks[row.mark()] = row.Hash()
	}
	return s.store.SaveCheckpoint(ctx, s.lease, s.window, page)
}

// place finds the stored row of each row, or makes one, order by order.
func (s *scan) place(ctx context.Context, rows []Row, atEnd bool) error {
	byOrder := map[string][]Row{}
	for _, row := range rows {
		byOrder[row.OrderID] = append(byOrder[row.OrderID], row)
	}
	outcomes := make(chan outcome, len(rows))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.atOnce)
	for _, id := range slices.Sorted(maps.Keys(byOrder)) {
		group.Go(func() error {
			stored, err := s.store.Order(ctx, s.lease.Asset, s.window.Perspective, id)
			if err != nil {
				return err
			}
			for _, row := range byOrder[id] {
				o, err := s.placeRow(ctx, &stored, row, atEnd)
				if err != nil {
					return fmt.Errorf("order %s: %w", id, err)
				}
				outcomes <- o
			}
			return nil
		})
	}
	err := group.Wait()
	close(outcomes)
	for o := range outcomes {
		switch o.what {
		case wasCreated:
			s.created++
		case wasChanged:
			s.changed++
		case wasPutOff:
			s.putOff = append(s.putOff, o.row)
		case wasSame:
		}
	}
	return err
}

type outcome struct {
	what what
	row  Row
}

type what int

const (
	wasSame what = iota
	wasCreated
	wasChanged
	wasPutOff
)

// lastWhole is when the window was last read with as many rows as TikTok Shop
// counted; zero when the last read was not of that sort.
func (s *scan) lastWhole() time.Time {
	if s.window.Equal == 0 {
		return time.Time{}
	}
	return s.window.ReadAt
}

// placeRow finds the row among the stored rows of its order: the same sale
// through the same content and creator. Failing that, a stored row of the same
// SKU that this scan has not seen may be the one, attributed anew; that is known
// at the end of the scan, if its rows are as many as TikTok Shop counts, or by
// the video or live. Else the row is new.
func (s *scan) placeRow(ctx context.Context, stored *[]Row, row Row, atEnd bool) (outcome, error) {
	for range writeTries {
		at := slices.IndexFunc(*stored, func(old Row) bool { return old.mark() == row.mark() })
		if at < 0 {
			unseen := func(old Row) bool {
				_, seen := s.seen[old.mark()]
				return old.SKUID == row.SKUID && !seen
			}
			at = slices.IndexFunc(*stored, unseen)
			if at >= 0 && !atEnd {
				return outcome{wasPutOff, row}, nil
			}
			if renamed := slices.IndexFunc(*stored, func(old Row) bool { return unseen(old) && row.renames(&old) }); renamed >= 0 {
				at = renamed
			} else if len(s.seen) != s.total { // the scan may have passed over that row
				at = -1
			}
		}
		if at < 0 {
			next := row.born(*stored, s.now())
			err := s.store.Create(ctx, s.lease, next)
			var exists *ExistsError
			if errors.As(err, &exists) { // the index lags behind: now we know it
				*stored = append(*stored, exists.Row)
				continue
			}
			*stored = append(*stored, next)
			return outcome{wasCreated, next}, err
		}
		old := (*stored)[at]
		if old.Hash() == row.Hash() && old.MissingSince.IsZero() {
			return outcome{wasSame, old}, nil
		}
		next := row.grown(old, s.now(), s.lastWhole())
		err := s.store.Replace(ctx, s.lease, next)
		if errors.Is(err, ErrStale) {
			if *stored, err = s.store.Order(ctx, s.lease.Asset, s.window.Perspective, row.OrderID); err != nil {
				return outcome{}, err
			}
			continue
		}
		(*stored)[at] = next
		return outcome{wasChanged, next}, err
	}
	return outcome{}, fault.New("order.Scan", fault.Unavailable, "a row kept changing under our hands")
}
