package cmd

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output"
)

type topicCreateFlags struct {
	cluster     connect.Options
	listing     cli.ListingOptions
	config      configFlags
	partitions  int
	replication int
	ifNotExists bool
	dryRun      bool
	changed     func(string) bool
}

func newTopicCreateCmd(env *cli.Env) *cobra.Command {
	var f topicCreateFlags
	cmd := &cobra.Command{
		Use:   "create TOPIC...",
		Short: "Create topics",
		Long: `Create topics. Without --partitions and --replication the broker decides. It returns when
every partition has a leader. A topic that exists already is refused with exit code 8, or
left as it is under --if-not-exists.`,
		Example: `  kstream topic create orders --partitions 6 --replication 3
  kstream topic create state --config cleanup.policy=compact --config min.insync.replicas=2
  kstream topic create orders refunds --if-not-exists`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.IntVarP(&f.partitions, "partitions", "p", 0, "make `N` partitions (default: the broker's)")
	flags.IntVar(&f.replication, "replication", 0, "keep `R` replicas of each (default: the broker's)")
	flags.BoolVar(&f.ifNotExists, "if-not-exists", false, "a topic that exists is no error")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only let the broker check it")
	f.changed = flags.Changed
	registerListing(&f.listing, flags)
	f.config.register(flags, &f.cluster)
	return cmd
}

type topicCreatePlan struct {
	flags   *topicCreateFlags
	listing *cli.Listing
	topics  []string
}

func (f *topicCreateFlags) plan(env *cli.Env, args []string) (*topicCreatePlan, error) {
	for _, name := range args {
		if !record.TopicName.MatchString(name) || name == "." || name == ".." {
			return nil, cli.Usagef("%q cannot be a topic: want 1 to 249 of a–z, A–Z, 0–9, . _ -", name)
		}
	}
	for _, flag := range []struct {
		name string
		n    int
	}{{"partitions", f.partitions}, {"replication", f.replication}} {
		if f.changed(flag.name) && (flag.n < 1 || flag.n > 1<<20) {
			return nil, cli.Usagef("--%s %d: want more than 0", flag.name, flag.n)
		}
	}
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	return &topicCreatePlan{f, l, cli.Distinct(args)}, f.cluster.Plan(env)
}

// topicCreateItem is a topic in the outcome of `topic create`. Partitions and
// Replication are as they are now; in a dry run as they would be, or null where the
// broker would decide. Where there is no topic they are null.
type topicCreateItem struct {
	Topic       string `json:"topic"`
	ID          string `json:"id"`
	Partitions  *int   `json:"partitions"`
	Replication *int   `json:"replication"`
	Created     bool   `json:"created"`
	cli.ItemError
}

func (p *topicCreatePlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		if err := cluster.RefuseWrites(); err != nil && !p.flags.dryRun {
			return err
		}
		items := make([]*topicCreateItem, len(p.topics))
		for i, name := range p.topics {
			items[i] = p.create(ctx, env, admin, name)
		}
		err := p.listing.Print("kstream.topic.create/v1", items, func() *output.Table {
			t := &output.Table{Columns: []output.Column{
				{Name: "topic"}, {Name: "partitions", Right: true}, {Name: "replication", Right: true}, {Name: "created"}, {Name: "error"},
			}}
			for _, i := range items {
				t.Add(i.Topic, i.number(i.Partitions), i.number(i.Replication), strconv.FormatBool(i.Created), i.Error)
			}
			return t
		})
		if err != nil {
			return err
		}
		return cli.SeveralErrors("topics", cli.CausesIn(items))
	})
}

// brokersChoice stands in a table for what the broker would decide.
const brokersChoice = "(the broker's)"

// number is a number of partitions or replicas in a table.
func (i *topicCreateItem) number(n *int) string {
	switch {
	case n != nil:
		return strconv.Itoa(*n)
	case i.Cause != nil:
		return ""
	}
	return brokersChoice
}

func (p *topicCreatePlan) create(ctx context.Context, env *cli.Env, admin *kafka.Admin, name string) *topicCreateItem {
	f := p.flags
	item := &topicCreateItem{Topic: name}
	err := admin.CreateTopic(ctx, kafka.TopicConfig{
		Name: name, Partitions: f.partitions, Replication: f.replication, Config: f.config.set, ValidateOnly: f.dryRun,
	})
	exists := errors.Is(err, kafka.ErrExists)
	switch {
	case exists && !f.ifNotExists:
		item.Fail(cli.Hint(cli.Errorf(cli.CodeAlreadyExists, "%s: a topic of that name exists already", name), "--if-not-exists leaves it as it is"))
		return item
	case err != nil && !exists:
		item.Fail(err)
		return item
	case f.dryRun && !exists:
		if f.partitions > 0 {
			item.Partitions = &f.partitions
		}
		if f.replication > 0 {
			item.Replication = &f.replication
		}
		return item
	}
	item.Created = err == nil
	topics, err := admin.Topics(ctx, name)
	if err != nil {
		item.Fail(err)
		return item
	}
	partitions, replication := len(topics[0].Partitions), topics[0].Replication()
	item.ID, item.Partitions, item.Replication = topics[0].ID, &partitions, &replication
	if exists && f.partitions > 0 && f.partitions != partitions {
		env.Notice("%s exists with %d partitions, not %d", name, partitions, f.partitions)
	}
	if exists && f.replication > 0 && f.replication != replication {
		env.Notice("%s exists with %d replicas, not %d", name, replication, f.replication)
	}
	return item
}
