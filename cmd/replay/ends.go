package replay

import (
	"context"
	"fmt"
	"math"
	"slices"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/kafka"
)

// ends are the clusters and topics that a run copies between.
type ends struct {
	source, target       *connect.Cluster
	sourceAdmin, admin   *kafka.Admin // admin is of the target; nil without one
	sourceID             string       // of the cluster
	same                 bool         // SRC and DST are on one cluster
	topic                kafka.Topic  // DST, unless it is a file or there is none yet
	settings             kafka.SettingsAnswer
	created, keep, stamp bool // keep partitions; stamp records with the moment of sending
	maxBatch             int
	homes                map[string]redriveTarget // of --redrive
	letters              string                   // the id of the topic of --on-error dlq
}

// close closes the connections; the end of the command need not wait for it.
func (e *ends) close() error {
	if e.admin != nil && e.admin != e.sourceAdmin {
		go e.admin.Close()
	}
	if e.sourceAdmin != nil {
		go e.sourceAdmin.Close()
	}
	return nil
}

// keepsTimes reports whether records have the same timestamps in DST.
func (e *ends) keepsTimes() bool {
	kind := e.settings.Find("message.timestamp.type")
	return !e.stamp && (kind == nil || kind.Value != "LogAppendTime")
}

// address makes a record that was read one for DST.
func (e *ends) address(r *kafka.Record) {
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

// sourceTopic is what is read of SRC.
type sourceTopic struct {
	topic       string
	id          string // of the topic; the checksum of a dump
	partitions  int
	replication int
	config      map[string]string // settings that are not defaults
	spans       []kafka.Span
	total       int64 // offsets in them
	depth       int   // batches that may be in hand at once
	open        func(ctx context.Context, next map[int32]int64) (feed, error)
}

// feed is a source of records: those of a partition in order, all within the spans.
type feed interface {
	Next(ctx context.Context, b *kafka.Batch) error
	Close() error
}

// starts are the offsets at which the spans begin.
func (o *sourceTopic) starts() map[int32]int64 {
	starts := make(map[int32]int64, len(o.spans))
	for _, s := range o.spans {
		starts[s.Partition] = s.From
	}
	return starts
}

// rest returns the spans without what comes before next.
func (o *sourceTopic) rest(next map[int32]int64) []kafka.Span {
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
func (r *run) atEnd() {
	for _, s := range r.from.spans {
		if s.To != kafka.Follow && s.To != math.MaxInt64 { // as of a stream, whose end is unknown
			r.next[s.Partition] = max(r.next[s.Partition], s.To)
		}
	}
}

// remaining counts the offsets that are still to be read.
func (r *run) remaining() int64 {
	n := int64(0)
	for _, s := range r.from.spans {
		n += max(0, s.To-max(s.From, r.next[s.Partition]))
	}
	return n
}

// open connects, finds SRC and DST, and refuses what cannot be.
func (r *run) open(ctx, live context.Context) error {
	if r.dst.file != "" && !r.flags.DryRun {
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
	r.ends.stamp = r.flags.Timestamps == "now"
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
	r.changer = record.NewChanger(r.Selection, r.changes)
	r.openPacer()
	if r.flags.Verify {
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
func (r *run) checkLetters(ctx context.Context) error {
	if r.rules.Action != "dlq" {
		return nil
	}
	if r.ends.same && r.rules.Topic == r.from.topic {
		return cli.Errorf(cli.CodeSameTopic, "--on-error dlq:%s: that topic is read itself", r.rules.Topic)
	}
	topics, err := r.ends.admin.Topics(ctx, r.rules.Topic)
	if err != nil {
		return fmt.Errorf("--on-error dlq: %w", connect.NearTopic(err))
	}
	r.ends.letters = topics[0].ID
	return nil
}

// connect opens a connection to each cluster that is needed, once.
func (r *run) connect(ctx context.Context) error {
	e := &r.ends
	first := &r.flags.Reading.Cluster
	var err error
	if r.src.topic != "" {
		if e.source, err = first.Connect(ctx, r.env); err != nil {
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
		if e.target, err = r.target.Connect(ctx, r.env); err != nil {
			return err
		}
		if e.admin, err = kafka.OpenAdmin(ctx, e.target.Config); err != nil {
			return err
		}
	}
	if !r.flags.DryRun {
		if err := e.target.RefuseWrites(); err != nil {
			return err
		}
	}
	return r.compareClusters(ctx)
}

// compareClusters finds out whether SRC and DST are on one cluster, under whatever
// addresses.
func (r *run) compareClusters(ctx context.Context) error {
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
func (r *run) openSource(ctx context.Context) error {
	if r.src.file != "" {
		return r.openDump(ctx)
	}
	e := &r.ends
	topics, err := r.Range.Find(ctx, e.sourceAdmin)
	if err != nil {
		return err
	}
	topic := topics[0]
	c := &record.Reading{Selection: r.Selection, Env: r.env}
	if err := c.PlaceKey(ctx, topics); err != nil {
		return err
	}
	part, err := r.Range.Spans(ctx, e.sourceAdmin, topics)
	if err = part.Whole(err); err != nil {
		return err
	}
	for _, note := range part.Notes {
		r.say("%s", note)
	}
	o := &sourceTopic{topic: topic.Name, id: topic.ID, partitions: len(topic.Partitions), replication: topic.Replication(), spans: part.Spans, depth: 4}
	for _, s := range part.Spans {
		if !s.Ahead {
			o.total += max(0, s.To-s.From)
		}
	}
	o.open = func(_ context.Context, next map[int32]int64) (feed, error) {
		return kafka.OpenReader(e.source.Config, kafka.ReaderConfig{
			Spans: o.rest(next), ReadUncommitted: r.Range.Uncommitted,
			Topics: func(ctx context.Context) ([]kafka.Topic, error) { return r.Range.Refresh(ctx, e.sourceAdmin) },
		}, topics)
	}
	r.from = o
	return nil
}
