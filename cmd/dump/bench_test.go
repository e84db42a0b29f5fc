package dump

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"kstream/kafka"
)

func BenchmarkAppend(b *testing.B) {
	w, err := NewWriter(io.Discard, Manifest{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := range b.N {
		if err := w.Append(benchRecord(i)); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkNext(b *testing.B) {
	var file bytes.Buffer
	w, err := NewWriter(&file, Manifest{})
	if err != nil {
		b.Fatal(err)
	}
	for i := range 200_000 {
		if err := w.Append(benchRecord(i)); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; {
		r, err := NewReader(bytes.NewReader(file.Bytes()))
		if err != nil {
			b.Fatal(err)
		}
		for n < b.N {
			records, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			n += len(records)
		}
		r.Close()
	}
}

func benchRecord(i int) kafka.Record {
	return kafka.Record{
		Topic: "orders", Partition: int32(i % 10), Offset: int64(i), Timestamp: 1795337438558 + int64(i), TimestampType: kafka.TimestampCreate,
		Key: fmt.Appendf(nil, "key-%d", i), Value: fmt.Appendf(nil, `{"id":%d,"name":"customer %d","amount":%d.5,"color":"red","note":"something to read"}`, i, i*7919%100000, i%1000),
		Headers: []kafka.Header{{Key: "trace", Value: []byte("abc123")}},
	}
}
