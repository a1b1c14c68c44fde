package tiktokshop_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/contract"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

func TestSunsetsNameOurOperations(t *testing.T) {
	t.Parallel()
	c, err := contract.Load()
	require.NoError(t, err)
	ours := map[string]string{}
	for _, o := range c.Overrides.Operations {
		ours[o.Op] = o.Method
	}
	for _, s := range tiktokshop.Sunsets() {
		assert.Equal(t, ours[s.Method+" "+s.Path], s.Operation, s.Path)
	}
}
