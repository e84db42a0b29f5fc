package stream

import (
	"bytes"
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"kstream/cmd/expr"
)

// Fold is what makes the next state of a record and the state before. One goroutine owns
// it. Either Aggregates or Reduce is set.
type Fold struct {
	Aggregates []Aggregate
	Reduce     *expr.Reduce

	values []expr.Value // of the record at hand, an aggregate each
	text   bytes.Reader // of the state that is loaded
	dec    *jsontext.Decoder
}

// prepare evaluates what depends on the record alone.
func (f *Fold) prepare(ctx context.Context, r *expr.Record) error {
	f.values = f.values[:0]
	for i := range f.Aggregates {
		v, err := f.Aggregates[i].value(ctx, r)
		if err != nil {
			return err
		}
		f.values = append(f.values, v)
	}
	return nil
}

// check reports why the record at hand cannot become part of a state, which may be nil.
func (f *Fold) check(s *slot) error {
	if s == nil {
		return nil
	}
	for i := range f.Aggregates {
		if err := f.Aggregates[i].check(&s.cells[i], &f.values[i]); err != nil {
			return err
		}
	}
	return nil
}

// add makes the record at hand part of cells.
func (f *Fold) add(cells []cell, offset int64) {
	for i := range f.Aggregates {
		f.Aggregates[i].add(&cells[i], &f.values[i], offset)
	}
}

// merge makes what is in other part of cells.
func (f *Fold) merge(cells, other []cell) {
	for i := range f.Aggregates {
		f.Aggregates[i].merge(&cells[i], &other[i])
	}
}

// appendState appends the state as results show it, as JSON.
func (f *Fold) appendState(dst []byte, s *slot) []byte {
	if f.Reduce != nil {
		return append(dst, s.state...)
	}
	return f.appendObject(dst, s.cells, (*Aggregate).appendResult)
}

// appendStored appends all that is known of the state, as JSON.
func (f *Fold) appendStored(dst []byte, s *slot) []byte {
	if f.Reduce != nil {
		return append(dst, s.state...)
	}
	return f.appendObject(dst, s.cells, (*Aggregate).appendStored)
}

func (f *Fold) appendObject(dst []byte, cells []cell, each func(*Aggregate, []byte, *cell) []byte) []byte {
	for i := range f.Aggregates {
		a := &f.Aggregates[i]
		if i == 0 {
			dst = append(dst, '{')
		} else {
			dst = append(dst, ',')
		}
		dst = each(a, append(dst, a.label...), &cells[i])
	}
	return append(dst, '}')
}
