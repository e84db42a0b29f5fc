package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// copier copies what a member reads into another topic, in transactions of which it
// takes back some for no reason.
type copier struct {
	t       *testing.T
	session *Session
	to      string
	undone  int // how often
}

func newCopier(t *testing.T, cfg Config, to string, number int) *copier {
	s, err := OpenSession(cfg, ProducerConfig{Transactional: fmt.Sprintf("%s-%d", to, number), OwnID: true}, nil)
	if err == nil {
		err = s.TakeOver(t.Context())
	}
	if err != nil {
		t.Error(err)
	}
	return &copier{t: t, session: s, to: to}
}

func (c *copier) receive(ev Event) error {
	if ev.Change != nil && ev.Change.Written != nil {
		ev.Change.Written()
	}
	if ev.Batch == nil || len(ev.Batch.Records) == 0 {
		return nil
	}
	o := new(Outgoing)
	o.Reset(c.to)
	for i := range ev.Batch.Records {
		r := &ev.Batch.Records[i]
		o.Add(nil, r.Value, nil, r.Partition, Now)
	}
	if err := c.session.Send(c.t.Context(), o); err != nil {
		return err
	}
	ev.Batch.Ack(len(ev.Batch.Records))()
	if rand.IntN(3) > 0 {
		return nil
	}
	if err := ev.Commit(); !errors.Is(err, ErrTakenBack) {
		return err
	}
	return nil
}

func (c *copier) Commit(due *Commitment) error {
	if rand.IntN(3) == 0 {
		c.TakeBack()
		return fmt.Errorf("no reason: %w", ErrTakenBack)
	}
	err := c.session.CommitOffsets(c.t.Context(), due)
	if err != nil {
		c.undone++
		c.t.Log(err)
	}
	return err
}

func (c *copier) TakeBack() {
	c.undone++
	if err := c.session.TakeBack(c.t.Context()); err != nil {
		c.t.Error(err)
	}
}

// Members that copy in transactions, take some of them back, come and go, leave each
// record once and in order for a reader of what is committed.
func TestGroupTransactions(t *testing.T) {
	for name, gc := range protocols() {
		t.Run(name, func(t *testing.T) {
			cfg := testCluster(t)
			const partitions, records = 6, 60_000
			from, to := testTopic(t, cfg, partitions, records), testTopic(t, cfg, partitions, 0)
			gc.Name, gc.Topics, gc.Members = from+"-g", []string{from}, 2
			gc.BatchSize, gc.CommitEvery, gc.SessionTimeout = 500, 30*time.Millisecond, 6*time.Second
			gc.Ends = map[TopicPartition]End{}
			for i := range partitions {
				gc.Ends[TopicPartition{from, int32(i)}] = End{Offset: records / partitions}
			}
			var mu sync.Mutex
			copiers := map[int]*copier{}
			gc.Committer = func(member int) Committer {
				c := newCopier(t, cfg, to, member)
				mu.Lock()
				defer mu.Unlock()
				copiers[member] = c
				return c
			}
			group, err := OpenGroup(cfg, gc)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
			defer cancel()
			var moving sync.WaitGroup
			over := make(chan struct{})
			moving.Go(func() { // ends with over
				for oldest := 1; ; oldest++ {
					select {
					case <-over:
						return
					case <-time.After(700 * time.Millisecond):
						group.Add()
						group.Remove(oldest)
					}
				}
			})
			receiver := func(member int) func(Event) error {
				return func(ev Event) error {
					mu.Lock()
					c := copiers[member]
					mu.Unlock()
					return c.receive(ev)
				}
			}
			if err := group.Run(ctx, t.Context(), receiver); err != nil {
				t.Errorf("Run: %v", err)
			}
			close(over)
			moving.Wait()
			undone := 0
			for _, c := range copiers {
				undone += c.undone
				if err := errors.Join(c.session.Abort(t.Context()), c.session.Close()); err != nil {
					t.Error(err)
				}
			}
			if undone == 0 {
				t.Error("nothing was ever taken back")
			}
			wantCopied(t, cfg, to, partitions, records)
		})
	}
}

// wantCopied wants the records that testTopic makes, each once and in order.
func wantCopied(t *testing.T, cfg Config, topic string, partitions, records int) {
	t.Helper()
	admin, err := OpenAdmin(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	var tps []TopicPartition
	for i := range partitions {
		tps = append(tps, TopicPartition{topic, int32(i)})
	}
	marks, err := admin.Watermarks(t.Context(), tps)
	if err != nil {
		t.Fatal(err)
	}
	rc := ReaderConfig{}
	for _, tp := range tps {
		rc.Spans = append(rc.Spans, Span{TopicPartition: tp, To: marks[tp].Stable})
	}
	r, err := OpenReader(cfg, rc, nil)
	if err != nil {
		t.Fatal(err)
	}
	next, total := make([]int, partitions), 0
	err = r.Run(t.Context(), func(ev Event) error {
		for i := range ev.Batch.Records {
			r := &ev.Batch.Records[i]
			want := fmt.Sprintf("record %d", next[r.Partition]*partitions+int(r.Partition))
			if string(r.Value) != want {
				return fmt.Errorf("partition %d has %q where %q was to come", r.Partition, r.Value, want)
			}
			next[r.Partition]++
			total++
		}
		return nil
	})
	if err := errors.Join(err, r.Close()); err != nil {
		t.Error(err)
	}
	if total != records {
		t.Errorf("%d records of %d", total, records)
	}
}
