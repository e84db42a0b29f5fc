package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Session sends records. With a transactional id it does so in transactions: the first
// record after the last one begins the next, and Commit, CommitOffsets, TakeBack or Abort
// ends it. After one that failed a Session goes on, with a new producer under the same id if
// the old one can no longer be used. Without an id each record counts by itself, once it is
// acknowledged, and Commit is Flush.
//
// Its methods are not safe for concurrent use, except for GiveUp and Totals.
type Session struct {
	cfg    Config
	pc     ProducerConfig
	notice func(Notice)
	open   bool  // a transaction is
	failed int64 // of the producer's records, when the transaction began

	mu       sync.Mutex
	producer *Producer               // nil after one that could not be replaced
	spoil    context.CancelCauseFunc // ends a Send or a Flush; nil without one
	gaveUp   error
}

// OpenSession opens a producer, see OpenProducer. With a transactional id TakeOver comes
// before the first Send.
func OpenSession(cfg Config, pc ProducerConfig, notice func(Notice)) (*Session, error) {
	s := &Session{cfg: cfg, pc: pc, notice: notice}
	s.pc.Failed = func(o *Outgoing, i int, err error) {
		if pc.Failed != nil {
			pc.Failed(o, i, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.spoil != nil {
			s.spoil(errUndelivered)
		}
	}
	var err error
	s.producer, err = OpenProducer(cfg, s.pc, notice)
	return s, err
}

// errUndelivered is why a transaction with a record that failed is not committed.
var errUndelivered = fmt.Errorf("%w: a record of it was not delivered", ErrTransaction)

// errNoProducer is why nothing is sent after a producer that could not be replaced.
var errNoProducer = fmt.Errorf("%w: there is no producer", ErrTransaction)

// transactional reports whether there are transactions at all.
func (s *Session) transactional() bool { return s.pc.Transactional != "" }

// TakeOver takes over the transactional id (KIP-98): an older producer with the same id is
// fenced, and a transaction that it left open is aborted. It is patient, because
// coordinators move, and load what is open.
func (s *Session) TakeOver(ctx context.Context) error {
	if !s.transactional() {
		return nil
	}
	return s.producer.takeOver(ctx)
}

// renew replaces the producer; what it left open is aborted. All of its records are
// reported before.
func (s *Session) renew(ctx context.Context) error {
	s.open = false
	if s.producer != nil {
		s.producer.discard(ctx)
		_ = s.producer.Close() // why it is of no use was told
		s.replace(nil)
	}
	p, err := OpenProducer(s.cfg, s.pc, s.notice)
	if err != nil {
		return err
	}
	s.replace(p)
	if err := p.takeOver(ctx); err != nil {
		s.replace(nil)
		_ = p.Close() // the same error, or a later one
		return err
	}
	return nil
}

// replace makes p the producer.
func (s *Session) replace(p *Producer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.producer = p
	if p != nil && s.gaveUp != nil {
		p.GiveUp(s.gaveUp)
	}
}

// Send is Producer.Send; in transactions it begins one when none is open. Its error is
// ErrTransaction once a record of the transaction was not delivered.
func (s *Session) Send(ctx context.Context, o *Outgoing) error {
	if err := s.begin(); err != nil {
		return err
	}
	ctx, done := s.whole(ctx)
	defer done()
	return s.producer.Send(ctx, o)
}

func (s *Session) begin() error {
	switch {
	case s.producer == nil:
		return errNoProducer
	case s.open || !s.transactional():
		return nil
	}
	s.open, s.failed = true, s.producer.Totals().Failed
	if err := s.producer.begin(); err != nil && s.producer.Err() == nil {
		return err
	}
	return nil
}

// Flush waits until all records are delivered or have failed, see Producer.Flush. In
// transactions it returns ErrTransaction at the first one that is not delivered.
func (s *Session) Flush(ctx context.Context) error {
	if s.producer == nil {
		return errNoProducer
	}
	ctx, done := s.whole(ctx)
	defer done()
	if s.spoiled() {
		return errUndelivered
	}
	if err := s.producer.Flush(ctx); err != nil {
		return err
	}
	if s.spoiled() {
		return errUndelivered
	}
	return nil
}

// whole returns a context that also ends, with errUndelivered as its cause, at the first
// record of the transaction that is not delivered: librdkafka sends nothing of it any more,
// and would wait until the deadlines of the others.
func (s *Session) whole(ctx context.Context) (context.Context, func()) {
	if !s.transactional() {
		return ctx, func() {}
	}
	ctx, spoil := context.WithCancelCause(ctx)
	s.setSpoil(spoil)
	return ctx, func() { s.setSpoil(nil); spoil(nil) }
}

func (s *Session) setSpoil(spoil context.CancelCauseFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spoil = spoil
}

// spoiled reports whether a record of the transaction was not delivered.
func (s *Session) spoiled() bool {
	return s.transactional() && s.open && s.producer.Totals().Failed > s.failed
}

// Commit makes the records sent since the last one visible to who reads what is committed.
// After an error TakeBack or Abort must come next. What became of the transaction is
// unknown then: the coordinator may have committed it.
func (s *Session) Commit(ctx context.Context) error {
	if err := s.Flush(ctx); err != nil || !s.open {
		return err
	}
	if err := s.producer.commit(ctx); err != nil {
		return err
	}
	s.open = false
	return nil
}

// CommitOffsets makes the records sent since the last commit and the offsets of c visible
// together. When that cannot be it takes the records back: the error is ErrTakenBack and
// says why, unless the next transaction would fail for the same reason.
func (s *Session) CommitOffsets(ctx context.Context, c *Commitment) error {
	return s.done(ctx, s.commitOffsets(ctx, c))
}

func (s *Session) commitOffsets(ctx context.Context, c *Commitment) error {
	if err := s.begin(); err != nil {
		return err
	}
	group, err := c.group()
	if err != nil {
		return err
	}
	if err := s.Flush(ctx); err != nil {
		return err
	}
	if err := s.producer.sendOffsets(ctx, c.Offsets, group); err != nil {
		return err
	}
	return s.Commit(ctx)
}

// done takes back what was not committed because of err.
func (s *Session) done(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, ErrDenied) || errors.Is(err, ErrAuth) || s.lostID(err) {
		return err // Abort does what can be done
	}
	if back := s.TakeBack(ctx); back != nil {
		return fmt.Errorf("%w; the next transaction: %w", err, back)
	}
	return fmt.Errorf("%w: %w", ErrTakenBack, err)
}

// lostID reports whether err means that another process has taken over the transactional id.
func (s *Session) lostID(err error) bool { return errors.Is(err, ErrFenced) && !s.pc.OwnID }

// TakeBack aborts the open transaction, if there is one, so that the next one can begin. It
// returns ErrFenced when another process has the id.
//
// What was sent is flushed first: an abort that meets a partition which the coordinator
// has not accepted yet, because it still ends the transaction before, is fatal to the
// client. When it is all the same, or records failed, a new producer takes over, which
// aborts too. An id that others may use is aborted first even then: a record may have
// failed because another process has the id, and only the coordinator says so.
func (s *Session) TakeBack(ctx context.Context) error {
	if s.producer == nil {
		return s.renew(ctx)
	}
	if !s.open && s.producer.Err() == nil {
		return nil
	}
	err := s.Flush(ctx)
	var aborted error
	if err == nil || !s.pc.OwnID {
		aborted = s.Abort(ctx)
		err = errors.Join(err, aborted)
	}
	for _, err := range []error{s.producer.Err(), aborted} {
		if s.lostID(err) {
			return err
		}
	}
	if err != nil || s.producer.Err() != nil {
		return s.renew(ctx)
	}
	return nil
}

// Abort aborts the open transaction, if there is one. It is for the end: before another
// transaction TakeBack comes.
func (s *Session) Abort(ctx context.Context) error {
	if !s.open || s.producer == nil {
		return nil
	}
	if err := s.producer.abort(ctx); err != nil {
		return err
	}
	s.open = false
	return nil
}

// Admin returns that of the producer. It is valid until the producer is replaced, which
// TakeBack and CommitOffsets may do.
func (s *Session) Admin() *Admin { return s.producer.Admin() }

// Totals returns the totals of the producer, since it was replaced last. It is safe for
// concurrent use.
func (s *Session) Totals() Totals {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.producer == nil {
		return Totals{}
	}
	return s.producer.Totals()
}

// Err returns why no broker lets this client in any more, or nil. It is safe for concurrent
// use.
func (s *Session) Err() error {
	s.mu.Lock()
	p := s.producer
	s.mu.Unlock()
	if p == nil {
		return nil
	}
	if err := p.Err(); errors.Is(err, ErrAuth) || errors.Is(err, ErrTLS) || errors.Is(err, ErrUnreachable) {
		return err
	}
	return nil
}

// GiveUp ends the session with cause: records that wait fail with it at once instead of at
// their deadlines. It is safe for concurrent use.
func (s *Session) GiveUp(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gaveUp == nil {
		s.gaveUp = cause
	}
	if s.producer != nil {
		s.producer.GiveUp(cause)
	}
}

// Close closes the producer, see Producer.Close. A transaction that is open stays so until
// the coordinator aborts it in time: Abort comes before.
func (s *Session) Close() error {
	if s.producer == nil {
		return nil
	}
	err := s.producer.Close()
	if errors.Is(err, ErrFenced) && s.pc.OwnID {
		return nil
	}
	return err
}
