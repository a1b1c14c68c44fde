package firstday

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tiktok-shop-affiliate/local/loopback"
)

// newHTTP returns a client that follows no redirects by itself.
func newHTTP() *http.Client {
	client := loopback.Client(40 * time.Second)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

// StatusError is an answer with another status than the one asked for.
type StatusError struct {
	Method, URL string
	Status      int
	Body        string
}

// Error implements error.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %s answered %d: %.400s", e.Method, e.URL, e.Status, e.Body)
}

// do sends in as JSON and decodes the answer into out. Any status outside 2xx
// is a *StatusError.
func do(ctx context.Context, client *http.Client, method, target, token string, in, out any) error {
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return err
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return &StatusError{Method: method, URL: target, Status: response.StatusCode, Body: string(text)}
	}
	if out == nil || len(text) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s %s: %w: %.200s", method, target, err, text)
	}
	return nil
}

// backend is the software of one owner: it holds a client id and calls the API.
type backend struct {
	owner Owner
	api   string
	http  *http.Client
	token string
}

// signIn fetches a token for the day.
func (b *backend) signIn(ctx context.Context, tokenURL string) error {
	token, err := Token(ctx, b.http, tokenURL, b.owner, "affiliate/read affiliate/write")
	b.token = token
	return err
}

// Token fetches an owner's token for the scopes by client credentials.
func Token(ctx context.Context, client *http.Client, tokenURL string, owner Owner, scopes string) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scopes}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, tokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(owner.ClientID, owner.ClientSecret)
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("reading the token answer: %w", err)
	}
	if response.StatusCode != http.StatusOK || answer.AccessToken == "" {
		return "", fmt.Errorf("the token endpoint answered %d to client %s", response.StatusCode, owner.ClientID)
	}
	return answer.AccessToken, nil
}

func (b *backend) get(ctx context.Context, path string, out any) error {
	return do(ctx, b.http, http.MethodGet, b.api+path, b.token, nil, out)
}

func (b *backend) post(ctx context.Context, path string, in, out any) error {
	return do(ctx, b.http, http.MethodPost, b.api+path, b.token, in, out)
}

func (b *backend) put(ctx context.Context, path string, in, out any) error {
	return do(ctx, b.http, http.MethodPut, b.api+path, b.token, in, out)
}

// all reads every page of a list.
func all[T any](ctx context.Context, b *backend, path string) (items []T, err error) {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	for cursor := ""; ; {
		target := path
		if cursor != "" {
			target += separator + "cursor=" + url.QueryEscape(cursor)
		}
		var page struct {
			Items      []T    `json:"items"`
			NextCursor string `json:"next_cursor"`
		}
		if err := b.get(ctx, target, &page); err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if page.NextCursor == "" {
			return items, nil
		}
		cursor = page.NextCursor
	}
}
