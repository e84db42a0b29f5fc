// Package columnstest reads column files with programs of other people: DuckDB, Apache Arrow
// and fastavro, from PyPI.
package columnstest

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"

	"kstream/kafka/kafkatest/pythontest"
)

//go:embed columns.py
var program []byte

//go:embed requirements.txt
var requirements []byte

// Available returns nil when this machine can run the readers, otherwise one line with
// what is missing.
func Available() error { return pythontest.Available("3.10") }

// Run runs columns.py, which says what args mean, in dir, and returns what it prints. The
// first call on a machine fetches the readers.
func Run(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd, err := pythontest.Program{Name: "columns", Source: program, Requirements: requirements}.Command(ctx, args...)
	if err != nil {
		return nil, fmt.Errorf("fetch DuckDB and others for Python: %w", err)
	}
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "TZ=UTC")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, stderr.Bytes())
	}
	return out, nil
}
