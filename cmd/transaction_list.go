package cmd

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/output"
)

type transactionListFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	topics  []string
	older   cli.Duration
}

func newTransactionListCmd(env *cli.Env) *cobra.Command {
	var f transactionListFlags
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the transactions that are open, a row a partition",
		Long: `List the transactions that are open, a row for each partition that they have written to,
with the offset of their first record there: readers of committed records wait before
it. Without --topic the coordinators are asked, with it the leaders of the topic: these
know of transactions too that their coordinator has forgotten.`,
		Example: `  kstream transaction list --older 10m
  kstream transaction list --topic orders -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan, err := f.plan(env)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.topics, "topic", nil, "what is open in `TOPIC`; repeatable")
	flags.Var(&f.older, "older", "only what has been open for `D` or longer")
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

type transactionListPlan struct {
	flags   *transactionListFlags
	listing *cli.Listing
}

func (f *transactionListFlags) plan(env *cli.Env) (*transactionListPlan, error) {
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	return &transactionListPlan{f, l}, f.cluster.Plan(env)
}

// transactionItem is a transaction in a partition. What is not known is null, and the id
// of one that its coordinator does not know is empty. A transaction that is open
// nowhere, because it has written nothing yet or was aborted there, has no topic.
type transactionItem struct {
	TransactionalID string `json:"transactional_id"`
	ProducerID      int64  `json:"producer_id"`
	State           string `json:"state"`
	Topic           string `json:"topic"`
	Partition       *int32 `json:"partition"`
	Start           *int64 `json:"start"`
	Age             *int64 `json:"age_ms"`
	Coordinator     *int32 `json:"coordinator"`
}

func (p *transactionListPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(_ *connect.Cluster, admin *kafka.Admin) error {
		items, err := p.find(ctx, env, admin)
		if err != nil {
			return err
		}
		return p.listing.Print("kstream.transaction.list/v1", items, func() *output.Table {
			return transactionTable(p.listing, items)
		})
	})
}

// find asks the coordinators, and the leaders of the partitions that are concerned.
func (p *transactionListPlan) find(ctx context.Context, env *cli.Env, admin *kafka.Admin) ([]*transactionItem, error) {
	known, err := admin.Transactions(ctx, "Ongoing", "PrepareCommit", "PrepareAbort")
	if err != nil {
		return nil, err
	}
	where := map[kafka.TopicPartition]bool{}
	if p.flags.topics != nil {
		topics, err := admin.Topics(ctx, p.flags.topics...)
		if err != nil {
			return nil, connect.NearTopic(err)
		}
		for _, t := range topics {
			for _, part := range t.Partitions {
				where[kafka.TopicPartition{Topic: t.Name, Partition: part.ID}] = true
			}
		}
	} else {
		for _, t := range known {
			for _, tp := range t.Partitions {
				where[tp] = true
			}
		}
	}
	open, err := admin.OpenTransactions(ctx, slices.Collect(maps.Keys(where)))
	if err != nil {
		return nil, err
	}
	items := []*transactionItem{}
	add := func(item *transactionItem) {
		if p.flags.older.D == 0 || item.Age != nil && time.Duration(*item.Age)*time.Millisecond >= p.flags.older.D {
			items = append(items, item)
		}
	}
	seen := map[int64]bool{}
	for i := range open {
		seen[open[i].ProducerID] = true
		add(openItem(env, &open[i], known))
	}
	for i := range known { // nothing is open where it has written, or it has not yet
		if t := &known[i]; !seen[t.ProducerID] && p.flags.topics == nil {
			add(&transactionItem{TransactionalID: t.ID, ProducerID: t.ProducerID, State: t.State, Age: ageOf(env, t.Started), Coordinator: &t.Coordinator})
		}
	}
	return items, nil
}

// openItem joins what the leader and a coordinator know of a transaction.
func openItem(env *cli.Env, o *kafka.OpenTransaction, known []kafka.Transaction) *transactionItem {
	item := &transactionItem{ProducerID: o.ProducerID, Topic: o.Topic, Partition: &o.Partition, Start: &o.Start, Age: ageOf(env, o.Last)}
	i := slices.IndexFunc(known, func(t kafka.Transaction) bool { return t.ProducerID == o.ProducerID })
	if i < 0 {
		return item
	}
	t := &known[i]
	item.TransactionalID, item.State, item.Coordinator = t.ID, t.State, &t.Coordinator
	if !t.Started.IsZero() {
		item.Age = ageOf(env, t.Started)
	}
	return item
}

// transactionTable shows transactions; a terminal gets a time span where a pipe gets
// milliseconds.
func transactionTable(l *cli.Listing, items []*transactionItem) *output.Table {
	t := &output.Table{Columns: []output.Column{
		{Name: "transactional_id"},
		{Name: "producer_id", Right: true},
		{Name: "state"},
		{Name: "topic"},
		{Name: "partition", Right: true},
		{Name: "start", Right: true},
		{Name: "age_ms", Right: true},
		{Name: "coordinator", Right: true},
	}}
	for _, i := range items {
		age := numberOrDash(i.Age)
		if i.Age != nil && l.Env.StdoutTerminal {
			age = output.Duration(time.Duration(*i.Age) * time.Millisecond)
		}
		t.Add(i.TransactionalID, strconv.FormatInt(i.ProducerID, 10), i.State, i.Topic,
			numberOrDash(i.Partition), numberOrDash(i.Start), age, numberOrDash(i.Coordinator))
	}
	return t
}

// numberOrDash is the text of a number that may not be known.
func numberOrDash[N int32 | int64](n *N) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatInt(int64(*n), 10)
}
