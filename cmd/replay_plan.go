package cmd

import (
	"regexp"
	"strconv"
	"strings"

	"kstream/cmd/expr"
	"kstream/cmd/input"
	"kstream/kafka/position"
)

// replayName is what progress may be kept under: it becomes part of a transactional id
// and of a group.
var replayName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,200}$`)

// replayPlan is replayFlags with a meaning.
type replayPlan struct {
	*selection   // what is read, and which of it
	flags        *replayFlags
	src, dst     replayPlace
	target       *clusterFlags // the cluster of DST; that of SRC when they are one
	changes      *changes
	redrive      *redrive // nil without --redrive
	rules        failures // --on-error
	speed        float64  // so many times faster than it was; 0: no gaps are kept
	pace         func(input.Clock) *input.Pace
	transactions bool
	named        bool // progress is kept
}

// replayPlace is SRC or DST: a topic or a file.
type replayPlace struct {
	topic, file string
}

// parsePlace reads an argument.
func parsePlace(what, text string) (replayPlace, error) {
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		if path == "" {
			return replayPlace{}, usagef("%s %s: want file:PATH, or file:- for %s", what, text, map[string]string{"SRC": "stdin", "DST": "stdout"}[what])
		}
		return replayPlace{file: path}, nil
	}
	if text == "" {
		return replayPlace{}, usagef("%s is empty", what)
	}
	return replayPlace{topic: text}, nil
}

func (p replayPlace) String() string {
	if p.file != "" {
		return "file:" + p.file
	}
	return p.topic
}

func (f *replayFlags) plan(env *Env, args []string) (*replayPlan, error) {
	if err := f.check(args); err != nil {
		return nil, err
	}
	p := &replayPlan{
		flags: f, transactions: (f.exactlyOnce || f.redrive) && !f.dryRun, named: f.keepsProgress(),
		selection: newSelection(),
	}
	p.tellsErrors = true
	if err := p.planPlaces(env, args); err != nil {
		return nil, err
	}
	if err := p.planPace(); err != nil {
		return nil, err
	}
	if err := p.planReading(env); err != nil {
		return nil, err
	}
	var err error
	if p.rules, err = planFailures(f.onError, "stop", "skip", "dlq"); err != nil {
		return nil, err
	}
	p.rules.lenient = !f.set("on-error")
	if err := p.planChanges(); err != nil {
		return nil, err
	}
	if f.redrive {
		if p.redrive, err = f.planRedrive(); err != nil {
			return nil, err
		}
	}
	if err := checkCompression(f.compression); err != nil {
		return nil, err
	}
	if err := f.reading.cluster.plan(env); err != nil {
		return nil, err
	}
	if p.target, err = f.other.plan(env, &f.reading.cluster); err != nil {
		return nil, err
	}
	return p, p.openSerdes(env, &f.reading.serdes)
}

// checkCompression refuses a codec that Kafka does not have.
func checkCompression(name string) error {
	switch name {
	case "", "none", "gzip", "snappy", "lz4", "zstd":
		return nil
	}
	return usagef("-z %s: want none, gzip, snappy, lz4 or zstd", name)
}

func (p *replayPlan) planPlaces(env *Env, args []string) (err error) {
	f := p.flags
	if p.src, err = parsePlace("SRC", args[0]); err != nil {
		return err
	}
	if f.redrive {
		if p.src.file != "" {
			return hint(usagef("--redrive: %s is no topic", p.src), "replay it into a topic first")
		}
		return nil
	}
	if p.dst, err = parsePlace("DST", args[1]); err != nil {
		return err
	}
	switch {
	case p.src.file != "" && p.dst.file != "":
		return usagef("%s and %s are both files: one of them must be a topic", p.src, p.dst)
	case p.dst.file != "":
		return p.checkFile(env)
	}
	return nil
}

// checkFile refuses what only a topic can have.
func (p *replayPlan) checkFile(env *Env) error {
	f := p.flags
	for _, flag := range []string{
		"exactly-once", "name", "create", "partitioning", "timestamps", "compression", "dst-brokers", "dst-context",
	} {
		if f.set(flag) {
			return usagef("--%s means nothing for %s", flag, p.dst)
		}
	}
	switch {
	case strings.HasPrefix(f.onError, "dlq:"):
		return usagef("--on-error %s: %s is on no cluster", f.onError, p.dst)
	case p.dst.file == "-" && f.verify:
		return usagef("--verify cannot read what went to stdout")
	case p.dst.file == "-" && f.output == "json":
		return usagef("-o json: stdout has the dump")
	case p.dst.file == "-" && env.StdoutTerminal && !f.dryRun:
		return hint(faultf(codeNotAPipe, "a dump is not for a terminal"), "name a file: file:PATH")
	}
	return nil
}

func (p *replayPlan) planPace() error {
	f := p.flags
	if f.rate != "" {
		rate, err := position.ParseRate(f.rate)
		if err != nil {
			return usagef("--rate %s: %w", f.rate, err)
		}
		p.pace = func(clock input.Clock) *input.Pace { return input.NewRate(rate.PerSecond(), clock) }
	}
	if f.speed == "max" {
		return nil
	}
	text, times := strings.CutSuffix(f.speed, "x")
	speed, err := strconv.ParseFloat(text, 64)
	if err != nil || !times || !(speed >= 1e-6 && speed <= 1e9) { // NaN is not either
		return usagef("--speed %s: want a factor such as 2x or 0.5x, or max", f.speed)
	}
	if p.speed = speed; p.src.file == "-" {
		return hint(usagef("--speed: a stream cannot be read in the order of time"), "name a file: file:PATH")
	}
	return nil
}

func (p *replayPlan) planReading(env *Env) error {
	f := &p.flags.reading
	var topics []string
	if p.src.topic != "" {
		topics = []string{p.src.topic}
	}
	var err error
	if p.reading, err = f.reading.plan(env, topics); err != nil {
		return err
	}
	if err := p.reading.refuseStored(); err != nil {
		return err
	}
	p.reading.toEnd = !p.reading.hasTo || p.flags.exit || p.speed > 0 || p.flags.dryRun
	mapping := f.filters.mapping
	f.filters.mapping = "" // what it makes is written, not shown: changes has it
	p.filters, err = f.filters.plan(env)
	f.filters.mapping = mapping
	return err
}

// planChanges gives a meaning to what changes records on the way.
func (p *replayPlan) planChanges() error {
	f := p.flags
	c := &changes{topic: p.dst.topic, drop: f.dropHeaders}
	if text := f.reading.filters.mapping; text != "" {
		mapping, err := expr.NewMap("--map", text)
		if err != nil {
			return usagef("%w", err)
		}
		c.mapping = mapping
	}
	var err error
	if c.mask, err = newMask(f.masks); err != nil {
		return err
	}
	for _, text := range f.setHeaders {
		name, value, has := strings.Cut(text, "=")
		if name == "" {
			return usagef("--set-header %s: want NAME=VALUE", text)
		}
		c.setHeader(name, value, has)
	}
	p.changes = c
	return nil
}
