package dump

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"kstream/kafka"
)

// sample is records of two topics with everything that a record can have.
func sample() []kafka.Record {
	at := int64(1795337438558)
	return []kafka.Record{
		{Topic: "orders", Partition: 0, Offset: 3, Timestamp: at, TimestampType: kafka.TimestampCreate, LeaderEpoch: -1, Key: []byte("k"), Value: []byte(`{"a": 1}`)},
		{Topic: "orders", Partition: 1, Offset: 0, Timestamp: at + 1, TimestampType: kafka.TimestampLogAppend, LeaderEpoch: -1, Key: nil, Value: []byte{}},
		{Topic: "orders", Partition: 0, Offset: 7, Timestamp: at - 5, TimestampType: kafka.TimestampCreate, LeaderEpoch: -1, Key: []byte{}, Value: nil},
		{Topic: "orders", Partition: 0, Offset: 8, Timestamp: -1, LeaderEpoch: -1, Key: []byte{0xff, 0}, Value: []byte("{\n  \"a\": [1,\r\n 2]\n}")},
		{Topic: "sales", Partition: 0, Offset: 0, Timestamp: 0, TimestampType: kafka.TimestampCreate, LeaderEpoch: -1, Value: []byte(" {} "), Headers: []kafka.Header{
			{Key: "h", Value: []byte("1")}, {Key: "", Value: nil}, {Key: "h", Value: []byte{}}, {Key: "\xff", Value: []byte{0x80}}, {Key: "j", Value: []byte("[\n]")},
		}},
		{Topic: "sales", Partition: 0, Offset: 1, Timestamp: -1, TimestampType: kafka.TimestampCreate, LeaderEpoch: -1, Value: []byte("none")},
		{Topic: "sales", Partition: 0, Offset: 2, Timestamp: -5000, TimestampType: kafka.TimestampCreate, LeaderEpoch: -1, Value: []byte("before 1970")},
		{Topic: "orders", Partition: 1, Offset: 9, Timestamp: at + 9, TimestampType: kafka.TimestampCreate, LeaderEpoch: -1, Key: []byte(`"q"`), Value: []byte("17.0\x00\u2028é")},
	}
}

func sampleManifest() Manifest {
	return Manifest{
		Created: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Cluster: "c1",
		Topics: []Topic{
			{Name: "orders", Partitions: 2, Ranges: []Range{{Partition: 0, From: 0, To: 9}, {Partition: 1, From: 0, To: 10}}, Config: map[string]string{"cleanup.policy": "compact"}},
			{Name: "sales", Partitions: 1},
		},
		ValueSerde: "avro",
	}
}

// write makes a dump file of the sample, in which each flushed part is a block.
func write(t *testing.T, path string) []byte {
	t.Helper()
	w, err := Create(path, sampleManifest())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for i, r := range sample() {
		if err := w.Append(r); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readAll returns copies of all records, by partition and in order.
func readAll(r *Reader) (map[string][]kafka.Record, error) {
	got := map[string][]kafka.Record{}
	for {
		records, err := r.Next()
		if err == io.EOF {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		for _, rec := range records {
			rec.Key, rec.Value = bytes.Clone(rec.Key), bytes.Clone(rec.Value)
			for i := range rec.Headers {
				rec.Headers[i].Value = bytes.Clone(rec.Headers[i].Value)
			}
			rec.Headers = append([]kafka.Header(nil), rec.Headers...)
			tp := fmt.Sprintf("%s[%d]", rec.Topic, rec.Partition)
			got[tp] = append(got[tp], rec)
		}
	}
}

func wanted() map[string][]kafka.Record {
	want := map[string][]kafka.Record{}
	for _, rec := range sample() {
		tp := fmt.Sprintf("%s[%d]", rec.Topic, rec.Partition)
		want[tp] = append(want[tp], rec)
	}
	return want
}
