package pipe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
)

// takeBacks is how many transactions in a row may be taken back.
const takeBacks = 10

// Commit is kafka.Committer's: what is packed is sent and acknowledged, and then the
// offsets are committed, or both in one transaction.
func (m *member) Commit(c *kafka.Commitment) error {
	if m.ended != nil {
		return m.ended
	}
	if err := m.keyed.save(c.Offsets); err != nil {
		m.ended = err
		return err
	}
	err := m.store(c)
	m.since = time.Now()
	switch {
	case err == nil:
		m.done.Add(m.read)
		m.committed.Add(m.wrote)
		m.Stats.Count(m.number, m.read, m.bytes)
		m.keyed.kept(c.Offsets)
		m.read, m.bytes, m.wrote, m.claims, m.attempts = 0, 0, 0, 0, 0
		return nil
	case !errors.Is(err, kafka.ErrTakenBack):
		return err
	}
	m.attempts++
	if m.attempts == takeBacks {
		m.ended = fmt.Errorf("%d times in a row: %w", m.attempts, err)
		return m.ended
	}
	m.undone(strings.TrimPrefix(err.Error(), kafka.ErrTakenBack.Error()+": "))
	return err
}

// store does the work of Commit.
func (m *member) store(c *kafka.Commitment) error {
	if err := m.hand(m.working, m.send); err != nil {
		return err
	}
	if m.exactlyOnce {
		if m.session.Flush(m.working) == nil { // else the commit says why
			if err := m.checkTargets(); err != nil {
				if back := m.session.TakeBack(m.working); back != nil {
					return hintFenced(fmt.Errorf("%w; the next transaction: %w", err, back))
				}
				return fmt.Errorf("%w: %w", kafka.ErrTakenBack, err)
			}
		}
		err := m.session.CommitOffsets(m.working, c)
		switch failure := m.failure(); {
		case errors.Is(failure, kafka.ErrUnknownTopic), errors.Is(failure, kafka.ErrDenied), errors.Is(failure, kafka.ErrAuth):
			return failure
		case errors.Is(err, kafka.ErrTakenBack) && m.keyed != nil:
			if failure = m.refusedNow(); failure != nil { // it would be refused again
				m.ended = cli.Errorf(cli.CodeDeliveryFailed, "%w", failure)
				return m.ended
			}
		case errors.Is(err, kafka.ErrTakenBack):
			if failure = cli.FirstOf(failure, m.refusedNow()); failure != nil {
				return fmt.Errorf("%w: %w", kafka.ErrTakenBack, failure)
			}
		}
		return hintFenced(err)
	}
	if err := m.session.Flush(m.working); err != nil {
		return err
	}
	if err := m.failure(); err != nil {
		return err
	}
	if why := m.refusedNow(); why != nil {
		return fmt.Errorf("%w: %w", kafka.ErrTakenBack, why)
	}
	if err := m.checkTargets(); err != nil {
		return fmt.Errorf("%w: %w", kafka.ErrTakenBack, err)
	}
	return c.Plain()
}

// checkTargets fails when a topic that results were sent to since the last commit is another
// one now: they are written again, for what it had is gone.
func (m *member) checkTargets() error {
	ctx, cancel := context.WithTimeout(m.working, record.CheckLimit)
	defer cancel()
	err := m.targets.Check(ctx, m.Admin.Admin)
	var replaced *record.ReplacedError
	if !errors.As(err, &replaced) {
		return nil // where there is no answer, the next commit asks again
	}
	m.replace(replaced)
	return replaced
}

// hintFenced tells who may have taken over the transactional id.
func hintFenced(err error) error {
	if errors.Is(err, kafka.ErrFenced) && !errors.Is(err, kafka.ErrTakenBack) {
		return cli.Hint(err, "another process runs with the same --group and --instance-id")
	}
	return err
}

// TakeBack is kafka.Committer's: the partitions are lost. Without transactions what was
// written stays written, and whoever has the partitions now writes it again.
func (m *member) TakeBack() {
	if m.ended != nil {
		return
	}
	if err := m.hand(m.working, m.send); err != nil {
		m.ended = err
		return
	}
	if m.exactlyOnce {
		if err := m.session.TakeBack(m.working); err != nil {
			m.ended = hintFenced(err)
			return
		}
	}
	m.undone("its partitions were lost")
}

// undone forgets what was read and written since the last commit.
func (m *member) undone(why string) {
	m.keyed.drop()
	m.pipeline.claims.Add(-m.claims)
	n := m.read
	m.read, m.bytes, m.wrote, m.claims = 0, 0, 0, 0
	if n == 0 {
		return
	}
	text := fmt.Sprintf("a transaction was taken back, %s to be read again: %s", cli.Count(n, "record"), why)
	if !m.exactlyOnce {
		text = fmt.Sprintf("%s to be read again: %s", cli.Count(n, "record"), why)
	}
	m.Stats.Noticed(m.number, kafka.Notice{Kind: kafka.NoticeAborted, Partition: -1, Text: text})
	m.pipeline.mu.Lock()
	_, news := m.undoings.Add("", errors.New(why))
	m.pipeline.mu.Unlock()
	if news { // the end counts the others
		m.Env.Notice("member %d: %s", m.number, text)
	}
}

// commitNow commits the first n records of the batch.
func (m *member) commitNow(ev kafka.Event, n int) error {
	if err := m.hand(m.working, m.send); err != nil {
		return err
	}
	m.acknowledge(ev.Batch, n)
	return ev.Commit()
}

// commitDue commits in the middle of a batch when it is time, or when --count is
// reached: only what is committed counts.
func (m *member) commitDue(ev kafka.Event, n int) error {
	count := m.Run.Limits.Count
	enough := count > 0 && m.claims > 0 && m.pipeline.claims.Load() >= count
	if every := &m.commitEvery; !enough && time.Since(m.since) < every.D &&
		(every.N == 0 || m.read+int64(n-m.at) < every.N) {
		return nil
	}
	if err := m.commitNow(ev, n); err != nil {
		return err
	}
	if enough && m.pipeline.claims.Load() >= count {
		m.Stop(cli.ErrEnough)
	}
	return nil
}

// claimAgain is how often a member asks whether others have given claims back.
const claimAgain = 20 * time.Millisecond

// claim takes a result of the record at hand from the budget of --count. While none is left it
// waits: what others have claimed may be taken back. It returns errEnough at the end.
func (m *member) claim() error {
	count := m.Run.Limits.Count
	if count == 0 {
		return nil
	}
	if m.claimed > 0 { // all that becomes of a record is written, or nothing
		m.pipeline.claims.Add(1)
		m.claimed++
		m.claims++
		return nil
	}
	for {
		n := m.pipeline.claims.Load()
		if n >= count {
			select {
			case <-m.Polling.Done():
				return cli.ErrEnough
			case <-time.After(claimAgain):
			}
			continue
		}
		if m.pipeline.claims.CompareAndSwap(n, n+1) {
			m.claimed = 1
			m.claims++
			return nil
		}
	}
}

// unclaim returns the record at hand to the budget.
func (m *member) unclaim() {
	m.claims -= m.claimed
	m.pipeline.claims.Add(-m.claimed)
	m.claimed = 0
}

// suspected reports whether the record at hand was refused before.
func (m *member) suspected() bool {
	return m.suspects() > 0 && m.suspect(m.here) != nil
}

// alone sends the results of record i, which was refused, by themselves, because brokers
// refuse a batch for one of its records. When they are refused once more, --on-error
// decides. next is how many records are done with then.
func (m *member) alone(ev kafka.Event, i, next int, change func() error) error {
	rec, at := &ev.Batch.Records[i], m.here
	why := m.suspect(at)
	if m.confirmed[at] {
		delete(m.confirmed, at)
		m.cleared(at)
		return m.settle(rec, &record.Unusable{Err: cli.Errorf(cli.CodeDeliveryFailed, "%w", why)})
	}
	if err := m.commitNow(ev, i); err != nil {
		return err
	}
	m.cleared(at)
	if err := m.settle(rec, change()); err != nil {
		return err
	}
	err := m.commitNow(ev, next)
	if errors.Is(err, kafka.ErrTakenBack) && m.suspect(at) != nil {
		m.confirmed[at] = true
	}
	return err
}
