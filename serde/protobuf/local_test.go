package protobuf

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/value"
)

func TestNewErrors(t *testing.T) {
	files := map[string]string{
		"two.proto":      `syntax = "proto3"; message A {} message B {}`,
		"bad.proto":      `syntax = "proto3"; message A { int32 a = 1 }`,
		"imports.proto":  `syntax = "proto3"; import "nope.proto"; message A {}`,
		"escapes.proto":  `syntax = "proto3"; import "../../secret"; message A {}`,
		"deep.proto":     strings.Repeat("message A {", 20000),
		"options.proto":  `syntax = "proto3"; option (x) = ` + strings.Repeat("{ a ", 20000),
		"nested.proto":   `syntax = "proto3"; ` + strings.Repeat("message A {", 40) + strings.Repeat("}", 40),
		"cycle.proto":    `syntax = "proto3"; import "cycle.proto"; message A {}`,
		"text.binpb":     "no set",
		"empty.binpb":    "",
		"lonely.binpb":   "\n\x0a\n\x01a\x1a\x05b.txt",
		"unlinked.binpb": "\n\x1a\n\x01a\"\x15\n\x01M\x12\x10\n\x01f\x18\x01 \x01(\x0b2\x05.Nope",
	}
	o := serde.Options{Files: func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}}
	tests := map[string]struct {
		argument string
		change   func(*serde.Options)
		want     string
	}{
		"no such file":         {argument: "nope.proto", want: "protobuf: open nope.proto: file does not exist"},
		"which message":        {argument: "two.proto", want: "protobuf: two.proto: name the message; the schema has A, B: protobuf:two.proto#MESSAGE"},
		"no such message":      {argument: "two.proto#C", want: "protobuf: two.proto: no message C in the schema; it has A, B: protobuf:two.proto#MESSAGE"},
		"syntax":               {argument: "bad.proto", want: "protobuf: bad.proto:1:44: syntax error: expecting ';'"},
		"import":               {argument: "imports.proto", want: "protobuf: imports.proto:1:27: nope.proto: file does not exist, not in any directory of --proto-path"},
		"import from outside":  {argument: "escapes.proto", want: "protobuf: escapes.proto:1:27: import ../../secret: want a path below a directory of --proto-path"},
		"too deep to parse":    {argument: "deep.proto", want: "protobuf: could not resolve path \"deep.proto\": nested too deeply"},
		"options too deep":     {argument: "options.proto", want: "protobuf: could not resolve path \"options.proto\": nested too deeply"},
		"nested too deeply":    {argument: "nested.proto", want: "protobuf: nested.proto:1:361: message nesting depth must be less than 32"},
		"imports itself":       {argument: "cycle.proto", want: "protobuf: cycle.proto:1:27: cycle found in imports: \"cycle.proto\" -> \"cycle.proto\""},
		"no set":               {argument: "text.binpb", want: "protobuf: text.binpb: want a FileDescriptorSet, as protoc --descriptor_set_out writes it"},
		"empty set":            {argument: "empty.binpb", want: "protobuf: empty.binpb: want a FileDescriptorSet, as protoc --descriptor_set_out writes it"},
		"set without imports":  {argument: "lonely.binpb", want: "protobuf: lonely.binpb: a imports b.txt, which is not in the set: protoc --include_imports puts it there"},
		"unlinked set":         {argument: "unlinked.binpb", want: `protobuf: unlinked.binpb: message field "M.f" cannot resolve type: "Nope" not found`},
		"register what":        {change: func(o *serde.Options) { o.AutoRegister = true }, want: "protobuf: auto-register needs the schema to register: protobuf:FILE"},
		"no files":             {argument: "two.proto#A", change: func(o *serde.Options) { o.Files = nil }, want: "protobuf: schema file two.proto: not supported"},
		"strategy":             {change: func(o *serde.Options) { o.SubjectStrategy = "x" }, want: `protobuf: the subject is by topic, record or topic-record, not "x"`},
		"where to put the id":  {change: func(o *serde.Options) { o.SchemaIDIn = "x" }, want: `protobuf: the schema id is in the prefix or the header, not "x"`},
		"which id":             {change: func(o *serde.Options) { o.SchemaID = "x" }, want: `protobuf: schema id "x" is no N, latest or SUBJECT:VERSION`},
		"register where":       {argument: "two.proto#A", change: func(o *serde.Options) { o.AutoRegister = true }, want: "protobuf: auto-register needs a registry"},
		"message that is none": {argument: "two.proto", change: func(o *serde.Options) { o.Message = "x.Y" }, want: "protobuf: two.proto: no message x.Y in the schema; it has A, B: protobuf:two.proto#MESSAGE"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := o
			if tt.change != nil {
				tt.change(&o)
			}
			_, err := New(serde.Spec{Name: "protobuf", Argument: tt.argument}, o)
			if diff := cmp.Diff(tt.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestProtoPath finds a file and its imports from where they may be named.
func TestProtoPath(t *testing.T) {
	files := map[string]string{
		"protos/shop/order.proto": `syntax = "proto3"; package shop; import "shop/item.proto"; message Order { Item item = 1; }`,
		"protos/shop/item.proto":  `syntax = "proto3"; package shop; message Item { string sku = 1; }`,
		"flat/a.proto":            `syntax = "proto3"; import "b.proto"; message A { B b = 1; }`,
		"flat/b.proto":            `syntax = "proto3"; message B { string sku = 1; }`,
	}
	tests := map[string]struct {
		argument string
		path     []string
		want     string
	}{
		"by its path":      {"protos/shop/order.proto#shop.Order", []string{"protos"}, `{"item":{"sku":"x"}}`},
		"from the path":    {"shop/order.proto#shop.Order", []string{"other", "protos"}, `{"item":{"sku":"x"}}`},
		"beside the file":  {"flat/a.proto#A", nil, `{"b":{"sku":"x"}}`},
		"one message only": {"flat/a.proto", nil, `{"b":{"sku":"x"}}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := New(serde.Spec{Name: "protobuf", Argument: tt.argument}, serde.Options{ProtoPath: tt.path, Files: func(name string) ([]byte, error) {
				if text, ok := files[name]; ok {
					return []byte(text), nil
				}
				return nil, fs.ErrNotExist
			}})
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := serde.Render(t.Context(), nil, s, serde.Input{Data: []byte("\x0a\x03\x0a\x01x")}, value.JSONOptions{})
			if diff := cmp.Diff(tt.want, string(got)); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}
