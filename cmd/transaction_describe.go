package cmd

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/group"
	"kstream/kafka"
	"kstream/output"
)

type transactionDescribeFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
}

func newTransactionDescribeCmd(env *cli.Env) *cobra.Command {
	var f transactionDescribeFlags
	cmd := &cobra.Command{
		Use:     "describe ID...",
		Short:   "Show what the coordinators know of transactional ids",
		Example: `  kstream transaction describe billing-1`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, ids []string) error {
			plan, err := f.plan(env, ids)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	registerListing(&f.listing, cmd.Flags())
	registerCluster(&f.cluster, cmd.Flags())
	return cmd
}

type transactionDescribePlan struct {
	flags   *transactionDescribeFlags
	listing *cli.Listing
	ids     []string
}

func (f *transactionDescribeFlags) plan(env *cli.Env, ids []string) (*transactionDescribePlan, error) {
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	return &transactionDescribePlan{f, l, cli.Distinct(ids)}, f.cluster.Plan(env)
}

// transactionDescribeItem is what a coordinator knows of an id.
type transactionDescribeItem struct {
	TransactionalID string                  `json:"transactional_id"`
	ProducerID      int64                   `json:"producer_id"`
	ProducerEpoch   int16                   `json:"producer_epoch"`
	State           string                  `json:"state"`
	Coordinator     int32                   `json:"coordinator"`
	Timeout         int64                   `json:"timeout_ms"`
	Age             *int64                  `json:"age_ms"` // null when none is open
	Partitions      []group.TopicPartitions `json:"partitions"`
}

func (p *transactionDescribePlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(_ *connect.Cluster, admin *kafka.Admin) error {
		items := make([]*transactionDescribeItem, 0, len(p.ids))
		for _, id := range p.ids {
			t, err := admin.Transaction(ctx, id)
			if err != nil {
				return err
			}
			items = append(items, &transactionDescribeItem{
				TransactionalID: t.ID, ProducerID: t.ProducerID, ProducerEpoch: t.ProducerEpoch, State: t.State,
				Coordinator: t.Coordinator, Timeout: t.Timeout.Milliseconds(), Age: ageOf(env, t.Started), Partitions: group.ByTopic(t.Partitions),
			})
		}
		return p.listing.Print("kstream.transaction.describe/v1", items, func() *output.Table {
			t := &output.Table{Columns: []output.Column{
				{Name: "transactional_id"},
				{Name: "producer_id", Right: true},
				{Name: "producer_epoch", Right: true},
				{Name: "state"},
				{Name: "coordinator", Right: true},
				{Name: "timeout_ms", Right: true},
				{Name: "age_ms", Right: true},
				{Name: "partitions"},
			}}
			for _, i := range items {
				age := numberOrDash(i.Age)
				if i.Age != nil && env.StdoutTerminal {
					age = output.Duration(time.Duration(*i.Age) * time.Millisecond)
				}
				t.Add(i.TransactionalID, strconv.FormatInt(i.ProducerID, 10), strconv.Itoa(int(i.ProducerEpoch)), i.State,
					strconv.Itoa(int(i.Coordinator)), strconv.FormatInt(i.Timeout, 10), age, group.ShortPartitions(i.Partitions))
			}
			return t
		})
	})
}
