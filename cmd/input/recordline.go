package input

import (
	"bytes"
	"errors"

	"kstream/output"
)

// recordLines is the framing of record lines, one JSON object a line, as
// `consume -o json` writes them. Blank lines are no records.
type recordLines struct {
	lines
	dec output.Decoder
}

func newRecordLines() framing { return &recordLines{lines: newSplitter(nil)} }

var (
	errNoValue = errors.New(`no member "value" in this record line; null makes a tombstone`)
	errNoParts = errors.New(`neither "key" nor "value" in this object: a record line has both, other objects are --input values`)
)

func (r *recordLines) parse(frame []byte, b *Batch, rec *Record) (bool, error) {
	if len(bytes.TrimSpace(frame)) == 0 {
		return false, nil
	}
	line, err := r.dec.Decode(frame)
	switch {
	case err != nil:
		return false, err
	case !line.Value.Present && !line.Key.Present:
		return false, errNoParts
	case !line.Value.Present: // deleting must be asked for
		return false, errNoValue
	}
	rec.Topic, rec.Partition = line.Topic, line.Partition
	if line.HasTimestamp {
		rec.Timestamp = line.Timestamp
	}
	rec.Key, rec.Value = keep(b, &line.Key), keep(b, &line.Value)
	for i := range line.Headers {
		h := &line.Headers[i]
		b.AddHeader(Header{Key: h.Key, Value: keep(b, &h.Value)})
	}
	return true, nil
}

// keep copies a part into the batch: its bytes may be the decoder's.
func keep(b *Batch, p *output.Part) Field {
	if p.Encoding != "" {
		return Field{Bytes: b.Copy(p.JSON), Named: p.Named, Encoding: p.Encoding}
	}
	return Field{Bytes: b.Copy(p.Bytes), Exact: p.Exact, Named: p.Named}
}
