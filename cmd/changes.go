package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"kstream/cmd/expr"
	"kstream/cmd/input"
	"kstream/kafka"
	"kstream/output"
	"kstream/serde"
)

// changes are what --map, --mask, --set-header and --drop-header make of records.
type changes struct {
	topic   string    // that records are encoded for; empty: each for its own
	mapping *expr.Map // nil: none
	mask    *mask     // nil: none
	drop    []string  // names of headers
	set     []kafka.Header
}

// setHeader adds a header of --set-header.
func (c *changes) setHeader(name, value string, has bool) {
	h := kafka.Header{Key: name}
	if has {
		h.Value = []byte(value)
	}
	c.set = append(c.set, h)
}

// replaces says whether headers of that name do not stay.
func (c *changes) replaces(name string) bool {
	return slices.Contains(c.drop, name) || slices.ContainsFunc(c.set, func(h kafka.Header) bool { return h.Key == name })
}

// changer turns records that were read into those that are written. One goroutine owns
// it.
type changer struct {
	*selection
	changes *changes
	steps   []step
	record  record
	out     kafka.Record
	scratch []byte
	headers []kafka.Header
	kept    []kafka.Header // the headers of the record that was read, without those that go
}

// newChanger joins the steps that the plan asks for, in the order in which they run.
func newChanger(s *selection, changes *changes) *changer {
	c := &changer{selection: s, changes: changes, scratch: []byte{}}
	c.steps = append(c.steps, s.filters.raw...)
	if len(s.filters.decoded) > 0 || changes.mapping != nil || changes.mask != nil {
		c.decode()
	}
	c.steps = append(c.steps, s.filters.decoded...)
	return c
}

// decode adds the steps that decode keys and values.
func (c *changer) decode() {
	for _, d := range []*decoding{&c.key, &c.value} {
		if s := d.step(); s != nil {
			c.steps = append(c.steps, s)
		}
	}
}

// plain says whether every record is written as it was read.
func (c *changer) plain() bool {
	x := c.changes
	return len(c.steps) == 0 && x.mapping == nil && x.mask == nil && len(x.drop)+len(x.set) == 0
}

// change gives the records that are to be written instead of rec to put: none when a
// filter drops it. They are valid during the call.
func (c *changer) change(ctx context.Context, rec *kafka.Record, put func(*kafka.Record) error) error {
	r := &c.record
	r.load(rec, c.key.rule, c.value.rule)
	for _, s := range c.steps {
		if keep, err := s(ctx, r); !keep || err != nil {
			return err
		}
	}
	c.keepHeaders(rec)
	if c.changes.mapping == nil {
		return c.write(ctx, r, false, put)
	}
	var results [][]byte
	err := c.changes.mapping.Apply(ctx, r.look(), func(json []byte) error {
		results = append(results, json)
		return nil
	})
	if err != nil {
		return c.failed(ctx, err)
	}
	for _, json := range results {
		r.Message.Value = output.Field{Bytes: json, JSON: json}
		r.looked = false
		if err := c.write(ctx, r, true, put); err != nil {
			return err
		}
	}
	return nil
}

// failed is the error of an expression: of the record, unless the run ends.
func (c *changer) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &unusable{err: err}
}

// keepHeaders chooses among the headers of a record.
func (c *changer) keepHeaders(rec *kafka.Record) {
	c.kept = c.kept[:0]
	for _, h := range rec.Headers {
		if !c.changes.replaces(h.Key) {
			c.kept = append(c.kept, h)
		}
	}
}

// write masks and encodes what was made of a record, and hands it on. mapped says that
// the value is JSON that --map made.
func (c *changer) write(ctx context.Context, r *record, mapped bool, put func(*kafka.Record) error) error {
	c.out = *r.Record
	c.headers = append(c.headers[:0], c.kept...)
	key, value := []byte(nil), []byte(nil) // JSON, when they were changed
	if mapped {
		value = r.Message.Value.JSON
	}
	if c.changes.mask != nil {
		hidden, err := c.changes.mask.apply(ctx, r.look())
		if err != nil {
			return c.failed(ctx, err)
		}
		hidden.hideHeaders(c.headers)
		if hidden.key != nil {
			key = hidden.key
		}
		if hidden.value != nil {
			value = hidden.value
		}
	}
	c.headers = append(c.headers, c.changes.set...)
	c.scratch = c.scratch[:0]
	var err error
	if key != nil {
		if c.out.Key, err = c.encode(ctx, serde.Key, key); err != nil {
			return err
		}
	}
	if value != nil {
		if c.out.Value, err = c.encode(ctx, serde.Value, value); err != nil {
			return err
		}
	}
	c.out.Headers = c.headers
	return put(&c.out)
}

// encode makes the bytes of a part from JSON, with the serde that has read it: null is a
// null, and where bytes are text, a string is its text and all else its JSON.
func (c *changer) encode(ctx context.Context, part serde.Part, json []byte) ([]byte, error) {
	e := &c.encoders[part]
	f := input.Field{Bytes: json}
	switch {
	case string(json) == "null":
		return nil, nil
	case !e.identity && e.text == nil:
		f.Encoding = e.serde.Name()
	case json[0] == '"':
		text, err := jsontext.AppendUnquote([]byte{}, json)
		if err != nil {
			return nil, &unusable{err: err}
		}
		f.Bytes = text
	}
	topic := c.changes.topic
	if topic == "" {
		topic = c.out.Topic
	}
	data, more, err := e.encode(ctx, topic, &f, &c.scratch)
	switch {
	case err == nil:
	case ofRegistry(err), ctx.Err() != nil:
		return nil, fmt.Errorf("%s: %w", placeOf(c.record.Record), err)
	default:
		return nil, &unusable{err: err}
	}
	for _, h := range more {
		c.headers = append(c.headers, kafka.Header{Key: h.Key, Value: h.Value})
	}
	return data, nil
}

// look runs the steps over a record; changer.record then shows it.
func (c *changer) look(ctx context.Context, rec *kafka.Record) (keep bool, err error) {
	r := &c.record
	r.load(rec, c.key.rule, c.value.rule)
	for _, s := range c.steps {
		if keep, err := s(ctx, r); !keep || err != nil {
			return false, err
		}
	}
	c.keepHeaders(rec)
	return true, nil
}

// writeValue writes the record at hand with another value, which is JSON.
func (c *changer) writeValue(ctx context.Context, json []byte, put func(*kafka.Record) error) error {
	r := &c.record
	r.Message.Value = output.Field{Bytes: json, JSON: json}
	r.looked = false
	return c.write(ctx, r, true, put)
}

// valueJSON gives a value as JSON: as it was decoded, null, its text if that is JSON, or
// else the text as a string.
func valueJSON(r *record) []byte {
	f := &r.Message.Value
	switch {
	case f.JSON != nil:
		return f.JSON
	case f.Bytes == nil:
		return []byte("null")
	}
	return textJSON(f.Bytes)
}

// textJSON gives text that is JSON as it is, and any other as a JSON string.
func textJSON(text []byte) []byte {
	if jsontext.Value(text).IsValid() {
		return text
	}
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		return text // no UTF-8: whoever encodes it says so
	}
	return quoted
}

// mapOnce makes the result of --map the value of the record at hand; without one the
// record is dropped.
func (c *changer) mapOnce(ctx context.Context) (keep bool, err error) {
	r := &c.record
	var result []byte
	err = c.changes.mapping.Apply(ctx, r.look(), func(json []byte) error {
		if result != nil {
			return errors.New("--map: more than one result, and --exec takes one")
		}
		result = json
		return nil
	})
	if err != nil {
		return false, c.failed(ctx, err)
	}
	r.setValue(result)
	return result != nil, nil
}

// placeOf names a record: orders[2]@1042.
func placeOf(r *kafka.Record) string {
	return fmt.Sprintf("%s[%d]@%d", r.Topic, r.Partition, r.Offset)
}
