package cmd

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output"
)

type clusterElectFlags struct {
	record.TopicsOptions
	confirm cli.Confirmation
	unclean bool
}

func newClusterElectCmd(env *cli.Env) *cobra.Command {
	var f clusterElectFlags
	cmd := &cobra.Command{
		Use:   "elect [TOPIC...]",
		Short: "Have leaders of partitions elected",
		Long: `Have the preferred replica, which is the first of each partition, elected as the leader
where another one leads: of all topics, or of those that the arguments name or match. So
load is spread again after brokers have restarted. No record is lost.

With --unclean it is about partitions that nobody leads: a replica that is not in sync
becomes the leader, and the records that it lacks are lost. It shows the plan and asks.`,
		Example: `  kstream cluster elect --dry-run
  kstream cluster elect 'orders*'
  kstream cluster elect orders --unclean --dry-run    which partitions are without a leader?`,
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.unclean, "unclean", false, "where nobody leads, elect a replica that lacks records")
	registerConfirmation(&f.confirm, flags)
	registerTopics(&f.TopicsOptions, flags)
	return cmd
}

type clusterElectPlan struct {
	record.TopicsPlan
	flags *clusterElectFlags
}

func (f *clusterElectFlags) plan(env *cli.Env, args []string) (*clusterElectPlan, error) {
	if err := f.confirm.Plan(); err != nil {
		return nil, err
	}
	p := &clusterElectPlan{flags: f}
	var err error
	p.TopicsPlan, err = f.TopicsOptions.Plan(env, args)
	return p, err
}

// clusterElectItem is a partition that is to have another leader.
type clusterElectItem struct {
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
	Replicas  []int32 `json:"replicas"` // the first one is preferred
	ISR       []int32 `json:"isr"`
	Leader    int32   `json:"leader"` // before; -1: none
	New       *int32  `json:"new"`    // null until it is elected
	cli.ItemError
}

func (p *clusterElectPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.Cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		items, err := p.look(ctx, env, admin)
		if err != nil {
			return err
		}
		if len(items) > 0 && !p.flags.confirm.DryRun {
			if err := cluster.RefuseWrites(); err != nil {
				return err
			}
			if p.flags.unclean {
				action := fmt.Sprintf("lose the records that replicas out of sync lack, in %s", cli.Count(int64(len(items)), "partition"))
				if err := p.flags.confirm.Ask(ctx, env, electTable(items), action); err != nil {
					return err
				}
			}
			if err := p.elect(ctx, admin, items); err != nil {
				return err
			}
		}
		if err := p.Listing.Print("kstream.cluster.elect/v1", items, func() *output.Table { return electTable(items) }); err != nil {
			return err
		}
		return cli.SeveralErrors("partitions", cli.CausesIn(items))
	})
}

// look finds the partitions that an election would give another leader.
func (p *clusterElectPlan) look(ctx context.Context, env *cli.Env, admin *kafka.Admin) ([]*clusterElectItem, error) {
	var topics []kafka.Topic
	if len(p.Choice.Wanted) == 0 {
		all, err := admin.AllTopics(ctx)
		if err != nil {
			return nil, err
		}
		topics = all
	} else {
		found, err := p.Choice.Find(ctx, admin)
		if err != nil {
			return nil, err
		}
		if err := record.TopicErrors(env, record.CausesOf(found)); err != nil {
			return nil, err
		}
		for _, t := range found {
			topics = append(topics, t.Topic)
		}
	}
	items := []*clusterElectItem{}
	for _, t := range topics {
		for _, part := range t.Partitions {
			wanted := !part.Offline() && len(part.Replicas) > 0 && part.Leader != part.Replicas[0]
			if p.flags.unclean {
				wanted = part.Offline()
			}
			if wanted {
				items = append(items, &clusterElectItem{Topic: t.Name, Partition: part.ID, Replicas: part.Replicas, ISR: part.ISR, Leader: part.Leader})
			}
		}
	}
	if len(items) == 0 {
		env.Notice("every partition has %s: nothing to elect", map[bool]string{false: "its preferred leader", true: "a leader"}[p.flags.unclean])
	}
	return items, nil
}

// elect has the leaders elected, and asks who they are.
func (p *clusterElectPlan) elect(ctx context.Context, admin *kafka.Admin, items []*clusterElectItem) error {
	var tps []kafka.TopicPartition
	var names []string
	for _, item := range items {
		tps = append(tps, kafka.TopicPartition{Topic: item.Topic, Partition: item.Partition})
		names = append(names, item.Topic)
	}
	kept, err := admin.ElectLeaders(ctx, tps, p.flags.unclean)
	if err != nil {
		return err
	}
	leaders := map[kafka.TopicPartition]int32{}
	answers, err := admin.TopicAnswers(ctx, cli.Distinct(names)...)
	if err != nil {
		return fmt.Errorf("elected, and the new leaders are not known: %w", err)
	}
	for _, t := range answers {
		for _, part := range t.Partitions {
			leaders[kafka.TopicPartition{Topic: t.Name, Partition: part.ID}] = part.Leader
		}
	}
	for i, item := range items {
		if err := kept[tps[i]]; err != nil && !errors.Is(err, kafka.ErrElected) {
			item.Fail(err)
			continue
		}
		if leader, ok := leaders[tps[i]]; ok {
			item.New = &leader
		}
	}
	return nil
}

func electTable(items []*clusterElectItem) *output.Table {
	t := &output.Table{Columns: []output.Column{
		{Name: "topic"}, {Name: "partition", Right: true}, {Name: "replicas"}, {Name: "isr"}, {Name: "leader", Right: true}, {Name: "new", Right: true}, {Name: "error"},
	}}
	for _, i := range items {
		leader, elected := "none", "-"
		if i.Leader >= 0 {
			leader = strconv.Itoa(int(i.Leader))
		}
		if i.New != nil {
			elected = strconv.Itoa(int(*i.New))
		}
		t.Add(i.Topic, strconv.Itoa(int(i.Partition)), cli.JoinIDs(i.Replicas), cli.JoinIDs(i.ISR), leader, elected, i.Error)
	}
	return t
}
