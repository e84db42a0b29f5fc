package record

import (
	"context"

	"kstream/cmd/cli"
	"kstream/cmd/expr"
)

// FilterOptions choose among the records that were read, and change what is shown.
type FilterOptions struct {
	Filter, Mapping string
	Grep            []string
	Sample          string
	Key             string
	KeySet          func() bool
	Times           TimeOptions
}

// Filters is FilterOptions, compiled. Its steps run in the order of the fields: those before
// decoding look at what a record is, the others at what its bytes mean.
type Filters struct {
	times  *timeFilter
	sample *expr.Sample
	Key    *string // of --key-equals, as typed
	key    []byte  // of KeepKey; nil without

	greps   []*expr.Grep
	filter  *expr.Filter
	mapping *expr.Map
}

// Plan compiles the filters; a mistake in an expression is a usage error.
func (f *FilterOptions) Plan(env *cli.Env, lookups ...*expr.Lookup) (*Filters, error) {
	p := &Filters{}
	var err error
	if p.times, err = f.Times.plan(env); err != nil {
		return nil, err
	}
	if f.Sample != "" {
		sample, err := expr.NewSample("--sample", f.Sample)
		if err != nil {
			return nil, cli.Usagef("%w", err)
		}
		p.sample = &sample
	}
	if f.KeySet() {
		p.Key = &f.Key
	}
	for _, text := range f.Grep {
		grep, err := expr.NewGrep("--grep", text)
		if err != nil {
			return nil, cli.Usagef("%w", err)
		}
		p.greps = append(p.greps, grep)
	}
	if f.Filter != "" {
		if p.filter, err = expr.NewFilter("--filter", f.Filter, lookups...); err != nil {
			return nil, cli.Usagef("%w", err)
		}
	}
	if f.Mapping != "" {
		if p.mapping, err = expr.NewMap("--map", f.Mapping); err != nil {
			return nil, cli.Usagef("%w", err)
		}
	}
	return p, nil
}

// Any reports whether some records may be left out.
func (p *Filters) Any() bool {
	return p.times != nil || p.sample != nil || p.Key != nil || p.Decodes()
}

// Decodes reports whether the meaning of a record's bytes matters.
func (p *Filters) Decodes() bool { return len(p.greps) > 0 || p.filter != nil || p.mapping != nil }

// KeepKey makes --key-equals a step, for the bytes of the key.
func (p *Filters) KeepKey(key []byte) { p.key = append([]byte{}, key...) }

// Steps returns all of them.
func (p *Filters) Steps() []Step { return append(p.raw(), p.decoded()...) }

// raw returns the steps before decoding.
func (p *Filters) raw() []Step {
	var steps []Step
	if p.times != nil {
		steps = append(steps, p.times.step)
	}
	if p.sample != nil {
		steps = append(steps, func(_ context.Context, r *Record) (bool, error) {
			return p.sample.Match(r.Message.Topic, r.Message.Partition, r.Message.Offset), nil
		})
	}
	if p.key != nil {
		equals := expr.NewKeyEquals(p.key)
		steps = append(steps, func(_ context.Context, r *Record) (bool, error) {
			return equals.Match(r.Record.Key), nil
		})
	}
	return steps
}

// decoded returns the steps after decoding.
func (p *Filters) decoded() []Step {
	var steps []Step
	for _, grep := range p.greps {
		steps = append(steps, func(_ context.Context, r *Record) (bool, error) {
			return grep.Match(r.Look()), nil
		})
	}
	if p.filter != nil {
		steps = append(steps, func(ctx context.Context, r *Record) (bool, error) {
			match, err := p.filter.Match(ctx, r.Look())
			if err != nil && ctx.Err() == nil {
				return false, &Unusable{err, filtered}
			}
			return match, err
		})
	}
	if p.mapping != nil {
		steps = append(steps, mapStep(p.mapping))
	}
	return steps
}

// mapStep replaces the value by the first result of the expression and keeps the
// others in extra; a record without a result is dropped. A text is shown as text, null
// is a null, everything else its JSON.
func mapStep(mapping *expr.Map) Step {
	return func(ctx context.Context, r *Record) (bool, error) {
		var results [][]byte
		err := mapping.Apply(ctx, r.Look(), func(json []byte) error {
			results = append(results, json)
			return nil
		})
		switch {
		case err != nil && ctx.Err() != nil:
			return false, context.Cause(ctx)
		case err != nil:
			return false, &Unusable{err, mapped}
		}
		if len(results) == 0 {
			return false, nil
		}
		r.setValue(results[0])
		r.extra = append(r.extra, results[1:]...)
		return true, nil
	}
}
