package profile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReport(t *testing.T) {
	p := New(Options{JSON: true})
	first, second := p.Partition(0, 3), p.Partition(1, 1)
	first.Window(0, 3)
	second.Window(7, 8)
	addTo(t, p, first, &Record{Timestamp: 1000, Key: []byte("a"), Value: []byte(`{"n":1}`), Headers: 2})
	addTo(t, p, first, &Record{Timestamp: 3000, Key: []byte("b")})
	addTo(t, p, first, &Record{Timestamp: 2000, Key: []byte("a"), Value: []byte("text"), Undecodable: true})
	addTo(t, p, second, &Record{Timestamp: 500, Value: []byte{}})
	n := func(n int64) *int64 { return &n }
	f := func(f float64) *float64 { return &f }
	want := &Report{
		Topic: "orders", Records: 4, RecordsRead: 4, Offsets: 4, Bytes: 16, Rate: f(1.6),
		SizeP50: n(1), SizeP95: n(10), SizeP99: n(10), SizeMax: n(10),
		KeysDistinct: 2, NullKeys: 1, NullValues: 1, Undecodable: 1, Skew: f(1.5),
		FirstTimestamp: n(500), LastTimestamp: n(3000), Disorder: 1,
		Partitions: []PartitionCount{
			{Partition: 0, Records: 3, Bytes: 16, FirstTimestamp: n(1000), LastTimestamp: n(3000), Disorder: 1},
			{Partition: 1, Records: 1, FirstTimestamp: n(500), LastTimestamp: n(500)},
		},
		OverTime: []Bucket{},
		Schemas:  []SchemaCount{},
		Fields: []FieldCount{
			{Path: ".", Types: map[string]int64{"object": 1}, Presence: 1.0 / 3},
			{Path: ".n", Types: map[string]int64{"integer": 1}, Presence: 1.0 / 3},
		},
	}
	got := reportOf(t, p, "orders")
	over := got.OverTime
	got.OverTime = []Bucket{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(over) != 26 || over[0] != (Bucket{500, 600, 1}) || over[25] != (Bucket{3000, 3100, 1}) {
		t.Errorf("over time: %v", over)
	}
}

// TestSample reads a tenth of a partition, in windows, and all of another.
func TestSample(t *testing.T) {
	p := New(Options{JSON: true})
	large, small := p.Partition(0, 10_000), p.Partition(1, 100)
	for from := int64(0); from < 10_000; from += 1000 {
		large.Window(from, from+100)
		for i := from; i < from+100; i++ {
			r := sampleRecord(int(i))
			if i%10 == 0 { // others left these out
				continue
			}
			addTo(t, p, large, &r)
		}
	}
	small.Window(0, 100)
	for i := range 100 {
		r := sampleRecord(i)
		r.Key = nil
		addTo(t, p, small, &r)
	}
	got := reportOf(t, p, "t")
	type figures struct {
		Sampled                     bool
		Records, Read, Offsets, Nul int64
		Disorder                    int64
	}
	want := figures{true, 9100, 1000, 10_100, 100, 0}
	if diff := cmp.Diff(want, figures{got.Sampled, got.Records, got.RecordsRead, got.Offsets, got.NullKeys, got.Disorder}); diff != "" {
		t.Error(diff)
	}
	sum := int64(0)
	for _, b := range got.OverTime {
		sum += b.Records
	}
	// The last window ends 900 offsets before the range does: when those came is not known.
	if want := int64(9100 - 810); sum < want-60 || sum > want+60 {
		t.Errorf("%d records over time, want about %d", sum, want)
	}
}

// TestAdjacentWindows: what lies between windows that touch is known.
func TestAdjacentWindows(t *testing.T) {
	for name, tt := range map[string]struct{ second, want int64 }{
		"touching": {1, 1},
		"apart":    {2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := New(Options{})
			part := p.Partition(0, 2)
			part.Window(0, 1)
			addTo(t, p, part, &Record{Timestamp: 5})
			part.Window(tt.second, tt.second+1)
			addTo(t, p, part, &Record{Timestamp: 4})
			if got := reportOf(t, p, "t").Disorder; got != tt.want {
				t.Errorf("disorder %d, want %d", got, tt.want)
			}
		})
	}
}

func TestSchemas(t *testing.T) {
	id := func(n byte) []byte { return []byte{0, 0, 0, 0, n, 9} }
	guid := append([]byte{1}, "0123456789abcdef"...)
	guidText := "30313233-3435-3637-3839-616263646566"
	tests := map[string]struct {
		frames Frames
		record Record
		want   []SchemaCount
	}{
		"id":                  {LikelyFrames, Record{Value: id(12)}, []SchemaCount{{"value", 12, "", 1}}},
		"header before id":    {LikelyFrames, Record{Value: id(12), ValueFrame: guid}, []SchemaCount{{"value", 0, guidText, 1}}},
		"id in header":        {LikelyFrames, Record{Value: []byte("x"), ValueFrame: id(3)}, []SchemaCount{{"value", 3, "", 1}}},
		"GUID, where likely":  {AllFrames, Record{Value: guid}, []SchemaCount{{"value", 0, guidText, 1}}},
		"GUID, else":          {LikelyFrames, Record{Value: guid}, []SchemaCount{}},
		"id 0":                {LikelyFrames, Record{Value: id(0)}, []SchemaCount{}},
		"too short":           {AllFrames, Record{Value: id(1)[:4]}, []SchemaCount{}},
		"empty":               {AllFrames, Record{Value: []byte{}}, []SchemaCount{}},
		"no frames":           {NoFrames, Record{Value: id(12), ValueFrame: guid}, []SchemaCount{}},
		"key and value":       {LikelyFrames, Record{Key: id(2), Value: id(1)}, []SchemaCount{{"value", 1, "", 1}, {"key", 2, "", 1}}},
		"header of something": {AllFrames, Record{Value: id(12), ValueFrame: []byte("?")}, []SchemaCount{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := New(Options{KeyFrames: tt.frames, ValueFrames: tt.frames})
			part := p.Partition(0, 1)
			part.Window(0, 1)
			tt.record.Timestamp = NoTime
			addTo(t, p, part, &tt.record)
			if diff := cmp.Diff(tt.want, reportOf(t, p, "t").Schemas); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestManySchemas: data that only looks framed does not fill the memory.
func TestManySchemas(t *testing.T) {
	s := newSchemas()
	for i := range 1000 {
		s.add(valueSchema, LikelyFrames, nil, []byte{0, 0, 0, byte(i >> 8), byte(i), 1})
	}
	if got := len(s.report()); got != maxSchemas {
		t.Errorf("%d schemas are told apart, want %d", got, maxSchemas)
	}
	if !s.full {
		t.Error("nothing says that there are more")
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	records := make([]Record, 100)
	for i := range records {
		records[i] = sampleRecord(i)
	}
	p := New(Options{JSON: true, KeyFrames: LikelyFrames, ValueFrames: LikelyFrames})
	part := p.Partition(0, 1<<40)
	part.Window(0, 1<<40)
	add := func() {
		for i := range records {
			addTo(t, p, part, &records[i])
		}
	}
	add()
	if n := testing.AllocsPerRun(100, add); n >= 1 {
		t.Errorf("%v allocations for %d records", n, len(records))
	}
}

func BenchmarkAdd(b *testing.B) {
	records := make([]Record, 1000)
	for i := range records {
		records[i] = sampleRecord(i)
	}
	b.SetBytes(int64(len(records[0].Value)))
	b.ReportAllocs()
	p := New(Options{JSON: true, KeyFrames: LikelyFrames, ValueFrames: LikelyFrames})
	part := p.Partition(0, 1<<40)
	part.Window(0, 1<<40)
	for i := 0; b.Loop(); i++ {
		addTo(b, p, part, &records[i%len(records)])
	}
}
