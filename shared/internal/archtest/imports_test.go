package archtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "tiktok-shop-affiliate/"

// may says which packages of ours each package under shared/ may import.
// A package that is not listed may import none.
var may = map[string][]string{
	"account":            {"app", "fault", "obs", "redact", "tiktokshop"},
	"api":                {"account", "connection", "fault", "idempotency", "lambdahttp", "redact", "tiktokshop"},
	"app":                {"fault", "redact", "tiktokshop"},
	"blob":               {"fault", "job"},
	"bootstrap":          {"obs"},
	"bus":                {"fault"},
	"campaign":           {"account", "fault", "link", "money", "tiktokshop"},
	"compose":            {"account", "app", "bootstrap", "dynamo", "quota", "seal", "secret", "serve", "tiktokshop"},
	"connection":         {"account", "app", "fault", "redact", "tiktokshop"},
	"conversion":         {"account", "fault", "job", "money", "order", "sheet"},
	"delivery":           {"account", "fault", "tiktokshop", "tiktokshop/webhook"},
	"dynamo":             {"account", "bus", "campaign", "connection", "conversion", "delivery", "fault", "feed", "idempotency", "job", "link", "money", "order", "quota", "redact", "tiktokshop", "tiktokshop/webhook"},
	"feed":               {"fault"},
	"idempotency":        {"fault"},
	"job":                {"account", "fault", "tiktokshop"},
	"link":               {"account", "fault", "job", "money", "tiktokshop"},
	"order":              {"account", "fault", "job", "money", "sheet", "tiktokshop"},
	"push":               {"fault", "redact"},
	"queue":              {"fault"},
	"quota":              {"fault", "tiktokshop"},
	"reference":          {"api"},
	"seal":               {"fault", "redact"},
	"secret":             {"fault", "redact"},
	"serve":              {"api", "bootstrap", "connection", "dynamo", "idempotency", "secret"},
	"tiktokshop":         {"fault", "money", "redact", "tiktokshop/sign"},
	"tiktokshop/webhook": {"redact"},
}

// pure packages know nothing of AWS.
var pure = []string{"account", "app", "campaign", "connection", "conversion", "delivery", "fault", "feed", "idempotency", "job", "link", "money", "order", "push", "quota", "redact", "tiktokshop", "tiktokshop/sign", "tiktokshop/webhook"}

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func list(t *testing.T, patterns ...string) (packages []listed) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Imports,Deps"}, patterns...)...)
	command.Dir = root
	out, err := command.Output()
	require.NoError(t, err)
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}

func TestImportsGoOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./shared/...") {
		name := strings.TrimPrefix(p.ImportPath, module+"shared/")
		if strings.HasPrefix(name, "internal/") || strings.HasSuffix(name, "test") {
			continue
		}
		for _, imported := range p.Imports {
			if ours, ok := strings.CutPrefix(imported, module); ok {
				target, isShared := strings.CutPrefix(ours, "shared/")
				allowed := slices.Contains(may[name], target) || strings.HasPrefix(target, "internal/")
				assert.True(t, isShared && allowed, "shared/%s must not import %s", name, ours)
			}
			if slices.Contains(pure, name) {
				assert.False(t, strings.HasPrefix(imported, "github.com/aws/"), "shared/%s must not import %s", name, imported)
			}
		}
	}
}

func TestBinariesCarryNoTestCode(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./functions/...") {
		for _, dep := range p.Deps {
			forbidden := dep == "testing" || dep == "net/http/httptest" || strings.Contains(dep, "stretchr/testify") ||
				strings.HasPrefix(dep, module+"local/") || strings.HasPrefix(dep, module) && strings.HasSuffix(dep, "test")
			assert.False(t, forbidden, "%s contains %s", p.ImportPath, dep)
		}
	}
}
