package sandbox

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Posted is a request that the inbox took.
type Posted struct {
	Headers map[string]string `json:"headers"` // names in lower case
	Body    string            `json:"body"`
}

// What the inbox keeps; beyond that the oldest requests are forgotten.
const (
	maxPosted     = 20_000
	maxPostedBody = 1 << 20
)

// inbox is not TikTok Shop's: it stands for the partner's own back end, to which
// events are delivered, because the control port is always there.
type inbox struct {
	mu        sync.Mutex
	forgotten int
	posted    []Posted
}

// take answers POST /control/inbox.
func (b *inbox) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPostedBody))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	headers := map[string]string{}
	for name := range r.Header {
		headers[strings.ToLower(name)] = r.Header.Get(name)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.posted = append(b.posted, Posted{Headers: headers, Body: string(body)}); len(b.posted) > maxPosted {
		b.posted = slices.Delete(b.posted, 0, 1)
		b.forgotten++
	}
	w.WriteHeader(http.StatusNoContent)
}

// list answers GET /control/inbox?after=: what came after so many requests.
func (b *inbox) list(r *http.Request) (any, error) {
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	b.mu.Lock()
	defer b.mu.Unlock()
	from := min(max(after-b.forgotten, 0), len(b.posted))
	return obj{"items": append([]Posted{}, b.posted[from:]...), "after": b.forgotten + len(b.posted)}, nil
}
