package record

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"kstream/cmd/cli"
	"kstream/output"
	"kstream/serde"
	"kstream/serde/value"
)

// Decoding is how one part of records is read: a text rule for bytes that are shown
// as they are, and for the other serdes a decoder.
type Decoding struct {
	part  serde.Part
	Rule  output.TextRule
	Serde serde.Serde // nil: the rule is all
	json  value.JSONOptions
	// topics has the serdes of single topics; nil when one is for all.
	topics *byTopic
	// onOutage decides about a record for which the registry does not answer. Nil: that ends
	// the run.
	onOutage Step
	// skipped tells, once, that frames of a registry are passed over.
	skipped func(serde.Frame)
}

// newDecoding finds the short way for the serdes that only choose how bytes are shown.
func newDecoding(env *cli.Env, part serde.Part, s serde.Serde, json value.JSONOptions) Decoding {
	d := Decoding{part: part, json: json}
	var once sync.Once
	d.skipped = func(f serde.Frame) {
		once.Do(func() {
			env.Notice("%s: %s was passed over: %s reads by a schema of its own; so for the records after it", part, f, s.Name())
		})
	}
	switch s.Name() {
	case "text", "bytes":
	case "hex":
		d.Rule = output.TextHex
	case "base64":
		d.Rule = output.TextBase64
	case "string":
		d.Rule, d.Serde = output.TextString, s
	default:
		d.Serde = s
	}
	return d
}

// field returns the part of a record that d reads.
func (d *Decoding) field(r *Record) *output.Field {
	if d.part == serde.Key {
		return &r.Message.Key
	}
	return &r.Message.Value
}

// Decodes reports whether a part must be looked at to be shown.
func (d *Decoding) Decodes() bool { return d.Serde != nil || d.topics != nil }

// Step decodes the part in place, or returns nil when there is nothing to decode. A
// record that cannot be decoded keeps its bytes, carries the error and is unusable. A
// registry that fails or refuses ends the run, unless it is an outage and there is
// d.onOutage.
func (d *Decoding) Step() Step {
	if !d.Decodes() {
		return nil
	}
	all := d
	return func(ctx context.Context, r *Record) (bool, error) {
		f := all.field(r)
		if f.Bytes == nil {
			return true, nil
		}
		d := all
		if all.topics != nil {
			var err error
			if d, err = all.decoding(r.Message.Topic); err != nil {
				return false, err
			}
			if f.Text = d.Rule; d.Serde == nil {
				return true, nil
			}
		}
		err := d.decode(ctx, r, f)
		if err == nil {
			return true, nil
		}
		outage := d.onOutage != nil && cli.IsOutage(err)
		if cli.OfRegistry(err) && !outage || ctx.Err() != nil {
			return false, fmt.Errorf("%s[%d]@%d: %s: %w", r.Message.Topic, r.Message.Partition, r.Message.Offset, d.part, err)
		}
		f.Err = err.Error()
		r.DecodeErr = fmt.Errorf("decode %s: %w", d.part, err)
		if outage {
			return d.onOutage(ctx, r)
		}
		return false, &Unusable{r.DecodeErr, decoded}
	}
}

func (d *Decoding) decode(ctx context.Context, r *Record, f *output.Field) error {
	if d.Rule == output.TextString {
		if !utf8.Valid(f.Bytes) {
			_, err := d.Serde.Decode(ctx, d.input(r, f))
			return err
		}
		return nil
	}
	from := len(r.scratch)
	out, result, err := serde.Render(ctx, r.scratch, d.Serde, d.input(r, f), d.json)
	if err != nil {
		return err
	}
	if result.Skipped.Kind != serde.NoFrame {
		d.skipped(result.Skipped)
	}
	r.scratch = out
	f.JSON = out[from:len(out):len(out)]
	f.Encoding = result.Format
	if result.Schema != nil {
		f.Schema = schemaName(result.Schema)
	}
	return nil
}

func schemaName(s *serde.SchemaInfo) string {
	switch {
	case s.ID > 0:
		return strconv.Itoa(s.ID)
	case s.GUID != "":
		return s.GUID
	}
	return s.Name
}

func (d *Decoding) input(r *Record, f *output.Field) serde.Input {
	in := serde.Input{Topic: r.Message.Topic, Part: d.part, Data: f.Bytes}
	for _, h := range r.Record.Headers {
		in.Headers = append(in.Headers, serde.Header{Key: h.Key, Value: h.Value})
	}
	return in
}

// setValue makes the result of an expression the value that is shown: a text as text,
// null as null, everything else as its JSON.
func (r *Record) setValue(json []byte) {
	f := output.Field{Bytes: json}
	switch {
	case string(json) == "null":
		f.Bytes = nil
	case len(json) > 0 && json[0] == '"':
		if text, err := jsontext.AppendUnquote([]byte{}, json); err == nil {
			f.Bytes = text
		}
	}
	r.Message.Value = f
	r.looked = false
}
