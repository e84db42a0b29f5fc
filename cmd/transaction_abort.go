package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/output"
)

type transactionAbortFlags struct {
	cluster   connect.Options
	listing   cli.ListingOptions
	confirm   cli.Confirmation
	partition int32
	start     int64
	set       func(name string) bool
}

func newTransactionAbortCmd(env *cli.Env) *cobra.Command {
	var f transactionAbortFlags
	cmd := &cobra.Command{
		Use:   "abort TOPIC --partition P --start-offset O",
		Short: "Abort a transaction in one partition, so that its readers go on",
		Long: `Abort the transaction that began at an offset of a partition, as transaction list shows
it. Readers of committed records go on, and none of its records are theirs. This is
for a transaction that nobody will end: the other partitions that it has written to
stay as they are, and so does what its coordinator knows of it.`,
		Example: `  kstream transaction abort orders --partition 3 --start-offset 4711 --dry-run`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args[0])
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	f.set = flags.Changed
	flags.Int32VarP(&f.partition, "partition", "p", 0, "in partition `P`")
	flags.Int64Var(&f.start, "start-offset", 0, "the transaction whose first record has offset `O`")
	registerConfirmation(&f.confirm, flags)
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

type transactionAbortPlan struct {
	flags   *transactionAbortFlags
	listing *cli.Listing
	topic   string
}

func (f *transactionAbortFlags) plan(env *cli.Env, topic string) (*transactionAbortPlan, error) {
	switch {
	case !f.set("partition") || !f.set("start-offset"):
		return nil, cli.Hint(cli.Usagef("want --partition and --start-offset"), "kstream transaction list --topic %s shows them", topic)
	case f.partition < 0 || f.start < 0:
		return nil, cli.Usagef("--partition and --start-offset count from 0")
	}
	if err := f.confirm.Plan(); err != nil {
		return nil, err
	}
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	return &transactionAbortPlan{f, l, topic}, f.cluster.Plan(env)
}

// transactionAbortItem is a transaction in the plan and in the outcome of
// `transaction abort`.
type transactionAbortItem struct {
	transactionItem
	Aborted bool `json:"aborted"`
}

func (p *transactionAbortPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		topics, err := admin.Topics(ctx, p.topic)
		if err != nil {
			return connect.NearTopic(err)
		}
		if n := len(topics[0].Partitions); int(p.flags.partition) >= n {
			return cli.Usagef("--partition %d: %s has %s, from 0", p.flags.partition, p.topic, cli.Count(int64(n), "partition"))
		}
		tp := kafka.TopicPartition{Topic: p.topic, Partition: p.flags.partition}
		open, err := p.find(ctx, admin, tp)
		if err != nil {
			return err
		}
		known, err := admin.Transactions(ctx)
		if err != nil {
			return err
		}
		item := &transactionAbortItem{transactionItem: *openItem(env, &open, known)}
		table := func() *output.Table {
			t := transactionTable(p.listing, []*transactionItem{&item.transactionItem})
			t.Columns = append(t.Columns, output.Column{Name: "aborted"})
			t.Rows[0] = append(t.Rows[0], output.Cell{Text: fmt.Sprint(item.Aborted)})
			return t
		}
		if !p.flags.confirm.DryRun {
			if err := cluster.RefuseWrites(); err != nil {
				return err
			}
			if err := p.flags.confirm.Ask(ctx, env, table(), fmt.Sprintf("abort the transaction at offset %d of %s", open.Start, tp)); err != nil {
				return err
			}
			if err := admin.AbortOpen(ctx, open); err != nil {
				return fmt.Errorf("%s: %w", tp, err)
			}
			item.Aborted = true
		}
		return p.listing.Print("kstream.transaction.abort/v1", []*transactionAbortItem{item}, table)
	})
}

func (p *transactionAbortPlan) find(ctx context.Context, admin *kafka.Admin, tp kafka.TopicPartition) (found kafka.OpenTransaction, err error) {
	open, err := admin.OpenTransactions(ctx, []kafka.TopicPartition{tp})
	if err != nil {
		return found, err
	}
	for _, o := range open {
		if o.Start == p.flags.start {
			return o, nil
		}
	}
	return found, cli.Hint(fmt.Errorf("%s, offset %d: %w", tp, p.flags.start, kafka.ErrNoTransaction), "kstream transaction list --topic %s shows what is open", p.topic)
}
