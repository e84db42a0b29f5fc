package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Reachable returns nil if one of cfg's bootstrap servers accepts a connection. Otherwise
// its error wraps ErrUnreachable; a refusal is returned at once, whereas a client would
// retry until its timeout.
func Reachable(ctx context.Context, cfg Config) error {
	if err := cfg.Check(); err != nil {
		return err
	}
	return preflight(ctx, cfg)
}

// preflight dials every bootstrap address at once. It succeeds with the first that
// accepts; otherwise the error has the failure of each. It wraps ErrUnreachable, or is the
// cause of ctx if that has ended.
func preflight(ctx context.Context, cfg Config) error {
	if len(cfg.Brokers) == 0 {
		return fmt.Errorf("%w: no brokers named", ErrUnreachable)
	}
	answers := dialAll(ctx, cfg.Brokers, cfg.timeout())
	var why []string
	for i, err := range answers {
		if err == nil {
			return nil
		}
		why = append(why, fmt.Sprintf("%s: %s", cfg.Brokers[i], dialCause(err)))
	}
	if ctx.Err() != nil { // nobody was given the time to answer
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w: %s", ErrUnreachable, strings.Join(why, "; "))
}

// dialAll connects to each address and closes the connection. It returns the errors in
// the order of addresses, or early once one address has accepted.
func dialAll(ctx context.Context, addresses []string, limit time.Duration) []error {
	type answer struct {
		i   int
		err error
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answers := make(chan answer, len(addresses))
	errs := make([]error, len(addresses))
	for i, address := range addresses {
		errs[i] = context.DeadlineExceeded
		go func() { // ends with the dial, which ctx bounds
			var d net.Dialer
			conn, err := d.DialContext(ctx, "tcp", withPort(address))
			if err == nil {
				conn.Close()
			}
			answers <- answer{i, err}
		}()
	}
	for range addresses {
		a := <-answers
		errs[a.i] = a.err
		if a.err == nil {
			break
		}
	}
	return errs
}

// withPort adds Kafka's default port to an address without one, and cuts the protocol
// that librdkafka allows in front.
func withPort(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return net.JoinHostPort(strings.Trim(address, "[]"), "9092")
	}
	return address
}

func dialCause(err error) string {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		if dns.IsNotFound {
			return "the name does not resolve"
		}
		return "name lookup: " + dns.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer"
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	text := err.Error()
	return strings.TrimPrefix(text, "connect: ")
}

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
