package api

// MaxFile is the largest File, in bytes: a Lambda answer ends at 6 MB.
const MaxFile = 5 << 20

// File is an answer that is not JSON but a file to be saved. A handler answers
// with it as with any other type.
type File struct {
	MediaType string
	Name      string // that it is saved under
	Body      []byte
}

func (f File) reply(status int) reply {
	return reply{status: status, contentType: f.MediaType, fileName: f.Name, body: f.Body}
}
