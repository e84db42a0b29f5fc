package kafka

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// readerTest bounds one read of a test.
const readerTest = 30 * time.Second

// fill adds records to a topic.
func fill(t *testing.T, cfg Config, topic string, add func(o *Outgoing)) {
	t.Helper()
	p, err := OpenProducer(cfg, ProducerConfig{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var o Outgoing
	o.Reset(topic)
	add(&o)
	if err := errors.Join(p.Send(t.Context(), &o), p.Flush(t.Context()), p.Close()); err != nil {
		t.Fatal(err)
	}
}

// numbered adds n records to partition 0 whose values count from first.
func numbered(first, n int) func(o *Outgoing) {
	return func(o *Outgoing) {
		for i := range n {
			o.Add(nil, fmt.Append(nil, first+i), nil, 0, Now)
		}
	}
}

// reading is a reader and all that it gave so far.
type reading struct {
	*Reader
	t       *testing.T
	records []string // topic-less: "0@3 value"
	notices []string
}

func startReading(t *testing.T, cfg Config, rc ReaderConfig, topics ...Topic) *reading {
	t.Helper()
	r, err := OpenReader(cfg, rc, topics)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return &reading{Reader: r, t: t}
}

var errSeen = errors.New("seen")

// until reads until done says true; it fails the test when that does not come.
func (r *reading) until(what string, done func() bool) {
	r.t.Helper()
	if err := r.run(done); !errors.Is(err, errSeen) {
		r.t.Fatalf("%s: %v; records %q, notices %q", what, err, r.records, r.notices)
	}
}

// run reads until the spans are read or done says true.
func (r *reading) run(done func() bool) error {
	ctx, cancel := context.WithTimeoutCause(r.t.Context(), readerTest, errors.New("not in time"))
	defer cancel()
	if done != nil && done() {
		return errSeen
	}
	return r.Run(ctx, func(ev Event) error {
		for i := range ev.Batch.Records {
			rec := &ev.Batch.Records[i]
			r.records = append(r.records, fmt.Sprintf("%d@%d %s", rec.Partition, rec.Offset, rec.Value))
		}
		for _, n := range ev.Notices {
			r.notices = append(r.notices, n.String())
		}
		if done != nil && done() {
			return errSeen
		}
		return nil
	})
}

func (r *reading) noticed(text string) func() bool {
	return func() bool { return strings.Contains(strings.Join(r.notices, "\n"), text) }
}

func (r *reading) read(last string) func() bool {
	return func() bool { return len(r.records) > 0 && r.records[len(r.records)-1] == last }
}

// paths runs a test on the batch path and on the slow one.
func paths(t *testing.T, test func(t *testing.T, onePerCall bool)) {
	for name, onePerCall := range map[string]bool{"batch": false, "one per call": true} {
		t.Run(name, func(t *testing.T) { test(t, onePerCall) })
	}
}

func TestReaderKeepsEveryPartOfARecord(t *testing.T) {
	cfg := testCluster(t)
	topic := testTopic(t, cfg, 1, 0)
	now := time.Now().UnixMilli() // retention deletes what is old
	want := []Record{
		{Key: []byte("k"), Value: []byte("v"), Timestamp: now, Headers: []Header{{"h", []byte("1")}, {"h", []byte{}}, {"null", nil}, {"", []byte{0, 255}}}},
		{Key: nil, Value: nil, Timestamp: now + 1},
		{Key: []byte{}, Value: []byte{}, Timestamp: now - 1},
		{Key: []byte{0, 255, '\n'}, Value: []byte(strings.Repeat("long ", 100_000)), Timestamp: now + 2},
	}
	fill(t, cfg, topic, func(o *Outgoing) {
		for i := range want {
			r := &want[i]
			o.Add(r.Key, r.Value, r.Headers, 0, r.Timestamp)
			r.Topic, r.Offset, r.TimestampType = topic, int64(i), TimestampCreate
		}
	})
	paths(t, func(t *testing.T, onePerCall bool) {
		r := startReading(t, cfg, ReaderConfig{
			Spans: []Span{{TopicPartition: TopicPartition{topic, 0}, To: 4}}, onePerCall: onePerCall,
		})
		if batched := r.fetcher != nil; batched == onePerCall {
			t.Fatalf("batch path: %v", batched)
		}
		var got []Record
		err := r.Run(t.Context(), func(ev Event) error {
			for _, rec := range ev.Batch.Records {
				rec.LeaderEpoch = 0 // not every path knows it
				rec.Key, rec.Value = clone(rec.Key), clone(rec.Value)
				var headers []Header
				for _, h := range rec.Headers {
					headers = append(headers, Header{strings.Clone(h.Key), clone(h.Value)})
				}
				rec.Headers = headers
				got = append(got, rec)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// clone copies bytes and keeps the difference between null and empty.
func clone(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append([]byte{}, b...)
}

func TestReaderSpans(t *testing.T) {
	cfg := testCluster(t)
	topic := testTopic(t, cfg, 2, 0)
	fill(t, cfg, topic, numbered(0, 5))
	tp, other := TopicPartition{topic, 0}, TopicPartition{topic, 1}
	tests := map[string]struct {
		spans []Span
		want  []string
	}{
		"none":            {nil, nil},
		"empty":           {[]Span{{TopicPartition: tp, From: 2, To: 2}}, nil},
		"from after to":   {[]Span{{TopicPartition: tp, From: 3, To: 1}}, nil},
		"all":             {[]Span{{TopicPartition: tp, To: 5}}, []string{"0@0 0", "0@1 1", "0@2 2", "0@3 3", "0@4 4"}},
		"middle":          {[]Span{{TopicPartition: tp, From: 1, To: 3}}, []string{"0@1 1", "0@2 2"}},
		"beside an empty": {[]Span{{TopicPartition: other}, {TopicPartition: tp, From: 4, To: 5}}, []string{"0@4 4"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			paths(t, func(t *testing.T, onePerCall bool) {
				r := startReading(t, cfg, ReaderConfig{Spans: test.spans, onePerCall: onePerCall})
				if err := r.run(nil); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, r.records); diff != "" {
					t.Error(diff)
				}
				if len(r.notices) > 0 {
					t.Error(r.notices)
				}
			})
		})
	}
}

func TestReaderFinish(t *testing.T) {
	cfg := testCluster(t)
	topic := testTopic(t, cfg, 2, 20)
	r := startReading(t, cfg, ReaderConfig{Spans: []Span{
		{TopicPartition: TopicPartition{topic, 0}, To: Follow}, {TopicPartition: TopicPartition{topic, 1}, To: 10},
	}})
	r.until("partition 0", func() bool { return strings.Contains(strings.Join(r.records, " "), "0@9 ") })
	r.Finish(TopicPartition{topic, 0})
	if err := r.run(nil); err != nil {
		t.Fatal(err)
	}
	if len(r.records) != 20 {
		t.Errorf("%d records: %q", len(r.records), r.records)
	}
}

func TestReaderWaitsAhead(t *testing.T) {
	cfg := testCluster(t)
	topic := testTopic(t, cfg, 1, 0)
	fill(t, cfg, topic, numbered(0, 2))
	span := Span{TopicPartition: TopicPartition{topic, 0}, From: 4, To: 6, Ahead: true, End: 2}
	r := startReading(t, cfg, ReaderConfig{Spans: []Span{span}})
	r.until("the end", r.noticed("reached the end"))
	fill(t, cfg, topic, numbered(2, 3))
	r.until("offset 4", r.read("0@4 4"))
	fill(t, cfg, topic, numbered(5, 3))
	if err := r.run(nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0@4 4", "0@5 5"}, r.records); diff != "" {
		t.Error(diff)
	}
	if len(r.notices) != 1 {
		t.Error(r.notices)
	}
}

func TestReaderNamesWhatIsLost(t *testing.T) {
	cfg := testCluster(t)
	topic := testTopic(t, cfg, 1, 0)
	tp := TopicPartition{topic, 0}
	fill(t, cfg, topic, numbered(0, 10))
	admin := testAdmin(t, cfg)
	if _, failed, err := admin.DeleteRecords(t.Context(), map[TopicPartition]int64{tp: 6}); err != nil || len(failed) > 0 {
		t.Fatal(err, failed)
	}
	tests := map[string]struct {
		span    Span
		want    []string
		notices []string
	}{
		"in part":    {Span{From: 2, To: 8}, []string{"0@6 6", "0@7 7"}, []string{"lost " + tp.String() + " 2–5 (deleted by retention)"}},
		"all of it":  {Span{From: 2, To: 4}, nil, []string{"lost " + tp.String() + " 2–3 (deleted by retention)"}},
		"nothing":    {Span{From: 6, To: 8}, []string{"0@6 6", "0@7 7"}, nil},
		"behind":     {Span{From: 8, To: 12}, []string{"0@8 8", "0@9 9"}, []string{"lost " + tp.String() + " 10–11 (the log has become shorter)"}},
		"far behind": {Span{From: 11, To: 12}, nil, []string{tp.String() + " was truncated: it ended at 11, now at 10; reading goes on there", "lost " + tp.String() + " 10–11 (the log has become shorter)"}},
	}
	cfg.Timeout = 3 * time.Second
	for name, test := range tests {
		test.span.TopicPartition = tp
		t.Run(name, func(t *testing.T) {
			paths(t, func(t *testing.T, onePerCall bool) {
				r := startReading(t, cfg, ReaderConfig{Spans: []Span{test.span}, onePerCall: onePerCall})
				if err := r.run(nil); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, r.records); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(test.notices, r.notices); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestReaderThatWaitsMissesNothingThatIsNotItsOwn(t *testing.T) {
	cfg := testCluster(t)
	topic := testTopic(t, cfg, 1, 0)
	tp := TopicPartition{topic, 0}
	fill(t, cfg, topic, numbered(0, 4))
	if _, failed, err := testAdmin(t, cfg).DeleteRecords(t.Context(), map[TopicPartition]int64{tp: 4}); err != nil || len(failed) > 0 {
		t.Fatal(err, failed)
	}
	span := Span{TopicPartition: tp, From: 5, To: 6, Ahead: true, End: 2} // made before the records were deleted
	r := startReading(t, cfg, ReaderConfig{Spans: []Span{span}})
	r.until("the end", r.noticed("reached the end"))
	fill(t, cfg, topic, numbered(4, 2))
	if err := r.run(nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0@5 5"}, r.records); diff != "" {
		t.Error(diff)
	}
	if len(r.notices) != 1 {
		t.Error(r.notices)
	}
}

func TestReaderLeavesNoGoroutine(t *testing.T) {
	cfg := testCluster(t)
	topic := testTopic(t, cfg, 1, 3)
	admin := testAdmin(t, cfg)
	rc := ReaderConfig{
		Spans:  []Span{{TopicPartition: TopicPartition{topic, 0}, To: Follow}},
		Topics: func(ctx context.Context) ([]Topic, error) { return admin.Topics(ctx, topic) },
		Grow:   true,
		Every:  10 * time.Millisecond,
	}
	before := len(clientStacks())
	r, err := OpenReader(cfg, rc, nil)
	if err != nil {
		t.Fatal(err)
	}
	reading := &reading{Reader: r, t: t}
	reading.until("the records", func() bool { return len(reading.records) == 3 })
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(readerTest)
	for len(clientStacks()) > before && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if after := clientStacks(); len(after) > before {
		t.Errorf("%d goroutines before, %d after:\n%s", before, len(after), strings.Join(after, "\n\n"))
	}
}

// clientStacks returns the stacks of the goroutines of this package and of its clients; the
// embedded broker's come and go with the connections that clients open when they like.
func clientStacks() []string {
	all := make([]byte, 1<<20)
	var own []string
	for stack := range strings.SplitSeq(string(all[:runtime.Stack(all, true)]), "\n\n") {
		if strings.Contains(stack, "kstream/kafka.") || strings.Contains(stack, "confluent-kafka-go") {
			own = append(own, stack)
		}
	}
	return own
}
