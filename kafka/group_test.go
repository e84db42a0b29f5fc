package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"kstream/kafka/embedded"
	"kstream/kafka/witness"
)

// testCluster is Apache Kafka when KSTREAM_TEST_BROKERS names one, and otherwise an
// embedded broker.
func testCluster(t *testing.T) Config {
	t.Helper()
	cfg := Config{Timeout: 20 * time.Second}
	if brokers := os.Getenv("KSTREAM_TEST_BROKERS"); brokers != "" {
		cfg.Brokers = strings.Split(brokers, ",")
		return cfg
	}
	broker, err := embedded.Start(embedded.Config{Configs: map[string]string{"group.consumer.heartbeat.interval.ms": "100"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg.Brokers = []string{broker.Addr()}
	return cfg
}

// testTopic makes a topic of its own name with n records, numbered in each partition.
func testTopic(t *testing.T, cfg Config, partitions, n int) string {
	t.Helper()
	ctx := t.Context()
	admin, err := OpenAdmin(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	topic := fmt.Sprintf("t%d", time.Now().UnixNano())
	if err := admin.CreateTopic(ctx, TopicConfig{Name: topic, Partitions: partitions}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin.DeleteTopic(context.Background(), topic); err != nil {
			t.Error(err)
		}
	})
	p, err := OpenProducer(cfg, ProducerConfig{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var o Outgoing
	for i := 0; i < n; {
		o = Outgoing{}
		o.Reset(topic)
		for ; i < n && !o.Full(); i++ {
			o.Add(nil, fmt.Appendf(nil, "record %d", i), nil, int32(i%partitions), Now)
		}
		sent := o
		if err := p.Send(ctx, &sent); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if totals := p.Totals(); totals.Acknowledged != int64(n) {
		t.Fatalf("delivered %+v of %d", totals, n)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return topic
}

// sink plays the printer: it takes what members emit, in order, and acknowledges it
// once it was "written".
type sink struct {
	t     *testing.T
	items chan sunk
	mu    sync.Mutex
	next  map[TopicPartition]int64 // the offset that must come next
	total int
	wrong []string
	owned map[TopicPartition]int // by which member
}

type sunk struct {
	records []TopicPartition
	offsets []int64
	done    func()
}

func newSink(t *testing.T) *sink {
	return &sink{t: t, items: make(chan sunk, 3), next: map[TopicPartition]int64{}, owned: map[TopicPartition]int{}}
}

// write is the printer's goroutine; it ends when items is closed.
func (s *sink) write() {
	for item := range s.items {
		s.mu.Lock()
		for i, tp := range item.records {
			if want := s.next[tp]; item.offsets[i] != want && len(s.wrong) < 10 {
				s.wrong = append(s.wrong, fmt.Sprintf("%s: offset %d where %d was to come", tp, item.offsets[i], want))
			}
			s.next[tp] = item.offsets[i] + 1
			s.total++
		}
		s.mu.Unlock()
		if item.done != nil {
			item.done()
		}
	}
}

func (s *sink) emit(member int) func(Event) error {
	return func(ev Event) error {
		var item sunk
		if ev.Change != nil {
			item.done = ev.Change.Written
			s.own(member, ev.Change)
		}
		if ev.Batch != nil {
			for i := range ev.Batch.Records {
				r := &ev.Batch.Records[i]
				item.records = append(item.records, TopicPartition{r.Topic, r.Partition})
				item.offsets = append(item.offsets, r.Offset)
			}
			item.done = ev.Batch.Ack(len(ev.Batch.Records))
		}
		s.items <- item
		return nil
	}
}

// own checks that no partition has two owners.
func (s *sink) own(member int, c *Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for tp := range c.Offsets {
		switch c.Kind {
		case ChangeAssigned:
			if other := s.owned[tp]; other != 0 {
				s.wrong = append(s.wrong, fmt.Sprintf("%s given to member %d while member %d has it", tp, member, other))
			}
			s.owned[tp] = member
		case ChangeRevoked, ChangeLost:
			delete(s.owned, tp)
		}
	}
}

func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

func protocols() map[string]GroupConfig {
	return map[string]GroupConfig{
		"range":              {Assignor: "range"},
		"roundrobin":         {Assignor: "roundrobin"},
		"cooperative-sticky": {Assignor: "cooperative-sticky"},
		"consumer":           {Protocol: "consumer"},
	}
}

// Members that come and go while a topic is read neither lose nor double nor reorder a
// record, and what is committed at the end is what was written.
func TestGroupComingAndGoing(t *testing.T) {
	for name, gc := range protocols() {
		t.Run(name, func(t *testing.T) {
			cfg := testCluster(t)
			const partitions = 10
			records := 100_000
			if os.Getenv("KSTREAM_SOAK") != "" {
				records = 1_000_000
			}
			topic := testTopic(t, cfg, partitions, records)
			gc.Name, gc.Topics, gc.Members = topic+"-g", []string{topic}, 3
			gc.SessionTimeout = 6 * time.Second
			gc.CommitEvery = 20 * time.Millisecond
			group, err := OpenGroup(cfg, gc)
			if err != nil {
				t.Fatal(err)
			}
			s := newSink(t)
			var writing, running sync.WaitGroup
			writing.Go(s.write)
			polling, stop := context.WithCancelCause(t.Context())
			enough := errors.New("enough")
			running.Go(func() {
				if err := group.Run(polling, t.Context(), s.emit); !errors.Is(err, enough) {
					t.Errorf("Run: %v", err)
				}
			})
			oldest, moves := 1, 0
			deadline := time.Now().Add(120 * time.Second)
			for s.count() < records && time.Now().Before(deadline) {
				if s.count() > (moves+1)*records/6 {
					group.Add()
					group.Remove(oldest)
					oldest++
					moves++
				}
				if pause(t.Context(), time.Millisecond) != nil {
					break
				}
			}
			stop(enough)
			running.Wait()
			close(s.items)
			writing.Wait()
			for _, w := range s.wrong {
				t.Error(w)
			}
			if s.total != records || moves < 3 {
				t.Errorf("%d records of %d, %d moves", s.total, records, moves)
			}
			committed := committedOffsets(t, cfg, gc.Name)
			for tp, next := range s.next {
				if committed[tp.String()] != next {
					t.Errorf("%s: committed %d, written %d", tp, committed[tp.String()], next)
				}
			}
		})
	}
}

// A member that joins has its part within little more than the second that librdkafka
// leaves between two joins: the one that has everything hears of it soon.
func TestMemberThatJoinsHasItsPartSoon(t *testing.T) {
	cfg := testCluster(t)
	topic := testTopic(t, cfg, 2, 2)
	const soon = 1500 * time.Millisecond // without being asked often it takes 1.8 s
	fastest := time.Hour
	for n := 0; n < 10 && fastest > soon; n++ { // a busy machine is not what this is about
		group, err := OpenGroup(cfg, GroupConfig{Name: fmt.Sprint(topic, "-", n), Topics: []string{topic}, Members: 1})
		if err != nil {
			t.Fatal(err)
		}
		shares := make(chan int, 100) // of member 1 and of member 2, in turn as they change
		polling, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			err := group.Run(polling, t.Context(), func(member int) func(Event) error {
				return func(ev Event) error {
					switch {
					case ev.Change == nil:
						ev.Batch.Ack(len(ev.Batch.Records))()
					case ev.Change.Kind == ChangeRevoked:
						ev.Change.Written()
					case ev.Change.Kind == ChangeAssigned && len(ev.Change.Offsets) > 0:
						shares <- member
					}
					return nil
				}
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Run: %v", err)
			}
		})
		await := func(member int) {
			for {
				select {
				case m := <-shares:
					if m == member {
						return
					}
				case <-time.After(20 * time.Second):
					t.Fatalf("member %d got nothing", member)
				}
			}
		}
		await(1)
		if pause(t.Context(), 1200*time.Millisecond) != nil { // a join is a second old before the next: librdkafka would wait
			t.Fatal("the test is over")
		}
		began := time.Now()
		group.Add()
		await(2)
		fastest = min(fastest, time.Since(began))
		stop()
		running.Wait()
	}
	if fastest > soon {
		t.Errorf("the fastest of ten had its part after %v", fastest)
	}
}

// committedOffsets asks another client what a group has committed.
func committedOffsets(t *testing.T, cfg Config, group string) map[string]int64 {
	t.Helper()
	w, err := witness.Open(strings.Join(cfg.Brokers, ","))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	committed, err := w.Committed(t.Context(), group)
	if err != nil {
		t.Fatal(err)
	}
	offsets := map[string]int64{}
	for p, offset := range committed {
		offsets[fmt.Sprintf("%s[%d]", p.Topic, p.Number)] = offset
	}
	return offsets
}
