package jsonschema

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"kstream/serde/wire"
)

// Compatible returns nil if every document that one schema allows is allowed by another,
// otherwise the first reason why that is not so, or not certain: keywords that it cannot
// compare have to be equal. A property that is new must not be one that documents could have
// had already, with any value.
func Compatible(writer, reader string, writerImports, readerImports []wire.Import) error {
	const depth = 256
	w, _, err := newSchema(writer, writerImports, depth)
	if err != nil {
		return err
	}
	r, _, err := newSchema(reader, readerImports, depth)
	if err != nil {
		return err
	}
	c := comparison{w.doc, r.doc, map[[2]string]bool{}}
	return c.compare(w.doc, r.doc, "")
}

// Check returns nil if a schema can be used.
func Check(text string, imports []wire.Import) error {
	s, _, err := newSchema(text, imports, 256)
	if err == nil {
		_, err = s.compile()
	}
	return err
}

// comparison is of two documents; refs are the pairs of references within them that it has
// followed.
type comparison struct {
	writer, reader any
	refs           map[[2]string]bool
}

type object = map[string]any

func at(path, format string, args ...any) error {
	if path == "" {
		path = "/"
	}
	return fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...))
}

func (c *comparison) compare(w, r any, path string) error {
	if reflect.DeepEqual(w, r) && !strings.Contains(fmt.Sprint(w), "$ref") || r == true || w == false {
		return nil
	}
	if w == true {
		w = object{}
	}
	old, isObject := w.(object)
	now, ok := r.(object)
	if !isObject || !ok {
		return at(path, "nothing is allowed any more")
	}
	oldRef, _ := old["$ref"].(string)
	nowRef, _ := now["$ref"].(string)
	if oldRef != "" || nowRef != "" {
		pair := [2]string{oldRef, nowRef}
		if c.refs[pair] {
			return nil
		}
		c.refs[pair] = true
		target, known := follow(c.writer, old, oldRef)
		other, too := follow(c.reader, now, nowRef)
		if !known || !too {
			if oldRef != nowRef {
				return at(path, "$ref has changed")
			}
			return nil
		}
		return c.compare(target, other, path)
	}
	for _, step := range []func(w, r object, path string) error{types, c.properties, c.items, bounds, values, rest} {
		if err := step(old, now, path); err != nil {
			return err
		}
	}
	return nil
}

// follow finds what a reference within a document points to; what has none is itself.
func follow(doc any, schema object, ref string) (any, bool) {
	if ref == "" {
		return schema, true
	}
	pointer, local := strings.CutPrefix(ref, "#")
	if !local {
		return nil, false
	}
	for _, part := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		if part == "" {
			continue
		}
		m, ok := doc.(object)
		if !ok {
			return nil, false
		}
		if doc, ok = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]; !ok {
			return nil, false
		}
	}
	return doc, true
}

// typesOf lists the types that a schema allows; nil is all.
func typesOf(s object) []string {
	switch t := s["type"].(type) {
	case string:
		return []string{t}
	case []any:
		var list []string
		for _, one := range t {
			list = append(list, fmt.Sprint(one))
		}
		return list
	}
	return nil
}

func types(w, r object, path string) error {
	old, now := typesOf(w), typesOf(r)
	if now == nil {
		return nil
	}
	if old == nil {
		return at(path, "any type was allowed, and now %s", strings.Join(now, ", "))
	}
	for _, t := range old {
		if !slices.Contains(now, t) && (t != "integer" || !slices.Contains(now, "number")) {
			return at(path, "type %s is not allowed any more", t)
		}
	}
	return nil
}

func (c *comparison) properties(w, r object, path string) error {
	old, _ := w["properties"].(object)
	now, _ := r["properties"].(object)
	oldMore, oldOpen := more(w)
	nowMore, nowOpen := more(r)
	required := func(s object) (names []string) {
		list, _ := s["required"].([]any)
		for _, name := range list {
			names = append(names, fmt.Sprint(name))
		}
		return names
	}
	for _, name := range required(r) {
		property, _ := now[name].(object)
		if _, has := property["default"]; !slices.Contains(required(w), name) && !has {
			return at(path, "property %s is required, and was not", name)
		}
	}
	for name, schema := range old {
		in := path + "/properties/" + name
		switch other, has := now[name]; {
		case has:
			if err := c.compare(schema, other, in); err != nil {
				return err
			}
		case !nowOpen:
			return at(in, "the property is gone, and others are not allowed")
		default:
			if err := c.compare(schema, nowMore, in); err != nil {
				return err
			}
		}
	}
	for name, schema := range now {
		if _, had := old[name]; had || !oldOpen {
			continue
		}
		if err := c.compare(oldMore, schema, path+"/properties/"+name); err != nil {
			return fmt.Errorf("%w: other properties were allowed, so this one may have been there", err)
		}
	}
	if oldOpen && !nowOpen {
		return at(path, "other properties are not allowed any more")
	}
	if oldOpen {
		return c.compare(oldMore, nowMore, path+"/additionalProperties")
	}
	return nil
}

// more is the schema of properties that are not named, and whether there may be such.
func more(s object) (schema any, open bool) {
	schema, has := s["additionalProperties"]
	if !has {
		return true, true
	}
	return schema, schema != false
}

func (c *comparison) items(w, r object, path string) error {
	old, had := w["items"]
	now, has := r["items"]
	_, tuple := old.([]any)
	if _, too := now.([]any); tuple || too {
		if !reflect.DeepEqual(old, now) {
			return at(path, "items have changed")
		}
		return nil
	}
	if !has {
		return nil
	}
	if !had {
		old = true
	}
	return c.compare(old, now, path+"/items")
}

// bounds compares limits: none may be tighter.
func bounds(w, r object, path string) error {
	for name, upper := range map[string]bool{
		"maximum": true, "exclusiveMaximum": true, "maxLength": true, "maxItems": true, "maxProperties": true,
		"minimum": false, "exclusiveMinimum": false, "minLength": false, "minItems": false, "minProperties": false,
	} {
		now, has := r[name]
		if !has {
			continue
		}
		old, had := w[name]
		if !had || !reflect.DeepEqual(old, now) && (number(now) < number(old)) == upper {
			return at(path, "%s is tighter", name)
		}
	}
	return nil
}

func number(v any) float64 {
	var f float64
	if _, err := fmt.Sscan(fmt.Sprint(v), &f); err != nil {
		return 0
	}
	return f
}

// values compares enum and const: each value that was allowed is.
func values(w, r object, path string) error {
	list := func(s object) ([]any, bool) {
		if one, has := s["const"]; has {
			return []any{one}, true
		}
		many, has := s["enum"].([]any)
		return many, has
	}
	now, limited := list(r)
	if !limited {
		return nil
	}
	old, was := list(w)
	if !was {
		return at(path, "any value was allowed, and now only some")
	}
	for _, v := range old {
		if !slices.ContainsFunc(now, func(other any) bool { return reflect.DeepEqual(v, other) }) {
			return at(path, "the value %v is not allowed any more", v)
		}
	}
	return nil
}

// rest compares the keywords that restrict documents in other ways: those of the reader have
// to be the writer's.
func rest(w, r object, path string) error {
	for _, name := range []string{
		"pattern", "multipleOf", "uniqueItems", "contains", "minContains", "maxContains", "propertyNames", "patternProperties", "dependencies",
		"dependentRequired", "dependentSchemas", "additionalItems", "prefixItems", "unevaluatedItems", "unevaluatedProperties",
		"allOf", "anyOf", "oneOf", "not", "if", "then", "else",
	} {
		now, has := r[name]
		if !has || name == "uniqueItems" && now == false || reflect.DeepEqual(w[name], now) {
			continue
		}
		if old, list := w[name].([]any); list && (name == "anyOf" || name == "oneOf") && within(old, now) {
			continue
		}
		return at(path, "%s has changed", name)
	}
	return nil
}

// within reports whether each of the old alternatives is among the new ones.
func within(old []any, now any) bool {
	list, ok := now.([]any)
	return ok && !slices.ContainsFunc(old, func(v any) bool {
		return !slices.ContainsFunc(list, func(other any) bool { return reflect.DeepEqual(v, other) })
	})
}
