package scratch

import (
	"fmt"
	"os"
	"testing"
)

func TestFile(t *testing.T) {
	dir := t.TempDir()
	f := File{Dir: dir, Name: "test"}
	if err := f.Close(); err != nil || f.Size() != 0 {
		t.Fatalf("a file that was never written: %v, %d bytes", err, f.Size())
	}
	var at []Extent
	for i := range 3 {
		e, err := f.Write(fmt.Appendf(nil, "text %d", i))
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, e)
	}
	for i, e := range at {
		if got, err := f.Read(e, nil); err != nil || string(got) != fmt.Sprintf("text %d", i) {
			t.Errorf("read %q, %v", got, err)
		}
	}
	if err := f.file.Truncate(10); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(at[2], nil); fmt.Sprint(err) != "temporary file: it was cut off" {
		t.Errorf("of a file that somebody cut: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
