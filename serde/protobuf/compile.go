package protobuf

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"kstream/serde"
)

// The parser walks over what it has read by calling itself, so nesting is bounded
// before it starts; protoc takes 32 levels of messages.
const (
	maxSourceNesting     = 500
	maxDescriptorNesting = 200
)

// compiler compiles with the files whose text read returns, which may also be a
// base64 FileDescriptorProto. The standard files are there without it.
func compiler(read func(name string) (string, error)) *protocompile.Compiler {
	resolver := protocompile.ResolverFunc(func(path string) (protocompile.SearchResult, error) {
		text, err := read(path)
		if err != nil {
			var ok bool
			if text, ok = shipped(path); !ok {
				return protocompile.SearchResult{}, err
			}
		}
		return parseText(path, text)
	})
	return &protocompile.Compiler{Resolver: protocompile.WithStandardImports(resolver), MaxParallelism: 1}
}

// compile makes descriptors of the file main and all it imports. See compiler.
func compile(ctx context.Context, main string, read func(name string) (string, error)) (*descriptorpb.FileDescriptorSet, error) {
	files, err := compiler(read).Compile(ctx, main)
	if err != nil {
		return nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	collect(set, map[string]bool{}, files[0])
	return set, nil
}

// collect adds a file to set, after what it imports.
func collect(set *descriptorpb.FileDescriptorSet, seen map[string]bool, file protoreflect.FileDescriptor) {
	if seen[file.Path()] {
		return
	}
	seen[file.Path()] = true
	for i := range file.Imports().Len() {
		collect(set, seen, file.Imports().Get(i).FileDescriptor)
	}
	set.File = append(set.File, protoutil.ProtoFromFileDescriptor(file))
}

func parseText(path, text string) (protocompile.SearchResult, error) {
	if fd := serialized(text); fd != nil {
		fd.Name = proto.String(path)
		withJSONNames(fd)
		return protocompile.SearchResult{Proto: fd}, nil
	}
	if err := checkNesting(text); err != nil {
		return protocompile.SearchResult{}, err
	}
	return protocompile.SearchResult{Source: strings.NewReader(text)}, nil
}

// serialized reads a base64 FileDescriptorProto, or returns nil. No .proto is without a
// semicolon, no base64 has one.
func serialized(text string) *descriptorpb.FileDescriptorProto {
	if strings.Contains(text, ";") {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(b) == 0 {
		return nil
	}
	fd := &descriptorpb.FileDescriptorProto{}
	if unmarshalDescriptor(b, fd) != nil {
		return nil
	}
	return fd
}

func unmarshalDescriptor(b []byte, m proto.Message) error {
	return proto.UnmarshalOptions{AllowPartial: true, RecursionLimit: maxDescriptorNesting}.Unmarshal(b, m)
}

// checkNesting counts brackets wherever they are, also in comments: more than this is
// in no file that means well.
func checkNesting(text string) error {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '{', '[', '<', '(':
			if depth++; depth > maxSourceNesting {
				return serde.ErrTooDeep
			}
		case '}', ']', '>', ')':
			depth = max(0, depth-1)
		}
	}
	return nil
}

var errNoSet = errors.New("want a FileDescriptorSet, as protoc --descriptor_set_out writes it")

// readSet reads a descriptor set, and adds files of google/protobuf that it lacks.
func readSet(data []byte) (*descriptorpb.FileDescriptorSet, error) {
	set := &descriptorpb.FileDescriptorSet{}
	if err := unmarshalDescriptor(data, set); err != nil || len(set.File) == 0 {
		return nil, errNoSet
	}
	have := map[string]bool{}
	for _, fd := range set.File {
		have[fd.GetName()] = true
		withJSONNames(fd)
	}
	for _, fd := range set.File {
		for _, name := range fd.GetDependency() {
			if have[name] {
				continue
			}
			known, err := standardFile(name)
			if err != nil {
				return nil, fmt.Errorf("%s imports %s, which is not in the set: protoc --include_imports puts it there", fd.GetName(), name)
			}
			collect(set, have, known)
		}
	}
	return set, nil
}
