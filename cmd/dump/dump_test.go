package dump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// readAll gives copies of all records, by partition and in order.
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
		{Topic: "sales", Partition: 0, First: 0, Last: 0, Records: 1, Oldest: 0, Newest: 0},
	}, contents); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := stream.Contents(); !errors.Is(err, ErrNoIndex) {
		t.Errorf("contents of a stream: %v", err)
	}
}

// TestOneFlippedByte changes each byte of a file in turn: it is found, and where it is.
func TestOneFlippedByte(t *testing.T) {
	dir := t.TempDir()
	data := write(t, filepath.Join(dir, "x.dump"))
	path := filepath.Join(dir, "flipped.dump")
	for i := range data {
		for _, flip := range []byte{0x01, 0x80} {
			data[i] ^= flip
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			for name, open := range map[string]func() (*Reader, error){
				"file":   func() (*Reader, error) { return Open(path) },
				"stream": func() (*Reader, error) { return NewReader(bytes.NewReader(data)) },
			} {
				r, err := open()
				if err == nil {
					_, err = readAll(r)
					r.Close()
				}
				var d *DamageError
				if !errors.As(err, &d) {
					t.Fatalf("byte %d ^ %#x, %s: %v", i, flip, name, err)
				}
				if int64(i) < d.From || int64(i) >= d.To {
					t.Errorf("byte %d ^ %#x, %s: %v", i, flip, name, err)
				}
				if name == "file" && d.Part == "block" && (d.Topic == "" || d.Last < d.First) {
					t.Errorf("byte %d: no records named: %v", i, err)
				}
			}
			data[i] ^= flip
		}
	}
}

// TestTorn cuts a file off at each byte: what is before is given out, then the error comes.
func TestTorn(t *testing.T) {
	dir := t.TempDir()
	data := write(t, filepath.Join(dir, "x.dump"))
	path := filepath.Join(dir, "torn.dump")
	most := 0
	for n := range data {
		if err := os.WriteFile(path, data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		var d *DamageError
		if !errors.As(err, &d) && (n >= 4 || !errors.Is(err, ErrNotDump)) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if d != nil && (int64(n) < d.From || int64(n) >= d.To) {
			t.Errorf("%d bytes: %v", n, err)
		}
		r, err := NewReader(bytes.NewReader(data[:n]))
		if err != nil {
			continue
		}
		got, err := readAll(r)
		if !errors.As(err, &d) {
			t.Fatalf("%d bytes of a stream: %v", n, err)
		}
		count := 0
		for tp, records := range got {
			count += len(records)
			if diff := cmp.Diff(wanted()[tp][:len(records)], records); diff != "" {
				t.Fatalf("%d bytes: -want +got:\n%s", n, diff)
			}
		}
		most = max(most, count)
	}
	if most != len(sample()) {
		t.Errorf("at most %d records before the damage", most)
	}
	more := append(bytes.Clone(data), 'x')
	if err := os.WriteFile(path, more, 0o600); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%s: end, bytes %d–%d: more bytes after the end", path, len(data), len(data))
	if _, err := Open(path); err == nil || err.Error() != want {
		t.Errorf("appended: %v, want %s", err, want)
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

// TestBehindDamage reads on behind a block that is damaged.
func TestBehindDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.dump")
	data := write(t, path)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	hurt := r.blocks[1].end() - 1
	data[hurt] ^= 4
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var damages, records int
	for {
		got, err := r.Next()
		if err == io.EOF {
			break
		}
		var d *DamageError
		if err != nil && !errors.As(err, &d) {
			t.Fatal(err)
		}
		if d != nil {
			damages++
			want := fmt.Sprintf("%s: block 2, bytes %d–%d, orders[1] offsets 0–0: checksum mismatch", path, r.blocks[1].at, hurt)
			if err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
		records += len(got)
	}
	if damages != 1 || records != len(sample())-1 {
		t.Errorf("%d damages, %d records", damages, records)
	}
}

func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.dump")
	first, err := Create(path, Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Abort()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the name is there before the dump is whole: %v", err)
	}
	if err := os.WriteFile(path, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); !errors.Is(err, ErrExists) || err.Error() != path+": the file exists" {
		t.Errorf("close: %v", err)
	}
	if _, err := Create(path, Manifest{}); !errors.Is(err, ErrExists) {
		t.Errorf("create: %v", err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), link); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(link, Manifest{}); !errors.Is(err, ErrExists) {
		t.Errorf("create through a link: %v", err)
	}
	given, err := Create(filepath.Join(dir, "y.dump"), Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	given.Abort()
	given.Abort()
	if err := given.Append(sample()[0]); err == nil {
		t.Error("append after abort")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"link", "x.dump"}, names); diff != "" {
		t.Errorf("left behind: %s", diff)
	}
}

func TestAppendRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		records []kafka.Record
		want    string
	}{
		"back":      {[]kafka.Record{{Topic: "t", Offset: 5}, {Topic: "t", Offset: 5}}, "t[0]@5: after offset 5: offsets must rise"},
		"no topic":  {[]kafka.Record{{}}, `""[0]@0: no place in a topic`},
		"timestamp": {[]kafka.Record{{Topic: "t", Timestamp: -2}}, "t[0]@0: timestamp -2: a record line holds none before 1970"},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := NewWriter(io.Discard, Manifest{})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Append(c.records...); err == nil || err.Error() != c.want {
				t.Errorf("append: %v, want %s", err, c.want)
			}
			if err := w.Close(); err == nil || err.Error() != c.want {
				t.Errorf("close: %v, want %s", err, c.want)
			}
		})
	}
}

func TestNotADump(t *testing.T) {
	for name, data := range map[string]string{"empty": "", "short": "x", "text": strings.Repeat("hello ", 100), "zstd": "\x28\xb5\x2f\xfd" + strings.Repeat("x", 200)} {
		if _, err := NewReader(strings.NewReader(data)); !errors.Is(err, ErrNotDump) || err.Error() != "-: not a dump of kstream" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.HasSuffix(err.Error(), "is a directory") {
		t.Errorf("folder: %v", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}

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
