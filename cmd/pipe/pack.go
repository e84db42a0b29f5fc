package pipe

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"kstream/cmd/record"
	"kstream/kafka"
)

// packer packs what comes of records, by topic. One goroutine owns it; what the
// producer reports comes on others.
type packer struct {
	*record.Packer
	marks []packMark // where the results of the record at hand begin

	mu      sync.Mutex
	refused map[record.Origin]error // records of SRC whose results were refused by themselves
	refusal error                   // the newest of them; nil when it was asked for
	broken  error                   // the first delivery that failed for another reason
}

// packMark is the length that a batch had.
type packMark struct {
	batch  *record.TopicBatch
	length int
}

func newPacker() *packer {
	return &packer{Packer: record.NewCopyPacker(), refused: map[record.Origin]error{}}
}

// add packs one result of the record at a place of SRC.
func (k *packer) add(topic string, r *kafka.Record, at record.Origin) *record.TopicBatch {
	p := k.Of(topic)
	p.Add(r.Key, r.Value, r.Headers, kafka.AnyPartition, r.Timestamp)
	p.Origins = append(p.Origins, at)
	return p
}

// addWhole is add for one of several results, which are packed together or not at all.
func (k *packer) addWhole(topic string, r *kafka.Record, at record.Origin) {
	p := k.Of(topic)
	marked := false
	for _, m := range k.marks {
		marked = marked || m.batch == p
	}
	if !marked {
		k.marks = append(k.marks, packMark{p, p.Len()})
	}
	k.add(topic, r, at)
}

// keep ends the results of one record; full reports whether something is to be sent.
func (k *packer) keep() (full bool) {
	for _, m := range k.marks {
		full = full || m.batch.Full()
	}
	k.marks = k.marks[:0]
	return full
}

// drop takes the results of one record out again.
func (k *packer) drop() {
	for _, m := range k.marks {
		m.batch.Truncate(m.length)
		m.batch.Origins = m.batch.Origins[:m.length]
	}
	k.marks = k.marks[:0]
}

// hand sends everything that is packed.
func (k *packer) hand(ctx context.Context, send func(context.Context, *kafka.Outgoing) error) error {
	for _, p := range k.Packed {
		k.Take(p)
		if err := send(ctx, &p.Outgoing); err != nil {
			return err
		}
	}
	return nil
}

// failed notes a record that was not delivered: refused by itself, or together with
// everything else.
func (k *packer) failed(o *kafka.Outgoing, i int, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case errors.Is(err, kafka.ErrTransaction): // it goes with the transaction
	case errors.Is(err, kafka.ErrFailed):
		k.refusal = fmt.Errorf("%s: %w", o.Topic(), err)
		k.refused[o.Tag.(*record.TopicBatch).Origins[i]] = k.refusal
	case k.broken == nil:
		k.broken = fmt.Errorf("%s: %w", o.Topic(), err)
	}
}

// suspects returns how many records were refused.
func (k *packer) suspects() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.refused)
}

// suspect returns the error with which a record was refused, or nil.
func (k *packer) suspect(at record.Origin) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.refused[at]
}

// cleared forgets the suspicion against a record.
func (k *packer) cleared(at record.Origin) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.refused, at)
}

// refusedNow returns the error of a record that was refused since it was asked last.
func (k *packer) refusedNow() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.refusal
	k.refusal = nil
	return err
}

// failure returns the reason why nothing is delivered, once.
func (k *packer) failure() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.broken
	k.broken = nil
	return err
}
