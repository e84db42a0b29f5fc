package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Session writes one transaction after another. After one that failed it goes on, with a
// new producer under the same id if the old one can no longer be used. It is not safe for
// concurrent use.
type Session struct {
	cfg      Config
	pc       ProducerConfig
	notice   func(Notice)
	producer *Producer
	open     bool  // a transaction is
	mine     bool  // nobody else has the id: who fences us is the coordinator, after a time-out
	failed   int64 // of the producer's records, when the transaction began

	mu    sync.Mutex
	spoil context.CancelCauseFunc // ends a flush; nil without one
}

// OpenSession opens a producer and takes over the transactional id of pc, see
// InitTransactions. mine is whether no other process ever uses the id: being fenced then
// means that a transaction took longer than transaction.timeout.ms, and only that
// transaction is lost.
func OpenSession(ctx context.Context, cfg Config, pc ProducerConfig, mine bool, notice func(Notice)) (*Session, error) {
	s := &Session{cfg: cfg, pc: pc, notice: notice, mine: mine}
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
	return s, s.renew(ctx)
}

// errUndelivered is why a transaction with a record that failed is not committed.
var errUndelivered = fmt.Errorf("%w: a record of it was not delivered", ErrTransaction)

// renew makes the producer, or replaces it: what it left open is aborted.
func (s *Session) renew(ctx context.Context) error {
	s.open = false
	if s.producer != nil {
		_ = s.producer.Close() // why it is of no use was told
		s.producer = nil
	}
	p, err := OpenProducer(s.cfg, s.pc, s.notice)
	if err != nil {
		return err
	}
	if err := p.TakeOver(ctx); err != nil {
		_ = p.Close() // the same error, or a later one
		return err
	}
	s.producer = p
	return nil
}

// takeOverTries is how many times the time-out of a request taking over an id may take.
const takeOverTries = 3

// TakeOver is InitTransactions with patience: coordinators move, and load what is open.
func (p *Producer) TakeOver(ctx context.Context) error {
	err := p.InitTransactions(ctx)
	for tries := 1; err != nil && tries < takeOverTries && p.Err() == nil && ctx.Err() == nil; tries++ {
		if errors.Is(err, ErrDenied) || errors.Is(err, ErrAuth) || errors.Is(err, ErrFenced) {
			break
		}
		err = p.InitTransactions(ctx)
	}
	return err
}

// Send is Producer.Send into the open transaction; it begins one when none is open. A
// record that fails is told by Commit.
func (s *Session) Send(ctx context.Context, o *Outgoing) error {
	if err := s.begin(); err != nil {
		return err
	}
	if err := s.producer.Send(ctx, o); err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}

func (s *Session) begin() error {
	if s.open {
		return nil
	}
	if s.producer == nil {
		return fmt.Errorf("%w: there is no producer", ErrTransaction)
	}
	s.open, s.failed = true, s.producer.Totals().Failed
	if err := s.producer.Begin(); err != nil && s.producer.Err() == nil {
		return err
	}
	return nil
}

// Commit makes the records sent since the last one and the offsets of c visible
// together. When that cannot be it takes the records back: the error is ErrTakenBack and
// says why, unless the next transaction would fail for the same reason.
func (s *Session) Commit(ctx context.Context, c *Commitment) error {
	return s.done(ctx, s.commit(ctx, c))
}

// done ends the transaction after a commit: it takes back what was not committed.
func (s *Session) done(ctx context.Context, err error) error {
	if err == nil {
		s.open = false
		return nil
	}
	if errors.Is(err, ErrDenied) || errors.Is(err, ErrAuth) || errors.Is(err, ErrFenced) && !s.mine {
		return err // Close aborts what can be
	}
	if back := s.TakeBack(ctx); back != nil {
		return fmt.Errorf("%w; the next transaction: %w", err, back)
	}
	return fmt.Errorf("%w: %w", ErrTakenBack, err)
}

func (s *Session) commit(ctx context.Context, c *Commitment) error {
	if err := s.begin(); err != nil {
		return err
	}
	group, err := c.Group()
	if err != nil {
		return err
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	if err := s.producer.SendOffsets(ctx, c.Offsets, group); err != nil {
		return err
	}
	return s.producer.Commit(ctx)
}

// flush waits until all records of the transaction are delivered, or one is not: then
// librdkafka sends no more of them, and would wait for the deadlines of all.
func (s *Session) flush(ctx context.Context) error {
	ctx, spoil := context.WithCancelCause(ctx)
	defer spoil(nil)
	s.setSpoil(spoil)
	defer s.setSpoil(nil)
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

func (s *Session) setSpoil(spoil context.CancelCauseFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spoil = spoil
}

func (s *Session) spoiled() bool { return s.producer.Totals().Failed > s.failed }

// TakeBack aborts the open transaction, if there is one.
//
// What was sent is flushed first: an abort that meets a partition which the coordinator
// has not accepted yet, because it still ends the transaction before, is fatal to the
// client. When it is all the same, or records failed, a new producer takes over, which
// aborts too.
func (s *Session) TakeBack(ctx context.Context) error {
	if s.producer == nil {
		return s.renew(ctx)
	}
	if !s.open && s.producer.Err() == nil {
		return nil
	}
	if s.flush(ctx) == nil && s.producer.Abort(ctx) == nil {
		s.open = false
		return nil
	}
	return s.renew(ctx)
}

// Admin returns that of the producer. It is valid until the producer is replaced, which
// Commit and TakeBack may do.
func (s *Session) Admin() *Admin { return s.producer.Admin() }

// Close aborts the open transaction, if there is one, and closes the producer.
func (s *Session) Close(ctx context.Context) error {
	if s.producer == nil {
		return nil
	}
	if s.open {
		_ = s.producer.Abort(ctx) // if it fails, the coordinator aborts in time
	}
	err := s.producer.Close()
	if errors.Is(err, ErrFenced) && s.mine {
		return nil
	}
	return err
}
