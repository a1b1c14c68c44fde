package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Credentials are an API client's: what it signs in with, and for which scopes.
type Credentials struct {
	TokenURL string // the stack's output TokenUrl
	ID       string
	Secret   string
	Scopes   []string // such as "affiliate/read"; empty asks for all that the client may have
	// HTTP fetches the tokens; nil means http.DefaultClient.
	HTTP *http.Client
}

// early is how long before its end a token is replaced.
const early = time.Minute

// tokens keeps a token until it ends.
type tokens struct {
	credentials Credentials
	mutex       sync.Mutex
	token       string
	until       time.Time
}

// WithCredentials signs every request with a token that is fetched by client
// credentials and used until shortly before its end.
func WithCredentials(c Credentials) ClientOption {
	if c.HTTP == nil {
		c.HTTP = http.DefaultClient
	}
	source := &tokens{credentials: c}
	return WithRequestEditorFn(func(ctx context.Context, request *http.Request) error {
		token, err := source.get(ctx)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+token)
		return nil
	})
}

func (t *tokens) get(ctx context.Context) (string, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if time.Now().Before(t.until) {
		return t.token, nil
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(t.credentials.Scopes) > 0 {
		form.Set("scope", strings.Join(t.credentials.Scopes, " "))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.credentials.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(t.credentials.ID, t.credentials.Secret)
	response, err := t.credentials.HTTP.Do(request)
	if err != nil {
		return "", fmt.Errorf("signing in: %w", err)
	}
	defer response.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"` // seconds
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("signing in: the token endpoint answered %d", response.StatusCode)
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("signing in: reading the token: %w", err)
	}
	if answer.AccessToken == "" {
		return "", errors.New("signing in: the token endpoint gave no token")
	}
	t.token, t.until = answer.AccessToken, time.Now().Add(time.Duration(answer.ExpiresIn)*time.Second-early)
	return t.token, nil
}
