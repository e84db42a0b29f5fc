package pipe

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/cmd/stream"
	"kstream/kafka"
	"kstream/serde"
)

// keyed is what one member keeps for the keys of its partitions. What it holds is the state
// after exactly the records that the member has acknowledged: it is saved in the transaction
// that has their offsets, and dropped when that is taken back. Then it is restored, for only
// the cluster knows what was committed.
type keyed struct {
	*member
	config   *stream.Config
	parts    map[int32]*part
	leaving  []int32 // parts that were given away: the commit before that may still save them
	composer *record.Changer
	through  *record.Changer // of records from VIA: they have been filtered
	purged   time.Time       // when records of VIA were deleted last
	input    stream.Input
	late     int64 // records since the last commit
	full     bool  // something that is packed is to be sent
	outage   error // why a result cannot be written at all

	restoring sync.WaitGroup
	cancel    []context.CancelFunc
}

func newKeyed(m *member) *keyed {
	if m.Plan.keyed == nil {
		return nil
	}
	k := &keyed{member: m, config: m.Plan.keyed.config(), parts: map[int32]*part{}, composer: record.NewChanger(m.Plan.Selection, m.changes)}
	if k.through = m.changer; m.Plan.keyed.via != "" {
		unfiltered := *m.Plan.Selection
		unfiltered.Filters = &record.Filters{}
		k.through = record.NewChanger(&unfiltered, m.changes)
		k.through.Decode()
	}
	return k
}

// changed follows what the member has to read.
func (k *keyed) changed(c *kafka.Change) error {
	if k == nil {
		return nil
	}
	for _, number := range k.leaving { // what was given away before is committed, or taken back
		delete(k.parts, number)
	}
	k.leaving = nil
	own := k.own(c.Offsets)
	switch c.Kind {
	case kafka.ChangeAssigned, kafka.ChangeRewound:
		if !c.Unknown { // else ChangeRewound says where they begin
			k.assign(own)
		}
	case kafka.ChangeRevoked:
		for tp := range own {
			k.leaving = append(k.leaving, tp.Partition)
			if p := k.parts[tp.Partition]; p != nil && c.Reason == kafka.ReasonLeaving {
				if err := k.last(p); err != nil {
					return err
				}
			}
		}
	case kafka.ChangeLost:
		for tp := range own {
			delete(k.parts, tp.Partition)
		}
	}
	return nil
}

// own are those of partitions that have states: not those of SRC where VIA has them.
func (k *keyed) own(offsets map[kafka.TopicPartition]int64) map[kafka.TopicPartition]int64 {
	own := make(map[kafka.TopicPartition]int64, len(offsets))
	for tp, offset := range offsets {
		if tp.Topic == k.source.Name {
			own[tp] = offset
		}
	}
	return own
}

// last looks at a part before the member leaves in order: a state that is refused is an error
// also where there was nothing to read.
func (k *keyed) last(p *part) error {
	select {
	case <-p.ready:
	case <-k.Signals.Done():
		return nil
	case <-k.working.Done():
		return nil
	}
	if k.ended = cli.FirstOf(k.ended, p.err); p.err == nil && k.config.Windows.Some() {
		k.windowsOpen.Add(int64(p.Len()))
	}
	return k.ended
}

// assign begins to restore the states of partitions, aside from everything else, and with all
// processors.
func (k *keyed) assign(starts map[kafka.TopicPartition]int64) {
	if len(starts) == 0 {
		return
	}
	jobs := make([][]*part, min(len(starts), runtime.GOMAXPROCS(0)))
	for tp, start := range starts {
		p := &part{Partition: stream.NewPartition(k.Plan.keyed.config()), number: tp.Partition, start: start, next: -1, ready: make(chan struct{}), heard: time.Now()}
		p.Out = k.out
		k.parts[tp.Partition] = p
		i := int(tp.Partition) % len(jobs)
		jobs[i] = append(jobs[i], p)
	}
	for _, parts := range jobs {
		if len(parts) == 0 {
			continue
		}
		ctx, cancel := context.WithCancel(k.working)
		k.cancel = append(k.cancel, cancel)
		k.restoring.Go(func() { // ends with ctx, which drop cancels
			defer cancel()
			k.restore(ctx, parts)
		})
	}
}

// drop forgets all states: what of them is committed is to be restored.
func (k *keyed) drop() {
	if k == nil {
		return
	}
	for _, cancel := range k.cancel {
		cancel()
	}
	k.cancel = nil
	clear(k.parts)
	k.leaving, k.late, k.full = nil, 0, false
}

// close waits for what restores.
func (k *keyed) close() {
	if k != nil {
		k.drop()
		k.restoring.Wait()
	}
}

// pollEvery is how often a member that waits for a state does what its group asks for.
const pollEvery = 50 * time.Millisecond

// fold makes the records of a batch part of their states, and returns how many are done with.
func (k *keyed) fold(ev kafka.Event) (int, error) {
	b := ev.Batch
	clock, shared := record.NewGlance(), false
	for i := range b.Records {
		if k.Polling.Err() != nil {
			return i, nil
		}
		rec := &b.Records[i]
		p := k.partOf(rec)
		for i >= clock.Next || p != nil && !p.restored() {
			k.Moved()
			waits := p != nil && !p.restored()
			if clock.Look(i) || waits {
				shared = true
				k.acknowledge(b, i)
				if err := ev.Poll(); errors.Is(err, kafka.ErrLeaving) {
					return i, nil
				} else if err != nil {
					return i, err
				}
			}
			if p = k.partOf(rec); p == nil || shared && !b.Owned(i) {
				break
			}
			if waits {
				select {
				case <-p.ready:
				case <-time.After(pollEvery):
				}
			}
		}
		if shared && !b.Owned(i) {
			k.foreign++
			continue
		}
		if p == nil && rec.Topic == k.source.Name {
			return i, fmt.Errorf("%s: there is no state of its partition", record.PlaceOf(rec))
		}
		if p != nil && p.err != nil {
			k.ended = p.err
			return i, p.err
		}
		if err := k.foldOne(rec, p); err != nil {
			return i, err
		}
		if k.full {
			k.full = false
			if err := k.hand(k.working, k.send); err != nil {
				return i + 1, err
			}
		}
		if err := k.commitDue(ev, i+1); err != nil {
			return i + 1, err
		}
	}
	return len(b.Records), nil
}

// partOf returns the state that a record belongs to, nil for one of SRC that goes through VIA.
func (k *keyed) partOf(rec *kafka.Record) *part {
	if rec.Topic != k.source.Name {
		return nil
	}
	return k.parts[rec.Partition]
}

// rekey sends a record of SRC to VIA under the key by which its state is kept.
func (k *keyed) rekey(rec *kafka.Record) error {
	k.begin(rec)
	keep, err := k.changer.Look(k.Asking, rec)
	if err == nil && keep {
		var text []byte
		if text, err = k.Plan.keyed.by.Apply(k.Asking, k.changer.Record.Look()); err != nil {
			err = k.changer.Failed(k.Asking, err)
		} else {
			out := *rec
			k.composer.Begin(rec)
			if out.Key, err = k.composer.EncodeText(k.Asking, serde.Key, text); err == nil {
				k.packed(k.add(k.Plan.keyed.via, &out, k.here))
			}
		}
	}
	if err != nil && k.Asking.Err() != nil {
		k.ended = context.Cause(k.Asking) // it comes again, in another run
		return k.ended
	}
	return k.settle(rec, err)
}

// foldOne makes a record part of the states of its key.
func (k *keyed) foldOne(rec *kafka.Record, p *part) error {
	if p == nil {
		return k.rekey(rec)
	}
	p.heard = time.Now()
	if rec.Offset < p.next {
		return nil
	}
	k.begin(rec)
	keep, err := k.through.Look(k.Asking, rec)
	if err == nil && keep {
		err = k.addTo(p, rec)
	}
	switch {
	case k.outage != nil: // states have changed, and results are missing
		k.ended = k.outage
		return k.outage
	case err != nil && k.Asking.Err() != nil:
		k.ended = context.Cause(k.Asking) // it comes again, in another run
		return k.ended
	}
	return k.settle(rec, err)
}

func (k *keyed) addTo(p *part, rec *kafka.Record) error {
	in := &k.input
	*in = stream.Input{View: k.through.Record.Look(), Key: rec.Key, Time: rec.Timestamp, Offset: rec.Offset}
	if t := k.Plan.keyed.timeFrom; t != nil {
		at, err := t.Apply(k.Asking, in.View)
		if err != nil {
			return k.changer.Failed(k.Asking, err)
		}
		in.Time = at
	}
	if in.Time > stream.MaxTime || in.Time < -stream.MaxTime {
		return &record.Unusable{Err: fmt.Errorf("%d is no time in milliseconds", in.Time)}
	}
	late, err := p.Add(k.Asking, in)
	switch {
	case k.outage != nil:
		return k.outage
	case err != nil:
		return k.changer.Failed(k.Asking, err)
	case !late:
		return nil
	}
	k.late++
	if topic := k.Plan.keyed.late; topic != "" {
		now, _ := p.Time()
		letter := *rec
		letter.Headers = record.LetterHeaders(rec, fmt.Errorf("late: its time is %d, that of the stream %d", in.Time, now))
		k.packed(k.add(topic, &letter, k.here))
		k.wrote++
	}
	return nil
}
