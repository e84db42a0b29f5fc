package kafka

import (
	"context"
	"time"
)

// pollInterval is how often a state is asked for that no event announces.
const pollInterval = 50 * time.Millisecond

// pause waits for d. It returns the cause of ctx if that ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
