package reference

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

// write sends a file, compressed when the caller can take it so: an answer of a
// Lambda function may hold 6 MB.
func (f File) write(w http.ResponseWriter, r *http.Request, status int) {
	header := w.Header()
	header.Set("Vary", "Accept-Encoding")
	pack := f.Unpacked
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		pack = f.packed
	}
	body, err := pack()
	if err != nil {
		slog.ErrorContext(r.Context(), "a page could not be packed", "path", r.URL.Path, "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	header.Set("Content-Type", f.Type)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Unpacked is the file as it is without compression.
func (f File) Unpacked() ([]byte, error) {
	if !f.Packed {
		return f.Body, nil
	}
	unpacker, err := gzip.NewReader(bytes.NewReader(f.Body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(unpacker)
}

func (f File) packed() ([]byte, error) {
	if f.Packed {
		return f.Body, nil
	}
	var packed bytes.Buffer
	packer := gzip.NewWriter(&packed)
	if _, err := packer.Write(f.Body); err != nil {
		return nil, err
	}
	err := packer.Close()
	return packed.Bytes(), err
}
