package kafka

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka/embedded"
)

// When this fails, the client has renamed its fields or librdkafka lost a function: all
// works, one call a record, and several times slower. Find the new names.
func TestPackedPathIsThere(t *testing.T) {
	b := startBroker(t, embedded.Config{})
	p, _ := openProducer(t, clusterOf(b), ProducerConfig{})
	if _, err := nativeClient(p.client); err != nil {
		t.Error(err)
	}
	if _, err := pollerEnd(p.client); err != nil {
		t.Error(err)
	}
	if p.rk == nil {
		t.Error("the producer takes one call for each record")
	}
	finish(t, p)
}

// TestJavaPartitions holds the partitioners that hash as Java does against Java's own
// answers; testdata/Partitions.java has made them.
func TestJavaPartitions(t *testing.T) {
	file, err := os.Open("testdata/java-partitions.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	o := new(Outgoing)
	o.Reset("ten")
	var want []int32
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var key string
		var ten, three int32
		if _, err := fmt.Sscan(lines.Text(), &key, &ten, &three); err != nil {
			t.Fatal(err)
		}
		raw, err := hex.DecodeString(strings.TrimPrefix(key, "-"))
		if err != nil {
			t.Fatal(err)
		}
		o.Add(raw, fmt.Append(nil, len(want)), nil, AnyPartition, 0)
		want = append(want, ten)
	}
	if len(want) != 1000 {
		t.Fatalf("%d keys", len(want))
	}
	b := startBroker(t, embedded.Config{Topics: []embedded.Topic{{Name: "ten", Partitions: 10}}})
	for _, partitioner := range []string{"", "murmur2", "murmur2_random"} {
		p, got := openProducer(t, clusterOf(b), ProducerConfig{Partitioner: partitioner})
		if err := p.Send(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		finish(t, p)
		for i, partition := range want {
			if have := got.receipts[fmt.Sprint(i)]; len(have) == 0 || have[0] != partition {
				t.Errorf("%q: key %x is in %v, Java's producer has it in %d", partitioner, o.Record(i).Key, have, partition)
			}
		}
	}
}

// The producer outlives its broker, says so once, and says once that it is back.
func TestProducerOutlivesBroker(t *testing.T) {
	cfg := embedded.Config{Dir: t.TempDir(), Topics: []embedded.Topic{{Name: "t", Partitions: 2}}}
	first, err := embedded.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p, got := openProducer(t, clusterOf(first), ProducerConfig{})
	if err := p.Send(t.Context(), batchOf(0, "before")); err != nil {
		t.Fatal(err)
	}
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Send(t.Context(), batchOf(0, "meanwhile 1", "meanwhile 2")); err != nil {
		t.Fatal(err)
	}
	down := <-got.notices
	if down.Kind != NoticeDown || down.Text == "" {
		t.Errorf("%+v", down)
	}
	cfg.Listen, cfg.Topics = first.Addr(), nil
	second, err := embedded.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	finish(t, p)
	if up := <-got.notices; up.Kind != NoticeUp || len(got.notices) > 0 {
		t.Errorf("%+v, and %d more", up, len(got.notices))
	}
	var values []string
	for _, r := range readBack(t, second, 0) {
		values = append(values, string(r.Value))
	}
	if d := cmp.Diff([]string{"before", "meanwhile 1", "meanwhile 2"}, values); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A broker that does not come back: each record fails at its deadline, with the cause.
func TestProducerDeadline(t *testing.T) {
	onBothPaths(t, func(t *testing.T, onePerCall bool) {
		b := startBroker(t, embedded.Config{})
		cfg := clusterOf(b)
		cfg.Timeout = 500 * time.Millisecond
		p, got := openProducer(t, cfg, ProducerConfig{onePerCall: onePerCall})
		if err := p.Send(t.Context(), batchOf(0, "before")); err != nil {
			t.Fatal(err)
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if err := p.Send(t.Context(), batchOf(0, "after")); err != nil {
			t.Fatal(err)
		}
		finish(t, p)
		if text := got.failed["after"]; !strings.HasPrefix(text, "unreachable: not delivered within 500ms: ") ||
			!strings.Contains(text, "refused") && !strings.Contains(text, "Disconnected") {
			t.Errorf("%q", text)
		}
	})
}

// A topic that nobody has looked up is not created by writing to it, even where the
// broker would.
func TestProducerCreatesNoTopic(t *testing.T) {
	onBothPaths(t, func(t *testing.T, onePerCall bool) {
		b := startBroker(t, embedded.Config{AutoCreate: true})
		cfg := clusterOf(b)
		cfg.Timeout = time.Second
		p, got := openProducer(t, cfg, ProducerConfig{onePerCall: onePerCall})
		o := new(Outgoing)
		o.Reset("misspelt")
		o.Add(nil, []byte("v"), nil, AnyPartition, Now)
		if err := p.Send(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		finish(t, p)
		if d := cmp.Diff(map[string]string{"v": "unreachable: not delivered within 1s: no acknowledgement"}, got.failed); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		admin, err := OpenAdmin(t.Context(), clusterOf(b))
		if err != nil {
			t.Fatal(err)
		}
		defer admin.Close()
		if _, err := admin.Topics(t.Context(), "misspelt"); !errors.Is(err, ErrUnknownTopic) {
			t.Errorf("%v", err)
		}
	})
}

func TestProducerRefusesProperties(t *testing.T) {
	for name, want := range map[string]string{
		"no.such.thing":              `property: No such configuration property: "no.such.thing"`,
		"delivery.report.only.error": `property delivery.report.only.error cannot be set: receipts count acknowledgements`,
	} {
		_, err := OpenProducer(Config{Brokers: []string{"127.0.0.1:1"}, Properties: map[string]string{name: "1"}}, ProducerConfig{}, nil)
		if !errors.Is(err, ErrProperty) || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Close leaves no goroutine behind.
func TestProducerGoroutines(t *testing.T) {
	onBothPaths(t, func(t *testing.T, onePerCall bool) {
		b := startBroker(t, embedded.Config{})
		for range 3 {
			p, _ := openProducer(t, clusterOf(b), ProducerConfig{onePerCall: onePerCall})
			if err := p.Send(t.Context(), batchOf(0, "v")); err != nil {
				t.Fatal(err)
			}
			finish(t, p)
		}
		deadline := time.Now().Add(10 * time.Second)
		for {
			stacks := make([]byte, 1<<20)
			stacks = stacks[:runtime.Stack(stacks, true)]
			left := strings.Count(string(stacks), "kafka.(*Producer)") + strings.Count(string(stacks), "kafka.newLogs")
			if left == 0 {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d left:\n%s", left, stacks)
			}
			runtime.Gosched()
		}
	})
}
