package expect

import (
	"context"
	"errors"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/expr"
	"kstream/cmd/record"
	"kstream/kafka"
)

// Options is the command line as typed. Plan checks it.
type Options struct {
	Reading record.Options
	Looking record.LookingOptions
	Count   int64
	Exactly bool
	AtMost  bool
	Within  cli.Duration
	Reports []string
	Set     func(string) bool
}

// bound is how many records are wanted.
type bound string

const (
	boundLeast   bound = "at least"
	boundExactly bound = "exactly"
	boundMost    bound = "at most"
)

// Plan is a valid command line of expect.
type Plan struct {
	*record.Selection
	topic      string
	bound      bound
	count      int64
	within     time.Duration
	conditions []string     // as typed: what each step of the filters stands for
	parts      []expectPart // of --filter, which is the last of them; nil: it is one
	reports    []report
	command    *expectCommand // nil: none
}

// Plan returns what is awaited in topic, and the command that is to cause it, if any; or
// a usage error.
func (f *Options) Plan(env *cli.Env, topic string, command []string) (*Plan, error) {
	p := &Plan{
		topic: topic, bound: boundLeast, count: f.Count, within: f.Within.D,
		Selection: &record.Selection{Cluster: &f.Reading.Cluster},
	}
	switch {
	case !f.Set("count"):
		return nil, cli.Usagef("expect needs --count N: how many records")
	case f.Count < 0:
		return nil, cli.Usagef("--count: want 0 or more")
	case f.Exactly && f.AtMost:
		return nil, cli.Usagef("--exactly and --at-most exclude each other")
	case f.Exactly:
		p.bound = boundExactly
	case f.AtMost:
		p.bound = boundMost
	case f.Count == 0:
		return nil, cli.Hint(cli.Usagef("--count 0: there are always 0 records at least"), "--count 0 --exactly expects that none comes")
	}
	if f.Within.D <= 0 {
		return nil, cli.Usagef("expect needs --within D, more than 0")
	}
	if f.Set("to-offset") {
		return nil, cli.Usagef("--to-offset: expect waits for records that are to come; use --until, or topic count")
	}
	reading := &f.Reading
	if reading.Reading.From == "" {
		reading.Reading.From = "end"
	}
	var err error
	if p.Range, err = reading.Reading.Plan(env, []string{topic}); err != nil {
		return nil, err
	}
	if err := p.Range.RefuseStored(); err != nil {
		return nil, err
	}
	if p.Filters, err = reading.Filters.Plan(env); err != nil {
		return nil, err
	}
	p.nameConditions(&reading.Filters)
	p.Kept, p.Missed, p.Outlives = "looked at as bytes", "which do not match", true
	if p.Failures, err = f.Looking.Plan(); err != nil {
		return nil, err
	}
	if p.reports, err = planReports(f.Reports); err != nil {
		return nil, err
	}
	if len(command) > 0 {
		if p.command, err = planExpectCommand(command); err != nil {
			return nil, err
		}
	}
	if err := reading.Cluster.Plan(env); err != nil {
		return nil, err
	}
	return p, p.PlanSerdes(env, reading.Serdes)
}

// nameConditions names the steps of the filters, in the order in which
// FilterOptions.Plan and keepKey make them.
func (p *Plan) nameConditions(f *record.FilterOptions) {
	add := func(flag, text string) { p.conditions = append(p.conditions, "--"+flag+" "+text) }
	switch {
	case f.Times.Since != "" && f.Times.Until != "":
		add("since", f.Times.Since+" --until "+f.Times.Until)
	case f.Times.Since != "":
		add("since", f.Times.Since)
	case f.Times.Until != "":
		add("until", f.Times.Until)
	}
	if p.Filters.Key != nil {
		add("key-equals", f.Key)
	}
	for _, text := range f.Grep {
		add("grep", text)
	}
	if f.Filter == "" {
		return
	}
	add("filter", f.Filter)
	texts := expr.Conjuncts(f.Filter)
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
func (p *Plan) total() int { return len(p.conditions) + max(0, len(p.parts)-1) }

// wants describes the expectation: "at least 3 records".
func (p *Plan) wants() string {
	return string(p.bound) + " " + cli.Count(p.count, "record")
}

// errCommandFailed decides an expectation before the time is up.
var errCommandFailed = errors.New("the command failed")

// Run waits until the expectation of the plan is decided. It writes the reports whatever
// happens: an earlier one must not pass for this one's.
func Run(ctx context.Context, env *cli.Env, p *Plan) (s Summary, err error) {
	if err := p.OpenSerdes(env); err != nil {
		return s, err
	}
	defer p.Close()
	files, err := createReports(p.reports)
	if err != nil {
		return s, err
	}
	e := &expectation{Plan: p, run: &record.Reading{Selection: p.Selection, Env: env}, env: env, began: env.Now()}
	err = connect.WithAdmin(ctx, env, p.Cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		return e.watch(ctx, cluster, admin)
	})
	err = e.verdict(ctx, err)
	s = e.summary(err)
	return s, errors.Join(err, files.write(env, s))
}
