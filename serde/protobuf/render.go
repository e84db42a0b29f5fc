package protobuf

import (
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"kstream/serde"
	"kstream/serde/value"
)

// renderer writes the JSON of a message from its bytes. Each message is looked through
// once to find its fields, as runs of bytes, which are then written in the order of
// their declaration. What comes twice is merged as the encoding guide says: the last
// scalar counts, the bytes of messages are put together, the last member of a oneof
// stays.
type renderer struct {
	schema   *schema
	dst      []byte
	data     []byte
	at       int  // where what is wrong was found
	moved    bool // data is not the record: at says nothing about it
	limit    int  // of len(dst)
	maxDepth int
	room     int // bytes that may still be moved to merge messages

	runs    []run
	entries []entry

	unknown int // fields that the schema lacks
	opaque  int // Any that is shown as its bytes
	badText int // strings that are no UTF-8
}

// run is one occurrence of a field with its tag, or several in a row where all count.
type run struct {
	field      *field
	start, end int
	dead       bool // another member of its oneof came later
}

// fault returns err as an error at byte at.
func (r *renderer) fault(at int, err error) error {
	r.at = at
	return err
}

// message writes what data[at:end] is.
func (r *renderer) message(m *message, at, end, depth int) error {
	if m.known != ordinary {
		return r.wellKnown(m, at, end, depth)
	}
	if depth >= r.maxDepth {
		return r.fault(at, serde.ErrTooDeep)
	}
	r.dst = append(r.dst, '{')
	if err := r.members(m, at, end, depth+1); err != nil {
		return err
	}
	r.dst = append(r.dst, '}')
	return nil
}

// members writes the fields of an object, whose brace is open.
func (r *renderer) members(m *message, at, end, depth int) error {
	base := len(r.runs)
	if err := r.scan(m, at, end); err != nil {
		return err
	}
	top := len(r.runs)
	for i := base; i < top && !r.runs[i].dead; {
		j := r.sameField(i, top)
		if err := r.member(i, j, depth); err != nil {
			return err
		}
		if len(r.dst) > r.limit {
			return r.fault(r.runs[i].start, serde.ErrTooBig)
		}
		i = j
	}
	r.runs = r.runs[:base]
	return nil
}

func (r *renderer) sameField(i, top int) int {
	j := i + 1
	for j < top && r.runs[j].field == r.runs[i].field && !r.runs[j].dead {
		j++
	}
	return j
}

// scan finds the fields of data[at:end] and adds them to runs, in the order of the
// JSON, those that do not count last.
func (r *renderer) scan(m *message, at, end int) error {
	base, sorted := len(r.runs), true
	for at < end {
		number, typ, _, next, err := r.next(at, end)
		if err != nil {
			return err
		}
		f := m.field(number)
		if f == nil || !f.accepts(typ) {
			r.unknown++
			at = next
			continue
		}
		if last := len(r.runs) - 1; last >= base && r.runs[last].field == f && !r.runs[last].dead {
			switch {
			case (f.list || f.isMap) && r.runs[last].end == at:
				r.runs[last].end = next
				at = next
				continue
			case f.message == nil && !f.list:
				r.runs[last].start, r.runs[last].end = at, next
				at = next
				continue
			}
		} else if last >= base && (r.runs[last].dead || r.runs[last].field.index > f.index) {
			sorted = false
		}
		if f.oneof > 0 && r.replace(f, base) {
			sorted = false
		}
		r.runs = append(r.runs, run{field: f, start: at, end: next})
		at = next
	}
	if !sorted {
		slices.SortStableFunc(r.runs[base:], func(x, y run) int { return x.order() - y.order() })
	}
	return nil
}

func (n run) order() int {
	if n.dead {
		return 1 << 30
	}
	return n.field.index
}

// replace takes out the other members of the oneof of f, and reports whether there were.
// It stops where it stopped the last time, so that all calls take as long as one.
func (r *renderer) replace(f *field, base int) (replaced bool) {
	for i := len(r.runs) - 1; i >= base; i-- {
		other := &r.runs[i]
		if other.field.oneof != f.oneof {
			continue
		}
		if other.dead || other.field == f {
			break // those before it are dead, or the same
		}
		other.dead, replaced = true, true
	}
	return replaced
}

// next reads one tag and finds the end of its value. body is where the value begins.
func (r *renderer) next(at, end int) (number protowire.Number, typ protowire.Type, body, next int, err error) {
	number, typ, n := protowire.ConsumeTag(r.data[at:end])
	if n < 0 {
		return 0, 0, 0, 0, r.fault(at, tagError(n))
	}
	body = at + n
	if typ == protowire.StartGroupType {
		_, next, err = r.group(number, body, end)
		return number, typ, body, next, err
	}
	n = valueSize(typ, r.data[body:end])
	if n < 0 {
		return 0, 0, 0, 0, r.fault(body, tagError(n))
	}
	return number, typ, body, body + n, nil
}

// member writes one field with its name, unless it says nothing: an empty list, a zero
// where that is the same as none.
func (r *renderer) member(i, j, depth int) error {
	f := r.runs[i].field
	start := len(r.dst)
	if r.dst[start-1] != '{' {
		r.dst = append(r.dst, ',')
	}
	r.dst = append(r.dst, f.label...)
	empty, err := r.value(f, i, j, depth)
	if empty {
		r.dst = r.dst[:start]
	}
	return err
}

// value writes what runs[i:j] of a field come to. empty says that it is nothing to
// tell.
func (r *renderer) value(f *field, i, j, depth int) (empty bool, err error) {
	switch {
	case f.isMap:
		return false, r.mapOf(f, i, j, depth)
	case f.list:
		return r.listOf(f, i, j, depth)
	case f.message != nil:
		return false, r.merged(f, i, j, depth)
	}
	at := r.runs[j-1].start
	_, _, n := protowire.ConsumeTag(r.data[at:])
	_, zero, err := r.scalar(f, at+n, r.runs[j-1].end)
	return zero && f.implicit, err
}

// listOf writes the elements of all runs, whether packed or not.
func (r *renderer) listOf(f *field, i, j, depth int) (empty bool, err error) {
	if depth >= r.maxDepth {
		return false, r.fault(r.runs[i].start, serde.ErrTooDeep)
	}
	r.dst = append(r.dst, '[')
	start := len(r.dst)
	for ; i < j; i++ {
		end := r.runs[i].end
		for at := r.runs[i].start; at < end; {
			_, typ, body, next, err := r.next(at, end)
			if err != nil {
				return false, err
			}
			if err := r.elements(f, typ, body, next, depth+1, start); err != nil {
				return false, err
			}
			if len(r.dst) > r.limit {
				return false, r.fault(at, serde.ErrTooBig)
			}
			at = next
		}
	}
	empty = len(r.dst) == start
	r.dst = append(r.dst, ']')
	return empty, nil
}

// elements writes one occurrence of a list: an element, or several that are packed.
// The first element of all is at start of dst.
func (r *renderer) elements(f *field, typ protowire.Type, body, next, depth, start int) error {
	packed := f.packable && typ == protowire.BytesType
	if f.message != nil {
		r.comma(start)
		at, end := r.span(typ, body, next)
		return r.message(f.message, at, end, depth)
	}
	if !packed {
		r.comma(start)
		_, _, err := r.scalar(f, body, next)
		return err
	}
	_, n := protowire.ConsumeVarint(r.data[body:next])
	for at := body + n; at < next; {
		r.comma(start)
		size, _, err := r.scalar(f, at, next)
		if err != nil {
			return err
		}
		if len(r.dst) > r.limit {
			return r.fault(at, serde.ErrTooBig)
		}
		at += size
	}
	return nil
}

func (r *renderer) comma(start int) {
	if len(r.dst) > start {
		r.dst = append(r.dst, ',')
	}
}

// span returns where the bytes of a message or group are, whose value is data[body:next].
func (r *renderer) span(typ protowire.Type, body, next int) (at, end int) {
	if typ == protowire.BytesType {
		_, n := protowire.ConsumeVarint(r.data[body:next])
		return body + n, next
	}
	end, _, _ = r.group(0, body, next)
	return body, end
}

// merged writes a message that may have come in several pieces.
func (r *renderer) merged(f *field, i, j, depth int) error {
	if j == i+1 {
		at, end := r.piece(i)
		return r.message(f.message, at, end, depth)
	}
	size := 0
	for k := i; k < j; k++ {
		at, end := r.piece(k)
		size += end - at
	}
	if r.room -= size; r.room < 0 {
		return r.fault(r.runs[i].start, errPieces)
	}
	whole := make([]byte, 0, size)
	for k := i; k < j; k++ {
		at, end := r.piece(k)
		whole = append(whole, r.data[at:end]...)
	}
	data, moved := r.data, r.moved
	r.data, r.moved = whole, true
	if err := r.message(f.message, 0, len(whole), depth); err != nil {
		return err // moved stays: the place is in whole
	}
	r.data, r.moved = data, moved
	return nil
}

func (r *renderer) piece(i int) (at, end int) {
	_, typ, n := protowire.ConsumeTag(r.data[r.runs[i].start:])
	return r.span(typ, r.runs[i].start+n, r.runs[i].end)
}

// text writes a string.
func (r *renderer) text(f *field, b []byte, at int) error {
	if !utf8.Valid(b) {
		if f.utf8 {
			return r.fault(at, errNotUTF8)
		}
		r.badText++
	}
	r.dst = value.AppendString(r.dst, b)
	return nil
}

// defaultOf writes the value of a field that is not there.
func (r *renderer) defaultOf(f *field, depth int) error {
	switch f.kind {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return r.message(f.message, 0, 0, depth)
	case protoreflect.StringKind, protoreflect.BytesKind:
		r.dst = append(r.dst, `""`...)
	case protoreflect.BoolKind:
		r.dst = append(r.dst, "false"...)
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		r.dst = append(r.dst, "0.0"...)
	default:
		r.varint(f, 0)
	}
	return nil
}
