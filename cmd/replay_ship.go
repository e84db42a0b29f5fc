package cmd

import (
	"context"
	"errors"
	"sync"

	"kstream/kafka"
)

// shipper sends records to topics of one cluster, in transactions where asked. One
// goroutine owns it; what its producer reports comes on others.
type shipper struct {
	producer     *kafka.Producer
	transactions bool
	onFailed     func(at origin, err error) // of a record by itself, which no transaction takes along
	*copyPacker

	// whole ends, with kafka.ErrTransaction as its cause, at the first record that is not
	// delivered: librdkafka sends nothing of the transaction any more, and would wait until
	// the others' deadlines.
	whole context.Context

	mu    sync.Mutex
	spoil context.CancelCauseFunc
}

// openShipper makes a producer; limit is the largest batch that the topic takes.
func openShipper(cfg kafka.Config, pc kafka.ProducerConfig, onFailed func(origin, error), notice func(kafka.Notice)) (*shipper, error) {
	s := &shipper{transactions: pc.Transactional != "", onFailed: onFailed, copyPacker: newCopyPacker()}
	pc.Failed, pc.Done = s.undelivered, s.giveBack
	var err error
	s.producer, err = kafka.OpenProducer(cfg, pc, notice)
	return s, err
}

// begin starts a transaction.
func (s *shipper) begin(live context.Context) error {
	s.mu.Lock()
	if s.spoil != nil {
		s.spoil(nil)
	}
	s.whole, s.spoil = context.WithCancelCause(live)
	s.mu.Unlock()
	return s.producer.Begin()
}

// put adds a record to what is sent next. Its topic and partition are those to go to.
func (s *shipper) put(live context.Context, r *kafka.Record, at origin) error {
	p := s.of(r.Topic)
	p.Add(r.Key, r.Value, r.Headers, r.Partition, r.Timestamp)
	p.origins = append(p.origins, at)
	if p.Full() {
		return s.send(live, p)
	}
	return nil
}

func (s *shipper) send(live context.Context, p *copyParcel) error {
	s.take(p)
	if s.transactions {
		live = s.whole
	}
	return s.producer.Send(live, &p.Outgoing)
}

// hand sends everything that is packed.
func (s *shipper) hand(live context.Context) error {
	for _, p := range s.packed {
		if err := s.send(live, p); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until the fate of every record is known.
func (s *shipper) settle(live context.Context) error {
	if s.transactions {
		live = s.whole
	}
	return s.producer.Flush(live)
}

// close gives up what was not settled.
func (s *shipper) close() error {
	if s == nil || s.producer == nil {
		return nil
	}
	return s.producer.Close()
}

// undelivered is called for a record that was refused or given up.
func (s *shipper) undelivered(o *kafka.Outgoing, i int, err error) {
	if errors.Is(err, kafka.ErrTransaction) {
		return // it goes with the transaction
	}
	s.onFailed(o.Tag.(*copyParcel).origins[i], err)
	if s.transactions {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.spoil(kafka.ErrTransaction)
	}
}
