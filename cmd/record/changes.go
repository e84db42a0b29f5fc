package record

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"kstream/cmd/cli"
	"kstream/cmd/expr"
	"kstream/cmd/input"
	"kstream/kafka"
	"kstream/output"
	"kstream/serde"
)

// Changes are what --map, --key-from, --mask, --set-header and --drop-header make of records.
type Changes struct {
	Topic   string     // that records are encoded for; empty: each for its own
	Mapping *expr.Map  // nil: none
	KeyFrom *expr.Text // the key, of the value as it is written; nil: that of the record
	Mask    *mask      // nil: none
	Drop    []string   // names of headers
	set     []kafka.Header
}

// SetHeader adds a header of --set-header.
func (c *Changes) SetHeader(name, value string, has bool) {
	h := kafka.Header{Key: name}
	if has {
		h.Value = []byte(value)
	}
	c.set = append(c.set, h)
}

// replaces reports whether headers of that name do not stay.
func (c *Changes) replaces(name string) bool {
	return slices.Contains(c.Drop, name) || slices.ContainsFunc(c.set, func(h kafka.Header) bool { return h.Key == name })
}

// Changer turns records that were read into those that are written. One goroutine owns
// it.
type Changer struct {
	*Selection
	Changes *Changes
	steps   []Step
	Record  Record
	out     kafka.Record
	scratch []byte
	headers []kafka.Header
	kept    []kafka.Header // the headers of the record that was read, without those that go
}

// NewChanger joins the steps that the plan asks for, in the order in which they run.
func NewChanger(s *Selection, changes *Changes) *Changer {
	c := &Changer{Selection: s, Changes: changes, scratch: []byte{}}
	c.steps = append(c.steps, s.Filters.raw()...)
	if s.Filters.Decodes() || changes.Mapping != nil || changes.KeyFrom != nil || changes.Mask != nil {
		c.Decode()
	}
	c.steps = append(c.steps, s.Filters.decoded()...)
	return c
}

// Decode adds the steps that decode keys and values.
func (c *Changer) Decode() {
	for _, d := range []*Decoding{&c.Key, &c.Value} {
		if s := d.Step(); s != nil {
			c.steps = append(c.steps, s)
		}
	}
}

// Plain reports whether every record is written as it was read.
func (c *Changer) Plain() bool {
	x := c.Changes
	return len(c.steps) == 0 && x.Mapping == nil && x.KeyFrom == nil && x.Mask == nil && len(x.Drop)+len(x.set) == 0
}

// Change returns the records that are to be written instead of rec to put: none when a
// filter drops it. They are valid during the call.
func (c *Changer) Change(ctx context.Context, rec *kafka.Record, put func(*kafka.Record) error) error {
	r := &c.Record
	r.Load(rec, c.Key.Rule, c.Value.Rule)
	for _, s := range c.steps {
		if keep, err := s(ctx, r); !keep || err != nil {
			return err
		}
	}
	c.KeepHeaders(rec)
	if c.Changes.Mapping == nil {
		return c.write(ctx, r, false, put)
	}
	var results [][]byte
	err := c.Changes.Mapping.Apply(ctx, r.Look(), func(json []byte) error {
		results = append(results, json)
		return nil
	})
	if err != nil {
		return c.Failed(ctx, err)
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

// Failed is the error of an expression: of the record, unless the run ends.
func (c *Changer) Failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &Unusable{Err: err}
}

// KeepHeaders chooses among the headers of a record.
func (c *Changer) KeepHeaders(rec *kafka.Record) {
	c.kept = c.kept[:0]
	for _, h := range rec.Headers {
		if !c.Changes.replaces(h.Key) {
			c.kept = append(c.kept, h)
		}
	}
}

// PlanKeyFrom compiles --key-from, if it was given.
func (c *Changes) PlanKeyFrom(text string) (err error) {
	if text == "" {
		return nil
	}
	if c.KeyFrom, err = expr.NewValueText("--key-from", text); err != nil {
		return cli.Usagef("%w", err)
	}
	return nil
}

// write gives what was made of a record its key, masks and encodes it, and hands it on.
// mapped says that the value is JSON that --map made.
func (c *Changer) write(ctx context.Context, r *Record, mapped bool, put func(*kafka.Record) error) error {
	c.out = *r.Record
	c.headers = append(c.headers[:0], c.kept...)
	key, value := []byte(nil), []byte(nil) // JSON, when they were changed
	if mapped {
		value = r.Message.Value.JSON
	}
	if c.Changes.Mask != nil {
		hidden, err := c.Changes.Mask.apply(ctx, r.Look())
		if err != nil {
			return c.Failed(ctx, err)
		}
		hidden.hideHeaders(c.headers)
		if hidden.key != nil {
			key = hidden.key
		}
		if hidden.value != nil {
			value = hidden.value
			if c.Changes.KeyFrom != nil { // it is made of what is written
				r.Message.Value = output.Field{Bytes: value, JSON: value}
				r.looked = false
			}
		}
	}
	c.headers = append(c.headers, c.Changes.set...)
	c.scratch = c.scratch[:0]
	var err error
	if c.Changes.KeyFrom != nil {
		text, err := c.Changes.KeyFrom.Apply(ctx, r.Look())
		if err != nil {
			return c.Failed(ctx, err)
		}
		if c.out.Key, err = c.EncodeText(ctx, serde.Key, text); err != nil {
			return err
		}
	} else if key != nil {
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

// Begin starts with a record that was made of others, and not read: its topic, partition and
// offset say where it comes from.
func (c *Changer) Begin(rec *kafka.Record) {
	c.Record.Load(rec, c.Key.Rule, c.Value.Rule)
	c.headers, c.scratch = c.headers[:0], c.scratch[:0]
	c.out = *rec
}

// KeyView decodes the key of a record that was made, for expressions.
func (c *Changer) KeyView(ctx context.Context) (expr.Field, error) {
	if c.Key.Decodes() {
		if _, err := c.Key.Step()(ctx, &c.Record); err != nil {
			return expr.Field{}, err
		}
	}
	return viewOf(&c.Record.Message.Key), nil
}

// Made is the record that was begun with a key, and a value that is JSON; nil is a null. It is
// valid until the next call.
func (c *Changer) Made(ctx context.Context, key, value []byte) (*kafka.Record, error) {
	c.out.Key, c.out.Value = key, nil
	if value != nil {
		var err error
		if c.out.Value, err = c.encode(ctx, serde.Value, value); err != nil {
			return nil, err
		}
	}
	c.out.Headers = c.headers
	return &c.out, nil
}

// EncodeText makes the bytes of a part from its text, as produce reads a key.
func (c *Changer) EncodeText(ctx context.Context, part serde.Part, text []byte) ([]byte, error) {
	return c.encodeField(ctx, part, &input.Field{Bytes: text})
}

// encode makes the bytes of a part from JSON, with the serde that has read it: null is a
// null, and where bytes are text, a string is its text and all else its JSON.
func (c *Changer) encode(ctx context.Context, part serde.Part, json []byte) ([]byte, error) {
	f, err := c.Encoders[part].field(json)
	if err != nil {
		return nil, &Unusable{Err: err}
	}
	return c.encodeField(ctx, part, &f)
}

func (c *Changer) encodeField(ctx context.Context, part serde.Part, f *input.Field) ([]byte, error) {
	topic := c.Changes.Topic
	if topic == "" {
		topic = c.out.Topic
	}
	data, more, err := c.Encoders[part].Encode(ctx, topic, f, &c.scratch)
	switch {
	case err == nil:
	case cli.OfRegistry(err), ctx.Err() != nil:
		return nil, fmt.Errorf("%s: %w", PlaceOf(c.Record.Record), err)
	default:
		return nil, &Unusable{Err: err}
	}
	for _, h := range more {
		c.headers = append(c.headers, kafka.Header{Key: h.Key, Value: h.Value})
	}
	return data, nil
}

// Look runs the steps over a record; changer.record then shows it.
func (c *Changer) Look(ctx context.Context, rec *kafka.Record) (keep bool, err error) {
	r := &c.Record
	r.Load(rec, c.Key.Rule, c.Value.Rule)
	for _, s := range c.steps {
		if keep, err := s(ctx, r); !keep || err != nil {
			return false, err
		}
	}
	c.KeepHeaders(rec)
	return true, nil
}

// WriteValue writes the record at hand with another value, which is JSON.
func (c *Changer) WriteValue(ctx context.Context, json []byte, put func(*kafka.Record) error) error {
	r := &c.Record
	r.Message.Value = output.Field{Bytes: json, JSON: json}
	r.looked = false
	return c.write(ctx, r, true, put)
}

// ValueJSON returns a value as JSON: as it was decoded, null, its text if that is JSON, or
// else the text as a string.
func ValueJSON(r *Record) []byte {
	f := &r.Message.Value
	switch {
	case f.JSON != nil:
		return f.JSON
	case f.Bytes == nil:
		return []byte("null")
	}
	return TextJSON(f.Bytes)
}

// TextJSON returns text that is JSON as it is, and any other as a JSON string.
func TextJSON(text []byte) []byte {
	if jsontext.Value(text).IsValid() {
		return text
	}
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		return text // no UTF-8: whoever encodes it says so
	}
	return quoted
}

// MapOnce makes the result of --map the value of the record at hand; without one the
// record is dropped.
func (c *Changer) MapOnce(ctx context.Context) (keep bool, err error) {
	r := &c.Record
	var result []byte
	err = c.Changes.Mapping.Apply(ctx, r.Look(), func(json []byte) error {
		if result != nil {
			return errors.New("--map: more than one result, and --exec takes one")
		}
		result = json
		return nil
	})
	if err != nil {
		return false, c.Failed(ctx, err)
	}
	r.setValue(result)
	return result != nil, nil
}

// PlaceOf names a record: orders[2]@1042.
func PlaceOf(r *kafka.Record) string {
	return fmt.Sprintf("%s[%d]@%d", r.Topic, r.Partition, r.Offset)
}
