package pipe

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/expr"
	"kstream/cmd/stream"
)

// KeyedOptions are the flags of a pipe that keeps a state for each key.
type KeyedOptions struct {
	Reduce                                  string
	By, Via                                 string
	Aggregates                              []string
	Window, Advance, Session, Grace, Expire cli.Duration
	CloseIdle                               cli.Duration
	TimeFrom                                string
	Emit                                    string
	Late                                    string
	State                                   string
	Restart                                 bool
}

// StateFlags are those of a pipe that keeps a state.
func StateFlags() []string {
	return append(belowState(), "reduce", "aggregate")
}

// belowState are the flags that mean nothing without --reduce or --aggregate.
func belowState() []string {
	return []string{"window", "advance", "session", "grace", "expire", "close-idle", "time-from", "emit", "late", "state", "restart", "by", "via"}
}

// keyedPlan is what a pipe with a state for each key does.
type keyedPlan struct {
	aggregates []stream.Aggregate
	reduce     *expr.Reduce
	windows    stream.Windows
	emit       stream.Emit
	expire     int64
	closeIdle  time.Duration // without a record; 0: windows wait for the next one
	by         *expr.Text    // the key by which states are kept; nil: the record's
	via        string        // the topic that records go through under it
	timeFrom   *expr.Time    // nil: the time of the record
	late       string        // the topic of --late dlq; empty: late records are dropped
	topic      string        // STATE
	restart    bool          // without the state that there is
	mapping    *expr.Map     // nil: the state is the result
	keyFrom    *expr.Text    // nil: the key, and where its window begins
	// print is what the state depends on, by its flags: a state of other ones is none of this
	// pipe.
	print map[string]string
}

// topicRule is what may be called a topic.
var topicRule = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// planKeyed returns nil for a pipe without a state.
func (f *Options) planKeyed(lookups []*expr.Lookup) (*keyedPlan, error) {
	k := &f.Keyed
	if k.Reduce == "" && len(k.Aggregates) == 0 {
		for _, name := range belowState() {
			if f.Changed(name) {
				return nil, cli.Usagef("--%s goes with --reduce or --aggregate", name)
			}
		}
		return nil, nil
	}
	if err := f.checkKeyed(); err != nil {
		return nil, err
	}
	p := &keyedPlan{
		expire: k.Expire.D.Milliseconds(), closeIdle: k.CloseIdle.D, restart: k.Restart,
		emit: stream.Emit(k.Emit), topic: k.State, via: k.Via,
	}
	if p.topic == "" {
		p.topic = f.Members.Group + "-state"
	}
	if !topicRule.MatchString(p.topic) {
		return nil, cli.Hint(cli.Usagef("%q is no name of a topic", p.topic), "--state names the topic of the state")
	}
	var err error
	if p.windows, err = stream.NewWindows(k.Window.D, k.Advance.D, k.Session.D, k.Grace.D); err != nil {
		return nil, cli.Usagef("%w", err)
	}
	if err := p.check(f); err != nil {
		return nil, err
	}
	return p, p.compile(f, lookups)
}

// checkKeyed refuses what does not go with a state.
func (f *Options) checkKeyed() error {
	for _, name := range []string{"exec", "route", "count", "from-offset", "isolation"} {
		if f.Changed(name) {
			return cli.Usagef("--%s does not go with --reduce and --aggregate", name)
		}
	}
	k := &f.Keyed
	switch {
	case k.Reduce != "" && len(k.Aggregates) > 0:
		return cli.Usagef("--reduce and --aggregate exclude each other")
	case k.By != "" && k.By != ".key" && k.Via == "":
		return cli.Hint(cli.Usagef("--by %s: want --via TOPIC, through which records get to who keeps the state of their key", k.By), "--create creates it")
	case k.Via != "" && (k.By == "" || k.By == ".key"):
		return cli.Usagef("--via goes with --by EXPR: by their own keys records need no other topic")
	case k.Via != "" && f.Exit:
		return cli.Hint(cli.Usagef("-e does not go with --via: what is written to it comes after the end"), "--idle-timeout 5s ends when nothing comes any more")
	case k.Reduce != "" && k.Session.D > 0:
		return cli.Hint(cli.Usagef("--session does not go with --reduce: a late record can make one session of two, and jq does not know how their states are joined"), "--aggregate does")
	}
	return cli.CheckPositive(f.Changed,
		cli.FlagValue{Name: "window", N: int64(k.Window.D)}, cli.FlagValue{Name: "advance", N: int64(k.Advance.D)},
		cli.FlagValue{Name: "session", N: int64(k.Session.D)}, cli.FlagValue{Name: "expire", N: k.Expire.D.Milliseconds()},
		cli.FlagValue{Name: "close-idle", N: int64(k.CloseIdle.D)})
}

// check refuses flags that contradict each other.
func (p *keyedPlan) check(f *Options) error {
	k, some := &f.Keyed, p.windows.Some()
	windowless := func(name string) error {
		if f.Changed(name) && !some {
			return cli.Usagef("--%s goes with --window or --session", name)
		}
		return nil
	}
	if err := cli.FirstOf(windowless("late"), windowless("close-idle")); err != nil {
		return err
	}
	switch p.emit {
	case stream.EmitChanges, stream.EmitEvery:
	case stream.EmitFinal:
		if !some {
			return cli.Usagef("--emit final goes with --window or --session: nothing else is ever final")
		}
	default:
		return cli.Usagef("--emit %s: want changes, every or final", k.Emit)
	}
	topic, letters := strings.CutPrefix(k.Late, "dlq:")
	switch {
	case letters && topic != "":
		p.late = topic
	case k.Late != "drop":
		return cli.Usagef("--late %s: want drop or dlq:TOPIC", k.Late)
	}
	serde, _, _ := strings.Cut(f.Reading.Serdes.Key, ":")
	switch {
	case some && p.expire > 0:
		return cli.Usagef("--expire goes without windows: they end by themselves")
	case some && f.KeyFrom == "" && serde != "text" && serde != "bytes" && serde != "string":
		return cli.Usagef("--key-serde %s: want --key-from, which makes the key of a window: KEY@START is text", f.Reading.Serdes.Key)
	}
	return nil
}

// compile compiles the expressions.
func (p *keyedPlan) compile(f *Options, lookups []*expr.Lookup) (err error) {
	k := &f.Keyed
	if k.Reduce != "" {
		p.reduce, err = expr.NewReduce("--reduce", k.Reduce, lookups...)
	} else {
		p.aggregates, err = stream.ParseAggregates("--aggregate", k.Aggregates)
	}
	if err == nil && p.via != "" {
		p.by, err = expr.NewText("--by", k.By)
	}
	if err == nil && k.TimeFrom != "" {
		p.timeFrom, err = expr.NewTime("--time-from", k.TimeFrom)
	}
	if text := f.Reading.Filters.Mapping; err == nil && text != "" {
		p.mapping, err = expr.NewMap("--map", text, lookups...)
	}
	if err == nil && f.KeyFrom != "" {
		p.keyFrom, err = expr.NewText("--key-from", f.KeyFrom)
	}
	if err != nil {
		return cli.Usagef("%w", err)
	}
	duration := func(d cli.Duration) string {
		if d.D == 0 {
			return ""
		}
		return d.D.String()
	}
	p.print = map[string]string{}
	for name, value := range map[string]string{
		"by":     k.By,
		"reduce": k.Reduce, "aggregate": strings.Join(k.Aggregates, ", "), "window": duration(k.Window), "advance": duration(k.Advance),
		"session": duration(k.Session), "time-from": k.TimeFrom, "key-serde": f.Reading.Serdes.Key, "value-serde": f.Reading.Serdes.Value,
	} {
		if value != "" {
			p.print[name] = value
		}
	}
	return nil
}

// config is that of one member: a Fold is not for several.
func (p *keyedPlan) config() *stream.Config {
	return &stream.Config{
		Fold: &stream.Fold{Aggregates: p.aggregates, Reduce: p.reduce}, Windows: p.windows, Emit: p.emit, Expire: p.expire,
	}
}

// differs names the first flag by which a state was made in another way.
func (p *keyedPlan) differs(stored []byte) (string, error) {
	var other map[string]string
	if err := json.Unmarshal(stored, &other); err != nil {
		return "", fmt.Errorf("the record of its plan: %w", err)
	}
	for _, name := range []string{"by", "reduce", "aggregate", "window", "advance", "session", "time-from", "key-serde", "value-serde"} {
		switch was := other[name]; was {
		case p.print[name]:
		case "":
			return fmt.Sprintf("without --%s", name), nil
		default:
			return fmt.Sprintf("with --%s %s", name, was), nil
		}
	}
	return "", nil
}
