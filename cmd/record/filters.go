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

// Filters is FilterOptions, compiled: steps before and after decoding, in the
// order in which they run.
type Filters struct {
	Raw, Decoded []Step
	Key          *string // of --key-equals, as typed
}

// Plan compiles the filters; a mistake in an expression is a usage error.
func (f *FilterOptions) Plan(env *cli.Env) (*Filters, error) {
	p := &Filters{}
	times, err := f.Times.step(env)
	if err != nil {
		return nil, err
	}
	if times != nil {
		p.Raw = append(p.Raw, times)
	}
	if f.Sample != "" {
		sample, err := expr.NewSample("--sample", f.Sample)
		if err != nil {
			return nil, cli.Usagef("%w", err)
		}
		p.Raw = append(p.Raw, func(_ context.Context, r *Record) (bool, error) {
			return sample.Match(r.Message.Topic, r.Message.Partition, r.Message.Offset), nil
		})
	}
	if f.KeySet() {
		p.Key = &f.Key
	}
	for _, text := range f.Grep {
		grep, err := expr.NewGrep("--grep", text)
		if err != nil {
			return nil, cli.Usagef("%w", err)
		}
		p.Decoded = append(p.Decoded, func(_ context.Context, r *Record) (bool, error) {
			return grep.Match(r.Look()), nil
		})
	}
	if f.Filter != "" {
		filter, err := expr.NewFilter("--filter", f.Filter)
		if err != nil {
			return nil, cli.Usagef("%w", err)
		}
		p.Decoded = append(p.Decoded, func(ctx context.Context, r *Record) (bool, error) {
			match, err := filter.Match(ctx, r.Look())
			if err != nil && ctx.Err() == nil {
				return false, &Unusable{err, filtered}
			}
			return match, err
		})
	}
	if f.Mapping != "" {
		mapping, err := expr.NewMap("--map", f.Mapping)
		if err != nil {
			return nil, cli.Usagef("%w", err)
		}
		p.Decoded = append(p.Decoded, mapStep(mapping))
	}
	return p, nil
}

// Any reports whether some records may be left out.
func (p *Filters) Any() bool { return len(p.Raw)+len(p.Decoded) > 0 || p.Key != nil }

// KeepKey adds the step of --key-equals, for the bytes of the key.
func (p *Filters) KeepKey(key []byte) {
	equals := expr.NewKeyEquals(key)
	p.Raw = append(p.Raw, func(_ context.Context, r *Record) (bool, error) {
		return equals.Match(r.Record.Key), nil
	})
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
