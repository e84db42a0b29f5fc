package replay

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/expr"
	"kstream/cmd/record"
	"kstream/kafka/position"
)

// nameRule is what progress may be kept under: it becomes part of a transactional id
// and of a group.
var nameRule = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,200}$`)

// Plan is a valid command line of replay.
type Plan struct {
	*record.Selection // what is read, and which of it
	src, dst          place
	target            *connect.Options // the cluster of DST; that of SRC when they are one

	count     int64         // of records that are copied; 0: all
	limit     time.Duration // 0: none
	speed     float64       // so many times faster than it was; 0: no gaps are kept
	perSecond float64       // records at most; 0: as many as can be

	changes *record.Changes
	redrive *redrive       // nil without --redrive
	rules   record.OnError // --on-error

	create       bool   // DST, when it is not there
	partitioning string // keep or key; empty: as the numbers of partitions say
	stamp        bool   // records get the moment of sending
	compression  string
	dryRun       bool // count, and write nothing
	verify       bool

	exactlyOnce  bool   // was asked for
	idPrefix     string // of the transactional id
	transactions bool
	named        bool   // progress is kept
	name         string // under which; empty: one that is made of SRC and DST
	restart      bool   // without the progress that is kept
	fingerprint  string // of what chooses and changes records

	json                 bool   // the summary is a document
	keySerde, valueSerde string // that a dump is said to be written with; empty: nothing was said
}

// place is SRC or DST: a topic or a file.
type place struct {
	topic, file string
}

// parsePlace reads an argument.
func parsePlace(what, text string) (place, error) {
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		if path == "" {
			return place{}, cli.Usagef("%s %s: want file:PATH, or file:- for %s", what, text, map[string]string{"SRC": "stdin", "DST": "stdout"}[what])
		}
		return place{file: path}, nil
	}
	if text == "" {
		return place{}, cli.Usagef("%s is empty", what)
	}
	return place{topic: text}, nil
}

func (p place) String() string {
	if p.file != "" {
		return "file:" + p.file
	}
	return p.topic
}

// Plan returns what is copied, how it is changed and where it goes, or a usage error.
func (f *Options) Plan(env *cli.Env, args []string) (*Plan, error) {
	if err := f.check(args); err != nil {
		return nil, err
	}
	p := &Plan{
		Selection: &record.Selection{Cluster: &f.Reading.Cluster},
		count:     f.Count, limit: f.Limit.D,
		create: f.Create, partitioning: f.Partitioning, stamp: f.Timestamps == "now", compression: f.Compression,
		dryRun: f.DryRun, verify: f.Verify,
		exactlyOnce: f.ExactlyOnce, transactions: (f.ExactlyOnce || f.Redrive) && !f.DryRun,
		idPrefix: f.IDPrefix, named: f.keepsProgress(), name: f.Name, restart: f.Restart, fingerprint: f.fingerprint(),
		json: f.Output == "json",
	}
	if f.Set("key-serde") {
		p.keySerde = f.Reading.Serdes.Key
	}
	if f.Set("value-serde") {
		p.valueSerde = f.Reading.Serdes.Value
	}
	if err := p.planPlaces(env, f, args); err != nil {
		return nil, err
	}
	if err := p.planPace(f); err != nil {
		return nil, err
	}
	if err := p.planReading(env, f); err != nil {
		return nil, err
	}
	var err error
	if p.rules, err = record.PlanFailures(f.OnError, "stop", "skip", "dlq"); err != nil {
		return nil, err
	}
	p.rules.Lenient = !f.Set("on-error")
	if err := p.planChanges(f); err != nil {
		return nil, err
	}
	if f.Redrive {
		if p.redrive, err = f.planRedrive(); err != nil {
			return nil, err
		}
	}
	if err := record.CheckCompression(f.Compression); err != nil {
		return nil, err
	}
	if err := f.Reading.Cluster.Plan(env); err != nil {
		return nil, err
	}
	if p.target, err = f.Other.Plan(env, &f.Reading.Cluster); err != nil {
		return nil, err
	}
	return p, p.PlanSerdes(env, f.Reading.Serdes)
}

func (p *Plan) planPlaces(env *cli.Env, f *Options, args []string) (err error) {
	if p.src, err = parsePlace("SRC", args[0]); err != nil {
		return err
	}
	if f.Redrive {
		if p.src.file != "" {
			return cli.Hint(cli.Usagef("--redrive: %s is no topic", p.src), "replay it into a topic first")
		}
		return nil
	}
	if p.dst, err = parsePlace("DST", args[1]); err != nil {
		return err
	}
	switch {
	case p.src.file != "" && p.dst.file != "":
		return cli.Usagef("%s and %s are both files: one of them must be a topic", p.src, p.dst)
	case p.dst.file != "":
		return p.checkFile(env, f)
	}
	return nil
}

// checkFile refuses what only a topic can have.
func (p *Plan) checkFile(env *cli.Env, f *Options) error {
	for _, flag := range []string{
		"exactly-once", "name", "create", "partitioning", "timestamps", "compression", "dst-brokers", "dst-context",
	} {
		if f.Set(flag) {
			return cli.Usagef("--%s means nothing for %s", flag, p.dst)
		}
	}
	switch {
	case strings.HasPrefix(f.OnError, "dlq:"):
		return cli.Usagef("--on-error %s: %s is on no cluster", f.OnError, p.dst)
	case p.dst.file == "-" && f.Verify:
		return cli.Usagef("--verify cannot read what went to stdout")
	case p.dst.file == "-" && f.Output == "json":
		return cli.Usagef("-o json: stdout has the dump")
	case p.dst.file == "-" && env.StdoutTerminal && !f.DryRun:
		return cli.Hint(cli.Errorf(cli.CodeNotAPipe, "a dump is not for a terminal"), "name a file: file:PATH")
	}
	return nil
}

func (p *Plan) planPace(f *Options) error {
	if f.Rate != "" {
		rate, err := position.ParseRate(f.Rate)
		if err != nil {
			return cli.Usagef("--rate %s: %w", f.Rate, err)
		}
		p.perSecond = rate.PerSecond()
	}
	if f.Speed == "max" {
		return nil
	}
	text, times := strings.CutSuffix(f.Speed, "x")
	speed, err := strconv.ParseFloat(text, 64)
	if err != nil || !times || !(speed >= 1e-6 && speed <= 1e9) { // NaN is not either
		return cli.Usagef("--speed %s: want a factor such as 2x or 0.5x, or max", f.Speed)
	}
	if p.speed = speed; p.src.file == "-" {
		return cli.Hint(cli.Usagef("--speed: a stream cannot be read in the order of time"), "name a file: file:PATH")
	}
	return nil
}

func (p *Plan) planReading(env *cli.Env, f *Options) error {
	var topics []string
	if p.src.topic != "" {
		topics = []string{p.src.topic}
	}
	var err error
	if p.Range, err = f.Reading.Reading.Plan(env, topics); err != nil {
		return err
	}
	if err := p.Range.RefuseStored(); err != nil {
		return err
	}
	p.Range.ToEnd = !p.Range.HasTo || f.Exit || p.speed > 0 || p.dryRun
	filters := f.Reading.Filters
	filters.Mapping = "" // what it makes is written, not shown: changes has it
	p.Filters, err = filters.Plan(env)
	return err
}

// planChanges compiles what changes records on the way.
func (p *Plan) planChanges(f *Options) error {
	c := &record.Changes{Topic: p.dst.topic, Drop: f.DropHeaders}
	if text := f.Reading.Filters.Mapping; text != "" {
		mapping, err := expr.NewMap("--map", text)
		if err != nil {
			return cli.Usagef("%w", err)
		}
		c.Mapping = mapping
	}
	if err := c.PlanKeyFrom(f.KeyFrom); err != nil {
		return err
	}
	var err error
	if c.Mask, err = record.NewMask(f.Masks); err != nil {
		return err
	}
	for _, text := range f.SetHeaders {
		name, value, has := strings.Cut(text, "=")
		if name == "" {
			return cli.Usagef("--set-header %s: want NAME=VALUE", text)
		}
		c.SetHeader(name, value, has)
	}
	if p.changes = c; c.KeyFrom != nil && p.partitioning == "" {
		p.partitioning = "key" // the new one
	}
	return nil
}
