package replay

import (
	"context"
	"errors"

	"kstream/cmd/record"
	"kstream/kafka"
)

// sender sends records to topics of one cluster, in transactions where asked. One
// goroutine owns it; what its session reports comes on others.
type sender struct {
	session  *kafka.Session
	onFailed func(o *kafka.Outgoing, i int, err error) // of a record by itself, which no transaction takes along
	*record.Packer
}

// openSender opens a session.
func openSender(cfg kafka.Config, pc kafka.ProducerConfig, onFailed func(*kafka.Outgoing, int, error), notice func(kafka.Notice)) (*sender, error) {
	s := &sender{onFailed: onFailed, Packer: record.NewCopyPacker()}
	pc.Failed, pc.Done = s.undelivered, s.GiveBack
	var err error
	s.session, err = kafka.OpenSession(cfg, pc, notice)
	return s, err
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
	return s.session.Send(live, &p.Outgoing)
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
	return s.session.Flush(live)
}

// close gives up what was not settled.
func (s *sender) close() error {
	if s == nil || s.session == nil {
		return nil
	}
	return s.session.Close()
}

// undelivered is called for a record that was refused or given up.
func (s *sender) undelivered(o *kafka.Outgoing, i int, err error) {
	if errors.Is(err, kafka.ErrTransaction) {
		return // it goes with the transaction
	}
	s.onFailed(o, i, err)
}
