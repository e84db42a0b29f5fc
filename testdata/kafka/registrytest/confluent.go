//go:build unix

package registrytest

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

//go:embed confluent.py
var confluentProgram []byte

//go:embed requirements.txt
var requirements []byte

// ConfluentAvailable returns nil when this machine can run Confluent's Python client,
// otherwise one line with what is missing.
func ConfluentAvailable() error {
	python, err := exec.LookPath("python3")
	if err != nil {
		return errors.New("missing: python3 (3.9 or later)")
	}
	if err := exec.Command(python, "-c", "import venv, ensurepip").Run(); err != nil {
		return errors.New("missing: venv for python3 (Debian package python3-venv)")
	}
	return nil
}

// Confluent runs confluent.py, which says what args mean, with an environment that the
// first call on a machine fetches.
func Confluent(ctx context.Context, args ...string) (*exec.Cmd, error) {
	if err := ConfluentAvailable(); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("confluent-%x", sha256.Sum256(append(requirements, confluentProgram...)))[:22]
	home, err := once(name, func(tmp string) error { return installConfluent(ctx, tmp) })
	if err != nil {
		return nil, fmt.Errorf("fetch Confluent's client for Python: %w", err)
	}
	cmd := exec.CommandContext(ctx, "python3", append([]string{filepath.Join(home, "confluent.py")}, args...)...)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(home, "packages"), "PYTHONDONTWRITEBYTECODE=1", "PYTHONIOENCODING=utf-8")
	return cmd, nil
}

// installConfluent puts the packages into a folder of their own, which unlike a virtual
// environment can be moved.
func installConfluent(ctx context.Context, dir string) error {
	for name, content := range map[string][]byte{"confluent.py": confluentProgram, "requirements.txt": requirements} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	venv := filepath.Join(dir, "venv")
	for _, args := range [][]string{
		{"python3", "-m", "venv", venv},
		{
			filepath.Join(venv, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "--no-deps",
			"--target", filepath.Join(dir, "packages"), "-r", filepath.Join(dir, "requirements.txt"),
		},
	} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", filepath.Base(args[0]), err, out)
		}
	}
	return os.RemoveAll(venv)
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
