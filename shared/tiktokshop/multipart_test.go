package tiktokshop

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop/sign"
)

// sendImage is an upload as the generated ones are.
type sendImage struct{ Data File }

func (r sendImage) encode(p *params) { p.file("data", r.Data, 1<<20) }

type image struct {
	URL string `json:"url"`
}

func uploadImage(ctx context.Context, c *Client, g Grant, f File) error {
	_, err := call[image](ctx, caller{client: c, grant: g, kind: SellerAccount, cipher: "cipher"}, operation{
		Name: "Seller.UploadImage", Method: http.MethodPost, Path: "/affiliate_seller/202608/media/upload", Cipher: "shop_cipher", Repeatable: true,
	}, sendImage{f})
	return err
}

// testGrant renews its token once.
type testGrant struct{ renewed int }

func (g *testGrant) App() App          { return App{Key: "test-key", Secret: redact.New("test-secret")} }
func (g *testGrant) Kind() AccountKind { return SellerAccount }
func (g *testGrant) AccessToken(context.Context) (redact.Secret, error) {
	return redact.New("test-old"), nil
}

func (g *testGrant) RenewToken(context.Context, redact.Secret) (redact.Secret, error) {
	g.renewed++
	return redact.New("test-new"), nil
}
func (g *testGrant) Revoked(context.Context, error) {}

// onlyReader hides that a reader can seek.
type onlyReader struct{ io.Reader }

func fileOf(text string) File {
	return File{Name: "cat.png", Size: int64(len(text)), Body: strings.NewReader(text)}
}

func TestUploadAsSent(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("0123456789", 50_000)
	for name, body := range map[string]io.Reader{
		"that can be read again": strings.NewReader(content),
		"that is read once":      onlyReader{strings.NewReader(content)},
		"from a pipe": func() io.Reader {
			r, w := io.Pipe()
			go func() { _, _ = io.WriteString(w, content); _ = w.Close() }()
			return r
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Empty(t, r.TransferEncoding, "the length is stated")
				assert.Greater(t, r.ContentLength, int64(len(content)))
				assert.Equal(t, sign.Request("test-secret", r.URL.Path, r.URL.Query(), r.Header.Get("Content-Type"), []byte("anything")), r.URL.Query().Get("sign"))
				file, header, err := r.FormFile("data")
				if assert.NoError(t, err) {
					got, _ := io.ReadAll(file)
					assert.Equal(t, "cat.png", header.Filename)
					assert.Equal(t, content, string(got))
				}
				_, _ = io.WriteString(w, `{"code":0,"data":{"url":"https://image.example/1"}}`)
			}))
			t.Cleanup(server.Close)
			c, err := New(Options{BaseURL: server.URL})
			require.NoError(t, err)
			require.NoError(t, uploadImage(t.Context(), c, &testGrant{}, File{Name: "cat.png", Size: int64(len(content)), Body: body}))
		})
	}
}

func TestUploadRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		assert.Error(t, err, "no whole form arrives")
		_, _ = io.WriteString(w, `{"code":0}`)
	}))
	t.Cleanup(server.Close)
	c, err := New(Options{BaseURL: server.URL})
	require.NoError(t, err)
	for name, test := range map[string]struct {
		file File
		says string
	}{
		"no name":         {File{Size: 1, Body: strings.NewReader("x")}, "needs a name"},
		"no body":         {File{Name: "a.png", Size: 1}, "needs a name and a body"},
		"empty":           {fileOf(""), "0 bytes"},
		"too large":       {File{Name: "a.png", Size: 1<<20 + 1, Body: strings.NewReader("x")}, "1 to 1048576"},
		"shorter in fact": {File{Name: "a.png", Size: 9, Body: onlyReader{strings.NewReader("12345678")}}, "stated size"},
		"longer in fact":  {File{Name: "a.png", Size: 7, Body: strings.NewReader("12345678")}, "stated size"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var fault *Error
			require.ErrorAs(t, uploadImage(t.Context(), c, &testGrant{}, test.file), &fault)
			assert.Equal(t, Refused, fault.Kind, fault)
			assert.Contains(t, fault.Message, test.says)
		})
	}
}

// answers gives one answer per request and keeps the forms.
type answers struct {
	codes []string
	forms []string
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	defer r.Body.Close()
	form, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a.forms = append(a.forms, string(form))
	code := a.codes[len(a.forms)-1]
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"code":` + code + `,"data":{}}`))}, nil
}

func TestUploadAgain(t *testing.T) {
	t.Parallel()
	started := strings.NewReader("skip:0123456789")
	_, _ = started.Seek(5, io.SeekStart)
	for name, test := range map[string]struct {
		body    io.Reader
		code    string
		sent    int
		renewed int
		kind    ErrorKind // of the end; empty: it went well
	}{
		"overload":                        {strings.NewReader("0123456789"), "36009003", 2, 0, ""},
		"expired token":                   {strings.NewReader("0123456789"), "105002", 2, 1, ""},
		"a file that stands in its midst": {started, "36009003", 2, 0, ""},
		"overload, read once":             {onlyReader{strings.NewReader("0123456789")}, "36009003", 1, 0, Unavailable},
		"expired token, read once":        {onlyReader{strings.NewReader("0123456789")}, "105002", 1, 0, TokenExpired},
		"refused":                         {strings.NewReader("0123456789"), "36009021", 1, 0, BadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := &answers{codes: []string{test.code, "0"}}
				c, err := New(Options{HTTP: &http.Client{Transport: a}})
				require.NoError(t, err)
				g := &testGrant{}
				err = uploadImage(t.Context(), c, g, File{Name: "cat.png", Size: 10, Body: test.body})
				var fault *Error
				if errors.As(err, &fault) {
					assert.Equal(t, test.kind, fault.Kind)
				} else {
					assert.Empty(t, test.kind)
				}
				assert.Len(t, a.forms, test.sent)
				assert.Equal(t, test.renewed, g.renewed)
				for _, form := range a.forms {
					assert.Contains(t, form, "\r\n\r\n0123456789\r\n")
				}
			})
		})
	}
}

// TestUploadIsNotReadAfterTheCall: net/http may leave a request half sent.
func TestUploadIsNotReadAfterTheCall(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = io.WriteString(w, `{"code":36009021,"message":"too big"}`)
	}))
	t.Cleanup(server.Close)
	c, err := New(Options{BaseURL: server.URL})
	require.NoError(t, err)
	file := bytes.NewReader(make([]byte, 1<<20))
	require.Error(t, uploadImage(t.Context(), c, &testGrant{}, File{Name: "cat.png", Size: 1 << 20, Body: file}))
	_, err = file.Seek(0, io.SeekStart) // the race detector sees a reader that goes on
	require.NoError(t, err)
}
