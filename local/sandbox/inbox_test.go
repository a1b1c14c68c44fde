package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/sandbox"
)

func TestInboxKeepsWhatIsPosted(t *testing.T) {
	t.Parallel()
	control := sandbox.New(sandbox.Options{}).Control()
	for _, body := range []string{`{"id":"1"}`, `{"id":"2"}`} {
		request := httptest.NewRequest(http.MethodPost, "/control/inbox", strings.NewReader(body))
		request.Header.Set("Webhook-Id", "event")
		w := httptest.NewRecorder()
		control.ServeHTTP(w, request)
		assert.Equal(t, http.StatusNoContent, w.Code)
	}
	for query, want := range map[string][]string{"": {`{"id":"1"}`, `{"id":"2"}`}, "?after=1": {`{"id":"2"}`}, "?after=2": nil, "?after=9": nil} {
		w := httptest.NewRecorder()
		control.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/control/inbox"+query, nil))
		var answer struct {
			Items []sandbox.Posted
			After int
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		var got []string
		for _, posted := range answer.Items {
			got = append(got, posted.Body)
			assert.Equal(t, "event", posted.Headers["webhook-id"])
		}
		assert.Equal(t, want, got, query)
		assert.Equal(t, 2, answer.After)
	}
}
