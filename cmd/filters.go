package cmd

import (
	"context"
	"slices"

	"github.com/spf13/pflag"

	"kstream/cmd/expr"
)

// filterFlags choose among the records that were read, and change what is shown.
type filterFlags struct {
	filter, mapping string
	grep            []string
	sample          string
	key             string
	keySet          func() bool
	times           timeFlags
}

// register adds the flags, except those whose names are in without.
func (f *filterFlags) register(flags *pflag.FlagSet, without ...string) {
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.StringVar(&f.filter, "filter", "", "only records for which the jq `EXPR` is true: '.value.amount > 10'")
	all.StringVar(&f.mapping, "map", "", "show what the jq `EXPR` makes of a record instead of its value")
	all.StringArrayVar(&f.grep, "grep", nil, "only records that match `[key:|value:|header.NAME:]REGEX`; ! in front negates; repeatable")
	all.StringVar(&f.sample, "sample", "", "one record in N, always the same ones: `1/N`")
	all.StringVar(&f.key, "key-equals", "", "only records with the key `KEY`; reads only its partition")
	f.keySet = func() bool { return flags.Changed("key-equals") }
	f.times.register(all)
	all.VisitAll(func(flag *pflag.Flag) {
		if !slices.Contains(without, flag.Name) {
			flags.AddFlag(flag)
		}
	})
}

// changesValue is what --map does where records are written again.
const changesValue = "the value becomes what the jq `EXPR` makes of a record: nothing drops it, several results are several records"

// filterPlan is filterFlags with a meaning: steps before and after decoding, in the
// order in which they run.
type filterPlan struct {
	raw, decoded []step
	key          *string // of --key-equals, as typed
}

func (f *filterFlags) plan(env *Env) (*filterPlan, error) {
	p := &filterPlan{}
	times, err := f.times.step(env)
	if err != nil {
		return nil, err
	}
	if times != nil {
		p.raw = append(p.raw, times)
	}
	if f.sample != "" {
		sample, err := expr.NewSample("--sample", f.sample)
		if err != nil {
			return nil, usagef("%w", err)
		}
		p.raw = append(p.raw, func(_ context.Context, r *record) (bool, error) {
			return sample.Match(r.Message.Topic, r.Message.Partition, r.Message.Offset), nil
		})
	}
	if f.keySet() {
		p.key = &f.key
	}
	for _, text := range f.grep {
		grep, err := expr.NewGrep("--grep", text)
		if err != nil {
			return nil, usagef("%w", err)
		}
		p.decoded = append(p.decoded, func(_ context.Context, r *record) (bool, error) {
			return grep.Match(r.look()), nil
		})
	}
	if f.filter != "" {
		filter, err := expr.NewFilter("--filter", f.filter)
		if err != nil {
			return nil, usagef("%w", err)
		}
		p.decoded = append(p.decoded, func(ctx context.Context, r *record) (bool, error) {
			match, err := filter.Match(ctx, r.look())
			if err != nil && ctx.Err() == nil {
				return false, &unusable{err, filtered}
			}
			return match, err
		})
	}
	if f.mapping != "" {
		mapping, err := expr.NewMap("--map", f.mapping)
		if err != nil {
			return nil, usagef("%w", err)
		}
		p.decoded = append(p.decoded, mapStep(mapping))
	}
	return p, nil
}

// any says whether some records may be left out.
func (p *filterPlan) any() bool { return len(p.raw)+len(p.decoded) > 0 || p.key != nil }

// keepKey adds the step of --key-equals, for the bytes of the key.
func (p *filterPlan) keepKey(key []byte) {
	equals := expr.NewKeyEquals(key)
	p.raw = append(p.raw, func(_ context.Context, r *record) (bool, error) {
		return equals.Match(r.Record.Key), nil
	})
}

// mapStep replaces the value by the first result of the expression and keeps the
// others in extra; a record without a result is dropped. A text is shown as text, null
// is a null, everything else its JSON.
func mapStep(mapping *expr.Map) step {
	return func(ctx context.Context, r *record) (bool, error) {
		var results [][]byte
		err := mapping.Apply(ctx, r.look(), func(json []byte) error {
			results = append(results, json)
			return nil
		})
		switch {
		case err != nil && ctx.Err() != nil:
			return false, context.Cause(ctx)
		case err != nil:
			return false, &unusable{err, mapped}
		}
		if len(results) == 0 {
			return false, nil
		}
		r.setValue(results[0])
		r.extra = append(r.extra, results[1:]...)
		return true, nil
	}
}
