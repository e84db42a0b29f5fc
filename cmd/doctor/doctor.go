// Package doctor looks at everything that stands between a command and a cluster, a step at
// a time, and says what is wrong with which.
package doctor

import (
	"context"
	"errors"
	"fmt"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/kafka/probe"
	"kstream/output"
)

// Options are the flags as typed.
type Options struct {
	Cluster      connect.Options
	Listing      cli.ListingOptions
	Topic, Group string
}

// Plan is what is to be looked at.
type Plan struct {
	flags   *Options
	listing *cli.Listing
}

// Plan checks the flags. What is wrong with the settings is for Run to tell.
func (f *Options) Plan(env *cli.Env) (*Plan, error) {
	l, err := f.Listing.Plan(env)
	if err != nil {
		return nil, err
	}
	return &Plan{f, l}, nil
}

// The values of Check.Status.
const (
	ok   = "ok"
	warn = "warn"
	fail = "fail"
	skip = "skip"
)

// Check is a row of the report.
type Check struct {
	Check  string `json:"check"`
	Status string `json:"status"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy"`
}

// Run prints a row for each check. Its error has the exit code of the first that failed.
func (p *Plan) Run(ctx context.Context, env *cli.Env) error {
	x := &examination{Plan: p, env: env, checks: []Check{}}
	if x.configuration() {
		if cluster := x.secrets(ctx); cluster != nil {
			x.brokers(ctx, cluster.Config)
			x.registry(ctx)
		}
	}
	x.machine()
	if err := cli.Stopped(ctx); err != nil {
		return err
	}
	err := p.listing.Print("kstream.doctor/v1", x.checks, x.table)
	if err == nil && x.code != 0 {
		err = &cli.ExitError{Status: x.code}
	}
	return err
}

// table has a row for each check. On a terminal nothing is cut: texts go on below themselves,
// and a remedy stands below its check.
func (x *examination) table() *output.Table {
	t := &output.Table{Columns: []output.Column{{Name: "check"}, {Name: "status"}, {Name: "detail"}, {Name: "remedy"}}}
	palette := x.listing.Palette()
	styles := map[string]output.Style{ok: palette.Good, warn: palette.Warn, fail: palette.Bad, skip: palette.Dim}
	if !x.env.StdoutTerminal {
		for _, c := range x.checks {
			t.Add(c.Check, c.Status, c.Detail, c.Remedy)
		}
		return t
	}
	t.Columns = t.Columns[:3]
	width := x.env.Width - len("configuration  status  ")
	for _, c := range x.checks {
		lines := output.Wrap(c.Detail, width)
		if c.Remedy != "" {
			lines = append(lines, output.Wrap("remedy: "+c.Remedy, width)...)
		}
		row := []output.Cell{{Text: c.Check}, {Text: c.Status, Style: styles[c.Status]}, {}}
		for _, line := range lines {
			row[2].Text = line
			t.Rows = append(t.Rows, row)
			row = make([]output.Cell, 3)
		}
	}
	return t
}

// examination gathers the checks of a run.
type examination struct {
	*Plan
	env    *cli.Env
	checks []Check
	code   int // of the first that failed
}

func (x *examination) add(check, status, remedy, format string, args ...any) {
	x.checks = append(x.checks, Check{check, status, cli.OneLine(fmt.Sprintf(format, args...)), cli.OneLine(remedy)})
}

// failed adds a check that ended with an error.
func (x *examination) failed(check string, err error) {
	text := err.Error()
	if p := (*probe.Problem)(nil); errors.As(err, &p) { // the check says the kind
		text = p.Error()
	}
	x.add(check, fail, cli.Remedy(err), "%s", text)
	if x.code == 0 {
		x.code = cli.ExitOf(cli.CodeOf(err))
	}
}

// configuration finds the settings.
func (x *examination) configuration() bool {
	const name = "configuration"
	cluster := &x.flags.Cluster
	if err := cluster.Plan(x.env); err != nil {
		x.failed(name, err)
		return false
	}
	e := cluster.Effective
	file := "no file"
	if e.ConfigFile != "" {
		file = e.ConfigFile
	}
	if e.Context != "" {
		file += ", context " + e.Context
	}
	x.add(name, ok, "", "%s; brokers of %s", file, e.BrokersOrigin)
	for _, w := range e.Warnings {
		x.add(name, warn, "", "%s", w)
	}
	e.Warnings, e.Details = nil, nil
	cluster.SchemaRegistry() // which secrets looks up
	return true
}

// secrets looks the secrets up. It returns nil when one is not to be had.
func (x *examination) secrets(ctx context.Context) *connect.Cluster {
	cluster, err := x.flags.Cluster.Connect(ctx, x.env)
	if err != nil {
		x.failed("secrets", err)
		return nil
	}
	if n := references(x.flags.Cluster.Effective); n > 0 {
		x.add("secrets", ok, "", "%s found", cli.Count(int64(n), "reference"))
	} else {
		x.add("secrets", skip, "", "no setting refers to one")
	}
	return cluster
}

// references counts the settings that refer to a secret.
func references(e *config.Effective) (n int) {
	for _, settings := range []map[string]config.Setting{e.Properties, e.Registry, {"token": e.Token}} {
		for _, s := range settings {
			if config.IsReference(s.Value) {
				n++
			}
		}
	}
	return n
}

// registry asks the schema registry, if there is one.
func (x *examination) registry(ctx context.Context) {
	client := x.flags.Cluster.SchemaRegistry()
	if client == nil {
		x.add("registry", skip, "", "no setting names one")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, x.flags.Cluster.Effective.Timeout)
	defer cancel()
	began := x.env.Now()
	subjects, err := client.Subjects(ctx)
	if err != nil {
		x.failed("registry", err)
		return
	}
	x.add("registry", ok, "", "%s: %s, in %s", client.URL(), cli.Count(int64(len(subjects)), "subject"), short(x.env.Now().Sub(began)))
}

// machine is about what needs no cluster.
func (x *examination) machine() {
	x.clock()
	x.add("librdkafka", ok, "", "%s", kafka.LibraryVersion())
	switch {
	case !x.env.StdoutTerminal:
		x.add("terminal", skip, "", "stdout is none")
	case !x.env.Unicode():
		x.add("terminal", warn, "set LC_ALL or LANG to a locale with UTF-8", "%d columns, no UTF-8", x.env.Width)
	default:
		colour := "colour"
		if !x.env.ColorFor(true) {
			colour = "no colour"
		}
		x.add("terminal", ok, "", "%d columns, %s, UTF-8", x.env.Width, colour)
	}
}
