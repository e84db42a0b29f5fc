//go:build !race

package consume

import (
	"testing"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output"
	"kstream/output/format"
)

// What is done for each record allocates nothing, whatever the processor does meanwhile. The
// race detector makes pools forget.
func TestRecordsAllocateNothing(t *testing.T) {
	text, err := format.Parse(`%t %p %o %T %k %h{%k=%v } %v\n`, format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lines := output.Value{Delimiter: []byte("\n")}
	tests := map[string]struct {
		filters record.FilterOptions
		format  output.Format
	}{
		"values":         {format: lines},
		"JSON":           {format: output.JSON{}},
		"format string":  {format: text},
		"grep":           {record.FilterOptions{Grep: []string{"user-[0-9]+", "!key:^x"}}, lines},
		"one comparison": {record.FilterOptions{Filter: `.value.number > 990`}, lines},
		"five conditions": {record.FilterOptions{
			Filter: `.value.number > 990 and .value.color == "red" and .value.id >= 7 and (.value.name | startswith("user")) and .partition < 8`,
		}, lines},
		"the header, the key": {record.FilterOptions{Filter: `.header.try == "7" and .key != "k2"`}, lines},
	}
	rec := &kafka.Record{
		Topic: "orders", Partition: 3, Offset: 71234, Timestamp: 1700000000000, Key: []byte("k1"),
		Value:   []byte(`{"id":71234,"name":"user-0000123","color":"red","number":991}`),
		Headers: []kafka.Header{{Key: "try", Value: []byte("7")}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.filters.KeySet = func() bool { return false }
			filters, err := tt.filters.Plan(&cli.Env{Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			looker := (&record.Reading{Selection: &record.Selection{Filters: filters}}).NewLooker()
			dst := make([]byte, 0, 4096)
			n := testing.AllocsPerRun(100, func() {
				looker.Load(rec)
				keep, err := looker.Keep(t.Context())
				if err != nil || !keep {
					t.Fatal(keep, err)
				}
				dst = looker.Record.Render(dst[:0], tt.format)
			})
			if n != 0 {
				t.Errorf("%v allocations a record", n)
			}
		})
	}
}
