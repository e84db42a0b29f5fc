package protobuf

import (
	"context"
	"embed"
	"errors"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// include holds the definitions that clients and registries have themselves, so that
// they are never registered: google/type and confluent. Those of google/protobuf come
// with the compiler.
//
//go:embed include
var include embed.FS

// shipped returns the text of a file of include.
func shipped(name string) (string, bool) {
	text, err := include.ReadFile("include/" + name)
	return string(text), err == nil
}

// isStandard reports whether an import comes with every compiler or client.
func isStandard(name string) bool {
	_, ok := shipped(name)
	return ok || strings.HasPrefix(name, "google/protobuf/")
}

var errNotShipped = errors.New("no standard file")

// standardFile returns the descriptor of a standard file.
func standardFile(name string) (protoreflect.FileDescriptor, error) {
	if !isStandard(name) {
		return nil, errNotShipped
	}
	if known, err := protoregistry.GlobalFiles.FindFileByPath(name); err == nil {
		return known, nil
	}
	files, err := compiler(func(string) (string, error) { return "", errNotShipped }).Compile(context.Background(), name)
	if err != nil {
		return nil, err
	}
	return files[0], nil
}

// withJSONNames fills in the names of fields in JSON that a descriptor lacks, as those
// that Python's clients register do.
func withJSONNames(fd *descriptorpb.FileDescriptorProto) {
	fillFields(fd.GetExtension())
	fillMessages(fd.GetMessageType())
}

func fillMessages(list []*descriptorpb.DescriptorProto) {
	for _, m := range list {
		fillFields(m.GetField())
		fillFields(m.GetExtension())
		fillMessages(m.GetNestedType())
	}
}

func fillFields(list []*descriptorpb.FieldDescriptorProto) {
	for _, f := range list {
		if f.JsonName == nil {
			f.JsonName = proto.String(jsonName(f.GetName()))
		}
	}
}

// jsonName returns the lowerCamelCase of a field: a letter after underscores is a capital.
func jsonName(name string) string {
	out := make([]byte, 0, len(name))
	up := false
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '_':
			up = true
			continue
		case up && c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		}
		up = false
		out = append(out, c)
	}
	return string(out)
}
