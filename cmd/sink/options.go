package sink

import (
	"slices"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/expr"
	"kstream/cmd/pipe"
	"kstream/cmd/record"
	"kstream/cmd/sink/table"
	"kstream/cmd/sink/web"
)

// Options is the command line as typed: what pipe has for topics too, and what is about tables.
type Options struct {
	Pipe       *pipe.Options
	Table      string
	Mode       string
	PrimaryKey string
	Create     bool
	Alter      bool
	Meta       bool
	Format     string
}

// Flags are those that are about tables.
func Flags() []string {
	return []string{"table", "mode", "primary-key", "create-table", "alter-table", "meta", "format"}
}

// Plan is a valid command line.
type Plan struct {
	*record.Selection
	members *record.Members
	limits  record.Limits
	url     string
	topic   string
	route   *expr.Text
	options table.Options
	every   record.CommitEveryFlag
	format  string // of the body of requests
	moved   bool   // --from-offset says where to begin
}

// Plan returns what is read, and where it goes, or a usage error. It opens nothing.
func (f *Options) Plan(env *cli.Env, src, dst string) (*Plan, error) {
	p := f.Pipe
	r := &p.Reading
	if err := f.check(src, dst); err != nil {
		return nil, err
	}
	plan := &Plan{
		Selection: &record.Selection{Cluster: &r.Cluster}, url: dst, topic: src, every: p.CommitEvery,
		options: table.Options{Group: p.Members.Group, Table: f.Table, Mode: table.Mode(f.Mode), Create: f.Create, Alter: f.Alter, Meta: f.Meta},
	}
	var err error
	if plan.format, err = f.planWeb(dst); err != nil {
		return nil, err
	}
	if plan.Failures, err = record.PlanFailures(p.OnError, "stop", "skip", "dlq"); err != nil {
		return nil, err
	}
	plan.Failures.Lenient = !r.Changed("on-error")
	if plan.Failures.Topic == src {
		return nil, cli.Errorf(cli.CodeSameTopic, "--on-error dlq:%s: that topic is read itself", src)
	}
	if err := f.planKeys(&plan.options); err != nil {
		return nil, err
	}
	if plan.Range, err = r.Reading.Plan(env, []string{src}); err != nil {
		return nil, err
	}
	plan.Range.ToEnd = p.Exit
	plan.moved = plan.Range.HasFrom
	if plan.members, err = p.Members.Plan(plan.Range, 0); err != nil {
		return nil, err
	}
	plan.members.Config.CommitEvery = p.CommitEvery.D
	if plan.Filters, err = r.Filters.Plan(env); err != nil {
		return nil, err
	}
	if p.Route != "" {
		if plan.route, err = expr.NewText("--route", p.Route); err != nil {
			return nil, cli.Usagef("%w", err)
		}
	}
	plan.limits = record.Limits{Idle: p.Idle.D, Within: p.Limit.D, Endless: !plan.Range.Bounded()}
	if err := r.CheckForeign(); err != nil {
		return nil, err
	}
	if err := r.Cluster.Plan(env); err != nil {
		return nil, err
	}
	return plan, plan.PlanSerdes(env, r.Serdes)
}

// check refuses what makes no sense by itself.
func (f *Options) check(src, dst string) error {
	p := f.Pipe
	switch {
	case src == "":
		return cli.Usagef("a topic name is empty")
	case p.Members.Group == "":
		return cli.Usagef("want --group NAME: the database keeps its offsets, with the rows")
	}
	if err := checkURL(dst); err != nil {
		return err
	}
	switch {
	case f.Table == "" && p.Route == "" && KindOf(dst) != "web":
		return cli.Usagef("want --table NAME, or --route, which says the table of each record")
	case f.Table == table.OffsetsTable:
		return cli.Usagef("--table %s: that is where kstream keeps offsets", f.Table)
	}
	for _, name := range append(pipe.StateFlags(), "exec", "create", "compression", "to-value-serde", "count", "key-equals", "key-from", "lookup") {
		if p.Changed(name) {
			hint := map[string]string{"create": "--create-table", "count": "-e, --for and --idle-timeout end it"}[name]
			err := cli.Usagef("--%s does not go with a database", name)
			if hint != "" {
				return cli.Hint(err, "%s", hint)
			}
			return err
		}
	}
	return cli.CheckPositive(p.Changed, cli.FlagValue{Name: "idle-timeout", N: int64(p.Idle.D)}, cli.FlagValue{Name: "for", N: int64(p.Limit.D)})
}

// planKeys reads --mode and --primary-key.
func (f *Options) planKeys(o *table.Options) error {
	if o.Mode == "" {
		o.Mode = table.Append
	}
	if o.Mode != table.Append && o.Mode != table.Upsert {
		return cli.Usagef("--mode %s: want append or upsert", f.Mode)
	}
	for part := range strings.SplitSeq(f.PrimaryKey, ",") {
		name, isField := strings.CutPrefix(part, ".")
		switch {
		case f.PrimaryKey == "":
			continue
		case part == table.KeyColumn:
			o.RecordKey, name = true, table.KeyColumn
		case !isField || name == "":
			return cli.Usagef("--primary-key %s: want key, the key of the record, or .FIELD of its value; several with commas", f.PrimaryKey)
		}
		if slices.Contains(o.Keys, name) {
			return cli.Usagef("--primary-key %s: %s is there twice", f.PrimaryKey, part)
		}
		o.Keys = append(o.Keys, name)
	}
	if o.Mode == table.Upsert && len(o.Keys) == 0 {
		return cli.Usagef("--mode upsert: want --primary-key key, or .FIELD, by which rows are the same")
	}
	return nil
}

// planWeb checks what goes to a server by HTTP, or does not.
func (f *Options) planWeb(dst string) (format string, err error) {
	if KindOf(dst) != "web" {
		if f.Pipe.Changed("format") {
			return "", cli.Usagef("--format goes with a DST of HTTP: https://HOST/PATH")
		}
		return web.Lines, nil
	}
	for _, name := range []string{"mode", "create-table", "alter-table", "meta"} {
		if f.Pipe.Changed(name) {
			return "", cli.Usagef("--%s does not go with a DST of HTTP", name)
		}
	}
	switch {
	case f.Format != web.Lines && f.Format != web.Elasticsearch:
		return "", cli.Usagef("--format %s: want json or elasticsearch", f.Format)
	case f.Format == web.Lines && f.Pipe.Changed("table"):
		return "", cli.Usagef("--table does not go with --format json; with elasticsearch it is the index")
	case f.PrimaryKey != "" && f.PrimaryKey != table.KeyColumn:
		return "", cli.Usagef("--primary-key %s: want key, which is then the id of the document", f.PrimaryKey)
	}
	return f.Format, checkPlain(dst)
}
