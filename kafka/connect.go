package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// dialLimit bounds one probe of an address. librdkafka reports a refused connection only
// when its whole timeout has passed; a plain dial reports it at once.
const dialLimit = 1500 * time.Millisecond

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
	answers := dialAll(ctx, cfg.Brokers, min(dialLimit, cfg.timeout()))
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

// explain returns an error of the client as one of this package, which wraps a sentinel.
// If the client has no cause, that is the newest connection failure in the log.
func explain(cfg Config, l *logs, err error) error {
	if err == nil {
		return nil
	}
	var ke ck.Error
	if !errors.As(err, &ke) {
		if errors.Is(err, context.DeadlineExceeded) {
			return unanswered(cfg, l)
		}
		return err
	}
	sentinel := sentinelOf(ke.Code())
	switch ke.Code() {
	case ck.ErrTransport, ck.ErrAllBrokersDown, ck.ErrTimedOut, ck.ErrResolve, ck.ErrTimedOutQueue:
		return unanswered(cfg, l)
	case ck.ErrInvalidArg:
		return fmt.Errorf("%w: %s", ErrProperty, configText(ke.Error()))
	}
	return fmt.Errorf("%w: %s", sentinel, ke.Error())
}

// unanswered returns why no broker answered: the newest failure that librdkafka logged,
// or that the address accepts connections and then does not answer.
func unanswered(cfg Config, l *logs) error {
	cause := ""
	if l != nil {
		cause = l.cause()
	}
	lower := strings.ToLower(cause)
	switch {
	case cause == "":
		return fmt.Errorf("%w: %s accepts connections and does not answer within %v", ErrUnreachable, cfg.where(), cfg.timeout())
	case strings.Contains(lower, "sasl authentication") || strings.Contains(lower, "authentication failed"):
		return fmt.Errorf("%w: %s", ErrAuth, cause)
	case strings.Contains(lower, "ssl"):
		return fmt.Errorf("%w: %s", ErrTLS, cause)
	}
	if id, address, why := advertised(cfg, cause); id != "" {
		return fmt.Errorf("%w: %s answers, but broker %s advertises %s: %s", ErrUnreachable, cfg.where(), id, address, why)
	}
	return fmt.Errorf("%w: %s", ErrUnreachable, cause)
}

// advertised splits a failure that concerns an advertised address, such as
// "10.0.0.1:9092/2: Connect to … failed: Connection refused". The id is empty if the
// address is a bootstrap server.
func advertised(cfg Config, cause string) (id, address, why string) {
	name, why, ok := strings.Cut(cause, ": ")
	address, id, told := strings.Cut(name, "/")
	if !ok || !told || slices.ContainsFunc(cfg.Brokers, func(b string) bool { return withPort(b) == address }) {
		return "", "", ""
	}
	return id, address, why
}

// configText returns the text of a configuration error without librdkafka's preamble.
func configText(s string) string {
	s = strings.TrimPrefix(s, "Local: Invalid argument or configuration: ")
	return strings.TrimPrefix(s, "Configuration property ")
}

// sentinelOf returns the sentinel for an error code of librdkafka or a broker.
func sentinelOf(code ck.ErrorCode) error {
	switch code {
	case ck.ErrUnknownTopic, ck.ErrUnknownTopicOrPart, ck.ErrUnknownTopicID, ck.ErrUnknownPartition:
		return ErrUnknownTopic
	case ck.ErrGroupIDNotFound:
		return ErrUnknownGroup
	case ck.ErrAuthentication, ck.ErrSaslAuthenticationFailed:
		return ErrAuth
	case ck.ErrTopicAuthorizationFailed, ck.ErrGroupAuthorizationFailed, ck.ErrClusterAuthorizationFailed,
		ck.ErrTransactionalIDAuthorizationFailed, ck.ErrDelegationTokenAuthorizationFailed:
		return ErrDenied
	case ck.ErrSsl:
		return ErrTLS
	case ck.ErrTransport, ck.ErrAllBrokersDown, ck.ErrResolve:
		return ErrUnreachable
	case ck.ErrTopicAlreadyExists:
		return ErrExists
	case ck.ErrNonEmptyGroup:
		return ErrGroupActive
	case ck.ErrFenced, ck.ErrInvalidProducerEpoch, ck.ErrProducerFenced, ck.ErrFencedInstanceID:
		return ErrFenced
	case ck.ErrInvalidArg, ck.ErrConflict, ck.ErrInvalidConfig:
		return ErrProperty
	case ck.ErrBadMsg, ck.ErrInvalidMsg, ck.ErrBadCompression:
		return ErrCorrupt
	}
	return ErrFailed
}
