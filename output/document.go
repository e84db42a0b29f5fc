package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// DocumentOptions say how a document is printed. The zero value is for a pipe.
type DocumentOptions struct {
	// Terminal breaks JSON into lines that fit into Width columns (0 is 80) where it
	// must, and escapes what could act on a terminal. YAML looks the same everywhere.
	Terminal bool
	Width    int
	// Palette colours JSON on a terminal.
	Palette Palette
}

// document is the frame of -o json and -o yaml. Within a version of a schema, members
// are only ever added.
type document struct {
	Schema string `json:"schema"`
	Items  any    `json:"items"`
}

// AppendDocument appends the document {"schema":…,"items":[…]} as JSON on one line.
// Items is a slice whose elements have JSON tags; a nil one is an empty list.
func AppendDocument(dst []byte, schema string, items any, o DocumentOptions) ([]byte, error) {
	text, err := marshal(schema, items)
	if err != nil {
		return dst, err
	}
	if !o.Terminal {
		return append(append(dst, text...), '\n'), nil
	}
	width := o.Width
	if width == 0 {
		width = 80
	}
	start := len(dst)
	dst = jsonWriter{palette: &o.Palette, indent: len(text) > width}.append(dst, text)
	// A document starts at the left margin, unlike the value of a record.
	return append(append(dst[:start], bytes.ReplaceAll(dst[start:], []byte("\n  "), []byte("\n"))...), '\n'), nil
}

// marshal writes the document as compact JSON without HTML's escapes.
func marshal(schema string, items any) ([]byte, error) {
	if v := reflect.ValueOf(items); !v.IsValid() || v.Kind() == reflect.Slice && v.IsNil() {
		items = []any{}
	}
	text, err := MarshalLine(document{schema, items})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", schema, err)
	}
	return text, nil
}

// MarshalLine writes v as compact JSON without a line break: as json.Marshal does, but
// < and > stay what they are, as nobody puts the lines of a command into HTML unread.
func MarshalLine(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
