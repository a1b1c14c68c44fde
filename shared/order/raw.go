package order

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strconv"
)

// The raw JSON of a row is {"order":{…},"row":{…}}, keys sorted. "order" holds
// what stands once per order (absent where every row repeats it), "row" the SKU
// row as it came.
type rawRow struct {
	Order map[string]any `json:"order,omitempty"`
	Row   any            `json:"row"`
}

// canonical writes JSON with sorted keys, so that equal rows are equal bytes.
func (r rawRow) canonical() (json.RawMessage, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

func decodeRaw(raw []byte) (rawRow, error) {
	var r rawRow
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	err := decoder.Decode(&r)
	return r, err
}

// contentHash leaves out last_update_time, which says only that something may
// have changed.
func contentHash(raw []byte) uint64 {
	if !bytes.Contains(raw, []byte("last_update_time")) {
		return hash(raw) // it is canonical already
	}
	r, err := decodeRaw(raw)
	if err != nil {
		return hash(raw)
	}
	r.Order = without(r.Order, "last_update_time")
	if row, ok := r.Row.(map[string]any); ok {
		r.Row = without(row, "last_update_time")
	}
	canonical, err := r.canonical()
	if err != nil {
		return hash(raw)
	}
	return hash([]byte(canonical))
}

func without(m map[string]any, key string) map[string]any {
	if _, ok := m[key]; !ok {
		return m
	}
	m = maps.Clone(m)
	delete(m, key)
	return m
}

// hash is the first eight bytes of a SHA-256 over length-prefixed parts.
func hash[T string | []byte](parts ...T) uint64 {
	text := make([]byte, 0, 512)
	for _, part := range parts {
		text = append(strconv.AppendInt(text, int64(len(part)), 10), ':')
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	return binary.BigEndian.Uint64(sum[:])
}

// dictionary1 is text that rows of all perspectives share. Stored rows need it
// to be read: it never changes, a better one becomes the next version.
//
//go:embed dictionary1.txt
var dictionary1 []byte

// packVersion is the first byte of packed JSON: which dictionary it needs.
const packVersion = 1

// maxUnpacked bounds what a stored row may unpack to.
const maxUnpacked = 1 << 20

// Pack compresses the raw JSON of a row with deflate and a preset dictionary:
// a typical row of 1.5 to 2.5 KB becomes a few hundred bytes.
func Pack(raw []byte) ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte(packVersion)
	w, err := flate.NewWriterDict(&out, flate.BestCompression, dictionary1)
	if err != nil {
		return nil, fmt.Errorf("packing a row: %w", err)
	}
	if _, err := w.Write(raw); err != nil {
		return nil, fmt.Errorf("packing a row: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing a row: %w", err)
	}
	return out.Bytes(), nil
}

// Unpack is the inverse of Pack.
func Unpack(packed []byte) (json.RawMessage, error) {
	if len(packed) == 0 || packed[0] != packVersion {
		return nil, fmt.Errorf("unpacking a row: no dictionary for it")
	}
	r := flate.NewReaderDict(bytes.NewReader(packed[1:]), dictionary1)
	raw, err := io.ReadAll(io.LimitReader(r, maxUnpacked+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("unpacking a row: %w", err)
	case len(raw) > maxUnpacked:
		return nil, fmt.Errorf("unpacking a row: it is larger than %d bytes", maxUnpacked)
	}
	return raw, nil
}
