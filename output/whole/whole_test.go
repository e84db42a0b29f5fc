package whole

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// names lists what is in a folder.
func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// begun creates a file with some text in it.
func begun(t *testing.T, folder string) *File {
	t.Helper()
	f, err := Create(folder, "out")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("ours"); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestClose(t *testing.T) {
	folder := t.TempDir()
	f := begun(t, folder)
	if found := names(t, folder); len(found) != 1 || found[0][:5] != ".out." {
		t.Fatalf("while it is written: %v", found)
	}
	if err := f.Close("out.txt"); err != nil {
		t.Fatal(err)
	}
	f.Abort()
	if diff := cmp.Diff([]string{"out.txt"}, names(t, folder)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if data, err := os.ReadFile(filepath.Join(folder, "out.txt")); err != nil || string(data) != "ours" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestNamesThatAreTaken(t *testing.T) {
	for name, take := range map[string]func(path string) error{
		"file":   func(path string) error { return os.WriteFile(path, []byte("theirs"), 0o600) },
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":   func(path string) error { return os.Symlink("nowhere", path) },
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "taken")
			f := begun(t, folder)
			if err := Free(path); err != nil {
				t.Fatal(err)
			}
			if err := take(path); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := Free(path); !errors.Is(err, ErrExists) {
				t.Errorf("free: %v", err)
			}
			if err := f.Close("taken"); !errors.Is(err, ErrExists) {
				t.Errorf("close: %v", err)
			}
			if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) || after.Size() != before.Size() {
				t.Errorf("replaced: %v", err)
			}
			if diff := cmp.Diff([]string{"taken"}, names(t, folder)); diff != "" {
				t.Errorf("left behind (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAbort(t *testing.T) {
	folder := t.TempDir()
	f := begun(t, folder)
	f.Abort()
	f.Abort()
	if left := names(t, folder); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := f.Close("out.txt"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("close: %v", err)
	}
	if left := names(t, folder); len(left) > 0 {
		t.Errorf("closed after it was given up: %v", left)
	}
}

func TestCause(t *testing.T) {
	_, err := Create(filepath.Join(t.TempDir(), "none"), "out")
	if err == nil || Cause(err).Error() != "no such file or directory" || !errors.Is(Cause(err), fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	err = os.Link(filepath.Join(t.TempDir(), "none"), "out")
	if err == nil || Cause(err).Error() != "no such file or directory" {
		t.Errorf("no file: %v", err)
	}
	if other := errors.New("other"); Cause(other).Error() != "other" {
		t.Error(Cause(other))
	}
}
