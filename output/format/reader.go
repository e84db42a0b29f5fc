package format

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"kstream/output"
)

// DefaultMaxRecord is how many bytes of input one record may take, unless told.
const DefaultMaxRecord = 64 << 20

// ReaderOptions say how records are read.
type ReaderOptions struct {
	// MaxRecord is how many bytes of input one record may take; 0 is DefaultMaxRecord.
	MaxRecord int
}

// Reader reads records from a stream by a format string, the one that wrote them.
//
// A text field with a length before it (%K%k) takes that many bytes; others end where
// the literal text after them starts, or with the input when nothing follows. %K{3}
// is a length that takes no bytes itself. {hex} and {base64} are decoded, their length
// is that of the digits; {json} takes one JSON value, of any length and layout, and
// makes it compact. %H counts the headers that %h{…} reads. %d is milliseconds; %o, %i
// and %T without %t are read and dropped.
//
// The literal text that ends the format string may be missing at the end of the input.
type Reader struct {
	in    input
	steps []readStep
	line  output.Line
	topic string // of the last record, most likely also of the next

	sizes   [3]int // of the topic, key and value that come next
	headers int
	parts   []span // key and value, then those of the headers: pairs
	scratch []byte // decoded text, into which spans may point
	records int64
}

// readStep reads one piece of a record.
type readStep struct {
	item
	number numberForm
	fixed  int // a length that is not read, from %K{3}
	text   textForm
	sized  bool   // a length was read for it
	until  []byte // literal that ends it; nil for the end of the input
	steps  []readStep
	last   bool // the last step of the record
}

// span is a piece of the record, in the input from the start of the record or in
// scratch.
type span struct {
	present, decoded bool
	start, end       int
}

// NewReader compiles spec for reading from r. Errors name the byte in spec.
func NewReader(spec string, r io.Reader, opts ReaderOptions) (*Reader, error) {
	items, err := parse(spec)
	if err != nil {
		return nil, err
	}
	steps, err := compileRead(items, false)
	if err != nil {
		return nil, err
	}
	if !reads(steps) {
		return nil, errors.New("format string: it reads nothing")
	}
	steps[len(steps)-1].last = true
	if opts.MaxRecord <= 0 {
		opts.MaxRecord = DefaultMaxRecord
	}
	return &Reader{in: input{r: r, most: opts.MaxRecord}, steps: steps, scratch: make([]byte, 0, 256)}, nil
}

// reads reports whether steps take any bytes.
func reads(steps []readStep) bool {
	for _, s := range steps {
		if s.fixed == 0 {
			return true
		}
	}
	return false
}

// compileRead compiles the items for input and checks that they can be read.
func compileRead(items []item, inHeader bool) ([]readStep, error) {
	steps := make([]readStep, 0, len(items))
	seen := make(map[byte]bool)
	for i, it := range items {
		fail := func(format string, args ...any) error {
			return fmt.Errorf("format string, byte %d: "+format, append([]any{it.at}, args...)...)
		}
		if it.verb != 0 && seen[it.verb] {
			return nil, fail("%s comes twice", it)
		}
		seen[it.verb] = true
		s := readStep{item: it}
		switch it.verb {
		case 0:
		case 't', 'k', 'v':
			var known bool
			s.text, known = textFormOf(it.modifier)
			if !known || s.text == textUnpack {
				return nil, fail("%s{%s}: no such modifier for input", it, it.modifier)
			}
			s.sized = seen[it.verb-'a'+'A']
			switch next := i + 1; {
			case s.text == textJSON && s.sized:
				return nil, fail("%s{json} ends by itself: leave its length out", it)
			case s.text == textJSON || s.sized:
			case next == len(items) && inHeader:
				return nil, fail("%s in %%h{…} needs a length before it or text after it", it)
			case next == len(items):
			case items[next].verb != 0:
				return nil, fail("%s needs a length before it or text after it, not %s", it, items[next])
			default:
				s.until = items[next].literal
			}
		case 'h':
			if !seen['H'] {
				return nil, fail("%%h needs %%H, the number of headers, before it")
			}
			var err error
			if s.steps, err = compileRead(it.items, true); err != nil {
				return nil, err
			}
			if !reads(s.steps) {
				return nil, fail("%%h{…} reads nothing")
			}
		case 'a':
			return nil, fail("%%a cannot be read")
		default:
			if lower := it.verb - 'A' + 'a'; it.verb <= 'Z' && seen[lower] {
				return nil, fail("%s must come before %%%c", it, lower)
			}
			var known bool
			if s.number, known = numberFormOf(it.modifier); known && it.modifier == "hex" {
				return nil, fail("%s{hex} does not say where it ends: use hex4 to hex64", it)
			}
			if !known {
				n, err := strconv.Atoi(it.modifier)
				if err != nil || n <= 0 {
					return nil, fail("%s{%s}: no such modifier for input", it, it.modifier)
				}
				s.fixed = n
			}
		}
		steps = append(steps, s)
	}
	return steps, nil
}

// Read reads the next record. Its parts hold until the next call; key and value are
// absent when the format string does not have them. After the last record the error is
// io.EOF. Other errors name the record, from 1, and the byte of the input, from 0; what
// follows them cannot be read.
func (r *Reader) Read() (*output.Line, error) {
	if err := r.in.begin(); err != nil {
		return nil, err
	}
	r.records++
	r.line = output.Line{Partition: -1, Offset: -1, Headers: r.line.Headers[:0]}
	r.parts = append(r.parts[:0], span{}, span{})
	r.scratch = r.scratch[:0]
	if err := r.run(r.steps, 0); err != nil {
		return nil, fmt.Errorf("record %d, byte %d: %w", r.records, r.in.offset(), err)
	}
	if r.in.pos == r.in.start {
		return nil, fmt.Errorf("record %d, byte %d: it takes no bytes: what follows would never end", r.records, r.in.offset())
	}
	r.line.Key, r.line.Value = r.part(r.parts[0]), r.part(r.parts[1])
	for i := 2; i < len(r.parts); i += 2 {
		key := r.part(r.parts[i])
		r.line.Headers = append(r.line.Headers, output.LineHeader{Key: string(key.Bytes), Value: r.part(r.parts[i+1])})
	}
	return &r.line, nil
}

// part resolves a span when the record is complete and the input stands still.
func (r *Reader) part(s span) output.Part {
	if !s.present {
		return output.Part{}
	}
	from := r.in.buf[r.in.start:]
	if s.decoded {
		from = r.scratch
	}
	return output.Part{Present: true, Bytes: from[s.start:s.end:s.end]}
}

// run reads steps; a key that they read becomes parts[at], a value parts[at+1].
func (r *Reader) run(steps []readStep, at int) error {
	for i := range steps {
		s := &steps[i]
		var err error
		switch s.verb {
		case 0:
			err = r.in.literal(s.literal, s.last)
		case 't', 'k', 'v':
			err = r.text(s, at)
		case 'h':
			err = r.readHeaders(s)
		default:
			err = r.number(s)
		}
		if err != nil {
			if s.verb != 0 {
				return fmt.Errorf("%s: %w", s.item, err)
			}
			return err
		}
	}
	return nil
}

func (r *Reader) readHeaders(s *readStep) error {
	sizes := r.sizes // a header's own lengths must not replace the record's
	defer func() { r.sizes = sizes }()
	for range r.headers {
		before, at := r.in.pos, len(r.parts)
		r.parts = append(r.parts, span{}, span{})
		if err := r.run(s.steps, at); err != nil {
			return err
		}
		if r.in.pos == before {
			return errors.New("a header takes no bytes")
		}
	}
	return nil
}

func (r *Reader) number(s *readStep) error {
	n := int64(s.fixed)
	if s.fixed == 0 {
		var err error
		if n, err = r.in.number(s.number); err != nil {
			return err
		}
	}
	switch s.verb {
	case 'p':
		if n < -1 || n > math.MaxInt32 {
			return fmt.Errorf("no partition has the number %d", n)
		}
		r.line.Partition = int32(n)
	case 'd':
		r.line.Timestamp, r.line.HasTimestamp = n, true
	case 'T', 'K', 'V', 'H':
		if n < 0 || n > int64(r.in.most) {
			return fmt.Errorf("%d is more than a record may have", uint64(n))
		}
		if s.verb == 'H' {
			r.headers = int(n)
		} else {
			r.sizes[sizeIndex(s.verb+'a'-'A')] = int(n)
		}
	}
	return nil
}

// sizeIndex returns the place of a text field's length in sizes.
func sizeIndex(verb byte) int {
	switch verb {
	case 'k':
		return 1
	case 'v':
		return 2
	}
	return 0
}

func (r *Reader) text(s *readStep, at int) error {
	var data []byte
	var err error
	switch {
	case s.text == textJSON:
		data, err = r.in.json()
	case s.sized:
		data, err = r.in.take(r.sizes[sizeIndex(s.verb)])
	default:
		data, err = r.in.until(s.until)
	}
	if err != nil {
		return err
	}
	end := r.in.pos - r.in.start
	p := span{present: true, start: end - len(data), end: end}
	if s.text != textPlain {
		p.decoded, p.start = true, len(r.scratch)
		if err := r.decode(s.text, data); err != nil {
			return err
		}
		p.end = len(r.scratch)
		data = r.scratch[p.start:]
	}
	switch s.verb {
	case 't':
		if string(data) != r.topic {
			r.topic = string(data)
		}
		r.line.Topic = r.topic
	case 'k':
		r.parts[at] = p
	default:
		r.parts[at+1] = p
	}
	return nil
}

// decode appends what data stands for to scratch.
func (r *Reader) decode(form textForm, data []byte) (err error) {
	switch form {
	case textHex:
		r.scratch, err = hex.AppendDecode(r.scratch, data)
	case textBase64:
		r.scratch, err = base64.StdEncoding.AppendDecode(r.scratch, data)
	case textBase64Raw:
		r.scratch, err = base64.RawStdEncoding.AppendDecode(r.scratch, data)
	default:
		r.scratch, err = output.AppendCompactJSON(r.scratch, data)
	}
	return err
}
