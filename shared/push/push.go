package push

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"tiktok-shop-affiliate/shared/fault"
)

// Patience is how long a receiver may take to answer.
const Patience = 15 * time.Second

// maxRead is how much of an answer is read, so that the connection can be used
// again. It means nothing.
const maxRead = 64 << 10

// Pusher delivers to one address. It is safe for concurrent use.
type Pusher struct {
	address string
	client  *http.Client
	signer  *Signer
	now     func() time.Time
}

// New delivers to an https address, or an http address of this machine.
func New(address string, signer *Signer, now func() time.Time) (*Pusher, error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the address of deliveries is no URL")
	}
	local := isLocal(at.Hostname())
	if at.Host == "" || at.User != nil || at.Scheme != "https" && !(at.Scheme == "http" && local) {
		return nil, errors.New("the address of deliveries must be https, without a user name")
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second, ControlContext: guard(local)}
	return &Pusher{
		address: at.String(), signer: signer, now: now,
		client: &http.Client{
			Timeout: Patience,
			// A redirect is an answer like any other that is not 2xx: what was signed
			// for one address is for no other.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 5 * time.Second,
				MaxIdleConnsPerHost: 20, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: maxRead,
			},
		},
	}, nil
}

// Push delivers a body once. The error is fault.Gone when the receiver does not
// want it, and otherwise says when to try again if the receiver did.
func (p *Pusher) Push(ctx context.Context, id string, body []byte) error {
	const op = "push.Push"
	now := p.now()
	signature, err := p.signer.Sign(ctx, id, now, body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", op, withoutURL(err))
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "tiktok-shop-affiliate")
	request.Header.Set(HeaderID, id)
	request.Header.Set(HeaderTimestamp, timestamp(now))
	request.Header.Set(HeaderSignature, signature)
	response, err := p.client.Do(request)
	if err != nil {
		return fault.Wrap(op, fault.Unavailable, "the receiver of events does not answer", withoutURL(err))
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, maxRead)
	switch {
	case response.StatusCode/100 == 2:
		return nil
	case response.StatusCode == http.StatusGone:
		return fault.New(op, fault.Gone, "the receiver of events does not want this one")
	}
	return &fault.Error{
		Op: op, Kind: fault.Unavailable, Message: fmt.Sprintf("the receiver of events answered %d", response.StatusCode),
		RetryAfter: retryAfter(response.Header, now),
	}
}

// retryAfter is what the receiver asks for, in seconds or as a date.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// withoutURL leaves the address out of an error: it can carry a secret.
func withoutURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}
