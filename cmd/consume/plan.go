package consume

import (
	"errors"

	"kstream/cmd/cli"
	"kstream/cmd/record"
)

// Options is the command line as typed. Plan checks it.
type Options struct {
	record.Options
	Output      OutputOptions
	Order       OrderOptions
	Members     record.MemberOptions
	Live        LiveOptions
	OnError     string
	Exec        string
	Exit        bool
	Count       int64
	PerPart     int64
	Idle, Limit cli.Duration
	FailEmpty   bool
	NoCommit    bool
	ExecMode    string
}

// Plan is a valid command line of consume.
type Plan struct {
	*record.Selection
	order        *orderPlan      // nil: as the records come
	members      *record.Members // nil: without a group
	topicsOf     string          // the group whose topics are read; empty: they are named
	watch        bool            // show the members live
	limits       record.Limits
	perPartition int64  // records at most; 0: all
	exec         string // the command that is asked about records; empty: none
	execMode     string
	output       *outputPlan
}

// Plan returns what is read of topics and how it is printed, or a usage error. It opens
// nothing.
func (f *Options) Plan(env *cli.Env, topics []string) (*Plan, error) {
	p := &Plan{Selection: &record.Selection{Cluster: &f.Cluster}, perPartition: f.PerPart, exec: f.Exec, execMode: f.ExecMode}
	if err := f.checkBounds(); err != nil {
		return nil, err
	}
	var err error
	if p.Range, err = f.planRange(env, topics); err != nil {
		return nil, err
	}
	if p.File, err = f.planFile(topics); err != nil {
		return nil, err
	}
	p.Range.ToEnd = f.Exit || p.File != ""
	if p.order, err = f.Order.plan(f, p.Range); err != nil {
		return nil, err
	}
	if f.NoCommit {
		if p.Range.Of(f.Members.Group); len(topics) == 0 {
			p.topicsOf = f.Members.Group
		}
	} else if p.members, err = f.Members.Plan(p.Range, p.batchSize()); err != nil {
		return nil, err
	}
	if err := p.Range.RefuseStored(); err != nil && p.File == "" {
		return nil, cli.Hint(errors.Unwrap(err), "--group GROUP reads on where a group is, stored:GROUP only looks")
	}
	if err := f.Live.check(env, f); err != nil {
		return nil, err
	}
	p.watch = f.Live.Watch
	if p.Filters, err = f.Filters.Plan(env); err != nil {
		return nil, err
	}
	if p.output, err = f.Output.Plan(env, p.watch); err != nil {
		return nil, err
	}
	if err := p.output.files.check(f); err != nil {
		return nil, err
	}
	if err := record.CheckExec(f.Exec, f.ExecMode, f.Changed); err != nil {
		return nil, err
	}
	if f.Exec != "" && (f.Changed("output") || f.Changed("kcat-format") || f.Changed("key-separator") || p.order != nil) {
		return nil, cli.Usagef("--exec prints the answers of the command: -o and what arranges records do not go with it")
	}
	if p.Failures, err = record.PlanFailures(f.OnError, "keep", "skip", "stop", "dlq"); err != nil {
		return nil, err
	}
	p.Outlives = p.Failures.Keeps() && p.members == nil && f.Exec == ""
	if p.Answered = f.Exec != ""; !p.output.tellsErrors {
		p.Kept = "shown as bytes"
	}
	p.limits = record.Limits{
		Count: f.Count, Idle: f.Idle.D, Within: f.Limit.D, FailEmpty: f.FailEmpty,
		Endless: !p.Range.Bounded() && f.Count == 0 && f.PerPart == 0,
	}
	if err := f.CheckForeign(); err != nil {
		return nil, err
	}
	if err := f.Cluster.Plan(env); err != nil {
		return nil, err
	}
	if s := f.Cluster.SchemaRegistry(); s != nil {
		s.Rests = p.Outlives
	}
	return p, p.PlanSerdes(env, f.Serdes)
}

// planRange plans which part of the topics is read: under --no-commit what the group has yet
// to read.
func (f *Options) planRange(env *cli.Env, topics []string) (*record.Range, error) {
	if !f.NoCommit {
		return f.Reading.Plan(env, topics)
	}
	if f.Members.Group == "" {
		return nil, cli.Usagef("--no-commit goes with --group")
	}
	for _, name := range []string{"from-offset", "members", "assignor", "protocol", "instance-id", "offset-reset", "events", "join-every", "yes", "watch"} {
		if f.Changed(name) {
			return nil, cli.Usagef("--%s does not go with --no-commit: it joins no group, and reads from where %s is", name, f.Members.Group)
		}
	}
	reading := f.Reading
	reading.From = "stored:" + f.Members.Group
	return reading.Plan(env, topics)
}

// batchSize is how many records are fetched at once; 0 is the default.
func (p *Plan) batchSize() int {
	if p.exec != "" {
		return record.ExecBatch
	}
	return 0
}

// checkBounds refuses numbers and times that would read nothing.
func (f *Options) checkBounds() error {
	return cli.CheckPositive(f.Changed, cli.FlagValue{Name: "count", N: f.Count}, cli.FlagValue{Name: "count-per-partition", N: f.PerPart}, cli.FlagValue{Name: "last", N: f.Order.Last}, cli.FlagValue{Name: "tail", N: f.Order.Tail},
		cli.FlagValue{Name: "idle-timeout", N: int64(f.Idle.D)}, cli.FlagValue{Name: "for", N: int64(f.Limit.D)})
}
