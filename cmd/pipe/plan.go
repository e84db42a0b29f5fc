package pipe

import (
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/expr"
	"kstream/cmd/record"
	"kstream/serde"
)

// Plan is a valid command line of pipe.
type Plan struct {
	*record.Selection // what is read, and which of it
	members           *record.Members
	limits            record.Limits
	dst               string // empty: --route says
	create            bool   // DST, when it is not there
	route             *expr.Text
	exec, execMode    string                 // the command that is asked about records; empty: none
	changes           *record.Changes        // what becomes of a record
	toValue           string                 // the format in which values are written; empty: as they are read
	rules             record.OnError         // --on-error
	exactlyOnce       bool                   // results and offsets in one transaction
	idPrefix          string                 // of transactional ids
	commitEvery       record.CommitEveryFlag // and this often
	compression       string
	keyed             *keyedPlan // nil: no state is kept
	lookups           []lookup   // topics that expressions see
}

// Plan returns what is read, made of it and written, or a usage error. It opens nothing.
func (f *Options) Plan(env *cli.Env, src, dst string) (*Plan, error) {
	r := &f.Reading
	p := &Plan{
		Selection: &record.Selection{Cluster: &r.Cluster}, dst: dst, create: f.Create,
		exec: f.Exec, execMode: f.ExecMode, toValue: f.ToValue,
		exactlyOnce: f.ExactlyOnce, idPrefix: f.IDPrefix, commitEvery: f.CommitEvery, compression: f.Compression,
	}
	p.Answered, p.Failures.Action = f.Exec != "", "stop"
	if err := f.check(src, dst); err != nil {
		return nil, err
	}
	if dst == "-" {
		p.dst = ""
	}
	var err error
	if err := p.planLookups(f.Lookups); err != nil {
		return nil, err
	}
	if p.keyed, err = f.planKeyed(p.variables()); err != nil {
		return nil, err
	}
	p.exactlyOnce = p.exactlyOnce || p.keyed != nil
	if f.Changed("transactional-id-prefix") && !p.exactlyOnce {
		return nil, cli.Usagef("--transactional-id-prefix goes with --exactly-once")
	}
	if p.rules, err = record.PlanFailures(f.OnError, "stop", "skip", "dlq"); err != nil {
		return nil, err
	}
	p.rules.Lenient = !f.Reading.Changed("on-error")
	if p.rules.Topic == src {
		return nil, cli.Errorf(cli.CodeSameTopic, "--on-error dlq:%s: that topic is read itself", src)
	}
	topics := []string{src}
	if p.keyed != nil && p.keyed.via != "" {
		topics = append(topics, p.keyed.via)
	}
	if p.Range, err = r.Reading.Plan(env, topics); err != nil {
		return nil, err
	}
	p.Range.ToEnd = f.Exit
	if p.members, err = f.Members.Plan(p.Range, f.batchSize()); err != nil {
		return nil, err
	}
	p.members.Config.CommitEvery = f.CommitEvery.D
	if p.keyed != nil && p.keyed.closeIdle > 0 {
		p.members.Config.Tick = min(p.keyed.closeIdle/4, time.Second)
	}
	if err := p.planChanges(env, f); err != nil {
		return nil, err
	}
	p.limits = record.Limits{Count: f.Count, Idle: f.Idle.D, Within: f.Limit.D, Endless: !p.Range.Bounded() && f.Count == 0}
	if err := r.CheckForeign(); err != nil {
		return nil, err
	}
	if err := r.Cluster.Plan(env); err != nil {
		return nil, err
	}
	return p, p.PlanSerdes(env, r.Serdes)
}

// check refuses what makes no sense by itself.
func (f *Options) check(src, dst string) error {
	switch {
	case src == "" || dst == "":
		return cli.Usagef("a topic name is empty")
	case src == dst:
		return cli.Errorf(cli.CodeSameTopic, "SRC and DST are the same topic, %s: it would never end", src)
	case f.Members.Group == "":
		return cli.Usagef("want --group NAME: its offsets say what is done")
	case dst == "-" && f.Create:
		return cli.Usagef("--create: DST - names no topic")
	case dst == "-" && f.Route == "":
		return cli.Usagef("DST -: want --route, which says where each record goes")
	}
	if err := record.CheckCompression(f.Compression); err != nil {
		return err
	}
	if err := record.CheckExec(f.Exec, f.ExecMode, f.Changed); err != nil {
		return err
	}
	return cli.CheckPositive(f.Changed, cli.FlagValue{Name: "count", N: f.Count}, cli.FlagValue{Name: "idle-timeout", N: int64(f.Idle.D)}, cli.FlagValue{Name: "for", N: int64(f.Limit.D)})
}

// batchSize is how many records a member fetches at once; 0 is the default.
func (f *Options) batchSize() int {
	if f.Exec != "" {
		return record.ExecBatch
	}
	return 0
}

// planChanges compiles what chooses, changes and routes records.
func (p *Plan) planChanges(env *cli.Env, f *Options) error {
	filters := f.Reading.Filters
	filters.Mapping = "" // what it makes is written, not shown
	var err error
	if p.Filters, err = filters.Plan(env, p.variables()...); err != nil {
		return err
	}
	p.changes = &record.Changes{Topic: p.dst}
	if p.keyed != nil { // which maps, and makes keys of, states
		return nil
	}
	if text := f.Reading.Filters.Mapping; text != "" {
		if p.changes.Mapping, err = expr.NewMap("--map", text, p.variables()...); err != nil {
			return cli.Usagef("%w", err)
		}
	}
	if err := p.changes.PlanKeyFrom(f.KeyFrom); err != nil {
		return err
	}
	if f.Route != "" {
		if p.route, err = expr.NewText("--route", f.Route); err != nil {
			return cli.Usagef("%w", err)
		}
	}
	return nil
}

// transcodes reports whether values are written in another format than they are read.
func (p *Plan) transcodes() bool { return p.toValue != "" }

// openTarget makes the serde of --to-value-serde, if there is one, that of written values.
func (p *Plan) openTarget(env *cli.Env) (closeTarget func(), err error) {
	if !p.transcodes() {
		return func() {}, nil
	}
	options, err := p.Serdes.Options(env)
	if err != nil {
		return nil, err
	}
	s, err := record.OpenSerde(p.toValue, options)
	if err != nil {
		return nil, cli.Hint(cli.Usagef("--to-value-serde: %w", err), "kstream help serdes")
	}
	p.Encoders[serde.Value] = record.NewEncoders(s, s, options.JSON())[serde.Value]
	return func() { record.CloseSerde(s) }, nil
}
