package value

import (
	"encoding/base64"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Mode says how much of a value its JSON keeps.
type Mode uint8

const (
	// Plain is for people and jq: bytes are base64 text, NaN is "NaN", tags are gone.
	Plain Mode = iota
	// Lossless can be read back into an equal value: {"$bytes":"…"}, {"$float":"nan"}.
	// Maps whose keys are not all text, or start with $, are {"$dict":[[k,v],…]}, so no
	// data can look like a tag.
	Lossless
)

func (m Mode) String() string {
	if m == Lossless {
		return "lossless"
	}
	return "plain"
}

// Ints says how integers are written.
type Ints uint8

// The ways to write integers in JSON.
const (
	IntNumbers Ints = iota // always digits
	IntStrings             // text when beyond ±(2^53-1), what JavaScript can hold
)

// JSONOptions say how AppendJSON writes. The zero value is plain JSON with the default
// bounds.
type JSONOptions struct {
	Mode Mode
	Ints Ints
	// Surrogates keeps lone surrogates as \udXXX escapes in plain JSON; else they become
	// U+FFFD, which every reader takes.
	Surrogates bool
	Depth      int // of nesting; 0 means DefaultDepth
	Bytes      int // that one value may become; 0 means DefaultOutput
}

// DefaultOutput bounds the JSON of one value where nothing else is said: 131 bytes of
// a format with references can stand for 2^64 leaves.
const DefaultOutput = 64 << 20

// maxDecimalBits is the longest integer that is written in decimal; the cost of that
// grows faster than the length. Longer ones are {"$int":"<hexadecimal>"}.
const maxDecimalBits = 131072

// JSONAppender is a value of one format that has more in it than the types that the
// package comment lists, such as references, and writes itself.
type JSONAppender interface {
	AppendJSON(dst []byte, o JSONOptions) ([]byte, error)
}

// AppendJSON appends v as compact JSON on one line: fields in their order, numbers as
// they were written. A JSONAppender writes itself. It fails with ErrTooDeep or ErrTooBig, or when v holds what the
// package comment does not list, and then returns dst as it was.
func AppendJSON(dst []byte, v V, o JSONOptions) ([]byte, error) {
	w := writer{out: dst, o: o, depth: depthOr(o.Depth), limit: o.Bytes}
	if w.limit <= 0 {
		w.limit = DefaultOutput
	}
	w.limit += len(dst)
	w.value(v)
	if w.err == nil && len(w.out) > w.limit {
		w.err = ErrTooBig
	}
	if w.err != nil {
		return dst, w.err
	}
	return w.out, nil
}

// writer appends to out until err is set.
type writer struct {
	out   []byte
	o     JSONOptions
	depth int // left
	limit int // of len(out)
	err   error
}

func (w *writer) value(v V) {
	if w.err != nil {
		return
	}
	switch t := v.(type) {
	case nil:
		w.out = append(w.out, "null"...)
	case bool:
		w.out = strconv.AppendBool(w.out, t)
	case int64:
		w.int(t)
	case *big.Int:
		w.bigInt(t)
	case Number:
		w.number(t)
	case Float:
		w.float(t)
	case string:
		w.text(t)
	case WTF8:
		w.wtf8(t)
	case Bytes:
		w.bytes(t)
	case List:
		w.list(t)
	case *Map:
		w.object(t)
	case *Pairs:
		w.pairs(*t)
	case Tagged:
		w.tagged(t)
	default:
		w.special(v)
	}
}

// room fails when n more bytes would be too many.
func (w *writer) room(n int) bool {
	if w.err == nil && n > w.limit-len(w.out) {
		w.err = ErrTooBig
	}
	return w.err == nil
}

// enter opens a container; leave closes it.
func (w *writer) enter(opening byte) bool {
	if !w.room(2) {
		return false
	}
	if w.depth == 0 {
		w.err = ErrTooDeep
		return false
	}
	w.depth--
	w.out = append(w.out, opening)
	return true
}

func (w *writer) leave(closing byte) {
	w.depth++
	w.out = append(w.out, closing)
}

func (w *writer) comma(i int) {
	if i > 0 {
		w.out = append(w.out, ',')
	}
}

const safeInt = 1<<53 - 1

func (w *writer) int(n int64) {
	quoted := w.o.Ints == IntStrings && (n > safeInt || n < -safeInt)
	w.quote(quoted)
	w.out = strconv.AppendInt(w.out, n, 10)
	w.quote(quoted)
}

func (w *writer) quote(quoted bool) {
	if quoted {
		w.out = append(w.out, '"')
	}
}

func (w *writer) bigInt(n *big.Int) {
	if n.IsInt64() {
		w.int(n.Int64())
		return
	}
	if !w.room(n.BitLen() / 3) {
		return
	}
	if n.BitLen() > maxDecimalBits {
		w.out = append(w.out, `{"$int":"`...)
		w.out = n.Append(w.out, 16)
		w.out = append(w.out, `"}`...)
		return
	}
	w.quote(w.o.Ints == IntStrings)
	w.out = n.Append(w.out, 10)
	w.quote(w.o.Ints == IntStrings)
}

func (w *writer) number(n Number) {
	if !w.room(len(n)) {
		return
	}
	quoted := w.o.Ints == IntStrings && len(n) > 15 && !strings.ContainsAny(string(n), ".eE")
	if quoted {
		if small, err := strconv.ParseInt(string(n), 10, 64); err == nil && small <= safeInt && small >= -safeInt {
			quoted = false
		}
	}
	w.quote(quoted)
	w.out = append(w.out, n...)
	w.quote(quoted)
}

func (w *writer) float(f Float) {
	if math.IsNaN(f.F) || math.IsInf(f.F, 0) {
		plain, tag := floatNames(f.F)
		if w.o.Mode == Lossless {
			w.tag("float", tag)
		} else {
			w.text(plain)
		}
		return
	}
	w.out = AppendFloat(w.out, f)
}

func floatNames(f float64) (plain, tag string) {
	switch {
	case math.IsInf(f, 1):
		return "Infinity", "inf"
	case math.IsInf(f, -1):
		return "-Infinity", "-inf"
	}
	return "NaN", "nan"
}

// AppendFloat appends the shortest decimal that reads back as f, always with a point
// or an exponent, so that it cannot be taken for an integer. f must be finite.
func AppendFloat(dst []byte, f Float) []byte {
	size := int(f.Bits)
	if size != 32 {
		size = 64
	}
	start := len(dst)
	format := byte('f')
	if a := math.Abs(f.F); a != 0 && (a < 1e-4 || a >= 1e16) {
		format = 'e'
	}
	dst = strconv.AppendFloat(dst, f.F, format, -1, size)
	for _, c := range dst[start:] {
		if c == '.' || c == 'e' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

func (w *writer) wtf8(t WTF8) {
	switch {
	case w.o.Mode == Lossless:
		w.tagged64("str", []byte(t))
	case w.o.Surrogates:
		w.surrogates(string(t))
	default:
		w.text(t.Replace())
	}
}

func (w *writer) bytes(b Bytes) {
	if w.o.Mode == Lossless {
		w.tagged64("bytes", b)
		return
	}
	w.base64(b)
}

func (w *writer) base64(b []byte) {
	if !w.room(base64.StdEncoding.EncodedLen(len(b)) + 2) {
		return
	}
	w.out = append(w.out, '"')
	w.out = base64.StdEncoding.AppendEncode(w.out, b)
	w.out = append(w.out, '"')
}

func (w *writer) tagged64(tag string, b []byte) {
	w.openTag(tag)
	w.base64(b)
	w.out = append(w.out, '}')
}

func (w *writer) openTag(tag string) {
	w.out = append(w.out, `{"$`...)
	w.out = append(w.out, tag...)
	w.out = append(w.out, `":`...)
}

// tag writes {"$name":"text"}.
func (w *writer) tag(name, text string) {
	w.openTag(name)
	w.text(text)
	w.out = append(w.out, '}')
}

func (w *writer) list(l List) {
	if !w.enter('[') {
		return
	}
	for i, v := range l {
		w.comma(i)
		if w.value(v); w.err != nil || !w.room(1) {
			return
		}
	}
	w.leave(']')
}

func (w *writer) object(m *Map) {
	if w.o.Mode == Lossless {
		for i := range m.Fields {
			if strings.HasPrefix(m.Fields[i].Key, "$") {
				w.dict(len(m.Fields), func(i int) (V, V) { return m.Fields[i].Key, m.Fields[i].Value })
				return
			}
		}
	}
	w.fields(m.Fields)
}

func (w *writer) fields(fields []Field) {
	if !w.enter('{') {
		return
	}
	for i := range fields {
		w.comma(i)
		w.field(&fields[i])
		if w.err != nil || !w.room(1) {
			return
		}
	}
	w.leave('}')
}

func (w *writer) field(f *Field) {
	w.text(f.Key)
	w.out = append(w.out, ':')
	w.value(f.Value)
}

// dict writes n entries as {"$dict":[[k,v],…]}.
func (w *writer) dict(n int, entry func(i int) (k, v V)) {
	w.openTag("dict")
	w.entries(n, entry)
	w.out = append(w.out, '}')
}

func (w *writer) entries(n int, entry func(i int) (k, v V)) {
	if !w.enter('[') {
		return
	}
	for i := range n {
		w.comma(i)
		k, v := entry(i)
		if !w.enter('[') {
			return
		}
		w.value(k)
		w.out = append(w.out, ',')
		if w.value(v); w.err != nil || !w.room(1) {
			return
		}
		w.leave(']')
	}
	w.leave(']')
}

// pairs writes an object where the keys have distinct texts, else a list of pairs.
func (w *writer) pairs(p Pairs) {
	entry := func(i int) (V, V) { return p[i].Key, p[i].Value }
	if w.o.Mode == Lossless {
		w.dict(len(p), entry)
		return
	}
	fields := make([]Field, len(p))
	seen := make(map[string]struct{}, len(p))
	for i := range p {
		key, ok := keyText(p[i].Key)
		if _, twice := seen[key]; !ok || twice {
			w.entries(len(p), entry)
			return
		}
		seen[key] = struct{}{}
		fields[i] = Field{key, p[i].Value}
	}
	w.fields(fields)
}

// keyText is the name that a scalar gets as the key of a plain object: 1 is "1", null
// is "null".
func keyText(k V) (text string, ok bool) {
	switch t := k.(type) {
	case string:
		return t, true
	case List, *Map, *Pairs, Duration:
		return "", false
	case Tagged:
		return keyText(t.Plain)
	}
	out, err := AppendJSON(nil, k, JSONOptions{})
	if err != nil {
		return "", false
	}
	if out[0] == '"' {
		inner, _ := unescape(nil, out[1:len(out)-1])
		return string(inner), true
	}
	return string(out), out[0] != '{'
}

func (w *writer) tagged(t Tagged) {
	if w.o.Mode != Lossless {
		if w.depth == 0 {
			w.err = ErrTooDeep
			return
		}
		w.depth--
		w.value(t.Plain)
		w.depth++
		return
	}
	if !w.enter('{') {
		return
	}
	w.text("$" + t.Tag)
	w.out = append(w.out, ':')
	w.value(t.V)
	for i := range t.More {
		if w.err != nil || !w.room(1) {
			return
		}
		w.out = append(w.out, ',')
		w.field(&t.More[i])
	}
	w.leave('}')
}

// text writes a string; what is not UTF-8 in it becomes U+FFFD.
func (w *writer) text(s string) {
	if w.room(len(s) + 2) {
		w.out = AppendString(w.out, s)
	}
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string, escaping only what JSON requires; what is
// not UTF-8 becomes U+FFFD.
func AppendString[T string | []byte](dst []byte, s T) []byte {
	return appendQuoted(dst, bytesOf(s))
}

// bytesOf gives the bytes of either kind of text, to be read only.
func bytesOf[T string | []byte](s T) []byte {
	switch t := any(&s).(type) {
	case *string:
		return unsafe.Slice(unsafe.StringData(*t), len(*t))
	case *[]byte:
		return *t
	}
	return nil
}

func appendQuoted(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; ; {
		i += plainRun(s[i:])
		if i == len(s) {
			break
		}
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		dst = appendEscape(append(dst, s[start:i]...), c)
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// appendEscape appends what stands for a byte that cannot stand for itself.
func appendEscape(dst []byte, c byte) []byte {
	switch {
	case c >= utf8.RuneSelf:
		return append(dst, "\uFFFD"...)
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c == '\n':
		return append(dst, '\\', 'n')
	case c == '\t':
		return append(dst, '\\', 't')
	case c == '\r':
		return append(dst, '\\', 'r')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// surrogates writes WTF-8 with \udXXX for each lone surrogate.
func (w *writer) surrogates(s string) {
	if !w.room(2*len(s) + 2) {
		return
	}
	w.out = append(w.out, '"')
	for len(s) > 0 {
		i := nextSurrogate(s)
		quoted := AppendString(nil, s[:i])
		w.out = append(w.out, quoted[1:len(quoted)-1]...)
		if i == len(s) {
			break
		}
		r := rune(0xd000) | rune(s[i+1]&0x3f)<<6 | rune(s[i+2]&0x3f)
		w.out = append(w.out, `\u`...)
		w.out = strconv.AppendUint(w.out, uint64(r), 16)
		s = s[i+3:]
	}
	w.out = append(w.out, '"')
}

// nextSurrogate is the index of the first surrogate in WTF-8, or len(s).
func nextSurrogate(s string) int {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == 0xed && s[i+1] >= 0xa0 && s[i+1] <= 0xbf && s[i+2] >= 0x80 && s[i+2] <= 0xbf {
			return i
		}
	}
	return len(s)
}

// Replace is the text with U+FFFD for each lone surrogate.
func (t WTF8) Replace() string {
	var b strings.Builder
	for s := string(t); ; {
		i := nextSurrogate(s)
		b.WriteString(s[:i])
		if i == len(s) {
			return strings.ToValidUTF8(b.String(), "\uFFFD")
		}
		b.WriteString("\uFFFD")
		s = s[i+3:]
	}
}
