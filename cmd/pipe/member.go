package pipe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
)

// member carries the records of one member on. It belongs to that member's
// goroutine.
type member struct {
	*pipeline
	*packer
	number    int
	session   *kafka.Session // nil when the member has left
	targets   record.Targets
	changer   *record.Changer
	worker    *cli.Worker       // of --exec; nil without
	execution *record.Execution // while the command is asked about a batch
	plain     bool              // every record is written as it was read
	ended     error             // why nothing more can be committed
	keyed     *keyed            // nil without a state

	here      record.Origin          // the record at hand
	results   int64                  // of the record at hand
	claimed   int64                  // results of the record at hand that count for --count
	at        int                    // records of the batch at hand that are acknowledged
	foreign   int64                  // of those behind, records that were passed over: they are somebody else's
	confirmed map[record.Origin]bool // records that were refused when they were sent alone

	// Since the last commit:
	since    time.Time
	attempts int // that were taken back, in a row
	read     int64
	bytes    int64 // of what was read
	wrote    int64
	claims   int64
}

// member returns the member with the number, as committer has made it.
func (l *pipeline) member(number int) *member {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.members[number]
}

// committer makes a member and its producer, before it joins: a transaction that its last
// run left open has to end first.
func (l *pipeline) committer(number int) kafka.Committer {
	m := &member{pipeline: l, packer: newPacker(), number: number, confirmed: map[record.Origin]bool{}, since: time.Now()}
	m.changer = l.newChanger()
	m.keyed = newKeyed(m)
	m.worker = l.NewWorker(l.exec, l.execMode, number)
	m.plain = m.keyed == nil && m.changer.Plain() && l.route == nil && !l.transcodes() && l.Run.Limits.Count == 0 && l.commitEvery.N == 0
	if m.ended = m.open(); m.ended != nil {
		l.Stop(m.ended)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.members[number] = m
	return m
}

// newChanger also decodes what is looked at only after the filters.
func (l *pipeline) newChanger() *record.Changer {
	c := record.NewChanger(l.Plan.Selection, l.changes)
	decodes := l.Plan.Filters.Decodes() || l.changes.Mapping != nil || l.changes.KeyFrom != nil
	if !decodes && (l.route != nil || l.transcodes() || l.exec != "" || l.Plan.keyed != nil) {
		c.Decode()
	}
	return c
}

func (m *member) open() (err error) {
	pc := kafka.ProducerConfig{
		Compression: m.compression, MaxBatch: m.limit, Failed: m.failed, Done: m.GiveBack,
	}
	notice := func(n kafka.Notice) { m.Env.Notice("member %d: %s", m.number, n) }
	if m.exactlyOnce {
		pc.Transactional, pc.OwnID = m.transactionalID(m.number)
	}
	if m.session, err = kafka.OpenSession(m.cfg, pc, notice); err != nil {
		return err
	}
	return m.session.TakeOver(m.working)
}

// close takes back what was not committed.
func (m *member) close() error {
	m.keyed.close()
	session := m.session
	if m.session = nil; session == nil {
		return nil
	}
	_ = session.Abort(m.working) // if it fails, the coordinator aborts in time
	return session.Close()
}

// send sends what is packed. What fails in a transaction is told by its commit.
func (m *member) send(ctx context.Context, o *kafka.Outgoing) error {
	m.targets.Found(o.Topic(), m.idOf(o.Topic()))
	m.targets.Sent(o.Topic())
	err := m.session.Send(ctx, o)
	if m.exactlyOnce && ctx.Err() == nil {
		return nil
	}
	return err
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
		if err := m.keyed.changed(c); err != nil {
			return err
		}
		if c.Kind == kafka.ChangeRevoked {
			if err := m.execution.Settle(); err != nil {
				return err
			}
		}
		if c.Written != nil {
			c.Written() // all is packed; Commit does the rest
		}
		if c.Kind == kafka.ChangeLeft {
			return m.close()
		}
	}
	if ev.Silence != nil && m.ended == nil {
		return m.keyed.closeIdle(ev.Silence)
	}
	if m.ended != nil || ev.Batch == nil {
		return m.ended
	}
	m.at, m.foreign = 0, 0
	n, err := m.take(ev)
	if errors.Is(err, kafka.ErrTakenBack) {
		return nil // the batch comes again
	}
	handed := m.hand(m.working, m.send)
	m.acknowledge(ev.Batch, n)
	if errors.Is(err, cli.ErrEnough) {
		err = nil
	}
	return cli.FirstOf(err, handed)
}

// note prints a notice.
func (m *member) note(n kafka.Notice) {
	m.Stats.Noticed(m.number, n)
	if n.Kind == kafka.NoticeLost {
		m.Lost.Add(n.To - n.From)
	}
	if n.Kind != kafka.NoticeEnd || m.Env.StderrTerminal {
		m.Env.Notice("%s", n)
	}
}

// acknowledge notes that the first n records of the batch are done with.
func (m *member) acknowledge(b *kafka.Batch, n int) {
	if n > m.at {
		m.read += int64(n-m.at) - m.foreign
		m.foreign = 0
		for ; m.at < n; m.at++ {
			m.bytes += record.SizeOf(&b.Records[m.at])
		}
	}
	b.Ack(n)()
}

// take carries the records of a batch on, and returns how many are done with.
func (m *member) take(ev kafka.Event) (int, error) {
	switch {
	case m.keyed != nil:
		return m.keyed.fold(ev)
	case m.worker != nil:
		return m.execute(ev)
	case m.plain && m.suspects() == 0:
		return m.pass(ev.Batch)
	}
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
			m.foreign++
			continue
		}
		rec := &b.Records[i]
		m.begin(rec)
		var err error
		if m.suspected() {
			err = m.alone(ev, i, i+1, func() error { return m.change(rec) })
		} else {
			err = m.settle(rec, m.change(rec))
		}
		if m.Asking.Err() != nil {
			return i, nil // it comes again
		}
		if err != nil {
			return i, err
		}
		if err := m.commitDue(ev, i+1); err != nil {
			return i + 1, err
		}
	}
	return len(b.Records), nil
}

// pass writes records as they are.
func (m *member) pass(b *kafka.Batch) (int, error) {
	for i := range b.Records {
		r := &b.Records[i]
		p := m.add(m.dst, r, record.Origin{Partition: r.Partition, Offset: r.Offset})
		m.wrote++
		if p.Full() {
			if err := m.hand(m.working, m.send); err != nil {
				return i + 1, err
			}
		}
	}
	return len(b.Records), nil
}

// begin starts with a record.
func (m *member) begin(r *kafka.Record) {
	m.here, m.results, m.claimed = record.Origin{Partition: r.Partition, Offset: r.Offset}, 0, 0
}

// change packs what becomes of a record.
func (m *member) change(rec *kafka.Record) error {
	if !m.transcodes() || m.changes.Mapping != nil {
		return m.changer.Change(m.Asking, rec, m.put)
	}
	keep, err := m.changer.Look(m.Asking, rec)
	if !keep || err != nil {
		return err
	}
	return m.changer.WriteValue(m.Asking, record.ValueJSON(&m.changer.Record), m.put)
}

// put packs one result.
func (m *member) put(out *kafka.Record) error {
	if err := m.claim(); err != nil {
		return err
	}
	topic, err := m.topicOf(out)
	if err != nil {
		return err
	}
	m.addWhole(topic, out, m.here)
	m.results++
	return nil
}

// topicOf returns where the result goes that the changer is writing.
func (m *member) topicOf(*kafka.Record) (string, error) {
	if m.route == nil {
		return m.dst, nil
	}
	text, err := m.route.Apply(m.Asking, m.changer.Record.Look())
	switch {
	case err != nil:
		return "", m.changer.Failed(m.Asking, err)
	case text != nil:
		return string(text), m.known(m.working, string(text))
	case m.dst == "":
		return "", &record.Unusable{Err: errors.New("--route: no topic, and there is no DST")}
	}
	return m.dst, nil
}

// settle ends a record: its results are packed, or --on-error decides.
func (m *member) settle(rec *kafka.Record, err error) error {
	var bad *record.Unusable
	if errors.As(err, &bad) {
		m.drop()
		m.unclaim()
		m.results = 0
		err = m.reject(rec, bad)
	}
	if err != nil {
		m.drop()
		return err
	}
	m.wrote += m.results
	if m.keep() {
		return m.hand(m.working, m.send)
	}
	return nil
}

// reject lets --on-error decide about a record.
func (m *member) reject(rec *kafka.Record, bad *record.Unusable) error {
	if m.Forgive(m.rules, rec, bad) {
		return nil
	}
	err := fmt.Errorf("%s: %w", record.PlaceOf(rec), bad.Err)
	switch m.rules.Action {
	case "skip":
		m.Fail(rec, bad)
		m.unclaim()
		return nil
	case "dlq":
		if err := m.claim(); err != nil {
			return err
		}
		m.Fail(rec, bad)
		letter := *rec
		letter.Headers = record.LetterHeaders(rec, err)
		m.addWhole(m.rules.Topic, &letter, m.here)
		return nil
	}
	code := cli.CodeOf(bad.Err)
	if code == cli.CodeFailed {
		code = cli.CodeBadData
	}
	return cli.Hint(cli.Errorf(code, "%w", err), "--on-error skip leaves it out, dlq:TOPIC puts it aside")
}
