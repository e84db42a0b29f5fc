package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"kstream/cmd/input"
	"kstream/kafka"
	"kstream/serde"
)

// ship encodes the records of a batch and sends them, in order, an Outgoing for each
// run of records with the same topic.
func (w *production) ship(live context.Context, b *input.Batch) error {
	l := &load{batch: b}
	l.refs.Store(1) // ours, until all is sent
	defer w.release(l)
	var o *kafka.Outgoing
	for i := range b.Records {
		r := &b.Records[i]
		if w.topic != "" {
			r.Topic = w.topic
		}
		if o != nil && (o.Topic() != r.Topic || o.Full()) {
			if err := w.producer.Send(live, o); err != nil {
				return err
			}
			o = nil
		}
		if o == nil {
			if err := w.known(live, r); err != nil {
				return err
			}
			o = w.outgoing(r.Topic, l)
		}
		if err := w.pack(live, o, r, int32(i)); err != nil {
			if fatal := w.unencodable(r, err); fatal != nil {
				w.notSent(b.Records[i+1:])
				return errors.Join(fatal, w.producer.Send(live, o))
			}
			continue
		}
		w.sent++
		if w.commitCount > 0 && w.sent == w.commitCount {
			if err := w.producer.Send(live, o); err != nil {
				return err
			}
			o = nil
			if err := w.commit(live); err != nil {
				return err
			}
		}
	}
	if o == nil {
		return nil
	}
	return w.producer.Send(live, o)
}

// known makes sure that the topic of a record exists.
func (w *production) known(ctx context.Context, r *input.Record) error {
	if r.Topic == "" {
		return hint(faultf(codeBadData, "%s: the record names no topic", r.Place), "name one: kstream produce TOPIC")
	}
	if _, ok := w.topics[r.Topic]; ok {
		return nil
	}
	if err := w.find(ctx, r.Topic); err != nil {
		return fmt.Errorf("%s: %w", r.Place, err)
	}
	return nil
}

// pack runs the steps and serdes over one record and adds it.
func (w *production) pack(ctx context.Context, o *kafka.Outgoing, r *input.Record, index int32) error {
	for _, step := range w.steps {
		if err := step(ctx, r); err != nil {
			return err
		}
	}
	partition, err := w.partition(ctx, r)
	if err != nil {
		return err
	}
	w.scratch, w.headers = w.scratch[:0], w.headers[:0]
	for _, h := range r.Headers {
		if h.Value.Encoding != "" {
			return usagef("header %s was decoded by %s, which headers cannot be", h.Key, h.Value.Encoding)
		}
		w.headers = append(w.headers, kafka.Header{Key: h.Key, Value: h.Value.Bytes})
	}
	key, more, err := w.encoders[serde.Key].encode(ctx, r.Topic, &r.Key, &w.scratch)
	if err != nil {
		return err
	}
	w.addHeaders(more)
	value, more, err := w.encoders[serde.Value].encode(ctx, r.Topic, &r.Value, &w.scratch)
	if err != nil {
		return err
	}
	w.addHeaders(more)
	timestamp := int64(0)
	if r.Timestamp != input.NoTimestamp {
		timestamp = r.Timestamp
	}
	o.Add(key, value, w.headers, partition, timestamp)
	c := o.Tag.(*consignment)
	c.index = append(c.index, index)
	return nil
}

func (w *production) addHeaders(more []serde.Header) {
	for _, h := range more {
		w.headers = append(w.headers, kafka.Header{Key: h.Key, Value: h.Value})
	}
}

// partition chooses where the record goes, or leaves it to the partitioner.
func (w *production) partition(ctx context.Context, r *input.Record) (int32, error) {
	n := w.topics[r.Topic]
	switch {
	case w.flags.partition >= 0:
		return w.flags.partition, nil
	case w.partitionBy != nil:
		return w.partitionBy.Apply(ctx, exprRecord(r), n)
	case w.roundRobin:
		w.turn++
		return (w.turn - 1) % n, nil
	case r.Partition != input.NoPartition && (w.flags.input != "json" || w.flags.keepPartition):
		if r.Partition >= n {
			return 0, fmt.Errorf("partition %d: %s has partitions 0–%d", r.Partition, r.Topic, n-1)
		}
		return r.Partition, nil
	}
	return kafka.AnyPartition, nil
}

func (w *production) outgoing(topic string, l *load) *kafka.Outgoing {
	var o *kafka.Outgoing
	select {
	case o = <-w.spare:
	default:
		o = new(kafka.Outgoing)
	}
	o.Reset(topic)
	l.refs.Add(1)
	o.Tag = &consignment{load: l}
	return o
}

// release gives the batch back when nobody needs its records any more.
func (w *production) release(l *load) {
	if l.refs.Add(-1) == 0 {
		w.free <- l.batch
	}
}

// done is called by the producer when the fate of a whole Outgoing is known.
func (w *production) done(o *kafka.Outgoing) {
	c := o.Tag.(*consignment)
	if len(c.receipts) > 0 {
		w.print(chunk{text: c.receipts})
	}
	w.release(c.load)
	select {
	case w.spare <- o:
	default:
	}
}

// print hands a chunk to the printer, if there still is one.
func (w *production) print(c chunk) {
	select {
	case w.chunks <- c:
	case <-w.gone:
	}
}

// say is a notice while the printer owns stderr.
func (w *production) say(format string, args ...any) {
	if !w.env.quiet {
		w.print(chunk{notices: []string{oneLine(fmt.Sprintf(format, args...))}})
	}
}

func (w *production) notice(n kafka.Notice) { w.say("%s", n) }

// delivered writes the receipt of one record.
func (w *production) delivered(o *kafka.Outgoing, i int, r kafka.Receipt) {
	c := o.Tag.(*consignment)
	if w.flags.output == "text" {
		c.receipts = fmt.Appendf(c.receipts, "%s[%d]@%d\n", o.Topic(), r.Partition, r.Offset)
		return
	}
	place := c.load.batch.Records[c.index[i]].Place
	b := append(c.receipts, `{"topic":`...)
	b = strconv.AppendQuote(b, o.Topic())
	b = append(b, `,"partition":`...)
	b = strconv.AppendInt(b, int64(r.Partition), 10)
	b = append(b, `,"offset":`...)
	b = strconv.AppendInt(b, r.Offset, 10)
	b = append(b, `,"timestamp":`...)
	b = strconv.AppendInt(b, r.Timestamp, 10)
	if place.File != "" {
		quoted, _ := json.Marshal(place.String())
		b = append(append(b, `,"place":`...), quoted...)
	}
	c.receipts = append(b, "}\n"...)
}

// failed is called by the producer for a record that was refused or given up.
func (w *production) failed(o *kafka.Outgoing, i int, err error) {
	c := o.Tag.(*consignment)
	r := &c.load.batch.Records[c.index[i]]
	code := codeDeliveryFailed
	if errors.Is(err, kafka.ErrDenied) || errors.Is(err, kafka.ErrAuth) {
		code = classify(err)
	}
	w.fail(r.Frame, faultf(code, "%s: %w", r.Place, err))
}

// fail keeps the first failure, names the first few, and writes the input that is
// concerned to the rejects.
func (w *production) fail(frame []byte, err error) {
	w.mu.Lock()
	first := w.failure == nil
	if first {
		w.failure = err
	}
	w.named++
	named := w.named
	w.rejects.write(frame)
	w.mu.Unlock()
	switch {
	case first:
		if w.flags.onError == "stop" {
			w.stop(err)
		}
	case named <= namedFailures:
		w.say("%v", err)
	case named == namedFailures+1:
		w.say("further failures are only counted")
	}
}

// bad handles input that is no record. It returns the error that ends the run.
func (w *production) bad(bad *input.BadRecord) error {
	if errors.Is(bad, input.ErrCut) {
		w.say("%v", bad)
		return nil
	}
	w.mu.Lock()
	w.skipped++
	w.mu.Unlock()
	err := faultf(codeBadData, "%w", bad)
	w.fail(bad.Raw, err)
	return w.broken()
}

// unencodable handles a record that no bytes can be made of. It returns the error that
// ends the run.
func (w *production) unencodable(r *input.Record, err error) error {
	var f *fault
	if errors.As(err, &f) || errors.Is(err, serde.ErrRegistry) {
		return fmt.Errorf("%s: %w", r.Place, err)
	}
	w.mu.Lock()
	w.skipped++
	w.mu.Unlock()
	w.fail(r.Frame, faultf(codeBadData, "%s: %w", r.Place, err))
	return w.broken()
}
