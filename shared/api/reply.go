package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// reply is an answer on its way out.
type reply struct {
	status      int
	contentType string
	fileName    string // of what is to be saved; empty for other answers
	location    string // empty: none
	body        []byte
	retryAfter  time.Duration // 0: not said
	replayed    bool          // it is the answer to an earlier request
}

func encode(status int, contentType string, body any) (reply, error) {
	if status == http.StatusNoContent {
		return reply{status: status}, nil
	}
	encoded, err := json.Marshal(body)
	if err != nil { // a value of ours that cannot be encoded is a bug
		return reply{}, fmt.Errorf("encoding an answer: %w", err)
	}
	return reply{status: status, contentType: contentType, body: encoded}, nil
}

// write sends the reply. What a read found carries an ETag: who has it already
// is told so in a few bytes.
func (a reply) write(w http.ResponseWriter, req *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	if a.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int((a.retryAfter+time.Second-1)/time.Second)))
	}
	if a.location != "" {
		header.Set("Location", a.location)
	}
	if a.replayed {
		header.Set("Idempotency-Replayed", "true")
	}
	if req.Method == http.MethodGet && a.status == http.StatusOK {
		tag := etag(a.body)
		header.Set("ETag", tag)
		header.Set("Cache-Control", "private, no-cache") // keep it, and ask whether it still holds
		if matches(req.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if a.contentType != "" {
		header.Set("Content-Type", a.contentType)
	}
	if a.fileName != "" {
		header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.fileName}))
	}
	w.WriteHeader(a.status)
	if len(a.body) == 0 {
		return
	}
	if _, err := w.Write(a.body); err != nil {
		slog.WarnContext(req.Context(), "an answer was not taken", "error", err)
	}
}

// etag is strong: equal tags mean equal bytes.
func etag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

// matches reads If-None-Match, which compares weakly (RFC 9110, 13.1.2). Our
// tags hold no comma.
func matches(header, tag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		if candidate = strings.TrimSpace(candidate); candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
			return true
		}
	}
	return false
}
