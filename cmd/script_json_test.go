//go:build unix

package cmd

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// anything is a string in the wanted JSON that stands for any value.
const anything = "<any>"

// cmp-json GOT WANT compares two files, each a stream of JSON values, as
// values: the order of members and white space are free, the text of numbers is not. Environment variables
// in WANT are replaced first; the string "<any>" in it matches every value. GOT may be stdout or stderr.
func cmdCmpJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cmp-json GOT WANT")
	}
	got, err := jsonValues(ts.ReadFile(args[0]))
	if err != nil {
		ts.Fatalf("%s: %v", args[0], err)
	}
	want, err := jsonValues(os.Expand(ts.ReadFile(args[1]), ts.Getenv))
	if err != nil {
		ts.Fatalf("%s: %v", args[1], err)
	}
	wildcard := cmp.FilterValues(func(x, y any) bool { return x == any(anything) || y == any(anything) }, cmp.Ignore())
	if d := cmp.Diff(want, got, wildcard); d != "" {
		ts.Fatalf("%s and %s differ (-want +got):\n%s", args[1], args[0], d)
	}
}

func jsonValues(text string) ([]any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var values []any
	for {
		var v any
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return values, nil
		} else if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
}
