package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Scalar is a YAML string, number or boolean as it is written: the password 0123 is
// no octal number.
type Scalar string

// UnmarshalYAML refuses lists, mappings and aliases.
func (s *Scalar) UnmarshalYAML(node ast.Node) error {
	text, err := scalarText(node)
	*s = Scalar(text)
	return err
}

// nodeError is an error with the place of a YAML node.
type nodeError struct {
	node    ast.Node
	problem string
}

func (e nodeError) Error() string { return e.problem }

func scalarText(node ast.Node) (string, error) {
	switch n := node.(type) {
	case *ast.NullNode:
		return "", nil
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.AnchorNode:
		return scalarText(n.Value)
	case *ast.AliasNode:
		return "", nodeError{n, "an alias cannot stand here"}
	case ast.ScalarNode:
		return n.GetToken().Value, nil
	default:
		return "", nodeError{n, "want one value, not a list or a mapping"}
	}
}

// List is a YAML list of strings, or one string with commas.
type List []string

// UnmarshalYAML reads either form. Within braces the YAML library takes the item
// localhost:9092 for a mapping, though YAML asks for a space after the colon: that
// is put together again.
func (l *List) UnmarshalYAML(node ast.Node) error {
	if anchor, ok := node.(*ast.AnchorNode); ok {
		node = anchor.Value
	}
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		text, err := scalarText(node)
		*l = splitList(text)
		return err
	}
	var list []string
	for _, item := range sequence.Values {
		text, err := hostPort(item)
		if err != nil {
			return err
		}
		list = append(list, text)
	}
	*l = list
	return nil
}

func hostPort(item ast.Node) (string, error) {
	pair, ok := item.(*ast.MappingValueNode)
	if mapping, isMap := item.(*ast.MappingNode); isMap && len(mapping.Values) == 1 {
		pair, ok = mapping.Values[0], true
	}
	if !ok {
		return scalarText(item)
	}
	host, err := scalarText(pair.Key)
	if err != nil {
		return "", err
	}
	port, err := scalarText(pair.Value)
	return host + ":" + port, err
}

func splitList(s string) []string {
	var list []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}
