package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"kstream/kafka/oauth"
	"kstream/kafka/probe"
)

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
	case ck.ErrAuthentication, ck.ErrSaslAuthenticationFailed, ck.ErrSsl:
		if p := l.diagnosis(cfg); p != nil {
			return ConnectError(p)
		}
	case ck.ErrInvalidArg:
		return fmt.Errorf("%w: %s", ErrProperty, configText(ke.Error()))
	}
	return fmt.Errorf("%w: %s", sentinel, ke.Error())
}

// unanswered returns why no broker answered: the newest failure that librdkafka logged,
// or that the address accepts connections and then does not answer.
func unanswered(cfg Config, l *logs) error {
	cause := l.cause()
	if cause == "" {
		return fmt.Errorf("%w: %s accepts connections and does not answer within %v", ErrUnreachable, cfg.where(), cfg.timeout())
	}
	if p := advertised(cfg, cause); p != nil {
		return ConnectError(p)
	}
	if unconnected(cause) {
		return fmt.Errorf("%w: %s", ErrUnreachable, cause)
	}
	if p := l.diagnosis(cfg); p != nil {
		return ConnectError(p)
	}
	switch lower := strings.ToLower(cause); {
	case refusedLogin(cause):
		return fmt.Errorf("%w: %s", ErrAuth, cause)
	case strings.Contains(lower, "ssl handshake") || strings.Contains(lower, "ssl routines"):
		return fmt.Errorf("%w: %s", ErrTLS, cause)
	}
	return fmt.Errorf("%w: %s", ErrUnreachable, cause)
}

// unconnected reports whether a failure in librdkafka's words is one of TCP or of a name,
// which says all there is to say.
func unconnected(cause string) bool {
	return strings.Contains(cause, "Connect to ") || strings.Contains(cause, "Failed to resolve")
}

// refusedLogin reports whether a failure in librdkafka's words is that of a login.
func refusedLogin(cause string) bool {
	lower := strings.ToLower(cause)
	return strings.Contains(lower, "sasl authentication") || strings.Contains(lower, "authentication failed")
}

// advertised returns the failure of a connection to an address that no bootstrap server
// has, such as "10.0.0.1:9092/2: Connect to … failed: Connection refused", or nil.
func advertised(cfg Config, cause string) *probe.Problem {
	if protocol, rest, ok := strings.Cut(cause, "://"); ok && !strings.Contains(protocol, " ") {
		cause = rest
	}
	name, why, ok := strings.Cut(cause, ": ")
	address, number, told := strings.Cut(name, "/")
	if !ok || !told || !unconnected(why) || cfg.bootstraps(address) {
		return nil
	}
	switch {
	case strings.Contains(why, "Failed to resolve"):
		why = "the name does not resolve"
	default:
		why = why[strings.LastIndex(why, ": ")+len(": "):]
	}
	var id int32
	if _, err := fmt.Sscan(number, &id); err != nil {
		return nil
	}
	return probe.NewAdvertised(cfg.where(), id, probe.NewUnreached(address, why))
}

// ConnectError is a problem of a connection with the sentinel for it, both of which it wraps.
func ConnectError(p *probe.Problem) error {
	sentinel := ErrUnreachable
	if bad := (*oauth.EndpointError)(nil); errors.As(p, &bad) {
		return fmt.Errorf("%w: %w", endpointSentinel(bad), p)
	}
	switch p.Kind {
	case probe.SpeaksPlaintext, probe.UnknownAuthority, probe.Expired, probe.NotYetValid, probe.WrongHost,
		probe.WantsCertificate, probe.RefusesCertificate, probe.TLSFailed:
		sentinel = ErrTLS
	case probe.WrongMechanism, probe.LoginRefused, probe.NoToken:
		sentinel = ErrAuth
	}
	return fmt.Errorf("%w: %w", sentinel, p)
}

// diagnosisAge is how long a diagnosis holds: what fails a thousand times in a row is
// looked into once.
const diagnosisAge = 10 * time.Second

// diagnosis says why the newest connection has failed, or nil where that does not show.
func (l *logs) diagnosis(cfg Config) *probe.Problem {
	l.diagnosing.Lock()
	defer l.diagnosing.Unlock()
	if l.diagnosed.IsZero() || time.Since(l.diagnosed) > diagnosisAge {
		l.problem = diagnose(context.Background(), cfg)
		l.diagnosed = time.Now()
	}
	return l.problem
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

// JoinError is the error of a member that a group does not accept, or has removed for good.
type JoinError struct {
	Group string
	// Kind is ErrGroupActive, ErrProperty, ErrFenced or ErrFailed.
	Kind error
	// Assignor is what the group's members use, if it is why this member was refused.
	Assignor string
	text     string
}

func (e *JoinError) Error() string { return e.text }

// Unwrap returns the kind.
func (e *JoinError) Unwrap() error { return e.Kind }

// refused returns the error of a member that will never join, or join again, and nil
// for what librdkafka gets over by itself. It reports a refused join only where trying
// again is of no use; but it tries again all the same, for ever.
func (m *member) refused(err ck.Error) error {
	name := m.group.gc.Name
	refuse := func(kind error, format string, args ...any) *JoinError {
		return &JoinError{Group: name, Kind: kind, text: fmt.Sprintf(format, args...)}
	}
	switch err.Code() {
	case ck.ErrGroupAuthorizationFailed:
		return &DeniedError{"read", "group", name, m.cfg.Principal()}
	case ck.ErrInconsistentGroupProtocol:
		return m.inconsistent()
	case ck.ErrInvalidSessionTimeout:
		return refuse(ErrProperty, "session.timeout.ms=%s: the broker allows group.min.session.timeout.ms to group.max.session.timeout.ms",
			cmp.Or(m.cfg.Properties["session.timeout.ms"], "45000"))
	case ck.ErrInvalidGroupID:
		return refuse(ErrProperty, "group %q: the broker takes no such name", name)
	case ck.ErrGroupMaxSizeReached:
		return refuse(ErrGroupActive, "group %s has as many members as the broker allows (group.max.size)", name)
	case ck.ErrUnsupportedAssignor:
		return refuse(ErrProperty, "the broker has no assignor %s (group.consumer.assignors)", m.group.gc.Assignor)
	case ck.ErrFencedInstanceID, ck.ErrUnreleasedInstanceID:
		return refuse(ErrFenced, "another member uses --instance-id %s (%s-%d)", m.group.gc.InstanceID, m.group.gc.InstanceID, m.number-1)
	}
	if err.IsFatal() || strings.HasPrefix(err.Error(), "JoinGroup failed") {
		return explain(m.cfg, m.logs, err)
	}
	return nil
}

// inconsistent names the assignors of both sides, when the coordinator tells those of
// the group.
func (m *member) inconsistent() error {
	gc := m.group.gc
	ours := cmp.Or(gc.Assignor, "cooperative-sticky")
	e := &JoinError{Group: gc.Name, Kind: ErrGroupActive, text: fmt.Sprintf("group %s takes no member that assigns by %s", gc.Name, ours)}
	admin, err := ck.NewAdminClientFromConsumer(m.client)
	if err != nil {
		return e
	}
	defer admin.Close()
	ctx, cancel := context.WithTimeout(m.group.live, m.cfg.timeout()/2)
	defer cancel()
	result, err := admin.DescribeConsumerGroups(ctx, []string{gc.Name}, ck.SetAdminRequestTimeout(m.cfg.timeout()/2))
	if err != nil || len(result.ConsumerGroupDescriptions) != 1 {
		return e
	}
	switch g := groupOf(result.ConsumerGroupDescriptions[0]); {
	case g.Type != "classic":
		e.text = fmt.Sprintf("group %s speaks the %s protocol, this member %s", gc.Name, g.Type, cmp.Or(gc.Protocol, "classic"))
	case g.Protocol != "":
		e.Assignor = g.Protocol
		e.text = fmt.Sprintf("the members of group %s assign by %s, this one by %s", gc.Name, g.Protocol, ours)
	}
	return e
}

// DeniedError is the error of an operation that no ACL allows. It wraps ErrDenied. The
// names are those of [ACL].
type DeniedError struct {
	Operation, Resource string
	Name                string // of the resource; empty for the cluster
	Principal           string // empty where it is not known
}

func (e *DeniedError) Error() string {
	on := strings.ReplaceAll(e.Resource, "_", " ") + " " + e.Name
	if e.Resource == "cluster" {
		on = "the cluster"
	}
	text := fmt.Sprintf("%s on %s is not allowed", strings.ToUpper(e.Operation), on)
	if e.Principal != "" {
		text += " for " + e.Principal
	}
	return text
}

// Is reports whether target is ErrDenied.
func (e *DeniedError) Is(target error) bool { return target == ErrDenied }

// deniedOn returns err, an error of this package, with what was denied if something was.
func (c Config) deniedOn(err error, operation, resource, name string) error {
	var known *DeniedError
	if !errors.Is(err, ErrDenied) || errors.As(err, &known) {
		return err
	}
	return &DeniedError{operation, resource, name, c.Principal()}
}

// refusedOn explains what a broker answered about one resource.
func (a *Admin) refusedOn(err error, operation, resource, name string) error {
	return a.named(explain(a.cfg, a.logs, err), operation, resource, name)
}

// named puts the name of a resource before an error of this package, unless that is about
// a right, which has the name in it.
func (a *Admin) named(err error, operation, resource, name string) error {
	if errors.Is(err, ErrDenied) {
		return a.cfg.deniedOn(err, operation, resource, name)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// The sentinels, of which every error of this package wraps one, except for the cause of a
// context; test with errors.Is. The exit codes of commands follow from them.
var (
	ErrUnreachable  = errors.New("unreachable")
	ErrTLS          = errors.New("TLS handshake")
	ErrAuth         = errors.New("authentication")
	ErrDenied       = errors.New("not authorized")
	ErrUnknownTopic = errors.New("no such topic")
	ErrUnknownGroup = errors.New("no such group")
	ErrExists       = errors.New("already exists")
	ErrGroupActive  = errors.New("the group is active")
	ErrFenced       = errors.New("fenced by another instance")
	ErrProperty     = errors.New("property")
	ErrCorrupt      = errors.New("corrupt data")
	ErrNoLeader     = errors.New("no leader")
	ErrUnreadable   = errors.New("cannot be read")
	ErrTransaction  = errors.New("the transaction cannot be committed")
	ErrFailed       = errors.New("refused by the broker")
)

// ErrTooLarge is the error of a record that makes a batch larger than its topic's
// max.message.bytes. It wraps ErrFailed.
var ErrTooLarge = fmt.Errorf("%w: larger than the topic's max.message.bytes allows", ErrFailed)
