package pickle

import (
	"fmt"
	"math/big"
	"strings"
	"unicode/utf8"
)

// sort says which type of Python's own an object stands for. Below protocol 4 or 5
// sets, bytes and bytearrays are calls too.
type sort uint8

const (
	other sort = iota
	aSet
	aFrozenset
	someBytes
	aBytearray
	aComplex
	anOrderedDict
	aDatetime
	aDate
	aTime
	aTimedelta
	aDecimal
	aUUID
)

// immutable reports whether two references to one object do not differ from references to
// two equal ones.
func (s sort) immutable() bool {
	switch s {
	case other, aSet, aBytearray, anOrderedDict:
		return false
	}
	return true
}

// view is what an object means when it is of a sort that JSON has a form for.
type view struct {
	sort   sort
	items  []any    // of a set
	octets octets   // of bytes
	text   string   // of dates, times, decimals, UUIDs
	zone   any      // of a datetime or time that has one which text cannot say
	parts  [2]any   // of a complex: floats
	delta  [3]int64 // days, seconds, microseconds
}

// modelled reports whether objects of a class may have a form of their own.
func modelled(g *global) bool {
	switch g.module {
	case "builtins":
		switch g.name {
		case "set", "frozenset", "bytes", "bytearray", "complex":
			return true
		}
	case "datetime":
		switch g.name {
		case "datetime", "date", "time", "timedelta", "timezone":
			return true
		}
	case "_codecs":
		return g.name == "encode"
	case "collections":
		return g.name == "OrderedDict"
	case "decimal":
		return g.name == "Decimal"
	case "uuid":
		return g.name == "UUID"
	case "copyreg":
		return g.name == "_reconstructor"
	}
	return false
}

// view recognises o by the class and the exact arguments that Python writes. Anything
// else, however close, stays an object that is shown as recorded.
func (o *object) view() view {
	v := o.shape()
	ok := true
	switch v.sort {
	case someBytes, aBytearray:
		v.octets, ok = o.content()
	case aDecimal:
		ok = isDecimal(v.text)
	}
	if !ok {
		return view{}
	}
	return v
}

// shape is view without looking into text and bytes: a few bytes of a pickle are enough
// to refer to long ones once more.
func (o *object) shape() view {
	g, ok := o.class.(*global)
	if !ok || !modelled(g) || o.kwargs != nil || o.items != nil {
		return view{}
	}
	args, ok := o.arguments()
	if !ok {
		return view{}
	}
	switch {
	case g.name == "UUID" || g.name == "_reconstructor":
		return o.viewUUID(args)
	case o.how != call || o.states != nil:
		return view{}
	case g.name == "OrderedDict":
		if len(args) == 0 {
			return view{sort: anOrderedDict}
		}
		return view{}
	case o.entries != nil:
		return view{}
	case g.module == "datetime":
		return viewDatetime(g.name, args)
	}
	switch g.name {
	case "set", "frozenset":
		return o.viewSet(g.name, args)
	case "bytes", "bytearray", "encode":
		return shapeOfBytes(g.name, args)
	case "complex":
		if len(args) == 2 && isFloat(args[0]) && isFloat(args[1]) {
			return view{sort: aComplex, parts: [2]any{args[0], args[1]}}
		}
	case "Decimal":
		if s, ok := oneText(args); ok {
			return view{sort: aDecimal, text: s}
		}
	}
	return view{}
}

func isFloat(v any) bool {
	_, ok := v.(float64)
	return ok
}

func oneText(args []any) (string, bool) {
	if len(args) != 1 {
		return "", false
	}
	s, ok := args[0].(string)
	return s, ok
}

// viewSet takes from the list what it held when it was passed on.
func (o *object) viewSet(name string, args []any) view {
	v := view{sort: aSet}
	if name == "frozenset" {
		v.sort = aFrozenset
	}
	if len(args) == 0 {
		return v
	}
	l, ok := args[0].(*node)
	if !ok || l.kind != list || len(args) != 1 {
		return view{}
	}
	v.items = l.items[:o.seen]
	return v
}

// shapeOfBytes recognises bytes(), _codecs.encode(text, "latin1"), bytearray(),
// bytearray(bytes) and bytearray(text, "latin-1").
func shapeOfBytes(name string, args []any) view {
	v := view{sort: someBytes}
	if name == "bytearray" {
		v.sort = aBytearray
	}
	ok := len(args) == 0 && name != "encode"
	switch {
	case len(args) == 1 && name == "bytearray":
		inner, isObject := args[0].(*object)
		_, isBytes := args[0].(octets)
		ok = isBytes || isObject && inner.shape().sort == someBytes
	case len(args) == 2 && name != "bytes":
		_, ok = args[0].(string)
		ok = ok && (args[1] == any("latin1") || args[1] == any("latin-1"))
	}
	if !ok {
		return view{}
	}
	return v
}

// content returns the bytes of an object of the shape of bytes. Text that is not Latin-1
// has none.
func (o *object) content() (octets, bool) {
	args, _ := o.arguments()
	if len(args) == 0 {
		return "", true
	}
	switch t := args[0].(type) {
	case string:
		return latin1(t)
	case octets:
		return t, true
	case *object:
		return t.content()
	}
	return "", false
}

// latin1 turns characters up to U+00FF into bytes.
func latin1(s string) (octets, bool) {
	if ascii(s) {
		return octets(s), true
	}
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return "", false
		}
		out = append(out, byte(r))
	}
	return octets(out), true
}

// fromLatin1 is the reverse of latin1.
func fromLatin1(b octets) string {
	if ascii(string(b)) {
		return string(b)
	}
	out := make([]byte, 0, 2*len(b))
	for i := range len(b) {
		out = utf8.AppendRune(out, rune(b[i]))
	}
	return string(out)
}

// viewUUID recognises an empty UUID whose state is its number. Python adds whether it was
// made safely, which is no part of its value.
func (o *object) viewUUID(args []any) view {
	if !o.makes("uuid", "UUID", args) || len(o.states) != 1 || o.entries != nil {
		return view{}
	}
	state, ok := o.states[0].(*node)
	if !ok || state.kind != dict || len(state.items) < 2 || state.items[0] != any("int") {
		return view{}
	}
	if len(state.items) > 2 && (len(state.items) != 4 || state.items[2] != any("is_safe")) {
		return view{}
	}
	var n *big.Int
	switch t := state.items[1].(type) {
	case int64:
		n = big.NewInt(t)
	case *big.Int:
		n = t
	default:
		return view{}
	}
	if n.Sign() < 0 || n.BitLen() > 128 {
		return view{}
	}
	var b [16]byte
	n.FillBytes(b[:])
	return view{sort: aUUID, text: fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])}
}

// makes reports whether o is an empty instance of a class, as protocol 2 writes it or as
// protocols 0 and 1 do.
func (o *object) makes(module, name string, args []any) bool {
	switch o.how {
	case made:
		return isGlobal(o.class, module, name) && len(args) == 0
	case call:
		return reconstructs(o.class, args) && isGlobal(args[0], module, name)
	}
	return false
}

// reconstructs recognises copyreg._reconstructor(class, object, None).
func reconstructs(class any, args []any) bool {
	return isGlobal(class, "copyreg", "_reconstructor") &&
		len(args) == 3 && isGlobal(args[1], "builtins", "object") && args[2] == nil
}

// isDecimal reports whether s is what str of a decimal.Decimal writes.
func isDecimal(s string) bool {
	s = strings.TrimPrefix(s, "-")
	if rest, ok := strings.CutPrefix(s, "sNaN"); ok {
		return digits(rest) == len(rest)
	}
	if rest, ok := strings.CutPrefix(s, "NaN"); ok {
		return digits(rest) == len(rest)
	}
	if s == "Infinity" {
		return true
	}
	n := digits(s)
	s = s[n:]
	if rest, ok := strings.CutPrefix(s, "."); ok {
		f := digits(rest)
		n, s = n+f, rest[f:]
	}
	if n == 0 {
		return false
	}
	if s == "" {
		return true
	}
	if s[0] != 'E' || len(s) < 3 || s[1] != '+' && s[1] != '-' {
		return false
	}
	return digits(s[2:]) == len(s)-2
}

// digits counts the decimal digits that s starts with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
