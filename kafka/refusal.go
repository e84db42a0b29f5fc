package kafka

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

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
