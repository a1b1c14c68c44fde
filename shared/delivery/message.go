// Package delivery is what TikTok Shop tells us by webhook, from the queue to
// its effects. TikTok delivers at least once and in no order.
package delivery

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tiktok-shop-affiliate/shared/fault"
)

// Message is one verified webhook on its way through the queue.
type Message struct {
	App        string    // name of the app it was signed for
	ReceivedAt time.Time // when we took it
	Body       []byte    // as TikTok Shop sent it
	Replay     int       // the how manieth time it is processed again on request; 0: it has just come
}

// Attributes of a queue message.
const (
	attrApp        = "app"
	attrReceivedAt = "received_at"
	attrEncoding   = "encoding" // absent: the text is the body
	attrReplay     = "replay"   // absent: 0
)

const encodingGzip = "gzip+base64"

// maxText is the longest text that fits a message of 256 KiB, the size every
// queue takes, with its attributes.
const maxText = 255 << 10

// maxBody is the largest body that is unpacked, in bytes.
const maxBody = 1 << 20

// Text is the form of the message in the queue: the body itself where a queue
// takes it, so that people can read what is in a dead-letter queue.
func (m Message) Text() (text string, attributes map[string]string) {
	attributes = map[string]string{attrApp: m.App, attrReceivedAt: m.ReceivedAt.UTC().Format(time.RFC3339Nano)}
	if m.Replay > 0 {
		attributes[attrReplay] = strconv.Itoa(m.Replay)
	}
	if sendable(m.Body) {
		return string(m.Body), attributes
	}
	attributes[attrEncoding] = encodingGzip
	return base64.StdEncoding.EncodeToString(Pack(m.Body)), attributes
}

// FromText undoes Text.
func FromText(text string, attributes map[string]string) (Message, error) {
	const op = "delivery.FromText"
	received, err := time.Parse(time.RFC3339Nano, attributes[attrReceivedAt])
	if err != nil {
		return Message{}, fault.Wrap(op, fault.Invalid, "the message has no valid time of receipt", err)
	}
	m := Message{App: attributes[attrApp], ReceivedAt: received.UTC(), Body: []byte(text)}
	if m.App == "" {
		return Message{}, fault.New(op, fault.Invalid, "the message names no app")
	}
	if replay := attributes[attrReplay]; replay != "" {
		if m.Replay, err = strconv.Atoi(replay); err != nil || m.Replay < 1 {
			return Message{}, fault.New(op, fault.Invalid, "the message's replay is not a count")
		}
	}
	switch attributes[attrEncoding] {
	case "":
	case encodingGzip:
		packed, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return Message{}, fault.Wrap(op, fault.Invalid, "the message is not base64", err)
		}
		if m.Body, err = Unpack(packed); err != nil {
			return Message{}, err
		}
	default:
		return Message{}, fault.New(op, fault.Invalid, "the message has an unknown encoding")
	}
	return m, nil
}

// sendable reports whether SQS takes the body as it is: not empty, not too
// long, and only the characters of XML 1.0.
func sendable(body []byte) bool {
	return len(body) > 0 && len(body) <= maxText && utf8.Valid(body) && !strings.ContainsFunc(string(body), func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
}

// Pack compresses a body.
func Pack(body []byte) []byte {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(body) // a bytes.Buffer takes everything
	_ = w.Close()
	return packed.Bytes()
}

// Unpack undoes Pack.
func Unpack(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fault.Wrap("delivery.Unpack", fault.Invalid, "the body is not gzip", err)
	}
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	switch {
	case err != nil:
		return nil, fault.Wrap("delivery.Unpack", fault.Invalid, "the body is damaged", err)
	case len(body) > maxBody:
		return nil, fault.New("delivery.Unpack", fault.Invalid, "the body is too large")
	}
	return body, nil
}
