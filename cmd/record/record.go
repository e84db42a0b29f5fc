package record

import (
	"context"

	"kstream/cmd/expr"
	"kstream/kafka"
	"kstream/output"
)

// Record is a kafka.Record on its way to the output: first its bytes, then, once the
// decode steps have run, what they mean. One goroutine owns it and uses it for one
// record after the other.
type Record struct {
	*kafka.Record
	output.Message
	view expr.Record // what expressions see; made by look

	Read      bool // the steps that look at its bytes have let it through
	looked    bool
	DecodeErr error
	failed    bool   // it was counted as one that something cannot be done with
	outage    bool   // the registry did not answer for it
	scratch   []byte // decoded keys and values
	headers   []output.Header
	views     []expr.Header
	extra     [][]byte // further results of --map
}

// Step looks at a record, may change what is shown of it, and reports whether it is kept.
// An *unusable is about the record alone; any other error ends the run.
type Step func(ctx context.Context, r *Record) (keep bool, err error)

// Load makes r stand for rec; text is how undecoded keys and values are shown.
func (r *Record) Load(rec *kafka.Record, key, value output.TextRule) {
	r.Record, r.Read, r.looked, r.DecodeErr = rec, false, false, nil
	r.failed, r.outage = false, false
	r.scratch, r.extra = r.scratch[:0], r.extra[:0]
	m := &r.Message
	m.Topic, m.Partition, m.Offset, m.Timestamp = rec.Topic, rec.Partition, rec.Offset, rec.Timestamp
	m.TimestampType, m.LeaderEpoch = rec.TimestampType.String(), rec.LeaderEpoch
	m.Key = output.Field{Bytes: rec.Key, Text: key}
	m.Value = output.Field{Bytes: rec.Value, Text: value}
	m.Headers = nil
	if len(rec.Headers) > 0 {
		r.headers = r.headers[:0]
		for _, h := range rec.Headers {
			r.headers = append(r.headers, output.Header{Key: h.Key, Value: output.Field{Bytes: h.Value}})
		}
		m.Headers = r.headers
	}
}

// Render appends the record, and its further results as records of their own.
func (r *Record) Render(dst []byte, format output.Format) []byte {
	dst = format.Append(dst, &r.Message)
	for _, result := range r.extra {
		r.setValue(result)
		dst = format.Append(dst, &r.Message)
	}
	return dst
}

// Results is how many records Render makes of it.
func (r *Record) Results() int { return 1 + len(r.extra) }

// Look returns what expressions see: the decoded fields where there are such.
func (r *Record) Look() *expr.Record {
	if r.looked {
		return &r.view
	}
	r.looked = true
	m := &r.Message
	r.view = expr.Record{
		Topic: m.Topic, Partition: m.Partition, Offset: m.Offset, Timestamp: m.Timestamp,
		Key: viewOf(&m.Key), Value: viewOf(&m.Value),
	}
	if len(m.Headers) > 0 {
		r.views = r.views[:0]
		for _, h := range r.Record.Headers {
			r.views = append(r.views, expr.Header{Key: h.Key, Value: h.Value})
		}
		r.view.Headers = r.views
	}
	return &r.view
}

func viewOf(f *output.Field) expr.Field {
	if f.JSON != nil {
		return expr.Field{Data: f.JSON, Decoded: true}
	}
	return expr.Field{Data: f.Bytes}
}
