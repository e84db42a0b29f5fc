package cmd

import (
	"context"

	"kstream/cmd/input"
	"kstream/kafka"
)

// tempo says how many of the next records may go now. A nil one lets all go.
type tempo struct {
	pace *input.Pace // of --rate
}

// openTempo starts the pace that was asked for.
func (r *replay) openTempo() error {
	if r.pace != nil {
		r.tempo = &tempo{pace: r.pace(r.clock)}
	}
	return nil
}

// take waits until at least one of the records may go, and returns how many may.
func (t *tempo) take(ctx context.Context, records []kafka.Record) (int, error) {
	switch {
	case t == nil:
		return len(records), nil
	case t.pace != nil:
		return t.pace.Take(ctx, len(records))
	}
	return len(records), nil
}
