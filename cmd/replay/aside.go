package replay

import (
	"context"
	"errors"
	"io"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
)

// A record that DST refuses after it was sent is put aside too. With transactions the next
// pass does that; without, it is read again once the fate of all that was sent is known.

// asideMost is how many such records wait at most.
const asideMost = 1000

// asideDue puts aside what DST has refused when that is much.
func (r *run) asideDue(live context.Context) error {
	r.mu.Lock()
	n := len(r.aside)
	r.mu.Unlock()
	if n < asideMost {
		return nil
	}
	return cli.FirstOf(r.target.sink.hand(live), r.settle(live))
}

// putAside sends what DST has refused to the topic of --on-error dlq. What cannot be read
// again has failed.
func (r *run) putAside(live context.Context) error {
	r.mu.Lock()
	aside := r.aside
	r.aside = map[record.Origin]error{}
	r.mu.Unlock()
	if len(aside) == 0 {
		return nil
	}
	err := r.readAgain(live, aside)
	for at, why := range aside {
		d := &failedDelivery{at: at, err: why}
		place, cause := r.deliveryError(d)
		r.fail(d, place, cause)
	}
	return cli.FirstOf(err, r.target.sink.hand(live), r.target.sink.settle(live))
}

// readAgain puts aside the records at the places of aside, and takes those out of it.
func (r *run) readAgain(live context.Context, aside map[record.Origin]error) error {
	var spans []kafka.Span
	for _, s := range r.source.spans {
		first, end := int64(-1), int64(-1)
		for at := range aside {
			if at.Partition == s.Partition {
				if first < 0 || at.Offset < first {
					first = at.Offset
				}
				end = max(end, at.Offset+1)
			}
		}
		if first >= 0 {
			spans = append(spans, kafka.Span{TopicPartition: s.TopicPartition, From: first, To: end})
		}
	}
	feed, err := r.source.again(spans)
	if err != nil || feed == nil {
		return err
	}
	var b kafka.Batch
	for err == nil && len(aside) > 0 {
		err = feed.Next(live, &b)
		for i := range b.Records {
			rec := &b.Records[i]
			at := originOf(rec)
			why, refused := aside[at]
			if !refused {
				continue
			}
			delete(aside, at)
			r.here = at
			_, cause := r.deliveryError(&failedDelivery{at: at, err: why})
			if failed := r.unusable(live, rec, &record.Unusable{Err: cause}); failed != nil {
				return cli.FirstOf(failed, feed.Close())
			}
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return cli.FirstOf(err, feed.Close())
}
