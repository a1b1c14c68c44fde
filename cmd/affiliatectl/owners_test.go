package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/dynamo/awstest"
)

func TestOwners(t *testing.T) {
	t.Parallel()
	cfg, table := awstest.Config(t), awstest.Tables(t).Accounts
	var out bytes.Buffer
	require.NoError(t, owners(t.Context(), cfg, []string{"-table", table, "set", "test-client", "owner-a"}, &out))
	require.NoError(t, owners(t.Context(), cfg, []string{"-table", table, "list"}, &out))
	assert.Equal(t, "test-client\towner-a\n", out.String())

	require.NoError(t, owners(t.Context(), cfg, []string{"-table", table, "remove", "test-client"}, &out))
	out.Reset()
	require.NoError(t, owners(t.Context(), cfg, []string{"-table", table, "list"}, &out))
	assert.Empty(t, out.String())

	for name, args := range map[string][]string{
		"nothing to remove": {"remove", "test-client"},
		"no command":        {},
		"set too few":       {"set", "test-client"},
		"bad owner":         {"set", "test-client", "owner with blanks"},
		"unknown word":      {"delete", "test-client"},
	} {
		assert.Error(t, owners(t.Context(), cfg, append([]string{"-table", table}, args...), &out), name)
	}
}
