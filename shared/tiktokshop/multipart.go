package tiktokshop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"sync"
	"time"
)

// File is an upload. Its body is read while it is sent and never held whole. A
// body that is an io.Seeker can be sent again, from where it stood; any other
// is sent once, whatever happens.
type File struct {
	Name string // file name with its extension
	Size int64  // bytes of Body, exactly
	Body io.Reader
}

// uploadRate is the slowest line, in bytes a second, on which an upload gets
// the time it needs.
const uploadRate = 256 << 10

var (
	errFileSize = errors.New("the file does not have the stated size")
	errClosed   = errors.New("the upload has ended")
)

// file sets the one file that the request uploads, of at most limit bytes, as
// the form field name. The body of an upload is not signed.
func (p *params) file(name string, f File, limit int64) {
	switch {
	case f.Name == "" || f.Body == nil:
		p.refuse("%s needs a name and a body", name)
	case f.Size < 1 || f.Size > limit:
		p.refuse("%s has %d bytes: it must have 1 to %d", name, f.Size, limit)
	}
	p.upload = &upload{field: name, File: f}
}

// upload is a form with one file, ready to be sent.
type upload struct {
	File
	field       string
	head, tail  []byte
	contentType string
	start       int64 // of a body that can be read again
	again       bool
}

// prepare writes the form around the file.
func (u *upload) prepare() error {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	if _, err := w.CreateFormFile(u.field, u.Name); err != nil {
		return err
	}
	u.head = bytes.Clone(form.Bytes())
	if err := w.Close(); err != nil {
		return err
	}
	u.tail, u.contentType = form.Bytes()[len(u.head):], w.FormDataContentType()
	if seeker, ok := u.Body.(io.Seeker); ok {
		var err error
		u.start, err = seeker.Seek(0, io.SeekCurrent)
		u.again = err == nil // a pipe is a Seeker that cannot seek
	}
	return nil
}

func (u *upload) length() int64 { return int64(len(u.head)) + u.Size + int64(len(u.tail)) }

// patience is what an upload is given beyond the time of other requests.
func (u *upload) patience() time.Duration {
	return time.Duration(u.Size) * time.Second / uploadRate
}

// open returns the whole form. Once it is closed the file is not read any more.
func (u *upload) open() (io.ReadCloser, error) {
	if u.again {
		if _, err := u.Body.(io.Seeker).Seek(u.start, io.SeekStart); err != nil {
			return nil, fmt.Errorf("rewind the file: %w", err)
		}
	}
	file := &exact{from: u.Body, left: u.Size}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(u.head), file, bytes.NewReader(u.tail)), file}, nil
}

// exact reads as many bytes as were stated and fails when there are fewer or
// more. net/http may still be reading when its answer is there, hence the lock.
type exact struct {
	mu     sync.Mutex
	from   io.Reader
	left   int64
	closed bool
}

// Read implements io.Reader.
func (e *exact) Read(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return 0, errClosed
	}
	if int64(len(b)) > e.left+1 {
		b = b[:e.left+1] // one more, to see that there is none
	}
	n, err := e.from.Read(b)
	e.left -= int64(n)
	if e.left < 0 || errors.Is(err, io.EOF) && e.left > 0 {
		return 0, errFileSize
	}
	return n, err
}

// Close implements io.Closer.
func (e *exact) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	return nil
}
