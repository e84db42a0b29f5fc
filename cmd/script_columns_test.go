package cmd

import (
	"context"

	"github.com/rogpeppe/go-internal/testscript"

	"kstream/kafka/kafkatest/columnstest"
)

// columns duckdb SQL…, columns arrow FILE… and columns avro FILE print as JSON lines what
// DuckDB, Apache Arrow and fastavro read. It needs [columns].
func cmdColumns(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: columns duckdb SQL…, columns arrow FILE…, columns avro FILE")
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
	defer cancel()
	out, err := columnstest.Run(ctx, ts.MkAbs("."), args...)
	ts.Check(err)
	_, err = ts.Stdout().Write(out)
	ts.Check(err)
}
