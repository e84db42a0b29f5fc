package dump

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka"
)

func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.dump")
	first, err := Create(path, Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Abort()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the name is there before the dump is whole: %v", err)
	}
	if err := os.WriteFile(path, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); !errors.Is(err, ErrExists) || err.Error() != path+": the file exists" {
		t.Errorf("close: %v", err)
	}
	if _, err := Create(path, Manifest{}); !errors.Is(err, ErrExists) {
		t.Errorf("create: %v", err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), link); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(link, Manifest{}); !errors.Is(err, ErrExists) {
		t.Errorf("create through a link: %v", err)
	}
	given, err := Create(filepath.Join(dir, "y.dump"), Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	given.Abort()
	given.Abort()
	if err := given.Append(sample()[0]); err == nil {
		t.Error("append after abort")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"link", "x.dump"}, names); diff != "" {
		t.Errorf("left behind: %s", diff)
	}
}

func TestAppendRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		records []kafka.Record
		want    string
	}{
		"back":     {[]kafka.Record{{Topic: "t", Offset: 5}, {Topic: "t", Offset: 5}}, "t[0]@5: after offset 5: offsets must rise"},
		"no topic": {[]kafka.Record{{}}, `""[0]@0: no place in a topic`},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := NewWriter(io.Discard, Manifest{})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Append(c.records...); err == nil || err.Error() != c.want {
				t.Errorf("append: %v, want %s", err, c.want)
			}
			if err := w.Close(); err == nil || err.Error() != c.want {
				t.Errorf("close: %v, want %s", err, c.want)
			}
		})
	}
}
