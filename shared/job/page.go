package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/shared/fault"
)

// Page is what came of one step, as it is stored: once and for all.
type Page struct {
	Step      int             `json:"step"`
	Start     int             `json:"start"` // index of the first result
	Results   []Result        `json:"results"`
	Cursor    json.RawMessage `json:"cursor,omitempty"`
	Total     int             `json:"total,omitempty"`
	Last      bool            `json:"last,omitempty"` // no step follows
	Text      string          `json:"text,omitempty"` // for the file
	NotBefore time.Time       `json:"not_before,omitzero"`
}

// ErrExists says that there is an object under the key already.
var ErrExists = errors.New("job: the object exists")

// Objects keeps input pieces, pages and files. An object that is not there is
// fault.NotFound.
type Objects interface {
	// Create stores an object under a key that must be free, else ErrExists.
	Create(ctx context.Context, key string, body []byte) error
	// Get returns an object.
	Get(ctx context.Context, key string) ([]byte, error)
}

// Files builds one large object out of parts. Every part but the last has at
// least MinPart bytes. A part may be stored again, and an upload finished again.
type Files interface {
	StartUpload(ctx context.Context, key, mediaType string) (upload string, err error)
	StorePart(ctx context.Context, key, upload string, part int, body []byte) error // parts count from 1
	// FinishUpload makes the object of the parts. It is fault.NotFound when the upload is gone and has left no object.
	FinishUpload(ctx context.Context, key, upload string) error
}

// MinPart is the least size of a part of a file, in bytes. S3 asks for 5 MiB.
const MinPart = 6 << 20

// Keys of objects. What belongs to an owner begins with the owner.

func objectPrefix(owner, id string) string { return "jobs/" + owner + "/" + id + "/" }

func pieceKey(owner, id string, piece int) string {
	return fmt.Sprintf("%sinput/%06d.json", objectPrefix(owner, id), piece)
}

func pageKey(owner, id string, step int) string {
	return fmt.Sprintf("%sresults/%08d.json", objectPrefix(owner, id), step)
}

func fileKey(owner, id, extension string) string {
	return objectPrefix(owner, id) + "results." + extension
}

// pieceItems is how many items one input object holds.
const pieceItems = 500

// pieceWrites is how many input objects are written at a time.
const pieceWrites = 8

// storeInput stores the items of a new job.
func storeInput(ctx context.Context, objects Objects, owner, id string, items []json.RawMessage) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(pieceWrites)
	for piece := 0; piece*pieceItems < len(items); piece++ {
		group.Go(func() error {
			body, err := json.Marshal(items[piece*pieceItems : min(len(items), (piece+1)*pieceItems)])
			if err != nil {
				return fmt.Errorf("encoding a job's items: %w", err)
			}
			err = objects.Create(ctx, pieceKey(owner, id, piece), body)
			if errors.Is(err, ErrExists) {
				return nil // by our own attempt whose answer was lost: the id is new
			}
			return err
		})
	}
	return group.Wait()
}

// loadItems returns the items from start on that one step takes, at most count,
// never beyond the end of a piece. The last piece that was read is kept.
func (s *shift) loadItems(ctx context.Context, j Job, start, count int) ([]json.RawMessage, error) {
	piece := start / j.PieceItems
	key := pieceKey(j.Owner, j.ID, piece)
	if s.pieceKey != key {
		body, err := s.Objects.Get(ctx, key)
		if fault.Is(err, fault.NotFound) {
			return nil, fault.Wrap("job.Items", fault.NotFound, "The job's items have expired.", err)
		}
		if err != nil {
			return nil, err
		}
		s.pieceKey, s.piece = "", nil
		if err := json.Unmarshal(body, &s.piece); err != nil {
			return nil, fmt.Errorf("decoding a job's items: %w", err)
		}
		s.pieceKey = key
	}
	from := start - piece*j.PieceItems
	if from >= len(s.piece) {
		return nil, fault.New("job.Items", fault.Internal, fmt.Sprintf("piece %d ends before item %d", piece, start))
	}
	return s.piece[from:min(len(s.piece), from+count)], nil
}

// loadPage returns the page of a step; fault.NotFound when there is none.
func loadPage(ctx context.Context, objects Objects, j Job, step int) (p Page, err error) {
	body, err := objects.Get(ctx, pageKey(j.Owner, j.ID, step))
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return p, fmt.Errorf("decoding a page of a job: %w", err)
	}
	return p, nil
}

// storePage stores a page, unless one of that step is there: then that one is
// returned.
func storePage(ctx context.Context, objects Objects, j Job, p Page) (Page, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return p, fmt.Errorf("encoding a page of a job: %w", err)
	}
	err = objects.Create(ctx, pageKey(j.Owner, j.ID, p.Step), body)
	if errors.Is(err, ErrExists) {
		return loadPage(ctx, objects, j, p.Step)
	}
	return p, err
}
