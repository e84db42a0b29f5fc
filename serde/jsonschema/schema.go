package jsonschema

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"kstream/serde"
	"kstream/serde/value"
	"kstream/serde/wire"
)

// schema is a schema with all it refers to. It is safe for concurrent use.
type schema struct {
	text  string
	doc   any
	other map[string]any // what may be referred to, by URL

	mu     sync.Mutex
	idle   []*checker
	shared *checker // for all, when no pattern needs time; nil until known
	err    error    // of compiling
}

// base is the URL of a schema that has no $id. Nothing is ever there.
const base = "kstream:///schema"

// newSchema reads the texts; what they mean is looked at when something is checked.
// title is the name of the record, as Confluent's serializers have it.
func newSchema(text string, imports []wire.Import, depth int) (s *schema, title string, err error) {
	s = &schema{text: text, other: map[string]any{}}
	if s.doc, err = document(text, depth); err != nil {
		return nil, "", err
	}
	object, _ := s.doc.(map[string]any)
	title, _ = object["title"].(string)
	bases := []string{base}
	if id := idOf(s.doc); id != "" {
		bases = append(bases, id)
	}
	for _, i := range imports {
		doc, err := document(i.Text, depth)
		if err != nil {
			return nil, "", fmt.Errorf("reference %s: %w", i.Name, err)
		}
		s.other[i.Name] = doc
		if id := idOf(doc); id != "" {
			s.other[strings.TrimSuffix(id, "#")] = doc
		}
		for _, b := range bases {
			if at, err := resolve(b, i.Name); err == nil {
				s.other[at] = doc
			}
		}
	}
	return s, title, nil
}

func document(text string, depth int) (any, error) {
	v, err := value.ParseJSON([]byte(text), false, depth)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	doc, err := tree(v, len(text))
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	switch doc.(type) {
	case bool, map[string]any:
		return doc, nil
	}
	return nil, fmt.Errorf("schema: want an object, have %s", value.TypeName(v))
}

// idOf returns the URL that a schema says it is at: $id, or id before draft 6.
func idOf(doc any) string {
	object, _ := doc.(map[string]any)
	for _, key := range []string{"$id", "id"} {
		if id, ok := object[key].(string); ok {
			return id
		}
	}
	return ""
}

func resolve(base, ref string) (string, error) {
	b, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	r, err := url.Parse(ref)
	if err != nil {
		return "", err
	}
	return b.ResolveReference(r).String(), nil
}

var errNotThere = errors.New("it is not among the references, and nothing else is opened")

// Load returns to the validator what a schema refers to. It does no I/O.
func (s *schema) Load(url string) (any, error) {
	if doc, ok := s.other[url]; ok {
		return doc, nil
	}
	return nil, errNotThere
}

// checker is a compiled schema with its time. It is used by one goroutine at a time,
// unless no pattern needs time.
type checker struct {
	compiled *jsonschema.Schema
	budget   budget
}

func (s *schema) compile() (*checker, error) {
	c := &checker{}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(s)
	compiler.UseRegexpEngine(c.budget.compile)
	if err := compiler.AddResource(base, s.doc); err != nil {
		return nil, err
	}
	var err error
	if c.compiled, err = compiler.Compile(base); err != nil {
		return nil, errors.New(compileText(err))
	}
	return c, checkWork(c.compiled)
}

// compileText returns an error of the compiler as one line.
func compileText(err error) string {
	var load *jsonschema.LoadURLError
	if errors.As(err, &load) {
		return fmt.Sprintf("schema: %s: %v", shortened(load.URL), load.Err)
	}
	var wrong *jsonschema.SchemaValidationError
	if errors.As(err, &wrong) {
		var invalid *jsonschema.ValidationError
		if errors.As(wrong.Err, &invalid) {
			return "schema: " + leaves(invalid)
		}
	}
	return shortened("schema: " + strings.ReplaceAll(err.Error(), "\n", " "))
}

// take returns a checker that nobody else uses. Give it back.
func (s *schema) take() (*checker, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return nil, s.err
	case s.shared != nil:
		return s.shared, nil
	case len(s.idle) > 0:
		c := s.idle[len(s.idle)-1]
		s.idle = s.idle[:len(s.idle)-1]
		return c, nil
	}
	c, err := s.compile()
	if err != nil {
		s.err = err
		return nil, err
	}
	if !c.budget.needed {
		s.shared = c
	}
	return c, nil
}

func (s *schema) give(c *checker) {
	if !c.budget.needed {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, c)
}

var errPattern = errors.New("a pattern of the schema takes too long")

// check returns what is wrong with JSON, if anything is: "/path: reason; …", in under 300
// bytes.
func (s *schema) check(data []byte, depth int) error {
	v, err := value.ParseJSON(data, false, depth)
	if err != nil {
		return err
	}
	instance, err := tree(v, len(data))
	if err != nil {
		return err
	}
	c, err := s.take()
	if err != nil {
		return err
	}
	defer s.give(c)
	if c.budget.needed {
		c.budget.left, c.budget.exceeded = patternTime, false
	}
	err = c.compiled.Validate(instance)
	if c.budget.needed && c.budget.exceeded {
		return errPattern
	}
	var invalid *jsonschema.ValidationError
	if errors.As(err, &invalid) {
		return errors.New(leaves(invalid))
	}
	return err
}

// maxWork bounds how often one value may be looked at.
const maxWork = 1 << 14

// checkWork refuses a schema whose parts lead to each other in so many ways that one
// value would be looked at more often than maxWork: a chain of n allOf that each name
// the next one twice takes 2^n steps.
func checkWork(s *jsonschema.Schema) error {
	w := work{known: map[*jsonschema.Schema]int{}}
	todo := []*jsonschema.Schema{s}
	seen := map[*jsonschema.Schema]bool{s: true}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if w.of(s, 0) > maxWork {
			return fmt.Errorf("schema: too many ways through its references: %w", serde.ErrTooBig)
		}
		for _, next := range append(inPlace(s), inside(s)...) {
			if next != nil && !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return nil
}

// work counts the steps that checking one value takes, without the values in it.
type work struct {
	known map[*jsonschema.Schema]int
}

func (w *work) of(s *jsonschema.Schema, depth int) int {
	if n, ok := w.known[s]; ok {
		return n // of a loop, 0: the validator stops there
	}
	if depth > 10000 {
		return maxWork + 1
	}
	w.known[s] = 0
	total := 1
	for _, next := range inPlace(s) {
		if next != nil {
			total = min(total+w.of(next, depth+1), maxWork+1)
		}
	}
	w.known[s] = total
	return total
}

// inPlace lists the schemas that look at the same value as s.
func inPlace(s *jsonschema.Schema) []*jsonschema.Schema {
	list := []*jsonschema.Schema{s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else}
	if s.DynamicRef != nil {
		list = append(list, s.DynamicRef.Ref)
	}
	list = append(append(append(list, s.AllOf...), s.AnyOf...), s.OneOf...)
	for _, d := range s.DependentSchemas {
		list = append(list, d)
	}
	for _, d := range s.Dependencies {
		if d, ok := d.(*jsonschema.Schema); ok {
			list = append(list, d)
		}
	}
	return list
}

// inside lists the schemas that look at what is in the value of s.
func inside(s *jsonschema.Schema) []*jsonschema.Schema {
	list := []*jsonschema.Schema{
		s.PropertyNames, s.UnevaluatedProperties, s.Contains, s.Items2020, s.UnevaluatedItems, s.ContentSchema,
	}
	list = append(list, s.PrefixItems...)
	for _, p := range s.Properties {
		list = append(list, p)
	}
	for _, p := range s.PatternProperties {
		list = append(list, p)
	}
	for _, any := range []any{s.AdditionalProperties, s.Items, s.AdditionalItems} {
		switch t := any.(type) {
		case *jsonschema.Schema:
			list = append(list, t)
		case []*jsonschema.Schema:
			list = append(list, t...)
		}
	}
	return list
}
