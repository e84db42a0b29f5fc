package pipe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/expr"
	"kstream/cmd/record"
	"kstream/cmd/stream"
	"kstream/kafka"
	"kstream/serde"
)

// What a member writes of its states: results, and the records of the state topic.

// packed notes that something was packed.
func (k *keyed) packed(b *record.TopicBatch) { k.full = k.full || b.Full() }

// out takes a result while a record is added.
func (k *keyed) out(r *stream.Result) error {
	if err := k.write(k.Asking, r); err != nil {
		k.outage = err
		return err
	}
	return nil
}

// write packs what becomes of a result.
func (k *keyed) write(ctx context.Context, r *stream.Result) error {
	err := k.compose(ctx, r)
	var bad *record.Unusable
	if !errors.As(err, &bad) {
		return err
	}
	text := "null"
	if r.Key != nil {
		text = strconv.Quote(string(r.Key))
	}
	at := &kafka.Record{Topic: k.source.Name, Partition: k.here.Partition, Offset: k.here.Offset}
	err = fmt.Errorf("the result of the key %s: %w", text, bad.Err)
	switch k.rules.Action {
	case "skip":
		k.Fail(at, bad)
		return nil
	case "dlq":
		k.Fail(at, bad)
		letter := &kafka.Record{Key: r.Key, Value: r.State, Timestamp: r.Updated, Headers: record.LetterHeaders(at, err)}
		k.packed(k.add(k.rules.Topic, letter, k.here))
		return nil
	}
	return cli.Hint(cli.Errorf(cli.CodeBadData, "%w", err), "--on-error skip leaves it out, dlq:TOPIC puts it aside")
}

func (k *keyed) compose(ctx context.Context, r *stream.Result) error {
	plan, c := k.Plan.keyed, k.composer
	key := r.Key
	if r.Window != nil && plan.keyFrom == nil {
		key = strconv.AppendInt(append(append([]byte{}, key...), '@'), r.Window.Start, 10)
	}
	made := &kafka.Record{Topic: k.source.Name, Partition: k.here.Partition, Offset: k.here.Offset, Key: r.Key, Timestamp: r.Updated}
	c.Begin(made)
	var view expr.Keyed
	if plan.mapping != nil || plan.keyFrom != nil {
		field, err := c.KeyView(ctx)
		if err != nil {
			return err
		}
		view = expr.Keyed{Key: field, Window: r.Window, State: r.State, Updated: r.Updated}
	}
	put := func(value []byte) error {
		if plan.keyFrom != nil {
			text, err := plan.keyFrom.ApplyKeyed(ctx, &view)
			if err != nil {
				return c.Failed(ctx, err)
			}
			if key, err = c.EncodeText(ctx, serde.Key, text); err != nil {
				return err
			}
		}
		out, err := c.Made(ctx, key, value)
		if err != nil {
			return err
		}
		k.packed(k.add(k.dst, out, k.here))
		k.wrote++
		return nil
	}
	if plan.mapping == nil {
		return put(r.State)
	}
	var results [][]byte
	err := plan.mapping.ApplyKeyed(ctx, &view, func(json []byte) error {
		results = append(results, json)
		return nil
	})
	if err != nil {
		return c.Failed(ctx, err)
	}
	for _, json := range results {
		if err := put(json); err != nil {
			return err
		}
	}
	return nil
}

// save packs the states that belong to the offsets of a commit, and how far they are.
func (k *keyed) save(offsets map[kafka.TopicPartition]int64) error {
	if k == nil {
		return nil
	}
	offsets = k.own(offsets)
	tps := slices.SortedFunc(maps.Keys(offsets), func(a, b kafka.TopicPartition) int { return int(a.Partition - b.Partition) })
	for _, tp := range tps {
		p := k.parts[tp.Partition]
		if p == nil {
			return fmt.Errorf("%s: there is no state that goes with its offset", tp)
		}
		select {
		case <-p.ready:
		case <-k.working.Done():
			return context.Cause(k.working)
		}
		if p.err != nil {
			return p.err
		}
		if err := k.savePart(p, offsets[tp]); err != nil {
			return err
		}
	}
	return nil
}

func (k *keyed) savePart(p *part, offset int64) error {
	k.here = record.Origin{Partition: p.number, Offset: offset - 1}
	put := func(key, value []byte) error {
		b := k.Of(k.Plan.keyed.topic)
		b.Add(key, value, nil, p.number, kafka.Now)
		b.Origins = append(b.Origins, k.here)
		return k.handFull(b)
	}
	if !p.planned {
		text, err := json.Marshal(k.Plan.keyed.print)
		if err != nil {
			return err
		}
		if err := put([]byte(planKey), text); err != nil {
			return err
		}
		p.planned = true
	}
	err := p.Save(func(r *stream.Result) error {
		if err := k.write(k.working, r); err != nil || !k.full {
			return err
		}
		k.full = false
		return k.hand(k.working, k.send)
	}, put)
	if err != nil {
		return err
	}
	at := position{Offset: max(offset, p.next), Topic: k.source.ID}
	if now, some := p.Time(); some {
		at.Time = &now
	}
	text, err := json.Marshal(&at)
	if err != nil {
		return err
	}
	return put([]byte(positionKey), text)
}

func (k *keyed) handFull(b *record.TopicBatch) error {
	if !b.Full() {
		return nil
	}
	return k.hand(k.working, k.send)
}

// closeIdle closes the windows of partitions of which nothing has come for the time of
// --close-idle. A partition whose log goes on is not silent, however slow its reader is.
func (k *keyed) closeIdle(s *kafka.Silence) error {
	for _, tp := range s.AtEnd {
		p := k.parts[tp.Partition]
		if p == nil || !p.restored() || p.err != nil || time.Since(p.heard) < k.Plan.keyed.closeIdle {
			continue
		}
		k.here = record.Origin{Partition: p.number, Offset: max(p.next, 0) - 1}
		closed, err := p.CloseAll()
		if err != nil {
			k.ended = err
			return err
		}
		if closed {
			s.Commit(tp)
		}
	}
	k.full = false
	return k.hand(k.working, k.send)
}

// kept counts what was committed with offsets.
func (k *keyed) kept(offsets map[kafka.TopicPartition]int64) {
	if k == nil {
		return
	}
	k.lateRecords.Add(k.late)
	k.late = 0
	if k.Plan.keyed.via != "" && time.Since(k.purged) >= purgeEvery {
		k.purged = time.Now()
		k.purge(k.own(offsets))
	}
}

// purgeEvery is how often a member deletes records of VIA that are done with.
const purgeEvery = 30 * time.Second

// purge deletes the records of VIA before offsets that are committed, aside from everything
// else. When that fails the next one does it.
func (k *keyed) purge(offsets map[kafka.TopicPartition]int64) {
	if len(offsets) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(k.working)
	k.cancel = append(k.cancel, cancel)
	k.restoring.Go(func() { // ends with ctx, which drop cancels
		defer cancel()
		_, _, _ = k.Admin.DeleteRecords(ctx, offsets)
	})
}
