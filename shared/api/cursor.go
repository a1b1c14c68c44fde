package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
)

// Cursors signs list cursors, so that a caller can hand one back but neither
// read meaning into it nor make one up. A cursor holds for one owner and route.
type Cursors struct {
	key interface {
		Value(ctx context.Context) (redact.Secret, error)
	}
}

// NewCursors signs with the key that source gives, e.g. a *secret.Source.
func NewCursors(source interface {
	Value(ctx context.Context) (redact.Secret, error)
}) *Cursors {
	return &Cursors{key: source}
}

// Page is a list answer. NextCursor is empty on the last page.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// NewPage never has a null list.
func NewPage[T any](items []T, next string) Page[T] {
	if items == nil {
		items = []T{}
	}
	return Page[T]{Items: items, NextCursor: next}
}

// EncodeCursor makes the cursor for a position.
func (c Call) EncodeCursor(ctx context.Context, position any) (string, error) {
	body, err := json.Marshal(position)
	if err != nil {
		return "", fmt.Errorf("encoding a cursor: %w", err)
	}
	sum, err := c.sum(ctx, body)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(sum, body...)), nil
}

// DecodeCursor reads a cursor that EncodeCursor made for the same owner and
// route into position. Anything else is fault.Invalid.
func (c Call) DecodeCursor(ctx context.Context, cursor string, position any) error {
	bad := Invalid(Field{Parameter: "cursor", Detail: "is not a cursor of this list; start without one"})
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) < sha256.Size {
		return bad
	}
	want, err := c.sum(ctx, raw[sha256.Size:])
	if err != nil {
		return err
	}
	if !hmac.Equal(want, raw[:sha256.Size]) || json.Unmarshal(raw[sha256.Size:], position) != nil {
		return bad
	}
	return nil
}

func (c Call) sum(ctx context.Context, body []byte) ([]byte, error) {
	key, err := c.router.cursors.key.Value(ctx)
	if err != nil {
		return nil, err
	}
	if key.Empty() {
		return nil, fault.New("api.Cursor", fault.Internal, "the cursor key is empty")
	}
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	_, _ = fmt.Fprintf(mac, "%d:%s%d:%s", len(c.Owner), c.Owner, len(c.route), c.route)
	_, _ = mac.Write(body)
	return mac.Sum(nil), nil
}
