// Package columnstest reads column files with programs of other people: DuckDB, Apache Arrow
// and fastavro, from PyPI.
package columnstest

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed columns.py
var program []byte

//go:embed requirements.txt
var requirements []byte

// Available returns nil when this machine can run the readers, otherwise one line with what is
// missing.
func Available() error {
	python, err := exec.LookPath("python3")
	if err != nil {
		return errors.New("missing: python3 (3.10 or later)")
	}
	if err := exec.Command(python, "-c", "import venv, ensurepip").Run(); err != nil {
		return errors.New("missing: venv for python3 (Debian package python3-venv)")
	}
	return nil
}

// Run runs columns.py, which says what args mean, in dir, and gives what it prints. The
// first call on a machine fetches the readers.
func Run(ctx context.Context, dir string, args ...string) ([]byte, error) {
	home, err := install(ctx)
	if err != nil {
		return nil, fmt.Errorf("fetch DuckDB and others for Python: %w", err)
	}
	cmd := exec.CommandContext(ctx, "python3", append([]string{filepath.Join(home, "columns.py")}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(home, "packages"), "PYTHONDONTWRITEBYTECODE=1", "PYTHONIOENCODING=utf-8", "TZ=UTC")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, stderr.Bytes())
	}
	return out, nil
}

// install puts the packages into a folder of the user's cache, once for each version of them.
func install(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("columns-%x", sha256.Sum256(append(requirements, program...)))[:20]
	home := filepath.Join(cache, "kstream-test", name)
	if _, err := os.Stat(home); err == nil {
		return home, nil
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(home), name+".")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	for file, content := range map[string][]byte{"columns.py": program, "requirements.txt": requirements} {
		if err := os.WriteFile(filepath.Join(tmp, file), content, 0o644); err != nil {
			return "", err
		}
	}
	venv := filepath.Join(tmp, "venv")
	for _, args := range [][]string{
		{"python3", "-m", "venv", venv},
		{
			filepath.Join(venv, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "--no-deps",
			"--target", filepath.Join(tmp, "packages"), "-r", filepath.Join(tmp, "requirements.txt"),
		},
	} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w\n%s", filepath.Base(args[0]), err, out)
		}
	}
	if err := os.RemoveAll(venv); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, home); err != nil {
		if _, there := os.Stat(home); there == nil { // somebody else was faster
			return home, nil
		}
		return "", err
	}
	return home, nil
}
