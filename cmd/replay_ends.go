package cmd

import (
	"context"
	"fmt"
	"math"
	"slices"

	"kstream/kafka"
)

// replayEnds are the clusters and topics that a run copies between.
type replayEnds struct {
	source, target       *cluster
	sourceAdmin, admin   *kafka.Admin // admin is of the target; nil without one
	sourceID             string       // of the cluster
	same                 bool         // SRC and DST are on one cluster
	topic                kafka.Topic  // DST, unless it is a file or there is none yet
	settings             kafka.SettingsAnswer
	created, keep, stamp bool // keep partitions; stamp records with the moment of sending
	maxBatch             int
	homes                map[string]home // of --redrive
	letters              string          // the id of the topic of --on-error dlq
}

// close gives the connections back; the end of the command need not wait for it.
func (e *replayEnds) close() error {
	if e.admin != nil && e.admin != e.sourceAdmin {
		go e.admin.Close()
	}
	if e.sourceAdmin != nil {
		go e.sourceAdmin.Close()
	}
	return nil
}

// keepsTimes reports whether records have the same timestamps in DST.
func (e *replayEnds) keepsTimes() bool {
	kind := e.settings.Find("message.timestamp.type")
	return !e.stamp && (kind == nil || kind.Value != "LogAppendTime")
}

// address makes a record that was read one for DST.
func (e *replayEnds) address(r *kafka.Record) {
	if e.admin == nil {
		return // a file keeps everything
	}
	r.Topic = e.topic.Name
	if !e.keep {
		r.Partition = kafka.AnyPartition
	}
	if e.stamp {
		r.Timestamp = kafka.Now
	}
}

// replayOrigin is what is read of SRC.
type replayOrigin struct {
	topic       string
	id          string // of the topic; the checksum of a dump
	partitions  int
	replication int
	config      map[string]string // settings that are not defaults
	spans       []kafka.Span
	total       int64 // offsets in them
	depth       int   // batches that may be in hand at once
	open        func(ctx context.Context, next map[int32]int64) (replayFeed, error)
}

// replayFeed gives records: those of a partition in order, all within the spans.
type replayFeed interface {
	Next(ctx context.Context, b *kafka.Batch) error
	Close() error
}

// starts are the offsets at which the spans begin.
func (o *replayOrigin) starts() map[int32]int64 {
	starts := make(map[int32]int64, len(o.spans))
	for _, s := range o.spans {
		starts[s.Partition] = s.From
	}
	return starts
}

// rest gives the spans without what comes before next.
func (o *replayOrigin) rest(next map[int32]int64) []kafka.Span {
	rest := slices.Clone(o.spans)
	for i := range rest {
		s := &rest[i]
		s.From = next[s.Partition]
		s.Ahead = s.Ahead || s.From > s.To
	}
	return rest
}

// atEnd notes that everything was read: behind the last record there may be markers of
// transactions, and what compaction took.
func (r *replay) atEnd() {
	for _, s := range r.from.spans {
		if s.To != kafka.Follow && s.To != math.MaxInt64 { // as of a stream, whose end is unknown
			r.next[s.Partition] = max(r.next[s.Partition], s.To)
		}
	}
}

// remaining counts the offsets that are still to be read.
func (r *replay) remaining() int64 {
	n := int64(0)
	for _, s := range r.from.spans {
		n += max(0, s.To-max(s.From, r.next[s.Partition]))
	}
	return n
}

// open connects, finds SRC and DST, and refuses what cannot be.
func (r *replay) open(ctx, live context.Context) error {
	if r.dst.file != "" && !r.flags.dryRun {
		if err := r.checkDumpFile(); err != nil {
			return err
		}
	}
	err := r.connect(ctx)
	if err == nil {
		err = r.openSource(ctx)
	}
	if err != nil {
		return err
	}
	r.ends.stamp = r.flags.timestamps == "now"
	switch {
	case r.dst.topic != "":
		err = r.openTarget(ctx)
	case r.dst.file != "":
		err = r.likeSource(ctx)
	}
	if err != nil {
		return err
	}
	if err := r.checkLetters(ctx); err != nil {
		return err
	}
	r.changer = newChanger(r.selection, r.changes)
	r.openTempo()
	if r.flags.verify {
		if err := r.openSums(live); err != nil {
			return err
		}
	}
	if r.named {
		return r.openStore(ctx)
	}
	return nil
}

// checkLetters refuses a topic of --on-error dlq that does not exist or is read itself.
func (r *replay) checkLetters(ctx context.Context) error {
	if r.rules.action != "dlq" {
		return nil
	}
	if r.ends.same && r.rules.topic == r.from.topic {
		return faultf(codeSameTopic, "--on-error dlq:%s: that topic is read itself", r.rules.topic)
	}
	topics, err := r.ends.admin.Topics(ctx, r.rules.topic)
	if err != nil {
		return fmt.Errorf("--on-error dlq: %w", nearTopic(err))
	}
	r.ends.letters = topics[0].ID
	return nil
}

// connect opens a connection to each cluster that is needed, once.
func (r *replay) connect(ctx context.Context) error {
	e := &r.ends
	first := &r.flags.reading.cluster
	var err error
	if r.src.topic != "" {
		if e.source, err = first.connect(ctx, r.env); err != nil {
			return err
		}
		if e.sourceAdmin, err = kafka.OpenAdmin(ctx, e.source.Config); err != nil {
			return err
		}
	}
	if r.dst.file != "" {
		return nil
	}
	e.target, e.admin = e.source, e.sourceAdmin
	if r.target != first || e.target == nil {
		if e.target, err = r.target.connect(ctx, r.env); err != nil {
			return err
		}
		if e.admin, err = kafka.OpenAdmin(ctx, e.target.Config); err != nil {
			return err
		}
	}
	if !r.flags.dryRun {
		if err := e.target.refuseWrites(); err != nil {
			return err
		}
	}
	return r.compareClusters(ctx)
}

// compareClusters finds out whether SRC and DST are on one cluster, under whatever
// addresses.
func (r *replay) compareClusters(ctx context.Context) error {
	e := &r.ends
	if e.sourceAdmin == nil {
		return nil
	}
	source, err := e.sourceAdmin.Cluster(ctx)
	if err != nil {
		return err
	}
	e.sourceID = source.ID
	if e.same = e.admin == e.sourceAdmin; e.same {
		return nil
	}
	target, err := e.admin.Cluster(ctx)
	if err != nil {
		return err
	}
	e.same = source.ID == target.ID && slices.ContainsFunc(source.Brokers, func(a kafka.Broker) bool {
		return slices.ContainsFunc(target.Brokers, func(b kafka.Broker) bool { return a.Address() == b.Address() })
	})
	return nil
}

// openSource finds what is to be read.
func (r *replay) openSource(ctx context.Context) error {
	if r.src.file != "" {
		return r.openDump(ctx)
	}
	e := &r.ends
	topics, err := r.reading.find(ctx, e.sourceAdmin)
	if err != nil {
		return err
	}
	topic := topics[0]
	c := &selected{selection: r.selection, env: r.env}
	if err := c.placeKey(ctx, topics); err != nil {
		return err
	}
	part, err := r.reading.spans(ctx, e.sourceAdmin, topics)
	if err = part.whole(err); err != nil {
		return err
	}
	for _, note := range part.notes {
		r.say("%s", note)
	}
	o := &replayOrigin{topic: topic.Name, id: topic.ID, partitions: len(topic.Partitions), replication: topic.Replication(), spans: part.spans, depth: 4}
	for _, s := range part.spans {
		if !s.Ahead {
			o.total += max(0, s.To-s.From)
		}
	}
	o.open = func(_ context.Context, next map[int32]int64) (replayFeed, error) {
		return kafka.OpenReader(e.source.Config, kafka.ReaderConfig{
			Spans: o.rest(next), ReadUncommitted: r.reading.uncommitted,
			Topics: func(ctx context.Context) ([]kafka.Topic, error) { return r.reading.refresh(ctx, e.sourceAdmin) },
		}, topics)
	}
	r.from = o
	return nil
}
