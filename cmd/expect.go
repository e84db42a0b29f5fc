package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/expr"
	"kstream/kafka"
	"kstream/output"
)

// expectFlags holds the command line as typed; plan gives it meaning.
type expectFlags struct {
	reading consumeFlags // of which only what chooses records is asked for
	count   int64
	exactly bool
	atMost  bool
	within  durationFlag
	reports []string
	set     func(string) bool
}

func newExpectCmd(env *Env) *cobra.Command {
	var f expectFlags
	cmd := &cobra.Command{
		Use:   "expect TOPIC --count N --within D [flags] [-- COMMAND [ARG...]]",
		Short: "Check that records arrive, and exit 7 when they do not",
		Long: `Wait for records in TOPIC that meet every condition (--filter, --grep, --key-equals, --since,
--until), and exit 0 when there are --count of them, or more, --within a time. With --exactly
or --at-most the time is waited out, for one more would be too many. Otherwise it exits 7 and
shows the nearest misses on stderr: records that came and met most of the conditions.

It starts at the end of the topic as it is at the start, unless --from-offset says otherwise.
COMMAND starts when this end is known, so whatever it writes is seen; --within counts from
then on. What it prints goes to stderr. expect ends when COMMAND has ended, too:

  - when COMMAND fails, expect fails with its exit code (128+N when signal N killed it);
  - when COMMAND still runs as the time is over, it is stopped, which is no failure.

The topic must exist (3): kstream wait topic waits for one. --report junit:FILE writes a test
suite with one test case, json:FILE all that is known; a FILE of - is stdout.`,
		Example: `  kstream expect orders --count 3 --filter '.value.color=="red"' --within 10s --report junit:out.xml
  kstream expect orders --count 1 --key-equals k1 --within 5s -- ./place-order k1
  kstream expect dead-letters --count 0 --exactly --within 30s -- make integration-test
  kstream expect orders --count 100 --from-offset beginning --within 1m`,
		Args: expectArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args[0], args[1:])
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

// expectArgs wants one topic, and a command only behind a --.
func expectArgs(cmd *cobra.Command, args []string) error {
	named := len(args)
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		named = dash
		if dash == len(args) {
			return errors.New("no command behind --")
		}
	}
	if named != 1 {
		return fmt.Errorf("want one topic, have %d; a command stands behind --", named)
	}
	return nil
}

func (f *expectFlags) register(flags *pflag.FlagSet) {
	flags.Int64VarP(&f.count, "count", "n", 0, "expect `N` records, at least")
	flags.BoolVar(&f.exactly, "exactly", false, "no more than that, either, until the time is over")
	flags.BoolVar(&f.atMost, "at-most", false, "that many or fewer until the time is over")
	flags.Var(&f.within, "within", "for how long to wait: `D`")
	flags.StringArrayVar(&f.reports, "report", nil, "write the outcome: `junit:FILE|json:FILE`; repeatable")
	f.set = flags.Changed
	f.reading.changed = flags.Changed
	f.reading.reading.register(flags)
	filters := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.reading.filters.register(filters)
	filters.VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "map" && flag.Name != "sample" { // they say nothing about what came
			flags.AddFlag(flag)
		}
	})
	flags.Lookup("key-equals").Usage = "only records with the key `KEY`, in whatever partition"
	f.reading.filters.keySet = func() bool { return flags.Changed("key-equals") }
	f.reading.serdes.cluster = &f.reading.cluster
	f.reading.serdes.register(flags)
	f.reading.cluster.register(flags)
	flags.Lookup("from-offset").Usage += " (default end)"
	flags.Lookup("to-offset").Hidden = true // records that are to come have no end
}

// bound is how many records are wanted.
type bound string

const (
	boundLeast   bound = "at least"
	boundExactly bound = "exactly"
	boundMost    bound = "at most"
)

// expectPlan is expectFlags with a meaning.
type expectPlan struct {
	*consumePlan
	flags      *expectFlags
	topic      string
	bound      bound
	conditions []string     // as typed: what each step of the filters stands for
	parts      []expectPart // of --filter, which is the last of them; nil: it is one
	reports    []report
	command    *expectCommand // nil: none
}

func (f *expectFlags) plan(env *Env, topic string, command []string) (*expectPlan, error) {
	p := &expectPlan{flags: f, topic: topic, bound: boundLeast, consumePlan: &consumePlan{flags: &f.reading, close: func() {}}}
	switch {
	case !f.set("count"):
		return nil, usagef("expect needs --count N: how many records")
	case f.count < 0:
		return nil, usagef("--count: want 0 or more")
	case f.exactly && f.atMost:
		return nil, usagef("--exactly and --at-most exclude each other")
	case f.exactly:
		p.bound = boundExactly
	case f.atMost:
		p.bound = boundMost
	case f.count == 0:
		return nil, hint(usagef("--count 0: there are always 0 records at least"), "--count 0 --exactly expects that none comes")
	}
	if f.within.d <= 0 {
		return nil, usagef("expect needs --within D, more than 0")
	}
	if f.set("to-offset") {
		return nil, usagef("--to-offset: expect waits for records that are to come; use --until, or topic count")
	}
	reading := &f.reading
	if reading.reading.from == "" {
		reading.reading.from = "end"
	}
	var err error
	if p.reading, err = reading.reading.plan(env, []string{topic}); err != nil {
		return nil, err
	}
	if p.filters, err = reading.filters.plan(env); err != nil {
		return nil, err
	}
	p.nameConditions()
	p.output = &recordOutput{tellsErrors: true}
	p.failures.action = "keep"
	if p.reports, err = planReports(f.reports); err != nil {
		return nil, err
	}
	if len(command) > 0 {
		if p.command, err = planExpectCommand(command); err != nil {
			return nil, err
		}
	}
	if err := reading.cluster.plan(env); err != nil {
		return nil, err
	}
	return p, p.openSerdes(env)
}

// nameConditions gives the steps of the filters their names, in the order in which
// filterFlags.plan and keepKey make them.
func (p *expectPlan) nameConditions() {
	f := &p.flags.reading.filters
	add := func(flag, text string) { p.conditions = append(p.conditions, "--"+flag+" "+text) }
	switch {
	case f.times.since != "" && f.times.until != "":
		add("since", f.times.since+" --until "+f.times.until)
	case f.times.since != "":
		add("since", f.times.since)
	case f.times.until != "":
		add("until", f.times.until)
	}
	if p.filters.key != nil {
		add("key-equals", f.key)
	}
	for _, text := range f.grep {
		add("grep", text)
	}
	if f.filter == "" {
		return
	}
	add("filter", f.filter)
	texts := expr.Conjuncts(f.filter)
	if len(texts) == 1 {
		return
	}
	for _, text := range texts {
		part, err := expr.NewFilter("--filter", text)
		if err != nil { // it says something only within the whole
			p.parts = nil
			return
		}
		p.parts = append(p.parts, expectPart{"--filter " + text, part})
	}
}

// expectPart is a condition within --filter. Whether a record matches, only the whole
// decides; parts tell how near it came.
type expectPart struct {
	name string
	*expr.Filter
}

// total is the number of conditions, those within --filter counted singly.
func (p *expectPlan) total() int { return len(p.conditions) + max(0, len(p.parts)-1) }

// wants describes the expectation: "at least 3 records".
func (p *expectPlan) wants() string {
	return string(p.bound) + " " + countOf(p.flags.count, "record")
}

// Reasons for which an expectation is decided before the time is up.
var (
	errTooMany       = errors.New("more records came")
	errCommandFailed = errors.New("the command failed")
)

// run writes the reports whatever happens: an earlier one must not pass for this one's.
func (p *expectPlan) run(ctx context.Context, env *Env) (err error) {
	defer p.close()
	files, err := createReports(p.reports)
	if err != nil {
		return err
	}
	e := &expectation{expectPlan: p, consumption: &consumption{plan: p.consumePlan, env: env}, began: env.Now()}
	err = withAdmin(ctx, env, &p.flags.reading.cluster, func(cluster *cluster, admin *kafka.Admin) error {
		return e.watch(ctx, cluster, admin)
	})
	err = e.verdict(ctx, err)
	return errors.Join(err, files.write(env, e.outcome(err)))
}

// expectation is what has come so far. The goroutine that reads owns it.
type expectation struct {
	*expectPlan
	*consumption
	began   time.Time
	child   *expectChild // nil: no command
	steps   []step       // one for each condition
	decode  []step
	record  record
	seen    int64
	matched int64
	misses  misses
	surplus []byte // the record line that was one too many
}

// watch reads until the expectation is decided or the time is up.
func (e *expectation) watch(ctx context.Context, cluster *cluster, admin *kafka.Admin) (err error) {
	reader, err := e.position(ctx, cluster, admin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	if e.command != nil {
		if e.child, err = e.command.start(e.env); err != nil {
			return err
		}
		defer e.child.stop()
	}
	e.began = e.env.Now()
	limit, cancel := context.WithTimeoutCause(ctx, e.flags.within.d, errTimeUp)
	defer cancel()
	polling, stop := context.WithCancelCause(limit)
	defer stop(nil)
	if e.child != nil {
		go e.child.watch(polling, func() { stop(errCommandFailed) }) // ends with polling
	}
	live := context.WithoutCancel(ctx) // a batch that was begun is finished
	err = reader.Run(polling, func(ev kafka.Event) error { return e.take(live, ev) })
	if err == nil { // no partition is left to read
		<-polling.Done()
		err = context.Cause(polling)
	}
	if errors.Is(err, errEnough) && e.child != nil {
		err = e.child.wait(limit)
	}
	return err
}

// position finds the topic, says where reading starts, and starts it.
func (e *expectation) position(ctx context.Context, cluster *cluster, admin *kafka.Admin) (*kafka.Reader, error) {
	if e.filters.key != nil {
		key, err := e.encodeKey(ctx, *e.filters.key)
		if err != nil {
			return nil, err
		}
		e.filters.keepKey(key)
	}
	topics, err := e.reading.find(ctx, admin)
	if err != nil {
		return nil, err
	}
	part, err := e.reading.spans(ctx, admin, topics)
	if err != nil {
		return nil, err
	}
	for _, note := range part.notes {
		e.env.notice("%s", note)
	}
	e.steps = slices.Concat(e.filters.raw, e.filters.decoded)
	for _, d := range []*decoding{&e.key, &e.value} {
		if s := d.step(e.undecodable); s != nil {
			e.decode = append(e.decode, s)
		}
	}
	return kafka.OpenReader(cluster.Config, kafka.ReaderConfig{
		Spans: part.spans, ReadUncommitted: e.reading.uncommitted, Grow: e.reading.grows(),
		Topics: func(ctx context.Context) ([]kafka.Topic, error) { return e.reading.refresh(ctx, admin) },
	}, topics)
}

// take judges the records of a batch. It ends with errEnough or errTooMany when they
// decide the expectation.
func (e *expectation) take(ctx context.Context, ev kafka.Event) error {
	for _, n := range ev.Notices {
		if n.Kind == kafka.NoticeLost {
			e.lost.Add(n.To - n.From)
		}
		if n.Kind != kafka.NoticeEnd {
			e.env.notice("%s", n)
		}
	}
	if ev.Batch == nil {
		return nil
	}
	for i := range ev.Batch.Records {
		r := &e.record
		r.load(&ev.Batch.Records[i], e.key.rule, e.value.rule)
		missed, err := e.judge(ctx, r)
		if err != nil {
			return err
		}
		e.seen++
		if missed != nil {
			e.misses.add(e.total()-len(missed), func() miss { return miss{e.line(r), missed} })
			continue
		}
		switch e.matched++; {
		case e.bound != boundLeast && e.matched > e.flags.count:
			e.surplus = e.line(r)
			return errTooMany
		case e.bound == boundLeast && e.matched == e.flags.count:
			return errEnough
		}
	}
	return nil
}

// judge gives the conditions that a record misses: all are looked at.
func (e *expectation) judge(ctx context.Context, r *record) (missed []string, err error) {
	for _, s := range e.decode {
		if _, err := s(ctx, r); err != nil {
			return nil, err
		}
	}
	for i, s := range e.steps {
		keep, err := s(ctx, r)
		switch {
		case err != nil:
			return nil, err
		case keep:
		case i == len(e.steps)-1 && e.parts != nil:
			if missed, err = e.judgeParts(ctx, r, missed); err != nil {
				return nil, err
			}
		default:
			missed = append(missed, e.conditions[i])
		}
	}
	return missed, nil
}

// judgeParts appends the parts of --filter that a record misses, at least one.
func (e *expectation) judgeParts(ctx context.Context, r *record, missed []string) ([]string, error) {
	before := len(missed)
	for _, part := range e.parts {
		match, err := part.Match(ctx, r.look())
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		if !match { // an expression that fails does not match, either
			missed = append(missed, part.name)
		}
	}
	if len(missed) == before {
		missed = append(missed, e.conditions[len(e.conditions)-1])
	}
	return missed, nil
}

// line is the record line of r, for stderr and reports.
func (e *expectation) line(r *record) []byte {
	return output.JSON{Terminal: e.env.StderrTerminal}.Append(nil, &r.Message)
}

// verdict turns the end of the watch into the outcome of the command, and tells on
// stderr what came instead.
func (e *expectation) verdict(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, errEnough), errors.Is(err, errTooMany), errors.Is(err, errTimeUp), errors.Is(err, errCommandFailed):
	default:
		if cause := stopped(ctx); cause != nil {
			return cause
		}
		return err
	}
	if n, first := e.failed.total(); n > 0 {
		e.env.notice("%s could not be decoded and were looked at as bytes; the first: %s", countOf(n, "record"), first)
	}
	if n, first := e.filters.erred.total(); n > 0 {
		e.env.notice("--filter failed on %s, which do not match; the first: %s", countOf(n, "record"), first)
	}
	if e.child != nil {
		if status := e.child.status(); status != 0 {
			failure := &commandFailure{fmt.Sprintf("%s: exit code %d, after %s; want %s", e.command.words[0], status, countOf(e.matched, "record"), e.wants()), status}
			fmt.Fprintf(e.env.Stderr, "kstream: %s\n", oneLine(failure.text))
			return failure
		}
		if e.child.stopped {
			e.env.notice("%s still ran and was stopped", e.command.words[0])
		}
	}
	met := e.matched <= e.flags.count
	if e.bound != boundMost {
		met = met && e.matched == e.flags.count
	}
	switch {
	case met:
		return nil
	case e.surplus != nil:
		fmt.Fprintf(e.env.Stderr, "one too many:\n%s", e.surplus)
		return faultf(codeUnmet, "%s: more than %s came, want %s", e.topic, countOf(e.flags.count, "record"), e.wants())
	}
	e.misses.print(e.env.Stderr, e.total())
	other := ""
	if n := e.seen - e.matched; n > 0 {
		other = fmt.Sprintf(", and %s that did not match", countOf(n, "other"))
	}
	return faultf(codeUnmet, "%s: %s came within %s%s; want %s", e.topic, countOf(e.matched, "record"), output.Duration(e.flags.within.d), other, e.wants())
}

// commandFailure is the failure of the command, whose exit code becomes ours.
type commandFailure struct {
	text   string
	status int
}

func (c *commandFailure) Error() string { return c.text }

// As makes it an exitError: the code is passed through, and the text was printed.
func (c *commandFailure) As(target any) bool {
	passed, ok := target.(**exitError)
	if ok {
		*passed = &exitError{c.status}
	}
	return ok
}
