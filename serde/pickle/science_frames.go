package pickle

import (
	"math"
	"strconv"
	"strings"
)

// Frames and series of pandas: tables in blocks of columns of one type, between two
// indexes. In plain JSON a series is the list of its values, and a frame the list of its
// rows, each an object, as of DataFrame.to_dict("records"). Columns of an index that has a
// name come first; other indexes are left out.

// pandasClass returns the last part of the name of a class of pandas. The modules differ
// between its versions.
func pandasClass(v any) string {
	g, ok := v.(*global)
	if !ok || g.module != "pandas" && !strings.HasPrefix(g.module, "pandas.") {
		return ""
	}
	return g.name[strings.LastIndexByte(g.name, '.')+1:]
}

// stateOf returns the one state of o, if that is a dict with text for keys.
func (o *object) stateOf() (map[string]any, bool) {
	if len(o.states) != 1 || o.kwargs != nil || o.items != nil || o.entries != nil {
		return nil, false
	}
	return textKeys(o.states[0])
}

func textKeys(v any) (map[string]any, bool) {
	d, ok := v.(*node)
	if !ok || d.kind != dict {
		return nil, false
	}
	m := make(map[string]any, len(d.items)/2)
	for i := 0; i+1 < len(d.items); i += 2 {
		key, ok := d.items[i].(string)
		if !ok {
			return nil, false
		}
		m[key] = d.items[i+1]
	}
	return m, true
}

// tabular returns what stands for a frame, a series or an array of pandas with a mask.
func (o *object) tabular() (any, bool) {
	if o.how != made {
		return nil, false
	}
	class := pandasClass(o.class)
	if class == "" {
		return nil, false
	}
	state, ok := o.stateOf()
	if !ok {
		return nil, false
	}
	switch class {
	case "DataFrame", "Series":
		axes, blocks, ok := managed(state["_mgr"])
		switch {
		case !ok:
			return nil, false
		case class == "Series" && len(blocks) == 1:
			return valuesOf(blocks[0].values)
		case class == "DataFrame" && len(axes) == 2:
			return frame(axes[0], axes[1], blocks)
		}
	case "IntegerArray", "FloatingArray", "BooleanArray":
		return masked(state["_data"], state["_mask"])
	case "ArrowStringArray", "ArrowStringArrayNumpySemantics", "ArrowExtensionArray":
		return arrowValues(state["_pa_array"])
	}
	return nil, false
}

// block is the values of some columns, and which these are.
type block struct{ values, columns any }

// managed reads a BlockManager: a call with blocks and axes, or a state that has both.
func managed(v any) (axes []any, blocks []block, ok bool) {
	o, isObject := v.(*object)
	if !isObject || !strings.HasSuffix(pandasClass(o.class), "BlockManager") {
		return nil, nil, false
	}
	if o.how == call && o.untouched() {
		args, _ := o.arguments()
		if len(args) != 2 {
			return nil, nil, false
		}
		for _, b := range listed(args[0]) {
			made, isObject := b.(*object)
			if !isObject || pandasClass(made.class) != "_unpickle_block" || !made.untouched() {
				return nil, nil, false
			}
			of, _ := made.arguments()
			if len(of) != 3 {
				return nil, nil, false
			}
			blocks = append(blocks, block{of[0], of[1]})
		}
		return listed(args[1]), blocks, true
	}
	if len(o.states) != 1 {
		return nil, nil, false
	}
	parts := listed(o.states[0])
	if len(parts) != 4 {
		return nil, nil, false
	}
	versions, _ := textKeys(parts[3])
	state, ok := textKeys(versions["0.14.1"])
	if !ok {
		return nil, nil, false
	}
	for _, b := range listed(state["blocks"]) {
		of, ok := textKeys(b)
		if !ok {
			return nil, nil, false
		}
		blocks = append(blocks, block{of["values"], of["mgr_locs"]})
	}
	return listed(state["axes"]), blocks, true
}

// listed returns the items of a list or tuple.
func listed(v any) []any {
	if n, ok := v.(*node); ok && (n.kind == list || n.kind == tuple) {
		return n.items
	}
	return nil
}

// numpyOf returns the list that an array of NumPy stands for.
func numpyOf(v any) (*node, bool) {
	o, ok := v.(*object)
	if !ok || pandasClass(o.class) != "" {
		return nil, false
	}
	meaning, _ := o.meaning()
	n, ok := meaning.(*node)
	return n, ok && n.kind == list
}

// valuesOf returns the list that an array of NumPy or pandas stands for. Frames, series
// and indexes are no arrays: a chain of them has no end.
func valuesOf(v any) (*node, bool) {
	o, ok := v.(*object)
	if !ok {
		return nil, false
	}
	switch pandasClass(o.class) {
	case "DataFrame", "Series", "_new_Index", "_new_DatetimeIndex":
		return nil, false
	}
	meaning, _ := o.meaning()
	n, ok := meaning.(*node)
	return n, ok && n.kind == list
}

// maxCells is how many values a frame may have; more are no JSON of a bearable size.
const maxCells = 4 << 20

// frame puts a table together.
func frame(names, index any, blocks []block) (any, bool) {
	var columns [][]any
	rows, cells := -1, 0
	for _, b := range blocks {
		n, locations, ok := located(b.columns)
		if !ok {
			return nil, false
		}
		part, ok := columnsOf(b.values, n)
		if !ok {
			return nil, false
		}
		if n > 0 {
			cells += n * (1 + len(part[0]))
		}
		if cells > maxCells {
			return nil, false
		}
		for i, at := range locations {
			for len(columns) <= at && len(columns) < 1<<16 {
				columns = append(columns, nil)
			}
			if at >= len(columns) || columns[at] != nil || rows >= 0 && len(part[i]) != rows {
				return nil, false
			}
			rows, columns[at] = len(part[i]), part[i]
		}
	}
	keys, ok := labels(names, len(columns))
	if !ok {
		return nil, false
	}
	more, levels, ok := indexColumns(index, max(rows, 0))
	if !ok {
		return nil, false
	}
	keys, columns = append(more, keys...), append(levels, columns...)
	out := &node{kind: list, items: make([]any, max(rows, 0))}
	for r := range out.items {
		row := &node{kind: dict, items: make([]any, 0, 2*len(keys))}
		for c, key := range keys {
			if columns[c] == nil {
				return nil, false
			}
			row.items = append(row.items, key, columns[c][r])
		}
		out.items[r] = row
	}
	return out, true
}

// located reads a slice or an array of the numbers of columns.
func located(v any) (n int, at []int, ok bool) {
	const most = 1 << 16
	o, isObject := v.(*object)
	if isObject && isGlobal(o.class, "builtins", "slice") && o.untouched() {
		args, _ := o.arguments()
		start, end, step, ok := span(args)
		if !ok || end > most {
			return 0, nil, false
		}
		for i := start; i < end; i += step {
			at = append(at, int(i))
		}
		return len(at), at, true
	}
	numbers, ok := valuesOf(v)
	if !ok {
		return 0, nil, false
	}
	for _, item := range numbers.items {
		i, ok := item.(int64)
		if !ok || i < 0 || i >= most {
			return 0, nil, false
		}
		at = append(at, int(i))
	}
	return len(at), at, true
}

// span reads (start, stop, step), which goes up from 0 or more.
func span(args []any) (start, end, step int64, ok bool) {
	if len(args) != 3 {
		return 0, 0, 0, false
	}
	start, ok1 := args[0].(int64)
	end, ok2 := args[1].(int64)
	step, ok3 := args[2].(int64)
	return start, end, step, ok1 && ok2 && ok3 && start >= 0 && end >= start && step > 0
}

// columnsOf returns the values of a block as n columns. Arrays of NumPy have two
// dimensions, most of pandas one.
func columnsOf(v any, n int) ([][]any, bool) {
	all, ok := valuesOf(v)
	if !ok {
		return nil, false
	}
	out := make([][]any, n)
	o := v.(*object) // valuesOf knows it
	_, flat := o.class.(*global)
	flat = flat && pandasClass(o.class) != "" && (n != 1 || len(all.items) == 0 || !isList(all.items[0]))
	switch {
	case len(all.items) == 0:
		for i := range out {
			out[i] = []any{}
		}
		return out, true
	case flat && n == 1:
		out[0] = all.items
		return out, true
	case flat || len(all.items) != n:
		return nil, false
	}
	for i, column := range all.items {
		if !isList(column) {
			return nil, false
		}
		out[i] = listed(column)
	}
	return out, true
}

func isList(v any) bool {
	n, ok := v.(*node)
	return ok && n.kind == list
}

// labels returns n labels of an index: its values, or those of a range.
func labels(index any, n int) ([]any, bool) {
	class, of, ok := indexParts(index)
	if !ok {
		return nil, false
	}
	if class == "RangeIndex" {
		start, end, step, ok := span([]any{of["start"], of["stop"], of["step"]})
		if !ok || (end-start+step-1)/step != int64(n) {
			return nil, false
		}
		out := make([]any, n)
		for i := range out {
			out[i] = start + int64(i)*step
		}
		return out, true
	}
	values, ok := valuesOf(of["data"])
	if !ok || len(values.items) != n {
		return nil, false
	}
	return values.items, true
}

// indexParts reads the call that makes an index.
func indexParts(v any) (class string, of map[string]any, ok bool) {
	o, isObject := v.(*object)
	if !isObject || o.how != call || !o.untouched() {
		return "", nil, false
	}
	if name := pandasClass(o.class); name != "_new_Index" && name != "_new_DatetimeIndex" {
		return "", nil, false
	}
	args, _ := o.arguments()
	if len(args) != 2 {
		return "", nil, false
	}
	of, ok = textKeys(args[1])
	return pandasClass(args[0]), of, ok
}

// indexColumns returns the columns that an index adds to the rows: its levels, where it
// has several, or itself when it has a name.
func indexColumns(index any, rows int) (names []any, columns [][]any, ok bool) {
	class, of, ok := indexParts(index)
	switch {
	case !ok:
		return nil, nil, true
	case class != "MultiIndex" && of["name"] == nil:
		return nil, nil, true
	case class != "MultiIndex":
		values, ok := labels(index, rows)
		return []any{of["name"]}, [][]any{values}, ok
	}
	levels, codes := listed(of["levels"]), listed(of["codes"])
	if len(levels) != len(codes) || len(levels)*(1+rows) > maxCells {
		return nil, nil, false
	}
	for i, level := range levels {
		_, parts, ok := indexParts(level)
		values, isList := valuesOf(parts["data"])
		places, isArray := valuesOf(codes[i])
		if !ok || !isList || !isArray || len(places.items) != rows {
			return nil, nil, false
		}
		column, ok := chosen(values.items, places.items)
		if !ok {
			return nil, nil, false
		}
		name := parts["name"]
		if name == nil {
			name = "level_" + strconv.Itoa(i)
		}
		names, columns = append(names, name), append(columns, column)
	}
	return names, columns, true
}

// chosen returns the values that codes name by their places; -1 is none.
func chosen(values, codes []any) ([]any, bool) {
	out := make([]any, len(codes))
	for i, code := range codes {
		at, ok := code.(int64)
		if !ok || at < -1 || at >= int64(len(values)) {
			return nil, false
		}
		if at >= 0 {
			out[i] = values[at]
		}
	}
	return out, true
}

// masked returns the values of an array with null for those that its mask has.
func masked(data, mask any) (any, bool) {
	values, ok1 := numpyOf(data)
	hidden, ok2 := numpyOf(mask)
	if !ok1 || !ok2 || len(values.items) != len(hidden.items) {
		return nil, false
	}
	out := &node{kind: list, items: make([]any, len(values.items))}
	for i, v := range values.items {
		if hidden.items[i] == any(false) {
			out.items[i] = v
		}
	}
	return out, true
}

// backed returns the values of an array of pandas that keeps them in one of NumPy: a call
// (class, …) with the state (type, array).
func (o *object) backed(args []any) (any, bool) {
	if len(args) == 0 || len(o.states) != 1 {
		return nil, false
	}
	state := listed(o.states[0])
	if len(state) < 2 {
		return nil, false
	}
	values, ok := numpyOf(state[1])
	if !ok {
		return nil, false
	}
	dtype, _ := state[0].(*object)
	switch pandasClass(args[0]) {
	case "StringArray":
		out := &node{kind: list, items: make([]any, len(values.items))}
		for i, v := range values.items {
			if !missing(v) {
				out.items[i] = v
			}
		}
		return out, true
	case "TimedeltaArray", "NumpyExtensionArray", "PandasArray":
		return values, true
	case "DatetimeArray":
		if dtype == nil || pandasClass(dtype.class) == "" {
			return values, true
		}
		of, ok := dtype.stateOf()
		if !ok {
			return nil, false
		}
		return inZone(values, zoneSuffix(of["tz"])), true
	case "Categorical":
		if dtype == nil {
			return nil, false
		}
		of, ok := dtype.stateOf()
		if !ok {
			return nil, false
		}
		_, parts, ok := indexParts(of["categories"])
		if !ok {
			return nil, false
		}
		if data, ok := parts["data"].(*object); !ok || data.categorical() {
			return nil, false
		}
		categories, ok := valuesOf(parts["data"])
		if !ok {
			return nil, false
		}
		out, ok := chosen(categories.items, values.items)
		return &node{kind: list, items: out}, ok
	}
	return nil, false
}

// categorical reports whether o is a call for an array of categories.
func (o *object) categorical() bool {
	args, _ := o.arguments()
	return len(args) > 0 && pandasClass(args[0]) == "Categorical"
}

// missing reports whether v stands for no text in an array of texts.
func missing(v any) bool {
	f, isFloat := v.(float64)
	return v == nil || isFloat && math.IsNaN(f) || pandasClass(v) == "NA" || pandasClass(v) == "NAType"
}

// inZone returns times as UTC, with the zone that they are meant for.
func inZone(times *node, suffix string) *node {
	out := &node{kind: list, items: make([]any, len(times.items))}
	for i, v := range times.items {
		switch t := v.(type) {
		case string:
			out.items[i] = t + "Z" + suffix
		case *node:
			out.items[i] = inZone(t, suffix)
		default:
			out.items[i] = v
		}
	}
	return out
}
