package formats_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/formats"
)

// Every format opens by its name, under which records say what they are encoded in.
func TestList(t *testing.T) {
	seen := map[string]bool{}
	o := serde.Options{
		Files: func(string) ([]byte, error) { return nil, errors.New("not needed") },
		Exec:  func(string) (io.ReadWriteCloser, error) { return nil, errors.New("not needed") },
	}
	for _, f := range formats.List() {
		spec := f.Name
		if f.NeedsArgument {
			spec += ":i"
		}
		s, err := formats.Open(spec, o)
		if err != nil {
			t.Errorf("%s: %v", spec, err)
			continue
		}
		if diff := cmp.Diff(f.Name, s.Name()); diff != "" {
			t.Errorf("name (-want +got):\n%s", diff)
		}
		if f.Help == "" || strings.Contains(f.Help, "\n") {
			t.Errorf("%s: help must be one line, have %q", f.Name, f.Help)
		}
		if seen[f.Name] {
			t.Errorf("%s is listed twice", f.Name)
		}
		seen[f.Name] = true
	}
}

func TestOpenUnknown(t *testing.T) {
	_, err := formats.Open("mesgpack", serde.Options{})
	var wrong *serde.SpecError
	if !errors.As(err, &wrong) || wrong.Nearest != "msgpack" {
		t.Errorf("error %v, nearest %+v", err, wrong)
	}
}
