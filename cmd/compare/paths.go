package compare

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"kstream/cmd/diff"
	"kstream/cmd/jqpath"
)

// namedPaths is how many differing places of a value are named one by one.
const namedPaths = 8

// differingPaths names the places at which two values differ, as --ignore takes them,
// and "value" where they are not both JSON or differ in too many.
func differingPaths(a, b []byte, normal *diff.Normal) []string {
	var values [2]any
	for i, text := range [][]byte{a, b} {
		plain, ok := normal.Append(nil, text)
		if !ok {
			return []string{"value"}
		}
		in := json.NewDecoder(bytes.NewReader(plain))
		in.UseNumber()
		if in.Decode(&values[i]) != nil {
			return []string{"value"}
		}
	}
	paths := appendDiffering(nil, nil, values[0], values[1])
	if len(paths) == 0 || len(paths) > namedPaths || len(paths[0]) == 0 {
		return []string{"value"} // what differs is only how it is written, or all of it
	}
	texts := make([]string, len(paths))
	for i, p := range paths {
		texts[i] = p.String()
	}
	return texts
}

// appendDiffering adds the paths below at; it stops when there are too many.
func appendDiffering(paths []jqpath.Path, at jqpath.Path, a, b any) []jqpath.Path {
	if len(paths) > namedPaths {
		return paths
	}
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			break
		}
		all := maps.Clone(x)
		maps.Copy(all, y)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			inner := below(at, jqpath.Step{Name: name})
			u, inX := x[name]
			v, inY := y[name]
			if inX != inY {
				paths = append(paths, inner)
				continue
			}
			paths = appendDiffering(paths, inner, u, v)
		}
		return paths
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			break
		}
		for i := range x {
			paths = appendDiffering(paths, below(at, jqpath.Step{Kind: jqpath.Element, Index: i}), x[i], y[i])
		}
		return paths
	}
	if !reflect.DeepEqual(a, b) {
		paths = append(paths, at)
	}
	return paths
}

// below returns the path with one more step; at stays as it is.
func below(at jqpath.Path, step jqpath.Step) jqpath.Path {
	return append(slices.Clip(at), step)
}
