package record

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/group"
	"kstream/kafka"
	"kstream/kafka/position"
)

// MemberOptions are those of consume that make it members of a group.
type MemberOptions struct {
	Group      string
	Members    int
	Assignor   string
	Protocol   string
	InstanceID string
	Reset      string
	Events     string
	JoinEvery  cli.Duration
	Yes        bool
	Changed    func(name string) bool
}

// Members is MemberOptions, checked.
type Members struct {
	Config kafka.GroupConfig
	events string
	yes    bool
	moves  bool // --from-offset moves the group first
}

// Plan returns nil when no group was named.
func (f *MemberOptions) Plan(reading *Range, batch int) (*Members, error) {
	if f.Group == "" {
		for _, name := range []string{"members", "assignor", "protocol", "instance-id", "offset-reset", "events", "join-every", "yes"} {
			if f.Changed(name) {
				return nil, cli.Usagef("--%s goes with --group", name)
			}
		}
		return nil, nil
	}
	if strings.TrimSpace(f.Group) == "" {
		return nil, cli.Usagef("--group %q: the name of a group is not blank", f.Group)
	}
	for _, name := range []string{"partitions", "count-per-partition", "last", "tail", "follow", "latest-per-key", "sort-by-time", "key-equals", "wait-for-match"} {
		if f.Changed(name) {
			return nil, cli.Usagef("--%s does not go with --group: the group decides who reads what", name)
		}
	}
	assignors := map[string][]string{
		"classic":  {"range", "roundrobin", "cooperative-sticky"},
		"consumer": {"uniform", "range"},
	}[f.Protocol]
	switch {
	case f.Events == "-":
		return nil, cli.Usagef("--events -: stdout is for records; want a file")
	case f.Members < 1 || f.Members > 1000:
		return nil, cli.Usagef("--members %d: want 1 to 1000", f.Members)
	case assignors == nil:
		return nil, cli.Usagef("--protocol %s: want classic or consumer", f.Protocol)
	case f.Assignor != "" && !slices.Contains(assignors, f.Assignor):
		return nil, cli.Usagef("--assignor %s: the %s protocol has %v", f.Assignor, f.Protocol, assignors)
	case f.Reset != "earliest" && f.Reset != "latest" && f.Reset != "error":
		return nil, cli.Usagef("--offset-reset %s: want earliest, latest or error", f.Reset)
	case f.Changed("join-every") && f.JoinEvery.D <= 0:
		return nil, cli.Usagef("--join-every: want a duration above 0")
	}
	reading.group = f.Group
	topics := reading.Topics
	if reading.Patterns != nil {
		topics = nil
		for _, t := range reading.Topics {
			topics = append(topics, "^("+t+")$")
		}
	}
	return &Members{
		Config: kafka.GroupConfig{
			Name: f.Group, Topics: topics, Members: f.Members, Assignor: f.Assignor, Protocol: f.Protocol,
			BatchSize: batch, InstanceID: f.InstanceID, Reset: f.Reset, ReadUncommitted: reading.Uncommitted, JoinEvery: f.JoinEvery.D,
		},
		events: f.Events, yes: f.Yes, moves: reading.HasFrom,
	}, nil
}

// Join prepares the group: it is moved first where that was asked for, and the ends are
// captured where the read is to stop at them.
func (r *Run) Join(ctx context.Context, cluster *connect.Cluster, topics []kafka.Topic) (Source, error) {
	if err := cluster.RefuseWrites(); err != nil {
		return nil, err
	}
	p := r.Members
	if err := r.openMemberStats(p.events); err != nil {
		return nil, err
	}
	gc, reading := p.Config, r.Range
	if err := reading.checkPartitions(topics); err != nil {
		return nil, err
	}
	if reading.From.Partitions() != nil || reading.to.Partitions() != nil {
		gc.Only = reading.names
		r.Env.Notice("only %s is read: what is not named is neither read nor committed, while the group gives it to members of this process", ListPartitions(namedOf(reading, topics)))
	}
	if p.moves {
		if err := r.moveGroup(ctx, cluster, topics); err != nil {
			return nil, err
		}
	}
	if reading.Bounded() {
		ends := *reading
		ends.From, ends.HasFrom = position.Position{}, false // where the group is, the group knows
		part, err := ends.Spans(ctx, r.Admin.Admin, topics)
		if err != nil {
			return nil, err
		}
		r.Miss(part.Missing)
		gc.Ends = map[kafka.TopicPartition]kafka.End{}
		for _, s := range part.Spans {
			if !reading.names(s.TopicPartition) {
				continue
			}
			gc.Ends[s.TopicPartition] = kafka.End{Offset: s.To, Ahead: s.Ahead, Empty: s.To <= s.From}
		}
		for _, tp := range part.unknown {
			gc.Ends[tp] = kafka.End{Empty: true} // not read by this run
		}
		gc.Committed = func(ctx context.Context) (map[kafka.TopicPartition]int64, error) {
			commits, err := r.Admin.Committed(ctx, gc.Name)
			offsets := make(map[kafka.TopicPartition]int64, len(commits))
			for tp, commit := range commits {
				offsets[tp] = commit.Offset
			}
			return offsets, err
		}
	}
	group, err := kafka.OpenGroup(cluster.Config, gc)
	if err != nil {
		return nil, err
	}
	return Membership{group}, nil
}

// namedOf lists the partitions that the positions name.
func namedOf(p *Range, topics []kafka.Topic) []kafka.TopicPartition {
	var tps []kafka.TopicPartition
	for _, t := range topics {
		for _, part := range t.Partitions {
			if tp := (kafka.TopicPartition{Topic: t.Name, Partition: part.ID}); p.names(tp) {
				tps = append(tps, tp)
			}
		}
	}
	return tps
}

// Membership is a group as a source.
type Membership struct{ *kafka.Group }

// Close has nothing to do: Run returns when the members have left.
func (Membership) Close() error { return nil }

// moveGroup does what --from-offset says, as group reset would: freely for a group that
// has committed nothing of the topics, else with --yes; never under active members.
func (r *Run) moveGroup(ctx context.Context, cluster *connect.Cluster, topics []kafka.Topic) error {
	p := r.Members
	commits, err := group.EmptyGroup(ctx, r.Admin.Admin, p.Config.Name, true)
	if err != nil {
		return err
	}
	shift := &group.Shift{Env: r.Env, Admin: r.Admin.Admin, Group: p.Config.Name, Commits: commits}
	tps := namedOf(r.Range, topics)
	if err := shift.ToPosition(ctx, r.Range.From, tps); err != nil {
		return fmt.Errorf("--from-offset: %w", err)
	}
	moved := shift.Moves()
	stands := slices.ContainsFunc(tps, func(tp kafka.TopicPartition) bool { _, ok := commits[tp]; return ok })
	switch {
	case len(moved) == 0: // it is there, or stored and nothing is
		return nil
	case stands && !p.yes:
		return cli.Hint(cli.Errorf(cli.CodeNeedsYes, "--from-offset moves group %s, which has committed offsets", p.Config.Name),
			"--yes moves it; kstream group reset %s --to %s --dry-run shows what that means", p.Config.Name, r.Range.fromText)
	}
	refused, err := r.Admin.SetCommitted(ctx, p.Config.Name, moved)
	for tp, why := range refused {
		err = errors.Join(err, fmt.Errorf("%s: %w", tp, why))
	}
	return err
}
