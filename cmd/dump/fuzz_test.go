package dump

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"

	"kstream/kafka"
)

// FuzzReader reads arbitrary files both ways. Checksums are made right first, so that what is
// behind them is reached: nothing may panic, and what both ways accept is the same.
func FuzzReader(f *testing.F) {
	var seed bytes.Buffer
	w, err := NewWriter(&seed, sampleManifest())
	if err != nil {
		f.Fatal(err)
	}
	if err := w.Append(sample()...); err != nil {
		f.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(seed.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		repair(data)
		stream, streamErr := countOf(NewReader(bytes.NewReader(data)))
		path := filepath.Join(t.TempDir(), "x.dump")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		file, fileErr := countOf(Open(path))
		if streamErr == nil && fileErr == nil && stream != file {
			t.Errorf("%d records of the stream, %d of the file", stream, file)
		}
	})
}

func countOf(r *Reader, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	defer r.Close()
	n := 0
	for {
		var records []kafka.Record
		records, err = r.Next()
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		n += len(records)
	}
}

// repair makes the checksums of all sections right.
func repair(data []byte) {
	le := binary.LittleEndian
	for rest := data; len(rest) >= headerSize; {
		n, err := headerLen(rest[:prefixSize])
		if err != nil || n > len(rest) {
			return
		}
		body := rest[n:]
		if size := int64(le.Uint32(rest[28:])); size < int64(len(body)) {
			body = body[:size]
		}
		if kind(rest[15]) != kindEnd {
			le.PutUint32(rest[36:], checksum(body))
		}
		le.PutUint32(rest[n-4:], checksum(rest[:n-4]))
		rest = rest[n+len(body):]
	}
}
