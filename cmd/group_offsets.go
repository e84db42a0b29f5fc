package cmd

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
}

func newGroupOffsetsCmd(env *cli.Env) *cobra.Command {
	var f groupOffsetsFlags
	cmd := &cobra.Command{
		Use:   "offsets GROUP",
		Short: "Show, save and restore a group's committed offsets",
		Long: `Show a group's committed offsets, save them to a file, or set them from one.

A file whose name ends in .json, .jsonl or .ndjson has a JSON object on each line,
and every other one is CSV as kafka-consumer-groups --export writes it, without a
header:

  {"topic":"orders","partition":0,"offset":42,"metadata":"…"}
  orders,0,42

--import takes either form, whatever the name, and a header of CSV too. It shows what it
would change and asks; a group with members is refused.`,
		Example: `  kstream group offsets billing
  kstream group offsets billing --export billing.csv
  kstream group offsets billing-2 --import billing.csv --create --yes`,
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
	registerConfirmation(&f.confirm, flags)
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

type groupOffsetsPlan struct {
	flags   *groupOffsetsFlags
	listing *cli.Listing
	group   string
}

func (f *groupOffsetsFlags) plan(env *cli.Env, group string) (*groupOffsetsPlan, error) {
	switch {
	case f.export != "" && f.source != "":
		return nil, cli.Usagef("--export and --import: want one of them")
	case f.source == "" && (f.create || f.confirm.Yes || f.confirm.DryRun):
		return nil, cli.Usagef("--create, --yes and --dry-run go with --import")
	}
	if err := f.confirm.Plan(); err != nil {
		return nil, err
	}
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	return &groupOffsetsPlan{f, l, group}, f.cluster.Plan(env)
}

// committedItem is what a group has committed for a partition.
type committedItem struct {
	Group       string `json:"group"`
	Topic       string `json:"topic"`
	Partition   int32  `json:"partition"`
	Offset      int64  `json:"offset"`
	LeaderEpoch *int32 `json:"leader_epoch"` // null when unknown
	Metadata    string `json:"metadata"`
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
		if p.flags.export != "" {
			return p.save(env, commits)
		}
		items := []committedItem{}
		for _, tp := range group.SortedPartitions(commits) {
			c := commits[tp]
			item := committedItem{Group: p.group, Topic: tp.Topic, Partition: tp.Partition, Offset: c.Offset, Metadata: c.Metadata}
			if c.LeaderEpoch >= 0 {
				item.LeaderEpoch = &c.LeaderEpoch
			}
			items = append(items, item)
		}
		return p.listing.Print("kstream.group.offsets/v1", items, func() *output.Table {
			t := &output.Table{Columns: []output.Column{{Name: "topic"}, {Name: "partition", Right: true}, {Name: "offset", Right: true}, {Name: "metadata"}}}
			for _, i := range items {
				t.Add(i.Topic, strconv.Itoa(int(i.Partition)), strconv.FormatInt(i.Offset, 10), i.Metadata)
			}
			return t
		})
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
