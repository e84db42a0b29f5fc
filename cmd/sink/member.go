package sink

import (
	"context"
	"errors"
	"time"

	"kstream/cmd/record"
	"kstream/cmd/sink/table"
	"kstream/kafka"
	"kstream/output/columns"
)

// transactionRows is how many rows a transaction has at most, about.
const transactionRows = 10_000

// transactionBytes is how large the rows of a transaction are at most, about.
const transactionBytes = 16 << 20

// member carries the records of one member on. It belongs to that member's goroutine.
type member struct {
	*sink
	*record.Looker
	number int
	store  store // nil when the member has left
	ended  error // why nothing more can be committed

	parts map[kafka.TopicPartition]*table.Partition // that it has taken over

	// Since the last commit:
	rows   map[string]*table.Rows
	count  int
	bytes  int64
	since  time.Time
	last   map[kafka.TopicPartition]int64 // the offset of the last record with a row
	read   int64
	sizes  int64
	failed int // times in a row that it was taken back
	at     int // records of the batch at hand that are acknowledged
}

func (l *sink) member(number int) *member {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.members[number]
}

// committer makes a member and its connection, before it joins.
func (l *sink) committer(number int) kafka.Committer {
	m := &member{sink: l, Looker: l.NewLooker(), number: number, parts: map[kafka.TopicPartition]*table.Partition{}}
	m.forget()
	if m.store, m.ended = l.openStore(l.working); m.ended != nil {
		m.store = nil
		l.Stop(m.ended)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.members[number] = m
	return m
}

func (m *member) close() error {
	s := m.store
	if m.store = nil; s == nil {
		return nil
	}
	return s.Close()
}

// forget drops what was read since the last commit.
func (m *member) forget() {
	m.rows, m.last = map[string]*table.Rows{}, map[kafka.TopicPartition]int64{}
	m.count, m.bytes, m.since, m.read, m.sizes = 0, 0, time.Now(), 0, 0
}

// receive takes what the member emits.
func (m *member) receive(ev kafka.Event) error {
	defer m.Moved()
	for _, n := range ev.Notices {
		m.note(n)
	}
	if c := ev.Change; c != nil {
		if line := m.Changed(m.number, c); line != "" {
			m.Env.Notice("%s", line)
		}
		if c.Written != nil {
			c.Written() // all is held in rows; Commit does the rest
		}
		if c.Kind == kafka.ChangeLeft {
			return m.close()
		}
	}
	if m.ended != nil || ev.Batch == nil {
		return m.ended
	}
	m.at = 0
	n, err := m.take(ev)
	if errors.Is(err, kafka.ErrTakenBack) {
		return nil // the batch comes again
	}
	m.acknowledge(ev.Batch, n)
	return err
}

func (m *member) note(n kafka.Notice) {
	m.Stats.Noticed(m.number, n)
	if n.Kind == kafka.NoticeLost {
		m.Lost.Add(n.To - n.From)
	}
	if n.Kind != kafka.NoticeEnd || m.Env.StderrTerminal {
		m.Env.Notice("%s", n)
	}
}

// acknowledge notes that the first n records of the batch are held in rows, or dropped.
func (m *member) acknowledge(b *kafka.Batch, n int) {
	for ; m.at < n; m.at++ {
		m.read++
		m.sizes += record.SizeOf(&b.Records[m.at])
	}
	b.Ack(n)()
}

// take makes rows of the records of a batch, and returns how many are done with.
func (m *member) take(ev kafka.Event) (int, error) {
	b := ev.Batch
	clock, shared := record.NewGlance(), false
	for i := range b.Records {
		if m.Polling.Err() != nil {
			return i, nil
		}
		if i >= clock.Next {
			m.Moved()
			if clock.Look(i) {
				shared = true
				m.acknowledge(b, i)
				if err := ev.Poll(); errors.Is(err, kafka.ErrLeaving) {
					return i, nil
				} else if err != nil {
					return i, err
				}
			}
		}
		if shared && !b.Owned(i) {
			continue
		}
		err := m.make(m.Asking, &b.Records[i])
		if m.Asking.Err() != nil {
			return i, nil // it comes again
		}
		if err != nil {
			return i, err
		}
		if m.count < transactionRows && m.bytes < transactionBytes && (m.plan.every.N == 0 || m.read+int64(i+1-m.at) < m.plan.every.N) {
			continue
		}
		m.acknowledge(b, i+1)
		if err := ev.Commit(); err != nil {
			return i + 1, err
		}
	}
	return len(b.Records), nil
}

// make makes the rows of one record.
func (m *member) make(ctx context.Context, rec *kafka.Record) error {
	m.Load(rec)
	if keep, err := m.Keep(ctx); !keep || err != nil {
		return record.OverOr(ctx, err)
	}
	name, err := m.tableOf(ctx)
	if err != nil {
		keep, err := m.Decide(ctx, &m.Record, err)
		if keep || err == nil {
			return nil
		}
		return err
	}
	rows := m.rows[name]
	if rows == nil {
		rows = &table.Rows{Table: name}
		m.rows[name] = rows
	}
	from := len(rows.Frames)
	rows.Frames = m.Record.Render(rows.Frames, columns.Rows{})
	m.bytes += int64(len(rows.Frames) - from)
	var kept *kafka.Record
	if m.Letters != nil {
		kept = clone(rec)
	}
	for range m.Record.Results() {
		rows.Add(kept)
		m.count++
	}
	m.last[kafka.TopicPartition{Topic: rec.Topic, Partition: rec.Partition}] = rec.Offset
	return nil
}

// tableOf returns the table of the record at hand.
func (m *member) tableOf(ctx context.Context) (string, error) {
	if m.plan.route == nil {
		return m.options.Table, nil
	}
	text, err := m.plan.route.Apply(ctx, m.Record.Look())
	switch {
	case err != nil && ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return "", &record.Unusable{Err: err}
	case text != nil && string(text) == table.OffsetsTable:
		return "", &record.Unusable{Err: errors.New("--route: " + table.OffsetsTable + " is where kstream keeps offsets")}
	case text != nil:
		return string(text), nil
	case m.options.Table == "" && !m.follows():
		return "", &record.Unusable{Err: errors.New("--route: no table, and there is no --table")}
	}
	return m.options.Table, nil
}

// clone copies a record out of its batch.
func clone(r *kafka.Record) *kafka.Record {
	c := *r
	c.Key, c.Value = cloned(r.Key), cloned(r.Value)
	c.Headers = nil
	for _, h := range r.Headers {
		c.Headers = append(c.Headers, kafka.Header{Key: string([]byte(h.Key)), Value: cloned(h.Value)})
	}
	return &c
}

func cloned(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append([]byte{}, b...)
}
