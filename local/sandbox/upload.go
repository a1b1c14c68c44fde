package sandbox

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
)

// Refusals of uploads. Source: doc:common-errors.
var (
	errTooBig    = &refusal{http.StatusBadRequest, 36009021, "The uploaded file is too big."}
	errMultipart = &refusal{http.StatusBadRequest, 36009023, "Invalid content type. It must be multipart/form-data."}
)

// Largest bodies. Source of the first: the API reference of message images.
const (
	maxImage = 10 << 20
	maxVideo = 64 << 20 // as much as a test needs
)

// upload takes a multipart body with the file in the part "data".
func upload(c *call) (any, error) {
	_, params, err := mime.ParseMediaType(c.contentType)
	if err != nil {
		return nil, errMultipart
	}
	limit := maxImage
	if strings.Contains(c.route.path, "/video") {
		limit = maxVideo
	}
	parts, found := multipart.NewReader(strings.NewReader(string(c.rawBody)), params["boundary"]), false
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errBodyForm
		}
		size, err := io.Copy(io.Discard, part)
		switch {
		case err != nil:
			return nil, errBodyForm
		case part.FormName() != "data":
			return nil, invalid("%s is not a part of this operation", part.FormName())
		case size == 0:
			return nil, invalid("data is empty")
		case size > int64(limit):
			return nil, errTooBig
		}
		found = true
	}
	if !found {
		return nil, invalid("data is required")
	}
	c.rawBody = nil
	return c.inventObject("data", 0), nil
}
