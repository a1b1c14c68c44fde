// Package runtimeapitest has what tests of real function binaries share.
package runtimeapitest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Build builds the function in the test's folder, as `sam build` does, and
// returns the path of its binary.
func Build(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bootstrap")
	command := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-o", path, ".")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := command.CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}
