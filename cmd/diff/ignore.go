package diff

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"kstream/cmd/jqpath"
)

// Paths are places in JSON that do not count. The zero value leaves everything in.
type Paths struct {
	root node
	any  bool
}

// node is what is known below some place.
type node struct {
	ignored  bool
	names    map[string]*node
	indices  map[int]*node
	elements *node // of []
}

// Any reports whether there is any path.
func (p *Paths) Any() bool { return p.any }

// Add adds a path as jqpath.Parse reads it. The error says what is wrong with it.
func (p *Paths) Add(path string) error {
	steps, err := jqpath.Parse(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	at := &p.root
	for _, s := range steps {
		switch s.Kind {
		case jqpath.Member:
			at = at.member(s.Name)
		case jqpath.Element:
			at = at.element(s.Index)
		case jqpath.Elements:
			if at.elements == nil {
				at.elements = &node{}
			}
			at = at.elements
		}
	}
	at.ignored, p.any = true, true
	return nil
}

func (n *node) member(name string) *node {
	if n.names[name] == nil {
		if n.names == nil {
			n.names = map[string]*node{}
		}
		n.names[name] = &node{}
	}
	return n.names[name]
}

func (n *node) element(i int) *node {
	if n.indices[i] == nil {
		if n.indices == nil {
			n.indices = map[int]*node{}
		}
		n.indices[i] = &node{}
	}
	return n.indices[i]
}

// Normal brings JSON into the form in which it is compared. One goroutine owns it.
type Normal struct {
	Paths *Paths
	in    bytes.Reader
	out   bytes.Buffer
	dec   *jsontext.Decoder
	enc   *jsontext.Encoder

	stack  []*node
	quoted []byte // the name of a member
}

// Append appends the one JSON value in text without what is at the paths, without white
// space, the members of objects sorted by name. Numbers stay as they are written. ok is
// false when text is not one JSON value, or one that nests deeper than 1,024 levels; then
// nothing is appended.
func (n *Normal) Append(dst, text []byte) (_ []byte, ok bool) {
	if tooDeep(text) {
		return dst, false
	}
	if n.Paths.any {
		if n.dec == nil {
			n.dec = jsontext.NewDecoder(&n.in, jsontext.AllowDuplicateNames(true))
			n.enc = jsontext.NewEncoder(&n.out, jsontext.AllowDuplicateNames(true))
		}
		n.in.Reset(text)
		n.out.Reset()
		n.dec.Reset(&n.in, jsontext.AllowDuplicateNames(true))
		n.enc.Reset(&n.out, jsontext.AllowDuplicateNames(true))
		n.stack = append(n.stack[:0], &n.Paths.root)
		if n.copy(n.stack[:1]) != nil {
			return dst, false
		}
		if _, err := n.dec.ReadToken(); !errors.Is(err, io.EOF) {
			return dst, false
		}
		text = n.out.Bytes()
	}
	out, err := jsontext.AppendFormat(dst, text, jsontext.AllowDuplicateNames(true), jsontext.ReorderRawObjects(true))
	if err != nil {
		return dst, false
	}
	return out, true
}

// inner returns the nodes of nodes for the member that is named, or the element i of an
// array; ignored says that one of them says so. They lie on the stack.
func (n *Normal) inner(nodes []*node, name []byte, i int) (inner []*node, ignored bool) {
	from := len(n.stack)
	for _, at := range nodes {
		found := [2]*node{at.names[string(name)]}
		if name == nil {
			found = [2]*node{at.elements, at.indices[i]}
		}
		for _, f := range found {
			if f != nil {
				n.stack = append(n.stack, f)
				ignored = ignored || f.ignored
			}
		}
	}
	return n.stack[from:], ignored
}

// copy copies the next value without what nodes ignore in it.
func (n *Normal) copy(nodes []*node) error {
	kind := n.dec.PeekKind()
	if len(nodes) == 0 || kind != '{' && kind != '[' {
		value, err := n.dec.ReadValue()
		if err != nil {
			return err
		}
		return n.enc.WriteValue(value)
	}
	if err := n.token(); err != nil {
		return err
	}
	defer func(height int) { n.stack = n.stack[:height] }(len(n.stack))
	for i := 0; ; i++ {
		if next := n.dec.PeekKind(); next == '}' || next == ']' || next == 0 {
			return n.token()
		}
		if err := n.copyMember(nodes, kind == '{', i); err != nil {
			return err
		}
	}
}

// copyMember copies the next member of an object, or element i of an array.
func (n *Normal) copyMember(nodes []*node, named bool, i int) error {
	var name []byte
	if named {
		quoted, err := n.dec.ReadValue()
		if err != nil {
			return err
		}
		n.quoted = append(n.quoted[:0], quoted...)
		name = n.quoted[1 : len(n.quoted)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			if name, err = jsontext.AppendUnquote([]byte{}, n.quoted); err != nil {
				return err
			}
		}
	}
	height := len(n.stack)
	defer func() { n.stack = n.stack[:height] }()
	inner, ignored := n.inner(nodes, name, i)
	if ignored {
		return n.dec.SkipValue()
	}
	if named {
		if err := n.enc.WriteValue(n.quoted); err != nil {
			return err
		}
	}
	return n.copy(inner)
}

// token copies one token.
func (n *Normal) token() error {
	token, err := n.dec.ReadToken()
	if err != nil {
		return err
	}
	return n.enc.WriteToken(token)
}

// maxLevels bounds the time of sorting, for which each level takes its content in hand.
const maxLevels = 1024

// tooDeep reports whether JSON nests deeper than maxLevels. Of other text it may say
// anything.
func tooDeep(text []byte) bool {
	if len(text) <= maxLevels {
		return false
	}
	level, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '{' || c == '[':
			if level++; level > maxLevels {
				return true
			}
		case c == '}' || c == ']':
			level--
		}
	}
	return false
}
