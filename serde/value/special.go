package value

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
)

// special writes the types that have a text form.
func (w *writer) special(v V) {
	switch t := v.(type) {
	case Decimal:
		if w.room(len(t.digits()) + 8) {
			w.textForm("decimal", AppendDecimal(nil, t))
		}
	case Time:
		tag := "timestamp"
		if t.Local {
			tag = "localtimestamp"
		}
		w.timeForm(tag, t)
	case Date:
		if text, ok := AppendDate(nil, t); ok {
			w.textForm("date", text)
		} else {
			w.int(int64(t))
		}
	case TimeOfDay:
		w.textForm("time", AppendTimeOfDay(nil, t))
	case UUID:
		w.textForm("uuid", AppendUUID(nil, t))
	case Duration:
		w.duration(t)
	case JSONAppender:
		o := w.o
		o.Depth, o.Bytes = max(w.depth, 1), max(w.limit-len(w.out), 1)
		w.out, w.err = t.AppendJSON(w.out, o)
	default:
		w.err = fmt.Errorf("no JSON for a %T", v)
	}
}

// textForm writes ASCII text, tagged in lossless JSON.
func (w *writer) textForm(tag string, text []byte) {
	if w.o.Mode == Lossless {
		w.openTag(tag)
	}
	w.out = append(w.out, '"')
	w.out = append(w.out, text...)
	w.out = append(w.out, '"')
	if w.o.Mode == Lossless {
		w.out = append(w.out, '}')
	}
}

// timeForm writes the raw count of the wire for years that have no RFC 3339 text.
func (w *writer) timeForm(tag string, t Time) {
	var room [40]byte
	if text, ok := AppendTime(room[:0], t); ok {
		w.textForm(tag, text)
		return
	}
	w.bigInt(t.count())
}

func (w *writer) duration(d Duration) {
	if w.o.Mode == Lossless {
		w.openTag("duration")
	}
	w.out = append(w.out, `{"months":`...)
	w.out = strconv.AppendUint(w.out, uint64(d.Months), 10)
	w.out = append(w.out, `,"days":`...)
	w.out = strconv.AppendUint(w.out, uint64(d.Days), 10)
	w.out = append(w.out, `,"millis":`...)
	w.out = strconv.AppendUint(w.out, uint64(d.Millis), 10)
	w.out = append(w.out, '}')
	if w.o.Mode == Lossless {
		w.out = append(w.out, '}')
	}
}

// fromTag reads an object whose first key starts with $ as AppendJSON wrote it in
// lossless mode. Tags that belong to one format stay Tagged, further fields in More.
func fromTag(fields []Field) (V, error) {
	name, v := fields[0].Key[1:], fields[0].Value
	if len(fields) > 1 {
		return Tagged{Tag: name, V: v, Plain: v, More: fields[1:]}, nil
	}
	read, known := tagReader(name)
	if !known {
		return Tagged{Tag: name, V: v, Plain: v}, nil
	}
	out, err := read(v)
	if err != nil {
		return nil, fmt.Errorf("$%s: %w", name, err)
	}
	return out, nil
}

// tagReader returns what reads the value of a tag of this package.
func tagReader(name string) (read func(V) (V, error), known bool) {
	switch name {
	case "bytes":
		return func(v V) (V, error) { return readBase64(v) }, true
	case "hex":
		return func(v V) (V, error) { return readHex(v) }, true
	case "str":
		return orTagged(name, readWTF8), true
	case "int":
		return readHexInt, true
	case "float":
		return func(v V) (V, error) { return AsTaggedFloat(v, 64) }, true
	case "float32":
		return func(v V) (V, error) { return AsTaggedFloat(v, 32) }, true
	case "float16":
		return func(v V) (V, error) { return AsTaggedFloat(v, 16) }, true
	case "decimal":
		return orTagged(name, readDecimal), true
	case "dict":
		return readDict, true
	case "uuid":
		return func(v V) (V, error) { return AsUUID(v) }, true
	case "timestamp":
		return func(v V) (V, error) { return readTime(v, false) }, true
	case "localtimestamp":
		return func(v V) (V, error) { return readTime(v, true) }, true
	case "date":
		return orTagged(name, func(v V) (V, error) { return AsDate(v) }), true
	case "time":
		return orTagged(name, readTimeOfDay), true
	case "duration":
		return func(v V) (V, error) { return AsDuration(v) }, true
	}
	return nil, false
}

// orTagged keeps what read cannot read: another format has a richer use of the tag.
func orTagged(name string, read func(V) (V, error)) func(V) (V, error) {
	return func(v V) (V, error) {
		if out, err := read(v); err == nil {
			return out, nil
		}
		return Tagged{Tag: name, V: v, Plain: v}, nil
	}
}

func readWTF8(v V) (V, error) {
	b, err := readBase64(v)
	if err != nil {
		return nil, err
	}
	if nextSurrogate(string(b)) == len(b) {
		return nil, errNotOurs // AppendJSON writes it for lone surrogates only
	}
	return WTF8(b), nil
}

// errNotOurs makes orTagged keep a tag.
var errNotOurs = errors.New("not as this package writes it")

// readDecimal leaves NaN, -0 and other texts that a Decimal would change to formats
// that know them.
func readDecimal(v V) (V, error) {
	text, ok := v.(string)
	if !ok {
		return nil, errNotOurs
	}
	d, err := ParseDecimal(text)
	if err != nil || string(AppendDecimal(nil, d)) != text {
		return nil, errNotOurs
	}
	return d, nil
}

func readHexInt(v V) (V, error) {
	text, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("want hexadecimal text, have %s", TypeName(v))
	}
	n, ok := new(big.Int).SetString(text, 16)
	if !ok {
		return nil, fmt.Errorf("not hexadecimal")
	}
	if n.IsInt64() {
		return n.Int64(), nil
	}
	return n, nil
}

// readDict makes a Map of pairs whose keys are all text, else Pairs.
func readDict(v V) (V, error) {
	list, ok := v.(List)
	if !ok {
		return nil, fmt.Errorf("want an array of pairs, have %s", TypeName(v))
	}
	pairs, text := make(Pairs, len(list)), true
	for i, e := range list {
		pair, ok := e.(List)
		if !ok || len(pair) != 2 {
			return nil, fmt.Errorf("element %d is no pair", i)
		}
		pairs[i] = Pair{pair[0], pair[1]}
		_, isText := pair[0].(string)
		text = text && isText
	}
	if !text {
		return &pairs, nil
	}
	m := &Map{Fields: make([]Field, len(pairs))}
	for i, p := range pairs {
		m.Fields[i] = Field{p.Key.(string), p.Value}
	}
	return m, nil
}
