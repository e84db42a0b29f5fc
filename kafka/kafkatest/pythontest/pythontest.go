// Package pythontest runs programs that need packages from PyPI, for tests.
package pythontest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"kstream/kafka/kafkatest/fetched"
)

// Program is a Python program.
type Program struct {
	Name         string // without .py; of its folder in the cache too
	Source       []byte
	Requirements []byte // a requirements.txt that names all packages, those that others need too
}

// Available returns nil when this machine can run programs for Python of this version or
// later, such as 3.9, otherwise one line with what is missing.
func Available(version string) error {
	python, err := exec.LookPath("python3")
	if err != nil {
		return fmt.Errorf("missing: python3 (%s or later)", version)
	}
	if err := exec.Command(python, "-c", "import venv, ensurepip").Run(); err != nil {
		return errors.New("missing: venv for python3 (Debian package python3-venv)")
	}
	return nil
}

// Command makes a command that runs the program with args. The first call on a machine
// fetches the packages.
func (p Program) Command(ctx context.Context, args ...string) (*exec.Cmd, error) {
	sum := sha256.Sum256(slices.Concat(p.Requirements, p.Source))
	home, err := fetched.Once(fmt.Sprintf("%s-%x", p.Name, sum[:6]), func(folder string) error { return p.install(ctx, folder) })
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "python3", append([]string{filepath.Join(home, p.Name+".py")}, args...)...)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(home, "packages"), "PYTHONDONTWRITEBYTECODE=1", "PYTHONIOENCODING=utf-8")
	return cmd, nil
}

// install puts the packages into a folder of their own, which unlike a virtual environment
// can be moved.
func (p Program) install(ctx context.Context, folder string) error {
	for name, content := range map[string][]byte{p.Name + ".py": p.Source, "requirements.txt": p.Requirements} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	venv := filepath.Join(folder, "venv")
	for _, args := range [][]string{
		{"python3", "-m", "venv", venv},
		{
			filepath.Join(venv, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "--no-deps",
			"--target", filepath.Join(folder, "packages"), "-r", filepath.Join(folder, "requirements.txt"),
		},
	} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", filepath.Base(args[0]), err, out)
		}
	}
	return os.RemoveAll(venv)
}
