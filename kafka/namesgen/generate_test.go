package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The list is that of the librdkafka which the program is linked with.
func TestNamesAreUpToDate(t *testing.T) {
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../../cmd/config/names_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(have)); diff != "" {
		t.Errorf("cmd/config/names_gen.go is out of date; run go generate ./cmd/config (-want +have):\n%s", diff)
	}
}

func TestPropertiesRefusesAnotherTable(t *testing.T) {
	row := "client.id | * | | rdkafka | low | Client identifier. <br>*Type: string*\n"
	tests := map[string]struct{ table, wantErr string }{
		"empty":        {"", "librdkafka's table has only 0 properties"},
		"few":          {"## Global\n\n" + strings.Repeat(row, 200), "librdkafka's table has only 1 properties"},
		"another form": {row + "client.id: rdkafka\n", `librdkafka's table has a row in another form: "client.id: rdkafka"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := properties(tt.table); err == nil || err.Error() != tt.wantErr {
				t.Errorf("error %v, want %s", err, tt.wantErr)
			}
		})
	}
}
