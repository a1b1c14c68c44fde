package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type planned struct{ err error }

func (p planned) Run(context.Context) (int, error) { return 3, p.err }

func TestHandle(t *testing.T) {
	t.Parallel()
	event, err := os.ReadFile("../../events/job-planner.json")
	require.NoError(t, err)
	require.True(t, json.Valid(event))
	answer, err := (&handler{planner: planned{}}).Handle(t.Context(), event)
	require.NoError(t, err)
	assert.Equal(t, Answer{Woken: 3}, answer)
	failed := errors.New("down")
	_, err = (&handler{planner: planned{failed}}).Handle(t.Context(), event)
	assert.ErrorIs(t, err, failed, "the run is counted as failed")
}
