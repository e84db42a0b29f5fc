package input

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkRead reads 500,000 records of about 113 bytes from a file.
func BenchmarkRead(b *testing.B) {
	const records = 500_000
	line := `{"name":"k` + strings.Repeat("x", 90) + `","n":12}` + "\n"
	keyed := "key-42:" + strings.Repeat("x", 105) + "\n"
	benchmarks := map[string]struct {
		c    Config
		line string
	}{
		"line":     {Config{}, line},
		"line-key": {Config{KeySeparator: []byte(":")}, keyed},
		"values":   {Config{Format: "values"}, line},
		"pretty":   {Config{Format: "values"}, "{\n  \"name\": \"k" + strings.Repeat("x", 80) + "\",\n  \"n\": 12\n}\n"},
		"csv":      {Config{Format: "csv"}, strings.Repeat("x", 50) + "," + strings.Repeat("y", 60) + "\n"},
		"json":     {Config{Format: "json"}, `{"key":"k","value":"` + strings.Repeat("x", 90) + `"}` + "\n"},
	}
	for name, bm := range benchmarks {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "in")
			if err := os.WriteFile(path, bytes.Repeat([]byte(bm.line), records), 0o600); err != nil {
				b.Fatal(err)
			}
			bm.c.Files = []string{path}
			batch := NewBatch()
			b.SetBytes(int64(len(bm.line) * records))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				r, err := Open(context.Background(), bm.c)
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					err = r.ReadBatch(batch)
					n += len(batch.Records)
				}
				if err != io.EOF {
					b.Fatal(err)
				}
				r.Close()
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mrec/s")
		})
	}
}
