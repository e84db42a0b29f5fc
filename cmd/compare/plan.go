package compare

import (
	"context"
	"errors"
	"strings"

	"golang.org/x/sync/errgroup"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/diff"
	"kstream/cmd/record"
)

// Options are the flags of topic diff, as typed.
type Options struct {
	Reading record.Options
	Looking record.LookingOptions
	Other   connect.OtherOptions
	By      string
	Ignore  []string
	Most    int
	Output  string
	Headers bool
	spill   diff.Options
}

// maxDifferences bounds what is kept to be printed.
const maxDifferences = 100_000

// Plan is a valid command line of topic diff.
type Plan struct {
	sides   [2]*sidePlan
	by      diff.By
	most    int // differences that are printed
	ignore  *ignored
	listing *cli.Listing // of the table; nil for JSON
}

// Plan returns how the two sides that args name are compared, or a usage error.
func (f *Options) Plan(env *cli.Env, args []string) (*Plan, error) {
	p := &Plan{most: f.Most}
	switch f.By {
	case "":
		p.by = diff.Auto
	case "key":
		p.by = diff.Key
	case "offset":
		p.by = diff.Offset
	case "set":
		p.by = diff.Set
	default:
		return nil, cli.Usagef("--by %s: want key, offset or set", f.By)
	}
	if f.Most < 0 || f.Most > maxDifferences {
		return nil, cli.Usagef("--max-differences %d: want 0 to %d", f.Most, maxDifferences)
	}
	switch f.Output {
	case "json":
	case "table":
		p.listing = &cli.Listing{Env: env, Format: f.Output, Headers: f.Headers}
	default:
		return nil, cli.Usagef("-o %s: want table or json", f.Output)
	}
	var err error
	if p.ignore, err = parseIgnored(f.Ignore); err != nil {
		return nil, err
	}
	if p.ignore.key && p.by == diff.Key {
		return nil, cli.Usagef("--ignore key does not go with --by key")
	}
	if err := f.Reading.CheckForeign(); err != nil {
		return nil, err
	}
	if err := f.Reading.Cluster.Plan(env); err != nil {
		return nil, err
	}
	if err := f.checkFiles(args); err != nil {
		return nil, err
	}
	other, err := f.Other.Plan(env, &f.Reading.Cluster)
	if err != nil {
		return nil, err
	}
	if f.Other.Given() && other.SchemaRegistry() == nil {
		other.Schemas = f.Reading.Cluster.SchemaRegistry() // one registry for both
	}
	if !f.Other.Given() { // then its warnings are those of the first
		effective := *other.Effective
		effective.Warnings, effective.Details = nil, nil
		other = &connect.Options{Effective: &effective, Schemas: other.Schemas}
	}
	other.ByTopic, other.Flags = f.Reading.Cluster.ByTopic, f.Reading.Cluster.Flags
	for i, cluster := range []*connect.Options{&f.Reading.Cluster, other} {
		if p.sides[i], err = f.planSide(env, args[i], cluster); err != nil {
			return nil, err
		}
	}
	a, b := p.sides[0], p.sides[1]
	a.beside, b.beside = b.topic, a.topic
	if a.name == b.name {
		a.name += " (A)"
		b.name += " (B)"
	}
	return p, nil
}

// checkFiles refuses dumps where they cannot be.
func (f *Options) checkFiles(args []string) error {
	stdins := 0
	for i, arg := range args {
		path, ok := strings.CutPrefix(arg, record.FilePrefix)
		switch {
		case !ok:
			continue
		case path == "":
			return cli.Usagef("file: wants a path behind it, or - for stdin")
		case i == 1 && f.Other.Given():
			return cli.Usagef("--dst-brokers and --dst-context say where B is, and it is %s", arg)
		case path == "-":
			stdins++
		}
	}
	if stdins == 2 {
		return cli.Usagef("there is only one stdin to read a dump from")
	}
	return nil
}

// Run reads both sides at once into an index each, compares these and prints what differs.
func Run(ctx context.Context, env *cli.Env, p *Plan) (result *diff.Result, err error) {
	for _, s := range p.sides {
		if err := s.OpenSerdes(env); err != nil {
			return nil, err
		}
		defer s.Close()
	}
	progress := &meterOfBoth{env: env, meter: cli.NewMeter(env, "read")}
	var sides [2]*side
	for i := range sides { // one after the other: the second may use the registry of the first
		if sides[i], err = p.sides[i].open(ctx, env, progress, i); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, sides[i].close()) }()
	}
	reading, readCtx := errgroup.WithContext(ctx)
	for _, s := range sides {
		reading.Go(func() error { return s.read(readCtx, p) }) // ends with its source
	}
	err = reading.Wait()
	progress.clear()
	if err != nil {
		return nil, cli.SpaceHint(err)
	}
	result, err = diff.Compare(sides[0].index, sides[1].index, p.by, p.most, func() error { return context.Cause(ctx) })
	if err != nil {
		return nil, cli.SpaceHint(err)
	}
	for _, s := range sides {
		s.TellFailures()
	}
	out := &printer{Plan: p, env: env, sides: sides, result: result}
	if err := out.print(ctx); err != nil {
		return result, err
	}
	return result, out.verdict()
}
