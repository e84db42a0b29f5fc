package cmd

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/cmd/expr"
	"kstream/kafka"
)

func TestMask(t *testing.T) {
	masking := &expr.Record{
		Key:     expr.Field{Data: []byte("k1")},
		Value:   expr.Field{Data: []byte(`{"name":"Ann","age":7,"vip":true,"tags":["a",{"b":1.5}],"none":null}`)},
		Headers: []expr.Header{{Key: "user", Value: []byte("ann")}, {Key: "user"}, {Key: "x", Value: []byte("y")}},
	}
	tests := map[string]struct {
		paths               []string
		key, value, wantErr string
		wantUser            string
	}{
		"nothing there":  {paths: []string{".value.email"}},
		"one":            {paths: []string{".value.name"}, value: `{"age":7,"name":"***","none":null,"tags":["a",{"b":1.5}],"vip":true}`},
		"several":        {paths: []string{".value.age, .value.vip", ".value.none"}, value: `{"age":0,"name":"Ann","none":null,"tags":["a",{"b":1.5}],"vip":false}`},
		"in depth":       {paths: []string{".value.tags"}, value: `{"age":7,"name":"Ann","none":null,"tags":["***",{"b":0}],"vip":true}`},
		"all":            {paths: []string{".value[]"}, value: `{"age":0,"name":"***","none":null,"tags":["***",{"b":0}],"vip":false}`},
		"key":            {paths: []string{".key"}, key: `"***"`},
		"header":         {paths: []string{".header.user"}, wantUser: "***"},
		"with a comment": {paths: []string{".key # who"}, key: `"***"`},
		"another part":   {paths: []string{".topic"}, wantErr: "--mask: want a path within .key, .value or .header"},
		"no path":        {paths: []string{".value | keys | length"}, wantErr: "any"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := newMask(test.paths)
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.apply(t.Context(), masking)
			if test.wantErr != "" {
				if err == nil || test.wantErr != "any" && err.Error() != test.wantErr {
					t.Fatalf("error %v, want %s", err, test.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(got.key) != test.key || string(got.value) != test.value {
				t.Errorf("key %s, want %s; value %s, want %s", got.key, test.key, got.value, test.value)
			}
			headers := []kafka.Header{{Key: "user", Value: []byte("ann")}, {Key: "user"}, {Key: "x", Value: []byte("y")}}
			got.hideHeaders(headers)
			if test.wantUser == "" {
				test.wantUser = "ann"
			}
			want := []kafka.Header{{Key: "user", Value: []byte(test.wantUser)}, {Key: "user"}, {Key: "x", Value: []byte("y")}}
			if d := cmp.Diff(want, headers); d != "" {
				t.Errorf("headers (-want +got):\n%s", d)
			}
		})
	}
	if _, err := newMask([]string{".value["}); err == nil {
		t.Error("an expression that does not end is taken")
	}
}

// fakeClock is a clock that sleeps in no time.
type fakeClock struct {
	now   time.Time
	slept []time.Duration
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) Sleep(_ context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return nil
}

// Records go when they are due by the schedule of the first one; one that is older than
// the one before it goes with it.
func TestTempo(t *testing.T) {
	clock := &fakeClock{now: time.Unix(1000, 0)}
	tempo := &tempo{clock: clock, speed: 2}
	var records []kafka.Record
	for _, millis := range []int64{5000, 5000, 5200, 5100, 9200, 9201, 9300} {
		records = append(records, kafka.Record{Timestamp: millis})
	}
	var went []int
	for len(records) > 0 {
		n, err := tempo.take(t.Context(), records)
		if err != nil {
			t.Fatal(err)
		}
		went = append(went, n)
		records = records[n:]
		clock.now = clock.now.Add(10 * time.Millisecond) // what sending takes does not shift what follows
	}
	if d := cmp.Diff([]int{2, 2, 1, 1, 1}, went); d != "" {
		t.Errorf("groups (-want +got):\n%s", d)
	}
	millis := time.Millisecond
	if d := cmp.Diff([]time.Duration{90 * millis, 1990 * millis, 30 * millis}, clock.slept); d != "" {
		t.Errorf("waits (-want +got):\n%s", d)
	}
}

// listFeed gives batches of records.
type listFeed struct{ batches [][]kafka.Record }

func (f *listFeed) Next(_ context.Context, b *kafka.Batch) error {
	b.Records = b.Records[:0]
	if len(f.batches) == 0 {
		return io.EOF
	}
	b.Records, f.batches = append(b.Records, f.batches[0]...), f.batches[1:]
	return nil
}

func (f *listFeed) Close() error { return nil }

// Records of several partitions come in the order of their times, those of one in the
// order of their offsets, whatever their times are.
func TestMerge(t *testing.T) {
	part := func(partition int32, batches ...[]int64) *mergePart {
		f := new(listFeed)
		offset := int64(0)
		for _, times := range batches {
			var records []kafka.Record
			for _, at := range times {
				records = append(records, kafka.Record{Partition: partition, Offset: offset, Timestamp: at})
				offset++
			}
			f.batches = append(f.batches, records)
		}
		return &mergePart{feed: f}
	}
	m := &merge{parts: []*mergePart{
		part(0, []int64{10, 40}, []int64{30, 50}),
		part(1),
		part(2, []int64{20}, nil, []int64{45, 60}),
	}}
	type seen struct {
		Partition    int32
		Offset, Time int64
	}
	var got []seen
	var b kafka.Batch
	for {
		err := m.Next(t.Context(), &b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range b.Records {
			got = append(got, seen{r.Partition, r.Offset, r.Timestamp})
		}
	}
	want := []seen{{0, 0, 10}, {2, 0, 20}, {0, 1, 40}, {0, 2, 30}, {2, 1, 45}, {0, 3, 50}, {2, 2, 60}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestRedriveHome(t *testing.T) {
	h := func(pairs ...string) []kafka.Header {
		var headers []kafka.Header
		for i := 0; i < len(pairs); i += 2 {
			headers = append(headers, kafka.Header{Key: pairs[i], Value: []byte(pairs[i+1])})
		}
		return headers
	}
	tests := map[string]struct {
		header    string
		headers   []kafka.Header
		topic     string
		partition int32
		kept      []string
		wantErr   string
	}{
		"kstream":        {headers: h("a", "1", "kstream.source.topic", "t", "kstream.source.partition", "3", "kstream.error", "x"), topic: "t", partition: 3, kept: []string{"a"}},
		"spring":         {headers: h("kafka_dlt-original-topic", "t", "kafka_dlt-original-partition", "\x00\x00\x00\x07", "kafka_dlt-exception-stacktrace", "x", "b", "2"), topic: "t", partition: 7, kept: []string{"b"}},
		"connect":        {headers: h("__connect.errors.topic", "t", "__connect.errors.partition", "1"), topic: "t", partition: 1},
		"streams":        {headers: h("__streams.errors.topic", "t"), topic: "t", partition: -1},
		"failed twice":   {headers: h("kstream.source.topic", "old", "kstream.source.topic", "new"), topic: "new", partition: -1},
		"bad partition":  {headers: h("kafka_dlt-original-topic", "t", "kafka_dlt-original-partition", "7"), topic: "t", partition: -1},
		"named":          {header: "to", headers: h("to", "t", "c", "3"), topic: "t", partition: -1, kept: []string{"c"}},
		"named, missing": {header: "to", headers: h("kstream.source.topic", "t"), wantErr: "no header to names a topic"},
		"none":           {headers: h("a", "1"), wantErr: "no header names the topic that the record comes from"},
		"empty":          {headers: h("kstream.source.topic", ""), wantErr: "no header names the topic that the record comes from"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := &redrive{header: test.header}
			topic, partition, err := d.home(test.headers)
			if test.wantErr != "" {
				if err == nil || err.Error() != test.wantErr {
					t.Fatalf("error %v, want %s", err, test.wantErr)
				}
				return
			}
			if err != nil || topic != test.topic || partition != test.partition {
				t.Errorf("%s[%d], %v; want %s[%d]", topic, partition, err, test.topic, test.partition)
			}
			var kept []string
			for _, h := range d.strip(test.headers) {
				kept = append(kept, h.Key)
			}
			if diff := cmp.Diff(test.kept, kept); diff != "" {
				t.Errorf("headers that stay (-want +got):\n%s", diff)
			}
		})
	}
}
