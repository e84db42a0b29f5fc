package cmd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/kafka/position"
	"kstream/output"
)

type topicDeleteFlags struct {
	record.TopicsOptions
	confirm  cli.Confirmation
	ifExists bool
}

func newTopicDeleteCmd(env *cli.Env) *cobra.Command {
	var f topicDeleteFlags
	cmd := &cobra.Command{
		Use:     "delete TOPIC...",
		Aliases: []string{"rm"},
		Short:   "Delete topics with all their records",
		Long: `Delete topics with all their records. It shows what it would delete and asks. All topics
are tried; when one could not be deleted the exit code is 1, or 3 where none of them exists.
Patterns never match Kafka's internal topics: those go only by their names.`,
		Example: `  kstream topic delete orders --dry-run
  kstream topic delete 'test-*' --yes
  kstream topic delete orders --if-exists --yes`,
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
	flags.BoolVar(&f.ifExists, "if-exists", false, "a topic that does not exist is no error")
	registerConfirmation(&f.confirm, flags)
	registerTopics(&f.TopicsOptions, flags)
	return cmd
}

type topicDeletePlan struct {
	record.TopicsPlan
	flags *topicDeleteFlags
}

func (f *topicDeleteFlags) plan(env *cli.Env, args []string) (*topicDeletePlan, error) {
	if err := f.confirm.Plan(); err != nil {
		return nil, err
	}
	p := &topicDeletePlan{flags: f}
	var err error
	p.TopicsPlan, err = f.TopicsOptions.Plan(env, args)
	return p, err
}

// topicDeleteItem is a topic in the plan and in the outcome of `topic delete`.
type topicDeleteItem struct {
	Topic      string `json:"topic"`
	ID         string `json:"id"`
	Internal   bool   `json:"internal"`
	Partitions int    `json:"partitions"`
	Records    *int64 `json:"records"` // at most; null when the broker could not be asked
	Deleted    bool   `json:"deleted"`
	cli.ItemError
}

func (p *topicDeletePlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.Cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		items, err := p.look(ctx, env, admin)
		if err != nil {
			return err
		}
		if p.flags.confirm.DryRun {
			return p.print(items)
		}
		if err := cluster.RefuseWrites(); err != nil {
			return err
		}
		var names []string
		for _, i := range items {
			if i.Cause == nil {
				names = append(names, i.Topic)
			}
		}
		if len(names) > 0 {
			action := fmt.Sprintf("delete %s with all records", strings.Join(names, ", "))
			if err := p.flags.confirm.Ask(ctx, env, topicDeleteTable(items), action); err != nil {
				return err
			}
		}
		for _, i := range items {
			if i.Cause == nil {
				i.Fail(admin.DeleteTopic(ctx, i.Topic))
				i.Deleted = i.Cause == nil
			}
		}
		return p.print(items)
	})
}

// look finds what would be deleted, or why it cannot be.
func (p *topicDeletePlan) look(ctx context.Context, env *cli.Env, admin *kafka.Admin) ([]*topicDeleteItem, error) {
	found, err := p.Choice.Find(ctx, admin)
	if err != nil {
		return nil, err
	}
	items := []*topicDeleteItem{}
	for _, t := range found {
		if t.Err != nil && p.flags.ifExists && cli.CodeOf(t.Err) == cli.CodeUnknownTopic {
			env.Notice("%v: nothing to delete", t.Err)
			continue
		}
		item := &topicDeleteItem{Topic: t.Name, ID: t.ID, Internal: t.Internal, Partitions: len(t.Partitions)}
		item.Fail(t.Err)
		items = append(items, item)
		if t.Err != nil {
			continue
		}
		_, marks, err := positionsIn(ctx, admin, t.Topic, "", position.Position{})
		if err != nil && errors.Is(err, context.Cause(ctx)) {
			return nil, err
		}
		if err != nil {
			continue // a topic without leaders may go all the same
		}
		item.Records = new(int64)
		for _, m := range marks {
			*item.Records += m.End - m.Start
		}
	}
	return items, nil
}

func (p *topicDeletePlan) print(items []*topicDeleteItem) error {
	err := p.Listing.Print("kstream.topic.delete/v1", items, func() *output.Table { return topicDeleteTable(items) })
	if err != nil {
		return err
	}
	return cli.SeveralErrors("topics", cli.CausesIn(items))
}

func topicDeleteTable(items []*topicDeleteItem) *output.Table {
	t := &output.Table{Columns: []output.Column{
		{Name: "topic"}, {Name: "partitions", Right: true}, {Name: "records", Right: true}, {Name: "internal"}, {Name: "deleted"}, {Name: "error"},
	}}
	for _, i := range items {
		records := "?"
		if i.Records != nil {
			records = "≤" + strconv.FormatInt(*i.Records, 10)
		}
		t.Add(i.Topic, strconv.Itoa(i.Partitions), records, strconv.FormatBool(i.Internal), strconv.FormatBool(i.Deleted), i.Error)
	}
	return t
}
