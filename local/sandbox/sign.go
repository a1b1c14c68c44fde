package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/url"
	"sort"
)

// requestSignature is what the sign parameter of a request must be: the path,
// every other query parameter in byte order of the names, then the raw body
// unless it is multipart, between two copies of the secret, HMAC-ed with it.
// Source: doc:sign-your-api-request.
func requestSignature(secret, path string, query url.Values, contentType string, body []byte) string {
	names := make([]string, 0, len(query))
	for name := range query {
		if name != "sign" && name != "access_token" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(secret + path))
	for _, name := range names {
		mac.Write([]byte(name + query.Get(name)))
	}
	if media, _, _ := mime.ParseMediaType(contentType); media != "multipart/form-data" {
		mac.Write(body)
	}
	mac.Write([]byte(secret))
	return hex.EncodeToString(mac.Sum(nil))
}

// webhookSignature is the Authorization header of a notification: the app key
// and the raw body, HMAC-ed with the app secret.
// Source: doc:tts-webhooks-overview.
func webhookSignature(key, secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(key))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
