package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/group"
	"kstream/kafka"
	"kstream/output"
)

type groupOffsetsFlags struct {
	cluster        connect.Options
	listing        cli.ListingOptions
	confirm        cli.Confirmation
	export, source string
	create         bool
	deletes        bool
	topics         []string
}

func newGroupOffsetsCmd(env *cli.Env) *cobra.Command {
	var f groupOffsetsFlags
	cmd := &cobra.Command{
		Use:   "offsets GROUP",
		Short: "Show, save, restore and delete a group's committed offsets",
		Long: `Show a group's committed offsets, save them to a file, set them from one, or delete
those of a topic.

A file whose name ends in .json, .jsonl or .ndjson has a JSON object on each line,
and every other one is CSV as kafka-consumer-groups --export writes it, without a
header:

  {"topic":"orders","partition":0,"offset":42,"metadata":"…"}
  orders,0,42

--import takes either form, whatever the name, and a header of CSV too. It shows what it
would change and asks; a group with members is refused. So does --delete, which a topic that no
member subscribes to is enough for.`,
		Example: `  kstream group offsets billing
  kstream group offsets billing --export billing.csv
  kstream group offsets billing-2 --import billing.csv --create --yes
  kstream group offsets billing --delete --topic orders`,
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
	flags.StringVar(&f.export, "export", "", "write the offsets to `FILE`, which must not exist; - is stdout")
	flags.StringVar(&f.source, "import", "", "commit the offsets in `FILE`; - is stdin")
	flags.BoolVar(&f.create, "create", false, "with --import: make the group when it does not exist")
	flags.BoolVar(&f.deletes, "delete", false, "forget the offsets of --topic")
	flags.StringArrayVar(&f.topics, "topic", nil, "only this topic, or partitions of it: `T[:P,…]`; repeatable")
	registerConfirmation(&f.confirm, flags)
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

type groupOffsetsPlan struct {
	flags   *groupOffsetsFlags
	listing *cli.Listing
	group   string
	scopes  []topicScope
}

func (f *groupOffsetsFlags) plan(env *cli.Env, group string) (*groupOffsetsPlan, error) {
	switch {
	case f.export != "" && f.source != "" || f.deletes && f.export+f.source != "":
		return nil, cli.Usagef("--export, --import and --delete: want one of them")
	case f.source == "" && f.create:
		return nil, cli.Usagef("--create goes with --import")
	case f.source == "" && !f.deletes && (f.confirm.Yes || f.confirm.DryRun):
		return nil, cli.Usagef("--yes and --dry-run go with --import and --delete")
	case f.source != "" && f.topics != nil:
		return nil, cli.Usagef("--import names the partitions itself: leave --topic out")
	case f.deletes && f.topics == nil:
		return nil, cli.Hint(cli.Usagef("--delete wants --topic"), "kstream group delete %s deletes all", group)
	}
	scopes, err := parseScopes(f.topics)
	if err != nil {
		return nil, err
	}
	if err := f.confirm.Plan(); err != nil {
		return nil, err
	}
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	return &groupOffsetsPlan{f, l, group, scopes}, f.cluster.Plan(env)
}

// committedItem is what a group has committed for a partition.
type committedItem struct {
	Group       string `json:"group"`
	Topic       string `json:"topic"`
	Partition   int32  `json:"partition"`
	Offset      int64  `json:"offset"`
	LeaderEpoch *int32 `json:"leader_epoch"` // null when unknown
	Metadata    string `json:"metadata"`
	Deleted     bool   `json:"deleted,omitempty"`
	cli.ItemError
}

func (p *groupOffsetsPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		if p.flags.source != "" {
			return p.restore(ctx, env, cluster, admin)
		}
		if _, err := admin.Groups(ctx, p.group); err != nil {
			return err
		}
		commits, err := admin.Committed(ctx, p.group)
		if err != nil {
			return err
		}
		maps.DeleteFunc(commits, func(tp kafka.TopicPartition, _ kafka.Commit) bool { return !inScopes(p.scopes, tp) })
		if p.flags.export != "" {
			return p.save(env, commits)
		}
		items := []*committedItem{}
		for _, tp := range group.SortedPartitions(commits) {
			c := commits[tp]
			item := &committedItem{Group: p.group, Topic: tp.Topic, Partition: tp.Partition, Offset: c.Offset, Metadata: c.Metadata}
			if c.LeaderEpoch >= 0 {
				item.LeaderEpoch = &c.LeaderEpoch
			}
			items = append(items, item)
		}
		if p.flags.deletes {
			return p.forget(ctx, env, cluster, admin, items)
		}
		return p.print(items)
	})
}

func (p *groupOffsetsPlan) print(items []*committedItem) error {
	return p.listing.Print("kstream.group.offsets/v1", items, func() *output.Table { return p.table(items) })
}

func (p *groupOffsetsPlan) table(items []*committedItem) *output.Table {
	t := &output.Table{Columns: []output.Column{{Name: "topic"}, {Name: "partition", Right: true}, {Name: "offset", Right: true}, {Name: "metadata"}}}
	if p.flags.deletes {
		t.Columns = append(t.Columns, output.Column{Name: "deleted"}, output.Column{Name: "error"})
	}
	for _, i := range items {
		t.Add(i.Topic, strconv.Itoa(int(i.Partition)), strconv.FormatInt(i.Offset, 10), i.Metadata, strconv.FormatBool(i.Deleted), i.Error)
	}
	return t
}

// forget shows the offsets, asks and deletes them; with --dry-run it only shows them.
func (p *groupOffsetsPlan) forget(ctx context.Context, env *cli.Env, cluster *connect.Cluster, admin *kafka.Admin, items []*committedItem) error {
	if len(items) == 0 {
		return cli.Hint(cli.Errorf(cli.CodeFailed, "%s has committed nothing of %s", p.group, strings.Join(p.flags.topics, ", ")),
			"kstream group offsets %s shows what it has", p.group)
	}
	if p.flags.confirm.DryRun {
		return p.print(items)
	}
	if err := cluster.RefuseWrites(); err != nil {
		return err
	}
	action := fmt.Sprintf("delete what %s has committed for %s", p.group, cli.Count(int64(len(items)), "partition"))
	if err := p.flags.confirm.Ask(ctx, env, p.table(items), action); err != nil {
		return err
	}
	tps := make([]kafka.TopicPartition, len(items))
	for i, item := range items {
		tps[i] = kafka.TopicPartition{Topic: item.Topic, Partition: item.Partition}
	}
	refused, err := admin.DeleteCommitted(ctx, p.group, tps)
	if err != nil {
		return err
	}
	for i, item := range items {
		item.Fail(refused[tps[i]])
		item.Deleted = item.Cause == nil
	}
	return cli.FirstOf(p.print(items), cli.SeveralErrors("partitions", cli.CausesIn(items)))
}

// inScopes reports whether a partition is among those of --topic, of which none mean all.
func inScopes(scopes []topicScope, tp kafka.TopicPartition) bool {
	return scopes == nil || slices.ContainsFunc(scopes, func(s topicScope) bool {
		return s.topic == tp.Topic && (s.partitions == nil || slices.Contains(s.partitions, tp.Partition))
	})
}

// save writes the offsets to a new file, or to stdout. A file that is there stays.
func (p *groupOffsetsPlan) save(env *cli.Env, commits map[kafka.TopicPartition]kafka.Commit) error {
	name := p.flags.export
	text, err := group.AppendOffsets(nil, commits, hasJSONName(name))
	if err != nil {
		return err
	}
	if name == "-" {
		_, err := env.Stdout.Write(text)
		return err
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return cli.Errorf(cli.CodeAlreadyExists, "%s: the file is there already", name)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(name)) // half of the offsets is worse than none
	}
	env.Notice("%s: %d offsets written to %s", p.group, len(commits), name)
	return nil
}

func hasJSONName(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json", ".jsonl", ".ndjson":
		return true
	}
	return false
}

// restore commits the offsets of a file.
func (p *groupOffsetsPlan) restore(ctx context.Context, env *cli.Env, cluster *connect.Cluster, admin *kafka.Admin) error {
	targets, err := group.ReadOffsetsFile(env, p.flags.source)
	if err != nil {
		return err
	}
	commits, err := group.EmptyGroup(ctx, admin, p.group, p.flags.create)
	if err != nil {
		return err
	}
	shift := &group.Shift{Env: env, Admin: admin, Group: p.group, Commits: commits}
	if err := shift.ToOffsets(ctx, targets); err != nil {
		return err
	}
	return shift.Run(ctx, cluster, p.listing, &p.flags.confirm)
}
