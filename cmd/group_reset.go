package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/group"
	"kstream/kafka"
	"kstream/kafka/position"
)

type groupResetFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	confirm cli.Confirmation
	topics  []string
	to      string
	shift   int64
	file    string
	create  bool
	set     func(name string) bool
}

func newGroupResetCmd(env *cli.Env) *cobra.Command {
	var f groupResetFlags
	cmd := &cobra.Command{
		Use:   "reset GROUP",
		Short: "Move a group's committed offsets",
		Long: `Move a group's committed offsets. It shows where each partition stands, where it would
go and the time of the record there, and asks. A group with members is refused.

Without --topic it moves the partitions that the group has committed; --topic T moves
all of T, --topic T:0,3-5 these partitions. Offsets outside of the log are moved to its
nearest end, with a note. The positions are those of --from-offset; stored is the
committed offset, which only brings it back into the log, and stored:OTHER that of another
group. What is there already stays as it is.

--from-file reads what group offsets --export wrote, or kafka-consumer-groups: CSV lines
TOPIC,PARTITION,OFFSET, or JSON lines {"topic":"orders","partition":0,"offset":42}.`,
		Example: `  kstream group reset billing --to -1h --dry-run
  kstream group reset billing --topic orders:0,3 --to beginning --yes
  kstream group reset billing --shift -100         read the last 100 again, in each partition`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args[0])
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.topics, "topic", nil, "only this topic, or partitions of it: `T[:P,…]`; repeatable")
	flags.StringVar(&f.to, "to", "", "go to position `P`: beginning, end, N, +N, -N, @TIME, -1h, stored, stored:GROUP, 0=10,3=-5")
	flags.Int64Var(&f.shift, "shift", 0, "go `N` offsets on, or back with -N")
	flags.StringVar(&f.file, "from-file", "", "go to the offsets in `FILE`; - is stdin")
	flags.BoolVar(&f.create, "create", false, "make the group when it does not exist")
	f.set = flags.Changed
	registerConfirmation(&f.confirm, flags)
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

// topicScope is a topic, or some of its partitions.
type topicScope struct {
	topic      string
	partitions []int32 // nil: all
}

type groupResetPlan struct {
	flags   *groupResetFlags
	listing *cli.Listing
	group   string
	scopes  []topicScope
	to      position.Position
}

func (f *groupResetFlags) plan(env *cli.Env, group string) (*groupResetPlan, error) {
	p := &groupResetPlan{flags: f, group: group}
	given := 0
	for _, name := range []string{"to", "shift", "from-file"} {
		if f.set(name) {
			given++
		}
	}
	if given != 1 {
		return nil, cli.Usagef("where to? want one of --to, --shift and --from-file")
	}
	var err error
	if f.set("to") {
		if p.to, err = position.Parse(f.to, env.Now()); err != nil {
			return nil, cli.Usagef("--to %s: %w", f.to, err)
		}
	}
	if p.scopes, err = parseScopes(f.topics); err != nil {
		return nil, err
	}
	if f.set("from-file") && p.scopes != nil {
		return nil, cli.Usagef("--from-file names the partitions itself: leave --topic out")
	}
	if err := f.confirm.Plan(); err != nil {
		return nil, err
	}
	if p.listing, err = f.listing.Plan(env); err != nil {
		return nil, err
	}
	return p, f.cluster.Plan(env)
}

func parseScopes(texts []string) ([]topicScope, error) {
	var scopes []topicScope
	for _, text := range texts {
		topic, list, some := strings.Cut(text, ":")
		s := topicScope{topic: topic}
		if topic == "" {
			return nil, cli.Usagef("--topic %q: want TOPIC or TOPIC:PARTITIONS", text)
		}
		if some {
			var err error
			if s.partitions, err = position.ParsePartitions(list); err != nil {
				return nil, cli.Usagef("--topic %s: %w", text, err)
			}
		}
		scopes = append(scopes, s)
	}
	return scopes, nil
}

func (p *groupResetPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		commits, err := group.EmptyGroup(ctx, admin, p.group, p.flags.create)
		if err != nil {
			return err
		}
		shift := &group.Shift{Env: env, Admin: admin, Group: p.group, Commits: commits}
		switch {
		case p.flags.set("from-file"):
			targets, err := group.ReadOffsetsFile(env, p.flags.file)
			if err != nil {
				return err
			}
			err = shift.ToOffsets(ctx, targets)
			if err != nil {
				return err
			}
		default:
			tps, err := p.partitions(ctx, admin, commits)
			if err != nil {
				return err
			}
			if err := p.resolve(ctx, shift, tps); err != nil {
				return err
			}
		}
		return shift.Run(ctx, cluster, p.listing, &p.flags.confirm)
	})
}

// partitions are those to move: the ones named, else those with a committed offset.
func (p *groupResetPlan) partitions(ctx context.Context, admin *kafka.Admin, commits map[kafka.TopicPartition]kafka.Commit) ([]kafka.TopicPartition, error) {
	if p.scopes == nil {
		if len(commits) == 0 {
			return nil, cli.Hint(cli.Usagef("%s has committed nothing", p.group), "--topic says which partitions to set")
		}
		return group.SortedPartitions(commits), nil
	}
	chosen := map[kafka.TopicPartition]bool{}
	for _, s := range p.scopes {
		topics, err := admin.Topics(ctx, s.topic)
		if err != nil {
			return nil, err
		}
		exists := map[int32]bool{}
		for _, part := range topics[0].Partitions {
			exists[part.ID] = true
			if s.partitions == nil {
				chosen[kafka.TopicPartition{Topic: s.topic, Partition: part.ID}] = true
			}
		}
		for _, n := range s.partitions {
			if !exists[n] {
				return nil, cli.Usagef("--topic %s:%d: it has partitions 0–%d", s.topic, n, len(exists)-1)
			}
			chosen[kafka.TopicPartition{Topic: s.topic, Partition: n}] = true
		}
	}
	return group.SortedPartitions(chosen), nil
}

// checkPartitions refuses partitions in --to that are not among those to move.
func (p *groupResetPlan) checkPartitions(tps []kafka.TopicPartition) error {
	for _, want := range p.to.Partitions() {
		if slices.ContainsFunc(tps, func(tp kafka.TopicPartition) bool { return tp.Partition == want }) {
			continue
		}
		if p.scopes == nil {
			return cli.Hint(cli.Usagef("--to %d: %s has committed nothing of a partition %d", want, p.group, want), "--topic says which partitions to set")
		}
		return cli.Usagef("--to %d: no partition %d in --topic %s", want, want, strings.Join(p.flags.topics, " --topic "))
	}
	return nil
}

// resolve adds where each partition goes.
func (p *groupResetPlan) resolve(ctx context.Context, shift *group.Shift, tps []kafka.TopicPartition) error {
	if !p.flags.set("shift") {
		if err := p.checkPartitions(tps); err != nil {
			return err
		}
		return shift.ToPosition(ctx, p.to, tps)
	}
	targets := map[kafka.TopicPartition]kafka.Commit{}
	for _, tp := range tps {
		c, ok := shift.Commits[tp]
		if !ok {
			shift.Leave(tp, "never committed")
			continue
		}
		to := c.Offset + p.flags.shift
		switch { // an offset that does not fit 63 bits lies outside of every log
		case p.flags.shift > 0 && to < c.Offset:
			to = 1<<63 - 1
		case to < 0:
			to = 0
		}
		targets[tp] = kafka.Commit{Offset: to, LeaderEpoch: -1}
	}
	if len(targets) == 0 {
		return fmt.Errorf("%w: %s has committed nothing there that could be shifted", kafka.ErrFailed, p.group)
	}
	return shift.ToOffsets(ctx, targets)
}
