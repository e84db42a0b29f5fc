package produce

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"kstream/cmd/cli"
	"kstream/cmd/input"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/serde"
)

// inFlight is a batch of input on its way, the tag of all that is sent of it. It is given
// back when the fate of its last record is known.
type inFlight struct {
	batch    *input.Batch
	preamble []byte // what rejects of it begin with
	refs     atomic.Int32
	topics   []*topicBatch
	used     int // of topics
}

// topicBatch is what is sent of a batch of input in one call, all to one topic, and the tag
// of that.
type topicBatch struct {
	kafka.Outgoing
	input    *inFlight
	index    []int32 // of each record in the batch
	receipts []byte
}

// track returns what knows the fate of a batch of input.
func (w *run) track(r reading) *inFlight {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := new(inFlight)
	if n := len(w.spare); n > 0 {
		l, w.spare = w.spare[n-1], w.spare[:n-1]
	}
	l.batch, l.preamble, l.used = r.batch, r.preamble, 0
	l.refs.Store(1) // of the goroutine that sends, until all is sent
	return l
}

// release returns the batch when nobody needs its records any more.
func (w *run) release(l *inFlight) {
	if l.refs.Add(-1) > 0 {
		return
	}
	w.free <- l.batch
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spare = append(w.spare, l)
}

// next begins the next batch for a topic.
func (l *inFlight) next(topic string) *topicBatch {
	if l.used == len(l.topics) {
		p := &topicBatch{input: l}
		p.Tag = p
		if len(l.topics) == 0 { // most likely the only one
			p.index = make([]int32, 0, len(l.batch.Records))
			p.Grow(len(l.batch.Records), l.batch.Size())
		}
		l.topics = append(l.topics, p)
	}
	p := l.topics[l.used]
	l.used++
	p.Reset(topic)
	p.index, p.receipts = p.index[:0], nil
	l.refs.Add(1) // until done
	return p
}

// encode encodes the records of a batch of input and sends them, in order, in one call for each
// run of records with the same topic. With an error it returns how many it dealt with.
func (w *run) encode(live context.Context, l *inFlight) (int, error) {
	records := l.batch.Records
	var p *topicBatch
	var to *destination
	for i := range records {
		r := &records[i]
		if w.topic != "" {
			r.Topic = w.topic
		}
		if p != nil && (p.Topic() != r.Topic || p.Full()) {
			if err := w.send(live, p); err != nil {
				return i, err
			}
			p = nil
		}
		if p == nil {
			var err error
			if to, err = w.destination(live, r); err != nil {
				if counted, err := w.unsendable(l, r, err); err != nil {
					return i + counted, err
				}
				continue
			}
			p = l.next(r.Topic)
		}
		if err := record.OverOr(w.packing, w.pack(w.packing, p, r, to)); err != nil {
			if counted, err := w.unsendable(l, r, err); err != nil {
				return i + counted, cli.FirstOf(w.send(live, p), err)
			}
			continue
		}
		p.index = append(p.index, int32(i))
		if !w.transactional() {
			continue
		}
		w.transaction.sent++
		w.hold(l, r)
		if w.transaction.sent == w.commitCount {
			err := w.send(live, p)
			p = nil
			if err == nil {
				err = w.commit(live)
			}
			if err != nil {
				return i + 1, err
			}
		}
	}
	if p == nil {
		return len(records), nil
	}
	return len(records), w.send(live, p)
}

// send queues records. Where the transaction cannot be committed any more it is taken back,
// and they with it.
func (w *run) send(live context.Context, p *topicBatch) error {
	w.targets.Sent(p.Topic())
	err := w.session.Send(live, &p.Outgoing)
	if errors.Is(err, kafka.ErrTransaction) {
		return w.commit(live) // which says what failed, or aborts and goes on
	}
	return err
}

// destination makes sure that the topic of a record exists.
func (w *run) destination(ctx context.Context, r *input.Record) (*destination, error) {
	if r.Topic == "" {
		return nil, errors.New("the record names no topic")
	}
	to := w.topics[r.Topic]
	if to == nil {
		var err error
		if to, err = w.find(ctx, r.Topic, w.create); errors.Is(err, kafka.ErrUnknownTopic) {
			to, err = &destination{err: err}, nil
		}
		if err != nil {
			return nil, &cli.CodedError{Code: cli.CodeOf(err), Err: err}
		}
		w.topics[r.Topic] = to
	}
	return to, to.err
}

// pack runs the steps and serdes over one record and adds it.
func (w *run) pack(ctx context.Context, p *topicBatch, r *input.Record, to *destination) error {
	if err := w.changes.apply(ctx, r); err != nil {
		return err
	}
	partition, err := w.partition(ctx, r, to)
	if err != nil {
		return err
	}
	w.scratch, w.headers = w.scratch[:0], w.headers[:0]
	for _, h := range r.Headers {
		if h.Value.Encoding != "" {
			return cli.Usagef("header %s was decoded by %s, which headers cannot be", h.Key, h.Value.Encoding)
		}
		if h.Value.Named {
			return fmt.Errorf("header %s: %w", h.Key, input.ErrNamed)
		}
		w.headers = append(w.headers, kafka.Header{Key: h.Key, Value: h.Value.Bytes})
	}
	key, more, err := w.encoders[serde.Key].Encode(ctx, r.Topic, &r.Key, &w.scratch)
	if err != nil {
		return err
	}
	w.addHeaders(more)
	value, more, err := w.encoders[serde.Value].Encode(ctx, r.Topic, &r.Value, &w.scratch)
	if err != nil {
		return err
	}
	w.addHeaders(more)
	p.Add(key, value, w.headers, partition, w.timestamp(r))
	return nil
}

func (w *run) addHeaders(more []serde.Header) {
	for _, h := range more {
		w.headers = append(w.headers, kafka.Header{Key: h.Key, Value: h.Value})
	}
}

// timestamp is the record's, or the moment of sending.
func (w *run) timestamp(r *input.Record) int64 {
	if r.Timestamp == input.NoTimestamp {
		return kafka.Now
	}
	return r.Timestamp
}

// partition chooses where the record goes, or leaves it to the partitioner.
func (w *run) partition(ctx context.Context, r *input.Record, to *destination) (int32, error) {
	n := to.partitions
	switch {
	case w.Plan.partition >= 0:
		return w.Plan.partition, nil
	case w.partitionBy != nil:
		return w.partitionBy.Apply(ctx, exprRecord(r), n)
	case w.roundRobin:
		turn := to.turn
		to.turn = (turn + 1) % n
		return turn, nil
	case r.Partition != input.NoPartition && w.ownPartition:
		if r.Partition < 0 || r.Partition >= n {
			return 0, fmt.Errorf("partition %d: %s has partitions 0–%d", r.Partition, r.Topic, n-1)
		}
		return r.Partition, nil
	}
	return kafka.AnyPartition, nil
}
