package avro

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"kstream/serde/value"
)

// How well a branch suits a value, before it is tried.
const (
	unfit   = iota
	fit     // it may take the value
	natural // it is what the value looks like
)

// union picks a branch. An object of one key that names a branch which takes the
// inner value is tagged. Where the object itself suits a branch as well, that plain
// reading is preferred, unless the style is AvroJSON.
func (e *encoder) union(n *node, v value.V, depth int) (any, error) {
	if v == nil && n.nullAt >= 0 {
		return nil, nil
	}
	if t, ok := v.(value.Tagged); ok && t.Tag == branchTag {
		return e.named(n, t, depth)
	}
	b, inner := n.tagged(v)
	if b == nil || e.defaults {
		return e.plain(n, v, depth)
	}
	if e.style == AvroJSON {
		native, err := e.branch(b, inner, depth)
		if err == nil {
			return native, nil
		}
		if native, plainErr := e.plain(n, v, depth); plainErr == nil {
			return native, nil
		}
		return nil, err
	}
	native, err := e.plain(n, v, depth)
	if err == nil {
		return native, nil
	}
	return e.branch(b, inner, depth)
}

// branchTag says the branch in lossless JSON: {"$union":"long","value":5}. It is written
// where a union has more than one branch beside null.
const branchTag = "union"

// named takes the branch that lossless JSON says.
func (e *encoder) named(n *node, t value.Tagged, depth int) (any, error) {
	name, _ := t.V.(string)
	if len(t.More) != 1 || t.More[0].Key != "value" {
		return nil, fmt.Errorf(`want {"$%s":"%s","value":…}`, branchTag, n.branches[0].tag)
	}
	for _, b := range n.branches {
		if b.tag == name && b.kind != kindNull {
			return e.branch(b, t.More[0].Value, depth)
		}
	}
	return nil, fmt.Errorf("the union has no branch %q", name)
}

// branchValue returns what a union holds, with the branch where the style keeps it.
func (n *node) branchValue(b *node, v value.V, style Style) value.V {
	switch {
	case style == AvroJSON:
		return &value.Map{Fields: []value.Field{{Key: b.tag, Value: v}}}
	case style == lossless && (len(n.branches) > 2 || len(n.branches) == 2 && n.nullAt < 0):
		return value.Tagged{Tag: branchTag, V: b.tag, Plain: v, More: []value.Field{{Key: "value", Value: v}}}
	}
	return v
}

// tagged returns the branch that an object of one key names, if it does.
func (n *node) tagged(v value.V) (*node, value.V) {
	m, ok := v.(*value.Map)
	if !ok || len(m.Fields) != 1 {
		return nil, nil
	}
	for _, b := range n.branches {
		if b.tag == m.Fields[0].Key && b.kind != kindNull {
			return b, m.Fields[0].Value
		}
	}
	return nil, nil
}

// branch tries one branch and keeps account of the work if that was in vain.
func (e *encoder) branch(b *node, v value.V, depth int) (any, error) {
	before := e.calls
	native, err := e.native(b, v, depth)
	if err != nil {
		e.wasted += e.calls - before
		if e.wasted > wastedFree+wastedTimes*max(e.calls-e.wasted, 0) {
			e.limit = 0
			return nil, errAmbiguous
		}
		return nil, err
	}
	if native == nil { // of null, or nothing that needs a name
		return nil, nil
	}
	return map[string]any{b.wire: native}, nil
}

// plain takes the first branch that takes v, of those that look like it, then of
// those that may do. Defaults of a schema belong to the first branch; any other is
// a courtesy of version 1.12 of the specification.
func (e *encoder) plain(n *node, v value.V, depth int) (any, error) {
	var only error
	tried := 0
	for fitness := natural; fitness > unfit; fitness-- {
		for _, b := range n.branches {
			rank := b.suits(v, e.style)
			if e.defaults && rank > unfit {
				rank = natural
			}
			if rank != fitness {
				continue
			}
			native, err := e.branch(b, v, depth)
			if err == nil {
				return native, nil
			}
			tried++
			only = err
		}
	}
	if tried == 1 || e.limit == 0 {
		return nil, only
	}
	names := make([]string, len(n.branches))
	for i, b := range n.branches {
		names[i] = b.tag
	}
	return nil, fmt.Errorf("no branch of the union (%s) takes %s", strings.Join(names, ", "), describe(v))
}

// suits ranks the branch for v without looking into it.
func (n *node) suits(v value.V, style Style) int {
	looks := func(yes bool) int {
		if yes {
			return natural
		}
		return fit
	}
	switch v := v.(type) {
	case nil:
		if n.kind != kindNull {
			return unfit
		}
		return natural
	case bool:
		if n.kind != kindBoolean {
			return unfit
		}
		return natural
	case int64, *big.Int:
		return n.suitsNumber(true)
	case value.Number:
		if n.kind == kindFloat && !isShort(string(v)) {
			return fit
		}
		return n.suitsNumber(!strings.ContainsAny(string(v), ".eE"))
	case value.Float:
		if n.kind == kindFloat && v.Bits != 32 {
			return fit
		}
		return n.suitsNumber(false)
	case string:
		return n.suitsText(v, style)
	case value.Bytes:
		if n.kind != kindBytes && n.kind != kindFixed {
			return unfit
		}
		return natural
	case value.List:
		if n.kind != kindArray {
			return unfit
		}
		return natural
	case *value.Map:
		switch n.kind {
		case kindRecord, kindMap:
			return natural
		case kindBytes:
			return fit
		case kindFixed:
			return looks(n.logical == duration)
		}
		return unfit
	case value.Date:
		return looks(n.logical == date)
	case value.TimeOfDay:
		return looks(n.logical == timeOfDay)
	case value.Time:
		return looks(n.logical == timestamp && !v.Local || n.logical == localTimestamp && v.Local)
	case value.Decimal:
		return looks(n.logical == decimal)
	case value.UUID:
		return looks(n.logical == uuidFixed || n.logical == uuidText)
	case value.Duration:
		return looks(n.logical == duration)
	}
	return fit
}

// isShort reports whether a float of 32 bits keeps the digits of a number.
func isShort(number string) bool {
	short, err := strconv.ParseFloat(number, 32)
	if err != nil {
		return false
	}
	long, _ := strconv.ParseFloat(number, 64)
	shown, _ := strconv.ParseFloat(strconv.FormatFloat(short, 'g', -1, 32), 64)
	return shown == long
}

func (n *node) suitsNumber(isInteger bool) int {
	switch n.kind {
	case kindInt, kindLong:
		if isInteger {
			return natural
		}
		return fit
	case kindFloat, kindDouble:
		if isInteger {
			return fit
		}
		return natural
	case kindBytes, kindFixed:
		if n.logical == decimal {
			return fit
		}
	}
	return unfit
}

func (n *node) suitsText(s string, style Style) int {
	switch n.kind {
	case kindString:
		return natural
	case kindEnum:
		if _, ok := n.symbolAt[s]; ok {
			return natural
		}
	case kindInt, kindLong:
		if n.logical != plainType {
			return natural
		}
	case kindFloat, kindDouble:
		return fit
	case kindBytes, kindFixed:
		if style != AvroJSON && (n.logical == decimal || n.logical == uuidFixed) {
			return natural
		}
		return fit
	}
	return unfit
}
