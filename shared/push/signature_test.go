package push_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/push"
	"tiktok-shop-affiliate/shared/redact"
)

// text is a stored secret that never changes.
type text string

func (s text) Value(context.Context) (redact.Secret, error) { return redact.New(string(s)), nil }

var sentAt = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// key is a secret of the form that is stored, made of one repeated letter.
func key(letter string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, 48)))
}

func stored(secret, previous string) text {
	return text(fmt.Sprintf(`{"secret": %q, "previous_secret": %q}`, secret, previous))
}

// TestStandardWebhooks holds the signature against the example of the Standard
// Webhooks specification's reference libraries.
func TestStandardWebhooks(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		got, err := push.NewSigner(stored(secret, "")).Sign(t.Context(), "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
		require.NoError(t, err)
		assert.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", got)
	}
}

func TestSecretsThatAreNone(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]text{
		"empty": "", "not JSON": text(key("a")), "no base64": stored("with a blank", ""), "short": stored("c2hvcnQ=", ""),
		"none": stored("", ""), "a previous one that is none": stored(key("a"), "?"),
	} {
		_, err := push.NewSigner(secret).Sign(t.Context(), "1", sentAt, nil)
		require.Error(t, err, name)
		assert.NotContains(t, err.Error(), key("a"), name)
	}
}

// vector is a delivery and whether a receiver may take it.
type vector struct {
	Name    string            `json:"name"`
	Secret  string            `json:"secret"` // the receiver's
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Now     int64             `json:"now"` // Unix seconds
	Valid   bool              `json:"valid"`
}

func vectors(t *testing.T) (all []vector) {
	t.Helper()
	const id, body = "5f0c1d0e8a7b4c3d9e2f1a0b6c5d4e3f", `{"id":"5f0c1d0e8a7b4c3d9e2f1a0b6c5d4e3f","owner":"acme","data":{"name":"Täschchen 🎀"}}`
	add := func(name, receiver string, signer text, valid bool, change func(*vector)) {
		signature, err := push.NewSigner(signer).Sign(t.Context(), id, sentAt, []byte(body))
		require.NoError(t, err)
		v := vector{Name: name, Secret: receiver, Body: body, Now: sentAt.Unix() + 3, Valid: valid, Headers: map[string]string{
			push.HeaderID: id, push.HeaderTimestamp: fmt.Sprint(sentAt.Unix()), push.HeaderSignature: signature,
		}}
		if change != nil {
			change(&v)
		}
		all = append(all, v)
	}
	one, two := stored(key("a"), ""), stored(key("b"), key("a"))
	add("as sent", key("a"), one, true, nil)
	add("secret with its prefix", "whsec_"+key("a"), one, true, nil)
	add("new secret while it is changed", key("b"), two, true, nil)
	add("old secret while it is changed", key("a"), two, true, nil)
	add("wrong secret", key("b"), one, false, nil)
	add("old timestamp", key("a"), one, false, func(v *vector) { v.Now += 301 })
	add("future timestamp", key("a"), one, false, func(v *vector) { v.Now -= 304 })
	add("newer timestamp than was signed", key("a"), one, false, func(v *vector) { v.Headers[push.HeaderTimestamp] = fmt.Sprint(sentAt.Unix() + 1) })
	add("no timestamp", key("a"), one, false, func(v *vector) { delete(v.Headers, push.HeaderTimestamp) })
	add("a timestamp that is none", key("a"), one, false, func(v *vector) { v.Headers[push.HeaderTimestamp] = "today" })
	add("another body", key("a"), one, false, func(v *vector) { v.Body += " " })
	add("another id", key("a"), one, false, func(v *vector) { v.Headers[push.HeaderID] = "0" })
	add("no signature", key("a"), one, false, func(v *vector) { delete(v.Headers, push.HeaderSignature) })
	add("another version of the same", key("a"), one, false, func(v *vector) {
		v.Headers[push.HeaderSignature] = strings.Replace(v.Headers[push.HeaderSignature], "v1,", "v2,", 1)
	})
	return all
}

// harness lets an example of docs/events/signature.md, in a file of its own,
// judge the vectors: it prints a JSON list of booleans.
type harness struct {
	language, file string
	files          map[string]string
	command        []string
}

var harnesses = []harness{
	{"go", "verify.go", map[string]string{
		"go.mod": "module receiver\n\ngo 1.21\n",
		"main.go": `package main

import (
	"encoding/json"
	"net/http"
	"os"
	"time"
)

func main() {
	var vectors []struct {
		Secret, Body string
		Headers      map[string]string
		Now          int64
	}
	if err := json.NewDecoder(os.Stdin).Decode(&vectors); err != nil {
		panic(err)
	}
	valid := []bool{}
	for _, v := range vectors {
		header := http.Header{}
		for name, value := range v.Headers {
			header.Set(name, value)
		}
		valid = append(valid, verify(v.Secret, header, []byte(v.Body), time.Unix(v.Now, 0)) == nil)
	}
	_ = json.NewEncoder(os.Stdout).Encode(valid)
}
`,
	}, []string{"go", "run", "."}},
	{"python", "verify.py", map[string]string{
		"main.py": `import json, sys
from verify import verify
print(json.dumps([verify(v["secret"], v["headers"], v["body"].encode(), v["now"]) for v in json.load(sys.stdin)]))
`,
	}, []string{"python3", "main.py"}},
	{"js", "verify.mjs", map[string]string{
		"main.mjs": `import { readFileSync } from "node:fs";
import { verify } from "./verify.mjs";
const vectors = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(vectors.map((v) => verify(v.secret, v.headers, Buffer.from(v.body), v.now * 1000))));
`,
	}, []string{"node", "main.mjs"}},
}

func TestTheDocumentedExamplesVerify(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/events/signature.md")
	require.NoError(t, err)
	vectors := vectors(t)
	given, err := json.Marshal(vectors)
	require.NoError(t, err)
	for _, h := range harnesses {
		t.Run(h.language, func(t *testing.T) {
			t.Parallel()
			_, rest, found := strings.Cut(string(document), "\n```"+h.language+"\n")
			require.True(t, found, "the document has no example")
			code, _, found := strings.Cut(rest, "\n```\n")
			require.True(t, found)
			folder := t.TempDir()
			write := func(name, content string) {
				require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
			}
			write(h.file, code+"\n")
			for name, content := range h.files {
				write(name, content)
			}
			command := exec.CommandContext(t.Context(), h.command[0], h.command[1:]...)
			var complaints bytes.Buffer
			command.Dir, command.Stdin, command.Stderr = folder, bytes.NewReader(given), &complaints
			out, err := command.Output()
			require.NoError(t, err, complaints.String())
			var valid []bool
			require.NoError(t, json.Unmarshal(out, &valid))
			require.Len(t, valid, len(vectors))
			for i, v := range vectors {
				assert.Equal(t, v.Valid, valid[i], v.Name)
			}
		})
	}
}
