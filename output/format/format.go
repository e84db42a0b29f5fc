package format

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/itchyny/timefmt-go"

	"kstream/output"
)

// Options say how records are written.
type Options struct {
	// Null stands for a null key or value, and for a time that there is not.
	Null []byte
	// Terminal escapes all that is not the format string's own; see
	// output.AppendEscaped. Numbers in binary form are escaped too.
	Terminal bool
}

// Format is a compiled format string. It is safe for concurrent use.
type Format struct {
	steps []step
	opts  Options
	count atomic.Int64 // records so far, for %i
}

var _ output.Format = (*Format)(nil)

// step writes one piece of a record.
type step struct {
	verb    byte // 0 for literal bytes; kcat's own verbs are named in kcat.go
	literal []byte
	number  numberForm
	text    textForm
	layout  string  // of a time
	unpack  []field // of text
	steps   []step  // of headers
}

// textForm is how text, or a time, is written.
type textForm uint8

const (
	textPlain textForm = iota
	textHex
	textBase64
	textBase64Raw
	textJSON
	textUnpack
	timeStrftime
	timeGo
)

// Parse compiles a format string. Errors name the byte in it, counted from 0.
func Parse(spec string, opts Options) (*Format, error) {
	items, err := parse(spec)
	if err != nil {
		return nil, err
	}
	steps, err := compile(items)
	if err != nil {
		return nil, err
	}
	return &Format{steps: steps, opts: opts}, nil
}

// compile compiles the items, with their modifiers, for output.
func compile(items []item) ([]step, error) {
	steps := make([]step, 0, len(items))
	for _, it := range items {
		s := step{verb: it.verb, literal: it.literal, layout: it.argument}
		known := true
		var err error
		switch it.verb {
		case 0:
		case 'h':
			if s.steps, err = compile(it.items); err != nil {
				return nil, err
			}
		case 't', 'k', 'v':
			s.text, known = textFormOf(it.modifier)
			if s.text == textUnpack {
				s.unpack, err = parseUnpack(it.argument)
			}
		case 'a':
			known = it.modifier == "timestamp-type"
		case 'd':
			switch it.modifier {
			case "strftime":
				s.text = timeStrftime
			case "go":
				s.text = timeGo
			default:
				s.number, known = numberFormOf(it.modifier)
			}
		default:
			s.number, known = numberFormOf(it.modifier)
		}
		if !known {
			err = fmt.Errorf("%s{%s}: no such modifier for output", it, it.modifier)
		}
		if err != nil {
			return nil, fmt.Errorf("format string, byte %d: %w", it.at, err)
		}
		steps = append(steps, s)
	}
	return steps, nil
}

func textFormOf(modifier string) (textForm, bool) {
	switch modifier {
	case "":
		return textPlain, true
	case "hex":
		return textHex, true
	case "base64":
		return textBase64, true
	case "base64raw":
		return textBase64Raw, true
	case "json":
		return textJSON, true
	case "unpack":
		return textUnpack, true
	}
	return 0, false
}

// Append appends m.
func (f *Format) Append(dst []byte, m *output.Message) []byte {
	count := f.count.Add(1)
	for i := range f.steps {
		s := &f.steps[i]
		switch s.verb {
		case 0:
			dst = append(dst, s.literal...)
		case 't':
			dst = f.topic(dst, s, m.Topic)
		case 'k':
			dst = f.field(dst, s, &m.Key)
		case 'v':
			dst = f.field(dst, s, &m.Value)
		case 'T':
			dst = f.number(dst, s, int64(len(m.Topic)))
		case 'K':
			dst = f.number(dst, s, int64(m.Key.TextLen()))
		case 'V':
			dst = f.number(dst, s, int64(m.Value.TextLen()))
		case 'H':
			dst = f.number(dst, s, int64(len(m.Headers)))
		case 'p':
			dst = f.number(dst, s, int64(m.Partition))
		case 'o':
			dst = f.number(dst, s, m.Offset)
		case 'i':
			dst = f.number(dst, s, count)
		case 'a':
			dst = f.number(dst, s, timestampType(m))
		case 'e':
			dst = f.number(dst, s, int64(m.LeaderEpoch))
		case 'd':
			dst = f.time(dst, s, m)
		case 'h':
			for i := range m.Headers {
				dst = f.header(dst, s.steps, &m.Headers[i])
			}
		default:
			dst = f.kcat(dst, s.verb, m)
		}
	}
	return dst
}

func (f *Format) header(dst []byte, steps []step, h *output.Header) []byte {
	for i := range steps {
		s := &steps[i]
		switch s.verb {
		case 0:
			dst = append(dst, s.literal...)
		case 'k':
			dst = f.topic(dst, s, h.Key)
		case 'K':
			dst = f.number(dst, s, int64(len(h.Key)))
		case 'v':
			dst = f.field(dst, s, &h.Value)
		case 'V':
			dst = f.number(dst, s, int64(h.Value.TextLen()))
		}
	}
	return dst
}

func (f *Format) number(dst []byte, s *step, n int64) []byte {
	if f.opts.Terminal && (s.number.kind == kindBig || s.number.kind == kindLittle) {
		var b [8]byte
		return output.AppendEscaped(dst, s.number.append(b[:0], n))
	}
	return s.number.append(dst, n)
}

// topic writes a name, which is a string and never null.
func (f *Format) topic(dst []byte, s *step, name string) []byte {
	if s.text != textPlain {
		v := output.Field{Bytes: []byte(name), Text: output.TextString}
		return f.field(dst, s, &v)
	}
	if f.opts.Terminal {
		return output.AppendEscapedString(dst, name)
	}
	return append(dst, name...)
}

// field writes a key or a value. Every form but json works on the text that the plain
// form would write.
func (f *Format) field(dst []byte, s *step, v *output.Field) []byte {
	if s.text == textJSON {
		dst, _ = v.AppendJSON(dst, f.opts.Terminal)
		return dst
	}
	if v.IsNull() {
		return append(dst, f.opts.Null...)
	}
	if s.text == textPlain {
		return v.AppendText(dst, f.opts.Terminal)
	}
	data := v.Bytes
	if v.Decoded() {
		data = v.JSON
	}
	switch s.text {
	case textHex:
		return hex.AppendEncode(dst, data)
	case textBase64:
		return base64.StdEncoding.AppendEncode(dst, data)
	case textBase64Raw:
		return base64.RawStdEncoding.AppendEncode(dst, data)
	}
	if f.opts.Terminal {
		return output.AppendEscaped(dst, appendUnpacked(nil, data, s.unpack))
	}
	return appendUnpacked(dst, data, s.unpack)
}

func (f *Format) time(dst []byte, s *step, m *output.Message) []byte {
	if s.text == textPlain {
		if m.TimestampType == "" {
			return f.number(dst, s, -1)
		}
		return f.number(dst, s, m.Timestamp)
	}
	if m.TimestampType == "" {
		return append(dst, f.opts.Null...)
	}
	t := time.UnixMilli(m.Timestamp).UTC()
	if s.text == timeGo {
		return t.AppendFormat(dst, s.layout)
	}
	return timefmt.AppendFormat(dst, t, s.layout)
}

// timestampType returns the attribute bit of KIP-32, or -1 when there is no timestamp.
func timestampType(m *output.Message) int64 {
	switch m.TimestampType {
	case "":
		return -1
	case "log_append":
		return 1
	}
	return 0
}
