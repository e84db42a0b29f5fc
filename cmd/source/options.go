package source

import (
	"slices"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/cmd/pipe"
	"kstream/cmd/record"
	"kstream/cmd/sink"
	"kstream/cmd/sink/table"
)

// Options is the command line as typed: what pipe has for topics too, and what is about rows.
type Options struct {
	Pipe       *pipe.Options
	Table      string
	Query      string
	Cursor     string
	PrimaryKey string
	Interval   cli.Duration
	Settle     cli.Duration
}

// Flags are those that are about a database as SRC alone.
func Flags() []string { return []string{"query", "cursor", "interval", "settle"} }

// Plan is a valid command line.
type Plan struct {
	*record.Selection // how records are written, and where
	url, dst          string
	name              string // of the position
	query             query
	what              string // that is read, in the position
	exit              bool
	interval, settle  time.Duration
	within            time.Duration
	compression       string
	create            bool
}

// Plan returns what is read, and where it goes, or a usage error. It opens nothing.
func (f *Options) Plan(env *cli.Env, src, dst string) (*Plan, error) {
	p := f.Pipe
	r := &p.Reading
	plan := &Plan{
		Selection: &record.Selection{Cluster: &r.Cluster}, url: src, dst: dst, name: p.Members.Group,
		exit: p.Exit, interval: f.Interval.D, settle: f.Settle.D, within: p.Limit.D, compression: p.Compression, create: p.Create,
	}
	switch {
	case sink.IsURL(dst):
		return nil, cli.Usagef("SRC and DST are databases: one of them must be a topic")
	case !record.TopicName.MatchString(dst):
		return nil, cli.Usagef("DST %s: want the name of a topic", dst)
	case plan.name == "":
		return nil, cli.Usagef("want --group NAME: the position is kept under it")
	case (f.Table == "") == (f.Query == ""):
		return nil, cli.Usagef("want --table NAME or --query SQL, which say what is read")
	case f.Cursor == "":
		return nil, cli.Hint(cli.Usagef("want --cursor COLUMN[,ID]: what grows when a row is new or changes"), "an ID tells rows of the same time apart")
	case f.Interval.D <= 0 || f.Settle.D < 0:
		return nil, cli.Usagef("--interval, --settle: want durations above 0")
	}
	for _, name := range []string{
		"exec", "route", "count", "members", "instance-id", "from-offset", "on-error", "map", "filter", "grep", "sample", "key-from", "to-value-serde",
		"idle-timeout", "exactly-once", "commit-every", "mode", "create-table", "alter-table", "meta", "format",
	} {
		if p.Changed(name) {
			return nil, cli.Usagef("--%s does not go with a database as SRC", name)
		}
	}
	if err := record.CheckCompression(p.Compression); err != nil {
		return nil, err
	}
	plan.what = "table " + f.Table
	plan.query.table, plan.query.from = f.Table, table.Quote(f.Table)
	if f.Query != "" {
		plan.what = "query " + f.Query
		plan.query.from = "(" + strings.TrimRight(strings.TrimSpace(f.Query), ";") + ") AS q"
	}
	plan.query.cursor = strings.Split(f.Cursor, ",")
	if slices.Contains(plan.query.cursor, "") {
		return nil, cli.Usagef("--cursor %s: a name is empty", f.Cursor)
	}
	for part := range strings.SplitSeq(f.PrimaryKey, ",") {
		if f.PrimaryKey != "" {
			plan.query.keys = append(plan.query.keys, strings.TrimPrefix(part, "."))
		}
	}
	plan.query.named = f.PrimaryKey != ""
	if kind := sink.KindOf(src); kind == "" && !config.IsReference(src) || kind == "web" {
		return nil, sink.NoDatabase("SRC", src)
	}
	if err := r.CheckForeign(); err != nil {
		return nil, err
	}
	if err := r.Cluster.Plan(env); err != nil {
		return nil, err
	}
	return plan, plan.PlanSerdes(env, r.Serdes)
}

// keysOfTable reports whether the key of records is the primary key of the table.
func (q *query) keysOfTable() bool { return !q.named }

// check refuses columns that are not there.
func (q *query) check(names []string) error {
	for _, list := range [][]string{q.cursor, q.keys} {
		for _, name := range list {
			if !slices.Contains(names, name) {
				return cli.Hint(cli.Errorf(cli.CodeUnknownTable, "there is no column %s", name), "there are %s", strings.Join(names, ", "))
			}
		}
	}
	return nil
}
