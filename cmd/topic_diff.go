package cmd

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"kstream/cmd/diff"
)

type topicDiffFlags struct {
	reading selectionFlags
	looking lookingFlags
	other   otherClusterFlags
	by      string
	ignore  []string
	most    int
	output  string
	headers bool
	spill   diff.Options
}

func newTopicDiffCmd(env *Env) *cobra.Command {
	var f topicDiffFlags
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Say what differs between two topics",
		Long: `Compare the records that are in two topics now: their keys, values and headers. Topics may
have different numbers of partitions, and B may be on another cluster. file:PATH is a dump
that kstream replay has written, in place of either.

By key, the last record of each key counts, and a key that ends with a tombstone is not
there; records without a key are compared as a set. By offset, the records at the same
offset of the same partition belong together. As a set, the same record must be there as
often, wherever. Without --by it is by key when every record of both has one, else as a
set; the summary says which. The offsets of an exactly-once copy are never those of its
source, for commits take offsets too: compare it by key or as a set.

Timestamps, partitions and offsets are not compared. --ignore leaves more out: key, value,
headers, header.NAME, or parts of values that are JSON, as jq names them: .updated_at,
.items[].price, ."a name", .[0]. With such a path, and with a serde that decodes (-s json),
values are compared as JSON: the order of members and white space do not count. Else the
bytes must be the same.

What differs is missing (in B), extra (in B) or changed. With -o json each difference is a
line with a and b as record lines, or null, and the summary is the last line. Exit code 0
means equal, 7 different. Records that do not fit in memory lie compressed in a temporary
file ($TMPDIR).`,
		Example: `  kstream topic diff orders orders-copy
  kstream topic diff orders orders --dst-context backup --ignore .updated_at
  kstream topic diff orders file:orders.dump --by offset
  kstream topic diff a b -o json | jq -r 'select(.difference == "missing").key'`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func (f *topicDiffFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.by, "by", "", "what belongs together: `key|offset|set` (default key when all records have one, else set)")
	flags.StringArrayVar(&f.ignore, "ignore", nil, "leave `PARTS` out, with commas: key, value, headers, header.NAME, .path.in.value; repeatable")
	flags.IntVar(&f.most, "max-differences", 20, "print the first `N` differences; all are counted")
	flags.StringVarP(&f.output, "output", "o", "table", "`FORMAT`: table, json")
	flags.BoolVar(&f.headers, "headers", false, "in a pipe, write the names of the columns too")
	f.other.register(flags, "B")
	r := &f.reading
	r.register(flags, "map", "sample", "key-equals") // what they do depends on offsets or partitions, or on nothing
	f.looking.register(flags)
	r.cluster.register(flags)
	flags.Lookup("to-offset").Usage = "stop before position `P`, or at the end if that comes first"
}

// maxDifferences bounds what is kept to be printed.
const maxDifferences = 100_000

type topicDiffPlan struct {
	flags   *topicDiffFlags
	sides   [2]*diffSide
	by      diff.By
	ignore  *diffIgnore
	listing *listing // of the table; nil for JSON
}

func (f *topicDiffFlags) plan(env *Env, args []string) (*topicDiffPlan, error) {
	p := &topicDiffPlan{flags: f}
	switch f.by {
	case "":
		p.by = diff.Auto
	case "key":
		p.by = diff.Key
	case "offset":
		p.by = diff.Offset
	case "set":
		p.by = diff.Set
	default:
		return nil, usagef("--by %s: want key, offset or set", f.by)
	}
	if f.most < 0 || f.most > maxDifferences {
		return nil, usagef("--max-differences %d: want 0 to %d", f.most, maxDifferences)
	}
	switch f.output {
	case "json":
	case "table":
		p.listing = &listing{env, f.output, f.headers}
	default:
		return nil, usagef("-o %s: want table or json", f.output)
	}
	var err error
	if p.ignore, err = planDiffIgnore(f.ignore); err != nil {
		return nil, err
	}
	if p.ignore.key && p.by == diff.Key {
		return nil, usagef("--ignore key does not go with --by key")
	}
	if err := f.reading.checkForeign(); err != nil {
		return nil, err
	}
	if err := f.reading.cluster.plan(env); err != nil {
		return nil, err
	}
	if err := f.checkFiles(args); err != nil {
		return nil, err
	}
	other, err := f.other.plan(env, &f.reading.cluster)
	if err != nil {
		return nil, err
	}
	if f.other.given() && other.schemaRegistry() == nil {
		other.schemas = f.reading.cluster.schemaRegistry() // one registry for both
	}
	if !f.other.given() { // then its warnings are those of the first
		effective := *other.effective
		effective.Warnings, effective.Details = nil, nil
		other = &clusterFlags{effective: &effective, schemas: other.schemas}
	}
	for i, cluster := range []*clusterFlags{&f.reading.cluster, other} {
		if p.sides[i], err = f.planSide(env, args[i], cluster); err != nil {
			p.close()
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
func (f *topicDiffFlags) checkFiles(args []string) error {
	stdins := 0
	for i, arg := range args {
		path, ok := strings.CutPrefix(arg, filePrefix)
		switch {
		case !ok:
			continue
		case path == "":
			return usagef("file: wants a path behind it, or - for stdin")
		case i == 1 && f.other.given():
			return usagef("--dst-brokers and --dst-context say where B is, and it is %s", arg)
		case path == "-":
			stdins++
		}
	}
	if stdins == 2 {
		return usagef("there is only one stdin to read a dump from")
	}
	return nil
}

func (p *topicDiffPlan) close() {
	for _, s := range p.sides {
		if s != nil {
			s.plan.close()
		}
	}
}

// run reads both sides at once into an index each, compares these and prints.
func (p *topicDiffPlan) run(ctx context.Context, env *Env) (err error) {
	defer p.close()
	progress := &diffProgress{env: env, meter: newMeter(env, "read")}
	for i, s := range p.sides { // one after the other: the second may use the registry of the first
		if err := s.open(ctx, env, progress, i); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.close()) }()
	}
	reading, readCtx := errgroup.WithContext(ctx)
	for _, s := range p.sides {
		reading.Go(func() error { return s.read(readCtx, p) })
	}
	err = reading.Wait()
	progress.clear()
	if err != nil {
		return spaceHint(err)
	}
	result, err := diff.Compare(p.sides[0].index, p.sides[1].index, p.by, p.flags.most, func() error { return context.Cause(ctx) })
	if err != nil {
		return spaceHint(err)
	}
	for _, s := range p.sides {
		s.tellUndecoded()
	}
	out := &diffPrinter{topicDiffPlan: p, env: env, result: result}
	if err := out.print(ctx); err != nil {
		return err
	}
	return out.verdict()
}

// spaceHint adds the remedy to the error of a temporary file that found no room.
func spaceHint(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return hint(err, "TMPDIR names a directory with more room; --partitions or --from-offset take a part")
	}
	return err
}
