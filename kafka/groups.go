package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"kstream/kafka/assign"
)

// GroupState is the state of a group, in Kafka's words.
type GroupState string

// The states of classic and consumer (KIP-848) groups.
const (
	GroupEmpty               GroupState = "Empty"
	GroupStable              GroupState = "Stable"
	GroupPreparingRebalance  GroupState = "PreparingRebalance"
	GroupCompletingRebalance GroupState = "CompletingRebalance"
	GroupAssigning           GroupState = "Assigning"
	GroupReconciling         GroupState = "Reconciling"
	GroupDead                GroupState = "Dead"
	GroupUnknown             GroupState = "Unknown"
)

// GroupStates returns all states.
func GroupStates() []GroupState {
	return []GroupState{
		GroupEmpty, GroupStable, GroupPreparingRebalance, GroupCompletingRebalance,
		GroupAssigning, GroupReconciling, GroupDead, GroupUnknown,
	}
}

// GroupInfo is a group as its coordinator describes it. Type is classic or consumer
// (KIP-848); Protocol is the name of the assignor, empty while there are no members.
// Members stand in the order in which assignors see them.
type GroupInfo struct {
	Name        string
	State       GroupState
	Type        string
	Protocol    string
	Coordinator string // HOST:PORT
	Members     []GroupMember
}

// GroupMember is one member of a group and what it has now. Target is what it is to
// have in a consumer group (KIP-848), and nil in a classic one.
type GroupMember struct {
	ID, ClientID, InstanceID, Host string
	Partitions, Target             []TopicPartition
}

// Rebalancing reports whether the assignment is unknown because of a rebalance: a
// coordinator knows the assignment of a classic group only while the group is stable.
func (g *GroupInfo) Rebalancing() bool {
	return g.State == GroupPreparingRebalance || g.State == GroupCompletingRebalance
}

// Owners returns the member of each partition that has one.
func (g *GroupInfo) Owners() map[TopicPartition]*GroupMember {
	owners := map[TopicPartition]*GroupMember{}
	for i := range g.Members {
		for _, tp := range g.Members[i].Partitions {
			owners[tp] = &g.Members[i]
		}
	}
	return owners
}

// UnknownGroupError is the error for a group that does not exist. It lists those that do,
// and wraps ErrUnknownGroup.
type UnknownGroupError struct {
	Group    string
	Existing []string
}

func (e *UnknownGroupError) Error() string { return e.Group + ": no such group" }

// Is reports whether target is ErrUnknownGroup.
func (e *UnknownGroupError) Is(target error) bool { return target == ErrUnknownGroup }

// GroupActiveError is the error for a change that a group does not allow while it has
// members.
type GroupActiveError struct {
	Group   string
	Members []GroupMember // empty when they joined after the group was looked at
}

func (e *GroupActiveError) Error() string {
	if len(e.Members) == 0 {
		return e.Group + ": the group has active members"
	}
	names := make([]string, 0, 5)
	for i, m := range e.Members {
		if i == 4 && len(e.Members) > 5 {
			names = append(names, fmt.Sprintf("and %d more", len(e.Members)-i))
			break
		}
		names = append(names, fmt.Sprintf("%s (client %s at %s)", cmp.Or(m.InstanceID, m.ID), m.ClientID, m.Host))
	}
	noun := "members"
	if len(e.Members) == 1 {
		noun = "member"
	}
	return fmt.Sprintf("%s: the group has %d active %s: %s", e.Group, len(e.Members), noun, strings.Join(names, ", "))
}

// Is reports whether target is ErrGroupActive.
func (e *GroupActiveError) Is(target error) bool { return target == ErrGroupActive }

// GroupNames returns the names of the consumer groups that the user may see, sorted. If
// some brokers do not answer it returns an error.
func (a *Admin) GroupNames(ctx context.Context) ([]string, error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	result, err := a.client.ListConsumerGroups(ctx, requestWithin(a.cfg.timeout()))
	if err != nil {
		return nil, explain(a.cfg, a.logs, err)
	}
	if len(result.Errors) > 0 {
		return nil, explain(a.cfg, a.logs, result.Errors[0])
	}
	names := make([]string, 0, len(result.Valid))
	for _, g := range result.Valid {
		names = append(names, g.GroupID)
	}
	slices.Sort(names)
	return names, nil
}

// describeAtOnce is how many groups go into one request.
const describeAtOnce = 200

// Groups returns the descriptions of groups, in the order of the names. If one does not
// exist the error is an *UnknownGroupError.
func (a *Admin) Groups(ctx context.Context, names ...string) ([]GroupInfo, error) {
	infos, err := a.describeGroups(ctx, names)
	if err != nil {
		return nil, err
	}
	for i, info := range infos {
		if info.State == GroupDead && len(info.Members) == 0 {
			return nil, a.unknownGroup(ctx, names[i])
		}
	}
	return infos, nil
}

// AllGroups returns the descriptions of all groups that the user may see, sorted by name.
// A group that is deleted meanwhile is left out.
func (a *Admin) AllGroups(ctx context.Context) ([]GroupInfo, error) {
	names, err := a.GroupNames(ctx)
	if err != nil {
		return nil, err
	}
	infos, err := a.describeGroups(ctx, names)
	return slices.DeleteFunc(infos, func(g GroupInfo) bool { return g.State == GroupDead && len(g.Members) == 0 }), err
}

// describeGroups returns the descriptions of groups. One that does not exist has the state
// Dead, as it has for brokers older than Kafka 4 (KIP-1043).
func (a *Admin) describeGroups(ctx context.Context, names []string) ([]GroupInfo, error) {
	found := make(map[string]GroupInfo, len(names))
	for chunk := range slices.Chunk(names, describeAtOnce) {
		var result ck.DescribeConsumerGroupsResult
		bounded, cancel := a.bounded(ctx)
		err := a.askCoordinator(bounded, chunk[0], func(client *ck.AdminClient, within ck.AdminOptionRequestTimeout) (err error) {
			if result, err = client.DescribeConsumerGroups(bounded, chunk, within); err != nil {
				return err
			}
			return unsettled(result)
		})
		cancel()
		if err != nil {
			return nil, explain(a.cfg, a.logs, err)
		}
		for _, d := range result.ConsumerGroupDescriptions {
			switch code := d.Error.Code(); code {
			case ck.ErrNoError:
				found[d.GroupID] = groupOf(d)
			case ck.ErrGroupIDNotFound:
				found[d.GroupID] = GroupInfo{Name: d.GroupID, State: GroupDead}
			default:
				return nil, a.refusedOn(d.Error, "describe", "group", d.GroupID)
			}
		}
	}
	infos := make([]GroupInfo, len(names))
	for i, name := range names {
		infos[i] = found[name]
	}
	return infos, nil
}

// unsettled returns the error of one of the groups that a retry may resolve, or nil.
func unsettled(result ck.DescribeConsumerGroupsResult) error {
	for _, d := range result.ConsumerGroupDescriptions {
		if coordinatorMoves(d.Error) || hadNoAnswer(d.Error) {
			return d.Error
		}
	}
	return nil
}

func (a *Admin) unknownGroup(ctx context.Context, name string) error {
	existing, err := a.GroupNames(ctx)
	if err != nil {
		existing = nil // the group is unknown all the same; only the hint is poorer
	}
	return &UnknownGroupError{name, existing}
}

func groupOf(d ck.ConsumerGroupDescription) GroupInfo {
	g := GroupInfo{
		Name: d.GroupID, State: GroupState(d.State.String()), Protocol: d.PartitionAssignor,
		Type: strings.ToLower(d.Type.String()),
	}
	if d.Type == ck.ConsumerGroupTypeUnknown {
		g.Type = "classic" // the broker is older than group types
	}
	if d.Coordinator.ID >= 0 {
		g.Coordinator = net.JoinHostPort(d.Coordinator.Host, strconv.Itoa(d.Coordinator.Port))
	}
	for _, m := range d.Members {
		member := GroupMember{
			ID: m.ConsumerID, ClientID: m.ClientID, InstanceID: m.GroupInstanceID,
			Host:       strings.TrimPrefix(m.Host, "/"), // as Java writes an address without a name
			Partitions: partitionsOf(m.Assignment.TopicPartitions),
		}
		if m.TargetAssignment != nil {
			member.Target = partitionsOf(m.TargetAssignment.TopicPartitions)
		}
		g.Members = append(g.Members, member)
	}
	slices.SortFunc(g.Members, func(a, b GroupMember) int {
		switch {
		case assign.Less(a.InstanceID, a.ID, b.InstanceID, b.ID):
			return -1
		case assign.Less(b.InstanceID, b.ID, a.InstanceID, a.ID):
			return 1
		}
		return 0
	})
	if g.State == GroupUnknown && d.Type == ck.ConsumerGroupTypeConsumer {
		g.State = unfinished(g.Members)
	}
	return g
}

// unfinished returns which of the two states of KIP-848 a group is in that the client has
// no names for: reconciling, if a member has yet to reach its target, or assigning.
func unfinished(members []GroupMember) GroupState {
	for _, m := range members {
		if !slices.Equal(m.Partitions, m.Target) {
			return GroupReconciling
		}
	}
	return GroupAssigning
}

// partitionsOf leaves out partitions without a topic's name: a broker may describe the
// members of a consumer group by topic ids alone, which the client does not resolve.
func partitionsOf(list []ck.TopicPartition) []TopicPartition {
	tps := make([]TopicPartition, 0, len(list))
	for _, tp := range list {
		if *tp.Topic == "" {
			continue
		}
		tps = append(tps, TopicPartition{*tp.Topic, tp.Partition})
	}
	slices.SortFunc(tps, TopicPartition.compare)
	return tps
}

func (tp TopicPartition) compare(other TopicPartition) int {
	return cmp.Or(strings.Compare(tp.Topic, other.Topic), cmp.Compare(tp.Partition, other.Partition))
}

// DeleteGroup deletes a group and its committed offsets. If the group has members the
// error is a *GroupActiveError.
func (a *Admin) DeleteGroup(ctx context.Context, name string) error {
	bounded, cancel := a.bounded(ctx)
	defer cancel()
	result, err := a.client.DeleteConsumerGroups(bounded, []string{name}, requestWithin(a.cfg.timeout()))
	if err != nil {
		return explain(a.cfg, a.logs, err)
	}
	for _, r := range result.ConsumerGroupResults {
		if r.Error.Code() != ck.ErrNoError {
			return a.groupError(ctx, "delete", name, r.Error)
		}
	}
	return nil
}

// groupError returns the error of this package for a coordinator's refusal of an operation.
func (a *Admin) groupError(ctx context.Context, operation, name string, err ck.Error) error {
	switch err.Code() {
	case ck.ErrGroupIDNotFound:
		return a.unknownGroup(ctx, name)
	case ck.ErrNonEmptyGroup, ck.ErrUnknownMemberID, ck.ErrGroupSubscribedToTopic:
		active := &GroupActiveError{Group: name}
		if infos, err := a.describeGroups(ctx, []string{name}); err == nil {
			active.Members = infos[0].Members
		}
		return active
	}
	return a.refusedOn(err, operation, "group", name)
}

// RefuseActive returns a *GroupActiveError if the group has members, and nil otherwise.
func (g *GroupInfo) RefuseActive() error {
	if len(g.Members) > 0 {
		return &GroupActiveError{g.Name, g.Members}
	}
	return nil
}

// errorOf takes an error of one partition, which the client stores as an interface.
func errorOf(err error) ck.Error {
	var ke ck.Error
	if errors.As(err, &ke) {
		return ke
	}
	return ck.NewError(ck.ErrFail, err.Error(), false)
}
