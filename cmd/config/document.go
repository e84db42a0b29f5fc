package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Document is a configuration file that is being edited. What is not changed stays as it
// is written, comments, order and blank lines included, but for spaces within a line.
type Document struct {
	path string
	file *File // what the text must mean once it is written
	tree *ast.File
}

// OpenDocument reads a configuration file for editing. A file that does not exist
// is an empty one. A file that Load would refuse is refused.
func OpenDocument(path string) (*Document, error) {
	data, err := readBounded(path)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = fmt.Appendf(nil, "version: %d\n", fileVersion), nil
	}
	if err != nil {
		return nil, err
	}
	d := &Document{path: path}
	if d.file, err = Parse(path, data); err != nil {
		return nil, err
	}
	if d.tree, err = parser.ParseBytes(data, parser.ParseComments); err != nil {
		return nil, yamlError(path, err)
	}
	for _, doc := range d.tree.Docs {
		ast.Walk(mender{}, doc)
	}
	return d, nil
}

// mender puts host:port in brackets together again, which the library takes for a mapping
// and would write as one.
type mender struct{}

func (m mender) Visit(node ast.Node) ast.Visitor {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok || !sequence.IsFlowStyle {
		return m
	}
	for i, item := range sequence.Values {
		if _, isScalar := item.(ast.ScalarNode); isScalar {
			continue
		}
		if text, err := hostPort(item); err == nil {
			sequence.Values[i] = ast.String(token.New(text, text, item.GetToken().Position))
		}
	}
	return m
}

// File is the document as it is now. It must not be changed.
func (d *Document) File() *File { return d.file }

// Context returns a copy of a context, which must exist.
func (d *Document) Context(name string) (Context, error) {
	c, ok := d.file.Contexts[name]
	if !ok {
		return Context{}, unknownContext(d.path, name, d.file)
	}
	return c.clone(), nil
}

// Set adds a context or changes the one of that name into c.
func (d *Document) Set(name string, c Context) error {
	if name == "" {
		return usagef("a context needs a name")
	}
	old, found := d.file.Contexts[name]
	before, after := old.leaves(), c.leaves()
	for _, l := range before {
		if !slices.ContainsFunc(after, l.samePath) {
			d.unset(append([]string{"contexts", name}, l.path...))
		}
	}
	if !found || len(after) == 0 {
		if err := d.set([]string{"contexts", name}, map[string]any{}); err != nil {
			return err
		}
	}
	for _, l := range after {
		if slices.ContainsFunc(before, func(b leaf) bool { return l.samePath(b) && l.text() == b.text() }) {
			continue
		}
		if err := d.set(append([]string{"contexts", name}, l.path...), l.value); err != nil {
			return err
		}
	}
	if d.file.Contexts == nil {
		d.file.Contexts = map[string]Context{}
	}
	d.file.Contexts[name] = c
	return nil
}

// Use makes a context the current one. It must exist.
func (d *Document) Use(name string) error {
	if _, err := d.Context(name); err != nil {
		return err
	}
	d.file.Current = name
	return d.set([]string{"current"}, name)
}

// Delete removes a context. It must exist; if it is the current one, there is none
// afterwards.
func (d *Document) Delete(name string) error {
	if _, err := d.Context(name); err != nil {
		return err
	}
	d.unset([]string{"contexts", name})
	delete(d.file.Contexts, name)
	if d.file.Current == name {
		d.file.Current = ""
		d.unset([]string{"current"})
	}
	return nil
}

// Save writes the document: a new file beside the old one, mode 0600, which then
// takes its place, so that a reader sees either. Directories that are missing are
// made with mode 0700. A symbolic link stays one.
func (d *Document) Save() error {
	data, err := d.bytes()
	if err != nil {
		return err
	}
	path := d.path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if err = os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("%s: %w", d.path, causeOf(err))
	}
	return replaceFile(path, data)
}

func replaceFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".config-*") // mode 0600
	if err != nil {
		return fmt.Errorf("%s: %w", path, causeOf(err))
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", path, causeOf(errors.Join(err, os.Remove(f.Name()))))
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// bytes is the text, which means what it should. An edit within a text that says one
// thing in several places (anchors, merges) may not come to that, and is refused.
func (d *Document) bytes() ([]byte, error) {
	data := []byte(d.tree.String())
	written, err := Parse(d.path, data)
	if err == nil && !bytes.Equal(marshal(written), marshal(d.file)) {
		err = usagef("%s: kstream cannot change this without changing more, as it is written", d.path)
	}
	if known := (*Error)(nil); errors.As(err, &known) {
		return nil, known.hint("edit it by hand: anchors and merges are left to people")
	}
	return data, err
}

// marshal is for comparing: what is empty is left out.
func marshal(f *File) []byte {
	text, err := yaml.Marshal(f)
	if err != nil {
		return nil
	}
	return text
}

// root is the mapping of the whole document; nil when there is none.
func (d *Document) root() *ast.MappingNode {
	if len(d.tree.Docs) == 0 {
		return nil
	}
	return mappingOf(d.tree.Docs[0].Body)
}

func mappingOf(node ast.Node) *ast.MappingNode {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n
	case *ast.AnchorNode:
		return mappingOf(n.Value)
	}
	return nil
}

// set sets the key at path to a value: a string, a boolean, a list of strings or an empty
// mapping. Mappings on the way are made.
func (d *Document) set(path []string, value any) error {
	root := d.root()
	if root == nil || len(root.Values) == 0 {
		parsed, err := nodes(path, value, false)
		if err != nil {
			return fmt.Errorf("%s: %w", d.path, err)
		}
		if len(d.tree.Docs) == 0 {
			d.tree.Docs = append(d.tree.Docs, &ast.DocumentNode{BaseNode: &ast.BaseNode{}})
		}
		comment, _ := d.tree.Docs[0].Body.(*ast.CommentGroupNode)
		d.tree.Docs[0].Body = parsed
		return parsed.SetComment(comment)
	}
	return setIn(root, path, value)
}

func setIn(m *ast.MappingNode, path []string, value any) error {
	at := slices.IndexFunc(m.Values, isKey(path[0]))
	if at >= 0 && len(path) > 1 {
		if inner := mappingOf(m.Values[at].Value); inner != nil && len(inner.Values) > 0 {
			return setIn(inner, path[1:], value)
		}
	}
	parsed, err := nodes(path, value, m.IsFlowStyle)
	if err != nil {
		return err
	}
	if at < 0 {
		m.Merge(parsed)
		ast.Walk(indenter{}, parsed)
		return nil
	}
	comment := m.Values[at].Value.GetComment()
	parsed.AddColumn(m.Values[at].Key.GetToken().Position.Column - parsed.Values[0].Key.GetToken().Position.Column)
	ast.Walk(indenter{}, parsed)
	m.Values[at].Value = parsed.Values[0].Value
	if _, scalar := m.Values[at].Value.(ast.ScalarNode); scalar && comment != nil {
		return m.Values[at].Value.SetComment(comment)
	}
	return nil
}

func isKey(name string) func(*ast.MappingValueNode) bool {
	return func(v *ast.MappingValueNode) bool {
		text, err := scalarText(v.Key)
		return err == nil && text == name
	}
}

// indenter indents the lines of literals as their keys are, which the library leaves where
// they were.
type indenter struct{}

func (i indenter) Visit(node ast.Node) ast.Visitor {
	if v, ok := node.(*ast.MappingValueNode); ok {
		if literal, ok := v.Value.(*ast.LiteralNode); ok {
			indent := strings.Repeat(" ", v.Key.GetToken().Position.Column+1)
			var text strings.Builder
			for line := range strings.Lines(literal.Value.Value) {
				if line != "\n" {
					text.WriteString(indent)
				}
				text.WriteString(line)
			}
			literal.Value.GetToken().Origin = text.String()
		}
	}
	return i
}

// quotedText is written in quotes.
type quotedText string

// MarshalYAML writes JSON, which YAML reads.
func (t quotedText) MarshalYAML() ([]byte, error) { return json.Marshal(string(t)) }

// nodes is the mapping that has value at path.
func nodes(path []string, value any, flow bool) (*ast.MappingNode, error) {
	if text, ok := value.(string); ok && (strings.ContainsFunc(text, isControl) || strings.HasPrefix(text, " ") || strings.HasSuffix(text, "\n\n") || flow && strings.Contains(text, "\n")) {
		value = quotedText(text)
	}
	for _, key := range slices.Backward(path) {
		value = yaml.MapSlice{{Key: key, Value: value}}
	}
	text, err := yaml.MarshalWithOptions(value, yaml.Flow(flow), yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		return nil, err
	}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, err
	}
	ast.Walk(mender{}, tree.Docs[0])
	return mappingOf(tree.Docs[0].Body), nil
}

// isControl reports whether a character is not to be written as it is.
func isControl(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }

// unset takes out the key at path, and the mappings that are empty without it.
func (d *Document) unset(path []string) {
	if root := d.root(); root != nil {
		unsetIn(root, path)
	}
}

func unsetIn(m *ast.MappingNode, path []string) {
	at := slices.IndexFunc(m.Values, isKey(path[0]))
	if at < 0 {
		return
	}
	if len(path) > 1 {
		inner := mappingOf(m.Values[at].Value)
		if inner == nil {
			return
		}
		unsetIn(inner, path[1:])
		if len(inner.Values) > 0 {
			return
		}
	}
	m.Values = slices.Delete(m.Values, at, at+1)
}
