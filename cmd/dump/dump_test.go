package dump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka"
)

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.dump")
	data := write(t, path)
	file, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stream, err := NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	for name, r := range map[string]*Reader{"file": file, "stream": stream} {
		got, err := readAll(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(wanted(), got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		want := sampleManifest()
		want.Version = 1
		if diff := cmp.Diff(want, *r.Manifest()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: after the end: %v", name, err)
		}
	}
	at := int64(1795337438558)
	contents, err := file.Contents()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Contents{
		{Topic: "orders", Partition: 0, First: 3, Last: 8, Records: 3, Oldest: at - 5, Newest: at},
		{Topic: "orders", Partition: 1, First: 0, Last: 9, Records: 2, Oldest: at + 1, Newest: at + 9},
		{Topic: "sales", Partition: 0, First: 0, Last: 2, Records: 3, Oldest: 0, Newest: 0},
	}, contents); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := stream.Contents(); !errors.Is(err, ErrNoIndex) {
		t.Errorf("contents of a stream: %v", err)
	}
}

func TestSelect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.dump")
	w, err := Create(path, Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	value := bytes.Repeat([]byte("x"), 10_000)
	for offset := range int64(1000) {
		for p := range int32(3) {
			if err := w.Append(kafka.Record{Topic: "t", Partition: p, Offset: 2 * offset, Timestamp: 100 * offset, TimestampType: kafka.TimestampCreate, Value: value}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if w.Records() != 3000 {
		t.Errorf("records: %d", w.Records())
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	blocks := len(r.blocks)
	if blocks < 20 {
		t.Fatalf("%d blocks", blocks)
	}
	r.Select(Range{Topic: "t", Partition: 1, From: 501, To: 507}, Range{Topic: "t", Partition: 2, From: 1996, To: math.MaxInt64}, Range{Topic: "other", Partition: 0, To: 5})
	got, err := readAll(r)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for tp, records := range got {
		for _, rec := range records {
			list = append(list, fmt.Sprint(tp, rec.Offset))
		}
	}
	if want := 3 + 2; len(list) != want || len(got["t[1]"]) != 3 || got["t[1]"][0].Offset != 502 || got["t[2]"][1].Offset != 1998 {
		t.Errorf("selected: %v", list)
	}
	for name, c := range map[string]struct {
		got  func() (int64, error)
		want int64
	}{
		"at":       {func() (int64, error) { return r.OffsetAt("t", 0, 49_901) }, 1000},
		"at first": {func() (int64, error) { return r.OffsetAt("t", 0, 0) }, 0},
		"at none":  {func() (int64, error) { return r.OffsetAt("t", 0, 99_901) }, -1},
	} {
		if got, err := c.got(); err != nil || got != c.want {
			t.Errorf("%s: %d %v, want %d", name, got, err, c.want)
		}
	}
}

// TestHuge has records larger than a block, of bytes that grow most as text.
func TestHuge(t *testing.T) {
	var file bytes.Buffer
	w, err := NewWriter(&file, Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	sizes := []int{10, 3 << 20, 7, 20 << 20, 15 << 20, 1}
	for i, n := range sizes {
		if err := w.Append(kafka.Record{Topic: "t", Offset: int64(i), Value: make([]byte, n)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []int
	for {
		records, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range records {
			got = append(got, len(rec.Value))
			if len(bytes.Trim(rec.Value, "\x00")) > 0 {
				t.Errorf("record of %d bytes changed", len(rec.Value))
			}
		}
	}
	if diff := cmp.Diff(sizes, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
