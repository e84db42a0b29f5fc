//go:build !race

package compare

import (
	"testing"

	"kstream/cmd/diff"
	"kstream/cmd/record"
	"kstream/kafka"
)

func TestDiffFormAllocatesNothing(t *testing.T) {
	rec := kafka.Record{Key: []byte("k"), Value: []byte(`{"a":1,"at":2}`), Headers: []kafka.Header{{Key: "h", Value: []byte("v")}}}
	for _, list := range []string{"timestamp", ".at"} {
		ignore, err := parseIgnored([]string{list})
		if err != nil {
			t.Fatal(err)
		}
		form := newForm(ignore, diff.Auto)
		var r record.Record
		if n := testing.AllocsPerRun(100, func() { r.Load(&rec, 0, 0); form.of(&r, true) }); n > 0 {
			t.Errorf("--ignore %s: %v allocations", list, n)
		}
	}
}
