package conversiontest_test

import (
	"testing"

	"tiktok-shop-affiliate/shared/conversion/conversiontest"
)

func TestMemoryConforms(t *testing.T) {
	t.Parallel()
	conversiontest.Suite(t, func(*testing.T) conversiontest.Store { return conversiontest.NewMemory(nil) })
}
