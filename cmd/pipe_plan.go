package cmd

import (
	"kstream/cmd/expr"
	"kstream/serde"
)

// pipePlan is pipeFlags with a meaning.
type pipePlan struct {
	*selection // what is read, and which of it
	flags      *pipeFlags
	members    *memberPlan
	limits     limits
	dst        string // empty: --route says
	route      *expr.Text
	changes    *changes // what becomes of a record
	transcodes bool     // values are written in another format than they are read
	rules      failures // --on-error
}

func (f *pipeFlags) plan(env *Env, src, dst string) (*pipePlan, error) {
	r := &f.reading
	p := &pipePlan{
		flags: f, dst: dst,
		selection: newSelection(),
	}
	p.tellsErrors, p.answered, p.failures.action = true, f.exec != "", "stop"
	if err := f.check(src, dst); err != nil {
		return nil, err
	}
	if dst == "-" {
		p.dst = ""
	}
	var err error
	if p.rules, err = planFailures(f.onError, "stop", "skip", "dlq"); err != nil {
		return nil, err
	}
	p.rules.lenient = !f.reading.changed("on-error")
	if p.rules.topic == src {
		return nil, faultf(codeSameTopic, "--on-error dlq:%s: that topic is read itself", src)
	}
	if p.reading, err = r.reading.plan(env, []string{src}); err != nil {
		return nil, err
	}
	p.reading.toEnd = f.exit
	if p.members, err = f.members.plan(p.reading, f.batchSize()); err != nil {
		return nil, err
	}
	p.members.config.CommitEvery = f.commitEvery.d
	if err := p.planChanges(env); err != nil {
		return nil, err
	}
	p.limits = limits{count: f.count, idle: f.idle.d, within: f.limit.d, endless: !p.reading.bounded() && f.count == 0}
	if err := r.checkForeign(); err != nil {
		return nil, err
	}
	if err := r.cluster.plan(env); err != nil {
		return nil, err
	}
	if err := p.openSerdes(env, &r.serdes); err != nil {
		return nil, err
	}
	return p, p.openTarget(env)
}

// check refuses what makes no sense by itself.
func (f *pipeFlags) check(src, dst string) error {
	switch {
	case src == "" || dst == "":
		return usagef("a topic name is empty")
	case src == dst:
		return faultf(codeSameTopic, "SRC and DST are the same topic, %s: it would never end", src)
	case f.members.group == "":
		return usagef("want --group NAME: its offsets say what is done")
	case dst == "-" && f.create:
		return usagef("--create: DST - names no topic")
	case dst == "-" && f.route == "":
		return usagef("DST -: want --route, which says where each record goes")
	}
	if err := checkCompression(f.compression); err != nil {
		return err
	}
	if err := checkExec(f.exec, f.execMode, f.changed); err != nil {
		return err
	}
	return checkPositive(f.changed, flagValue{"count", f.count}, flagValue{"idle-timeout", int64(f.idle.d)}, flagValue{"for", int64(f.limit.d)})
}

// batchSize is how many records a member fetches at once; 0 is the default.
func (f *pipeFlags) batchSize() int {
	if f.exec != "" {
		return execBatch
	}
	return 0
}

// planChanges gives a meaning to what chooses, changes and routes records.
func (p *pipePlan) planChanges(env *Env) error {
	f := p.flags
	filters := f.reading.filters
	filters.mapping = "" // what it makes is written, not shown
	var err error
	if p.filters, err = filters.plan(env); err != nil {
		return err
	}
	p.changes = &changes{topic: p.dst}
	if text := f.reading.filters.mapping; text != "" {
		if p.changes.mapping, err = expr.NewMap("--map", text); err != nil {
			return usagef("%w", err)
		}
	}
	if f.route != "" {
		if p.route, err = expr.NewText("--route", f.route); err != nil {
			return usagef("%w", err)
		}
	}
	return nil
}

// openTarget makes the serde of --to-value-serde.
func (p *pipePlan) openTarget(env *Env) error {
	if p.flags.toValue == "" {
		return nil
	}
	options, err := p.flags.reading.serdes.options(env)
	if err != nil {
		return err
	}
	s, err := openSerde(p.flags.toValue, options)
	if err != nil {
		return hint(usagef("--to-value-serde: %w", err), "kstream help serdes")
	}
	p.transcodes = true
	p.encoders[serde.Value] = newEncoders(s, s, options.JSON())[serde.Value]
	closeOthers := p.close
	p.close = func() { closeOthers(); closeSerde(s) }
	return nil
}
