package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/expr"
	"kstream/kafka"
)

// expectFlags holds the command line as typed; plan gives it meaning.
type expectFlags struct {
	reading selectionFlags
	looking lookingFlags
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
  - when COMMAND still runs as the time is over, or as one record too many comes, it is
    stopped, which is no failure.

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
	f.reading.register(flags, "map", "sample") // they say nothing about what came
	flags.Lookup("key-equals").Usage = "only records with the key `KEY`, in whatever partition"
	f.looking.register(flags)
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
	*selection
	flags      *expectFlags
	topic      string
	bound      bound
	conditions []string     // as typed: what each step of the filters stands for
	parts      []expectPart // of --filter, which is the last of them; nil: it is one
	reports    []report
	command    *expectCommand // nil: none
}

func (f *expectFlags) plan(env *Env, topic string, command []string) (*expectPlan, error) {
	p := &expectPlan{flags: f, topic: topic, bound: boundLeast, selection: newSelection()}
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
	if err := p.reading.refuseStored(); err != nil {
		return nil, err
	}
	if p.filters, err = reading.filters.plan(env); err != nil {
		return nil, err
	}
	p.nameConditions()
	p.tellsErrors, p.outlives = true, true
	if p.failures, err = f.looking.plan(); err != nil {
		return nil, err
	}
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
	return p, p.openSerdes(env, &reading.serdes)
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

// errCommandFailed decides an expectation before the time is up.
var errCommandFailed = errors.New("the command failed")

// run writes the reports whatever happens: an earlier one must not pass for this one's.
func (p *expectPlan) run(ctx context.Context, env *Env) (err error) {
	defer p.close()
	files, err := createReports(p.reports)
	if err != nil {
		return err
	}
	e := &expectation{expectPlan: p, run: &selected{selection: p.selection, env: env}, env: env, began: env.Now()}
	err = withAdmin(ctx, env, &p.flags.reading.cluster, func(cluster *cluster, admin *kafka.Admin) error {
		return e.watch(ctx, cluster, admin)
	})
	err = e.verdict(ctx, err)
	return errors.Join(err, files.write(env, e.outcome(err)))
}
