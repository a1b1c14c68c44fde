package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/shared/fault"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	notFound := fault.New("connection.Find", fault.NotFound, "no such connection")
	cases := map[string]struct {
		err  error
		want fault.Kind
	}{
		"nil":            {nil, ""},
		"foreign":        {errors.New("boom"), fault.Internal},
		"direct":         {notFound, fault.NotFound},
		"wrapped":        {fmt.Errorf("reading: %w", notFound), fault.NotFound},
		"outermost wins": {fault.Wrap("api", fault.Unavailable, "try later", notFound), fault.Unavailable},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, fault.KindOf(c.err))
		})
	}
	assert.ErrorContains(t, fault.Wrap("op", fault.Internal, "message", errors.New("cause")), "op: message: cause")
}
