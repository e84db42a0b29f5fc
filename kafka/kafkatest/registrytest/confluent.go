//go:build unix

package registrytest

import (
	"context"
	_ "embed"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"kstream/kafka/kafkatest/pythontest"
)

//go:embed confluent.py
var confluentProgram []byte

//go:embed requirements.txt
var requirements []byte

// ConfluentAvailable returns nil when this machine can run Confluent's Python client,
// otherwise one line with what is missing.
func ConfluentAvailable() error { return pythontest.Available("3.9") }

// Confluent runs confluent.py, which says what args mean, with an environment that the
// first call on a machine fetches.
func Confluent(ctx context.Context, args ...string) (*exec.Cmd, error) {
	if err := ConfluentAvailable(); err != nil {
		return nil, err
	}
	cmd, err := pythontest.Program{Name: "confluent", Source: confluentProgram, Requirements: requirements}.Command(ctx, args...)
	if err != nil {
		return nil, fmt.Errorf("fetch Confluent's client for Python: %w", err)
	}
	return cmd, nil
}

// DescriptorSet compiles a .proto file and what it imports from its folder.
func DescriptorSet(ctx context.Context, path string) ([]byte, error) {
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(
		&protocompile.SourceResolver{ImportPaths: []string{filepath.Dir(path)}})}
	files, err := compiler.Compile(ctx, filepath.Base(path))
	if err != nil {
		return nil, err
	}
	var set descriptorpb.FileDescriptorSet
	seen := map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] {
			return
		}
		seen[file.Path()] = true
		for i := range file.Imports().Len() {
			add(file.Imports().Get(i).FileDescriptor)
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
	}
	for _, file := range files {
		add(file)
	}
	return proto.Marshal(&set)
}
