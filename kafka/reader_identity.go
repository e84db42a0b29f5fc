package kafka

import (
	"context"
	"slices"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Whether a topic is still the one whose offsets a reader knows. librdkafka goes on at the
// same offset in a topic that was deleted and created again, without a word; only its id
// tells it from the one before (KIP-516). So the id is asked for where the topic may be
// another:
//
//   - when records come after a while in which none did. Between the last record of the
//     old topic and the first of the new the client has met an error, and waited;
//   - at least once a second while records come, for those that had waited in the client;
//   - before offsets are committed;
//   - when the log turns out to be other than it was.

const (
	// quietLimit is how long no record must have come before the next one may be of
	// another topic: half of fetch.error.backoff.ms.
	quietLimit = 50 * time.Millisecond
	// knownLimit is how long an id holds while records come.
	knownLimit = time.Second
	// identityLimit is how long the question for ids may take. Without an answer the
	// topics are taken for what they were.
	identityLimit = 2 * time.Second
)

// identities are what a reader knows of the ids of its topics.
type identities struct {
	admin   *ck.AdminClient // through the reader's own client; nil until it is needed
	asked   time.Time       // when the ids were asked for last
	fetched bool            // records have come since
	doubted []string        // topics that may be others now
	again   bool            // a commit found another topic: look at all of them
	former  []string        // that a member knew and that were deleted
}

func (i *identities) doubt(topic string) {
	if !slices.Contains(i.doubted, topic) {
		i.doubted = append(i.doubted, topic)
	}
}

// heard notes that records of a partition have come, or its end, and doubts its topic when
// nothing of it had come for a while.
func (r *Reader) heard(p *readPart, now time.Time, record bool) {
	if record && !p.heard.IsZero() && (now.Sub(p.heard) >= quietLimit || now.Sub(r.ids.asked) >= knownLimit) {
		r.ids.doubt(p.Topic)
	}
	p.heard, r.ids.fetched = now, r.ids.fetched || record
}

// identify describes topics, as far as they can be told now: those that do not exist are
// in gone.
func (r *Reader) identify(ctx context.Context, names []string) (found []Topic, gone []string) {
	if len(names) == 0 {
		return nil, nil
	}
	if r.ids.admin == nil {
		admin, err := ck.NewAdminClientFromConsumer(r.client)
		if err != nil {
			return nil, nil
		}
		r.ids.admin = admin
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(identityLimit, r.cfg.timeout()))
	defer cancel()
	r.ids.asked, r.ids.fetched = time.Now(), false
	result, err := r.ids.admin.DescribeTopics(ctx, ck.NewTopicCollectionOfTopicNames(names), ck.SetAdminRequestTimeout(min(identityLimit, r.cfg.timeout())))
	if err != nil {
		return nil, nil
	}
	for _, d := range result.TopicDescriptions {
		switch code := d.Error.Code(); {
		case code == ck.ErrNoError:
			found = append(found, topicOf(d))
		case notATopic(code):
			gone = append(gone, d.Name)
		}
	}
	return found, gone
}

// known is where a topic stands among those that are known, or -1.
func (r *Reader) known(name string) int {
	return slices.IndexFunc(r.topics, func(t Topic) bool { return t.Name == name })
}

// verify asks for the topics that are doubted and acts on what has become of them. Records
// of the batch that belong to another topic than they seemed to are dropped: they come
// again, from its beginning.
func (r *Reader) verify(ctx context.Context, b *Batch) error {
	wait := quietLimit
	if len(r.ids.former) > 0 { // they may come back
		wait = knownLimit
	}
	if r.ids.again && time.Since(r.ids.asked) >= wait {
		r.ids.again = false
		for _, t := range r.topics {
			r.ids.doubt(t.Name)
		}
		r.ids.doubted = append(r.ids.doubted, r.ids.former...)
	}
	names := r.ids.doubted
	r.ids.doubted = nil
	names = slices.DeleteFunc(names, func(name string) bool { return r.known(name) < 0 && !slices.Contains(r.ids.former, name) })
	found, gone := r.identify(ctx, names)
	for _, name := range gone {
		if err := r.deleted(name); err != nil {
			return err
		}
	}
	for _, t := range found {
		changed, err := r.meet(t)
		if err != nil {
			return err
		}
		if changed {
			b.Records = slices.DeleteFunc(b.Records, func(rec Record) bool { return rec.Topic == t.Name })
			b.Signals = slices.DeleteFunc(b.Signals, func(s Signal) bool { return s.Topic == t.Name })
			r.reached = slices.DeleteFunc(r.reached, func(m mark) bool { return m.Topic == t.Name })
		}
	}
	r.ids.again = r.ids.again || len(r.ids.former) > 0
	return nil
}

// meet compares a topic with the one of its name that is known, and starts reading it at
// its beginning when it is another.
func (r *Reader) meet(t Topic) (changed bool, err error) {
	i := r.known(t.Name)
	if i >= 0 && r.topics[i].ID == t.ID {
		return false, nil // new partitions are adopt's
	}
	if err := r.adoptTopic(t, true); err != nil {
		return false, err
	}
	r.remember(t)
	return true, nil
}

// remember makes a topic the one of its name that is known.
func (r *Reader) remember(t Topic) {
	r.topics = append(slices.DeleteFunc(slices.Clone(r.topics), func(k Topic) bool { return k.Name == t.Name }), t)
	r.ids.former = slices.DeleteFunc(r.ids.former, func(name string) bool { return name == t.Name })
}

// other reports whether the topic of a partition whose log is not as it was is another one
// now, which is read from its beginning then.
func (r *Reader) other(ctx context.Context, topic string) (bool, error) {
	if r.known(topic) < 0 {
		return false, nil
	}
	found, gone := r.identify(ctx, []string{topic})
	switch {
	case len(gone) > 0:
		return true, r.deleted(topic)
	case len(found) > 0:
		return r.meet(found[0])
	}
	return false, nil
}
