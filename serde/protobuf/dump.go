package protobuf

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"kstream/serde"
	"kstream/serde/value"
)

// dump writes a message without its schema: an object of the field numbers, a list for
// a number that comes more than once. Integers are as they are on the wire, fixed ones
// in hexadecimal, since they may be floats. Bytes are text if they can be printed, else
// a message if they can be one, else base64.
type dump struct {
	renderer
}

func (d *dump) message(at, end, depth int) error {
	if depth >= d.maxDepth {
		return d.fault(at, serde.ErrTooDeep)
	}
	fields, numbers, err := d.fields(at, end)
	if err != nil {
		return err
	}
	d.dst = append(d.dst, '{')
	for i, number := range numbers {
		if i > 0 {
			d.dst = append(d.dst, ',')
		}
		d.dst = append(d.dst, '"')
		d.dst = strconv.AppendInt(d.dst, int64(number), 10)
		d.dst = append(d.dst, '"', ':')
		if err := d.occurrences(fields[number], depth+1); err != nil {
			return err
		}
	}
	d.dst = append(d.dst, '}')
	return nil
}

// fields finds where the fields of data[at:end] begin, by number, and the order of the
// numbers.
func (d *dump) fields(at, end int) (starts map[protowire.Number][]int, order []protowire.Number, err error) {
	starts = map[protowire.Number][]int{}
	for at < end {
		number, _, _, next, err := d.next(at, end)
		if err != nil {
			return nil, nil, err
		}
		if starts[number] == nil {
			order = append(order, number)
		}
		starts[number] = append(starts[number], at, next)
		at = next
	}
	return starts, order, nil
}

func (d *dump) occurrences(spans []int, depth int) error {
	many := len(spans) > 2
	if many {
		d.dst = append(d.dst, '[')
		depth++
	}
	for i := 0; i < len(spans); i += 2 {
		if i > 0 {
			d.dst = append(d.dst, ',')
		}
		if err := d.one(spans[i], spans[i+1], depth); err != nil {
			return err
		}
		if len(d.dst) > d.limit {
			return d.fault(spans[i], serde.ErrTooBig)
		}
	}
	if many {
		d.dst = append(d.dst, ']')
	}
	return nil
}

func (d *dump) one(at, end, depth int) error {
	_, typ, body, next, err := d.next(at, end)
	if err != nil {
		return err
	}
	b := d.data[body:next]
	switch typ {
	case protowire.VarintType:
		v, _ := protowire.ConsumeVarint(b)
		d.dst = strconv.AppendUint(d.dst, v, 10)
		return nil
	case protowire.Fixed32Type:
		v, _ := protowire.ConsumeFixed32(b)
		d.dst = fmt.Appendf(d.dst, `"0x%08x"`, v)
		return nil
	case protowire.Fixed64Type:
		v, _ := protowire.ConsumeFixed64(b)
		d.dst = fmt.Appendf(d.dst, `"0x%016x"`, v)
		return nil
	}
	from, to := d.span(typ, body, next)
	b = d.data[from:to]
	if typ == protowire.BytesType && printable(b) {
		d.dst = value.AppendString(d.dst, b)
		return nil
	}
	start := len(d.dst)
	if err := d.message(from, to, depth); err == nil || typ == protowire.StartGroupType || len(d.dst) > d.limit {
		return err
	}
	d.dst = d.dst[:start]
	d.base64(b)
	return nil
}

// printable reports whether b is UTF-8 without control characters but tab and ends of
// lines. What is empty may be an empty text.
func printable(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
			return false
		}
	}
	return utf8.Valid(b)
}

// appendDump appends the dump of data. A frame of a registry is passed over: no message
// begins with 00.
func appendDump(dst, data []byte, limits serde.Limits) ([]byte, serde.Result, error) {
	d := dump{renderer: renderer{dst: dst, data: data, limit: len(dst) + limits.Output, maxDepth: limits.Depth, room: math.MaxInt}}
	r := serde.Result{Format: format}
	var at int
	d.data, at, r.Skipped = skipFrame(data, nil, limits)
	err := d.message(at, len(d.data), 0)
	if err == nil && len(d.dst) > d.limit {
		err = serde.ErrTooBig
	}
	if err != nil {
		if r.Skipped.Kind == serde.FrameGlue {
			d.at = -1 // it may have been compressed
		}
		return dst, serde.Result{}, fault(d.at, err)
	}
	return d.dst, r, nil
}
