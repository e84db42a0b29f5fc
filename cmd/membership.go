package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"kstream/kafka"
	"kstream/kafka/position"
)

// memberFlags are those of consume that make it members of a group.
type memberFlags struct {
	group      string
	members    int
	assignor   string
	protocol   string
	instanceID string
	reset      string
	events     string
	joinEvery  durationFlag
	yes        bool
	changed    func(name string) bool
}

func (f *memberFlags) register(flags *pflag.FlagSet) {
	flags.StringVarP(&f.group, "group", "g", "", "join the group `NAME`, and commit what was printed, after it was printed")
	flags.IntVarP(&f.members, "members", "m", 1, "with --group: join as `N` members, a goroutine each")
	flags.StringVar(&f.assignor, "assignor", "", "how partitions are spread: `range|roundrobin|cooperative-sticky` (default); uniform or range with --protocol consumer")
	flags.StringVar(&f.protocol, "protocol", "classic", "the group's protocol, `classic|consumer`; consumer is KIP-848, of Kafka 4")
	flags.StringVar(&f.instanceID, "instance-id", "", "make the members static: `NAME`-0, NAME-1, …")
	flags.StringVar(&f.reset, "offset-reset", "earliest", "where to start in a partition that the group has committed nothing of: `earliest|latest|error`")
	flags.StringVar(&f.events, "events", "", "write assignments, revocations, losses and commits to `FILE` as JSON lines")
	flags.Var(&f.joinEvery, "join-every", "let the members join one every `D`")
	flags.BoolVarP(&f.yes, "yes", "y", false, "with --group and --from-offset: move a group that has committed already")
	f.changed = flags.Changed
}

// memberPlan is memberFlags with a meaning.
type memberPlan struct {
	config kafka.GroupConfig
	events string
	yes    bool
	moves  bool // --from-offset moves the group first
}

// plan gives nil when no group was named.
func (f *memberFlags) plan(reading *rangePlan, batch int) (*memberPlan, error) {
	if f.group == "" {
		for _, name := range []string{"members", "assignor", "protocol", "instance-id", "offset-reset", "events", "join-every", "yes"} {
			if f.changed(name) {
				return nil, usagef("--%s goes with --group", name)
			}
		}
		return nil, nil
	}
	if strings.TrimSpace(f.group) == "" {
		return nil, usagef("--group %q: the name of a group is not blank", f.group)
	}
	for _, name := range []string{"partitions", "count-per-partition", "last", "latest-per-key", "sort-by-time", "key-equals", "wait-for-match"} {
		if f.changed(name) {
			return nil, usagef("--%s does not go with --group: the group decides who reads what", name)
		}
	}
	assignors := map[string][]string{
		"classic":  {"range", "roundrobin", "cooperative-sticky"},
		"consumer": {"uniform", "range"},
	}[f.protocol]
	switch {
	case f.events == "-":
		return nil, usagef("--events -: stdout is for records; want a file")
	case f.members < 1 || f.members > 1000:
		return nil, usagef("--members %d: want 1 to 1000", f.members)
	case assignors == nil:
		return nil, usagef("--protocol %s: want classic or consumer", f.protocol)
	case f.assignor != "" && !slices.Contains(assignors, f.assignor):
		return nil, usagef("--assignor %s: the %s protocol has %v", f.assignor, f.protocol, assignors)
	case f.reset != "earliest" && f.reset != "latest" && f.reset != "error":
		return nil, usagef("--offset-reset %s: want earliest, latest or error", f.reset)
	case f.changed("join-every") && f.joinEvery.d <= 0:
		return nil, usagef("--join-every: want a duration above 0")
	}
	reading.group = f.group
	topics := reading.topics
	if reading.patterns != nil {
		topics = nil
		for _, t := range reading.topics {
			topics = append(topics, "^("+t+")$")
		}
	}
	return &memberPlan{
		config: kafka.GroupConfig{
			Name: f.group, Topics: topics, Members: f.members, Assignor: f.assignor, Protocol: f.protocol,
			BatchSize: batch, InstanceID: f.instanceID, Reset: f.reset, ReadUncommitted: reading.uncommitted, JoinEvery: f.joinEvery.d,
		},
		events: f.events, yes: f.yes, moves: reading.hasFrom,
	}, nil
}

// join prepares the group: it is moved first where that was asked for, and the ends are
// captured where the read is to stop at them.
func (r *run) join(ctx context.Context, cluster *cluster, topics []kafka.Topic) (source, error) {
	p := r.members
	if err := r.openCrew(p.events); err != nil {
		return nil, err
	}
	gc, reading := p.config, r.reading
	if err := reading.checkPartitions(topics); err != nil {
		return nil, err
	}
	if reading.from.Partitions() != nil || reading.to.Partitions() != nil {
		gc.Only = reading.names
		r.env.notice("only %s is read: what is not named is neither read nor committed, while the group gives it to members of this process", listPartitions(namedOf(reading, topics)))
	}
	if p.moves {
		if err := r.moveGroup(ctx, cluster, topics); err != nil {
			return nil, err
		}
	}
	if reading.bounded() {
		ends := *reading
		ends.from, ends.hasFrom = position.Position{}, false // where the group is, the group knows
		part, err := ends.spans(ctx, r.admin.Admin, topics)
		if err != nil {
			return nil, err
		}
		r.miss(part.missing)
		gc.Ends = map[kafka.TopicPartition]kafka.End{}
		for _, s := range part.spans {
			if !reading.names(s.TopicPartition) {
				continue
			}
			gc.Ends[s.TopicPartition] = kafka.End{Offset: s.To, Ahead: s.Ahead, Empty: s.To <= s.From}
		}
		for _, tp := range part.unknown {
			gc.Ends[tp] = kafka.End{Empty: true} // not read by this run
		}
		gc.Committed = func(ctx context.Context) (map[kafka.TopicPartition]int64, error) {
			commits, err := r.admin.Committed(ctx, gc.Name)
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
	return membership{group}, nil
}

// namedOf lists the partitions that the positions name.
func namedOf(p *rangePlan, topics []kafka.Topic) []kafka.TopicPartition {
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

// membership is a group as a source.
type membership struct{ *kafka.Group }

// Close has nothing to do: Run returns when the members have left.
func (membership) Close() error { return nil }

// moveGroup does what --from-offset says, as group reset would: freely for a group that
// has committed nothing of the topics, else with --yes; never under active members.
func (r *run) moveGroup(ctx context.Context, cluster *cluster, topics []kafka.Topic) error {
	p := r.members
	if err := cluster.refuseWrites(); err != nil {
		return err
	}
	commits, err := emptyGroup(ctx, r.admin.Admin, p.config.Name, true)
	if err != nil {
		return err
	}
	shift := &offsetShift{env: r.env, admin: r.admin.Admin, group: p.config.Name, commits: commits}
	tps := namedOf(r.reading, topics)
	if err := shift.toPosition(ctx, r.reading.from, tps); err != nil {
		return fmt.Errorf("--from-offset: %w", err)
	}
	moved := shift.moves()
	stands := slices.ContainsFunc(tps, func(tp kafka.TopicPartition) bool { _, ok := commits[tp]; return ok })
	switch {
	case len(moved) == 0: // it is there, or stored and nothing is
		return nil
	case stands && !p.yes:
		return hint(faultf(codeNeedsYes, "--from-offset moves group %s, which has committed offsets", p.config.Name),
			"--yes moves it; kstream group reset %s --to %s --dry-run shows what that means", p.config.Name, r.reading.fromText)
	}
	refused, err := r.admin.SetCommitted(ctx, p.config.Name, moved)
	for tp, why := range refused {
		err = errors.Join(err, fmt.Errorf("%s: %w", tp, why))
	}
	return err
}
