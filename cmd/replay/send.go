package replay

import (
	"context"
	"errors"
	"sync"

	"kstream/cmd/record"
	"kstream/kafka"
)

// sender sends records to topics of one cluster, in transactions where asked. One
// goroutine owns it; what its producer reports comes on others.
type sender struct {
	producer     *kafka.Producer
	transactions bool
	onFailed     func(at record.Origin, err error) // of a record by itself, which no transaction takes along
	*record.Packer

	// whole ends, with kafka.ErrTransaction as its cause, at the first record that is not
	// delivered: librdkafka sends nothing of the transaction any more, and would wait until
	// the others' deadlines.
	whole context.Context

	mu    sync.Mutex
	spoil context.CancelCauseFunc
}

// openSender makes a producer; limit is the largest batch that the topic takes.
func openSender(cfg kafka.Config, pc kafka.ProducerConfig, onFailed func(record.Origin, error), notice func(kafka.Notice)) (*sender, error) {
	s := &sender{transactions: pc.Transactional != "", onFailed: onFailed, Packer: record.NewCopyPacker()}
	pc.Failed, pc.Done = s.undelivered, s.GiveBack
	var err error
	s.producer, err = kafka.OpenProducer(cfg, pc, notice)
	return s, err
}

// begin starts a transaction.
func (s *sender) begin(live context.Context) error {
	s.mu.Lock()
	if s.spoil != nil {
		s.spoil(nil)
	}
	s.whole, s.spoil = context.WithCancelCause(live)
	s.mu.Unlock()
	return s.producer.Begin()
}

// put adds a record to what is sent next. Its topic and partition are those to go to.
func (s *sender) put(live context.Context, r *kafka.Record, at record.Origin) error {
	p := s.Of(r.Topic)
	p.Add(r.Key, r.Value, r.Headers, r.Partition, r.Timestamp)
	p.Origins = append(p.Origins, at)
	if p.Full() {
		return s.send(live, p)
	}
	return nil
}

func (s *sender) send(live context.Context, p *record.TopicBatch) error {
	s.Take(p)
	if s.transactions {
		live = s.whole
	}
	return s.producer.Send(live, &p.Outgoing)
}

// hand sends everything that is packed.
func (s *sender) hand(live context.Context) error {
	for _, p := range s.Packed {
		if err := s.send(live, p); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until the fate of every record is known.
func (s *sender) settle(live context.Context) error {
	if s.transactions {
		live = s.whole
	}
	return s.producer.Flush(live)
}

// close gives up what was not settled.
func (s *sender) close() error {
	if s == nil || s.producer == nil {
		return nil
	}
	return s.producer.Close()
}

// undelivered is called for a record that was refused or given up.
func (s *sender) undelivered(o *kafka.Outgoing, i int, err error) {
	if errors.Is(err, kafka.ErrTransaction) {
		return // it goes with the transaction
	}
	s.onFailed(o.Tag.(*record.TopicBatch).Origins[i], err)
	if s.transactions {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.spoil(kafka.ErrTransaction)
	}
}
