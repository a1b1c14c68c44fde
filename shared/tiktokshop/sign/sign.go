// Package sign computes TikTok Shop request signatures. It is a pure function
// of what is sent: no clock, no network, no client.
// Source: doc:sign-your-api-request (6 Jul 2026).
package sign

import (
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/url"
	"slices"
)

const (
	block = sha256.BlockSize
	// typicalMessage is the longest message built without an extra allocation.
	typicalMessage = 2048
)

// Request returns the lower-case hex signature of a request.
//
// path has no host and no "?". query holds the decoded parameters, timestamp
// among them; sign and access_token are left out, and of a repeated key only
// the first value counts. body is exactly what is sent; with a content type of
// multipart/form-data it is not signed.
func Request(secret, path string, query url.Values, contentType string, body []byte) string {
	// The message is built behind the HMAC pad (RFC 2104) in one buffer, so that
	// hashing it allocates nothing.
	buf := make([]byte, block, typicalMessage)
	outer := pad(secret, 0x5c)
	inner := pad(secret, 0x36)
	copy(buf, inner[:])

	buf = append(buf, secret...)
	buf = append(buf, path...)
	var room [16]string
	keys := room[:0]
	for key := range query {
		if key != "sign" && key != "access_token" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		buf = append(buf, key...)
		buf = append(buf, query.Get(key)...)
	}
	if !multipart(contentType) {
		buf = append(buf, body...)
	}
	buf = append(buf, secret...)

	sum := sha256.Sum256(buf)
	buf = append(append(buf[:0], outer[:]...), sum[:]...)
	sum = sha256.Sum256(buf)
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], sum[:])
	return string(text[:])
}

// pad is the key of RFC 2104 mixed with b, with room for a digest behind it.
func pad(secret string, b byte) (padded [block]byte) {
	if len(secret) > block {
		sum := sha256.Sum256([]byte(secret))
		copy(padded[:], sum[:])
	} else {
		copy(padded[:], secret)
	}
	for i := range padded {
		padded[i] ^= b
	}
	return padded
}

func multipart(contentType string) bool {
	if contentType == "application/json" { // parsing allocates
		return false
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == "multipart/form-data"
}
