package replay

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/dump"
	"kstream/cmd/record"
	"kstream/kafka"
)

// target is where records are written: a topic, those that the records name, a file, or with
// --dry-run nowhere.
type target struct {
	plan     *Plan
	env      *cli.Env
	say      func(format string, args ...any)
	clusters *clusters
	source   *source

	topic         kafka.Topic // DST, unless it is a file or there is none yet
	settings      kafka.SettingsAnswer
	created, keep bool // keep partitions
	maxBatch      int
	named         map[string]redriveTarget // topics that dead letters name
	letters       string                   // the id of the topic of --on-error dlq

	mu      sync.Mutex // for sender, which only one goroutine changes
	sink    sink
	sender  *sender      // the sink, when that is a topic; replaced by each pass
	dump    *dump.Writer // the sink, when that is a file
	sums    *sums        // of --verify, else nil
	targets record.Targets
	gone    bool // a topic that records went to

	discarded bool // the dump, unfinished
}

// sink takes records to where they are copied.
type sink interface {
	// put takes a record, whose topic and partition are those to go to.
	put(live context.Context, r *kafka.Record, at record.Origin) error
	// hand leaves nothing behind that would wait for the next record.
	hand(live context.Context) error
	// settle returns when all that was put has arrived, or failed.
	settle(live context.Context) error
}

// put writes what becomes of the record that is at a place of SRC. It reports whether the
// record goes anywhere: a dead letter that was sent back too often does not.
func (t *target) put(live context.Context, r *kafka.Record, at record.Origin) (bool, error) {
	if goes, err := t.address(live, r); err != nil || !goes {
		return false, err
	}
	if err := t.sink.put(live, r, at); err != nil {
		return false, err
	}
	if t.sums != nil {
		t.sums.add(r)
	}
	return true, nil
}

// address makes a record that was read one for DST, or for the topic that it comes from. It
// reports whether it may go there.
func (t *target) address(ctx context.Context, r *kafka.Record) (bool, error) {
	if t.clusters.admin == nil {
		return true, nil // a file keeps everything
	}
	r.Topic = t.topic.Name
	if !t.keep {
		r.Partition = kafka.AnyPartition
	}
	if t.plan.stamp {
		r.Timestamp = kafka.Now
	}
	if t.plan.redrive == nil {
		return true, nil
	}
	return t.sendBack(ctx, r)
}

// putLetter puts a record aside in the topic of --on-error dlq.
func (t *target) putLetter(live context.Context, rec *kafka.Record, at record.Origin, why error) error {
	letter := *rec
	letter.Topic, letter.Partition = t.plan.rules.Topic, kafka.AnyPartition
	letter.Headers = record.LetterHeaders(rec, why)
	t.note(letter.Topic, t.letters)
	return t.sink.put(live, &letter, at)
}

// open makes ready where records go to, for one pass; with transactions it takes the id of
// pc over. undelivered is called for each record that fails by itself.
func (t *target) open(polling context.Context, pc kafka.ProducerConfig, undelivered func(*kafka.Outgoing, int, error)) error {
	var err error
	switch {
	case t.plan.dryRun:
		t.sink = countingSink{}
		return nil
	case t.plan.dst.file != "":
		t.sink, err = t.openDump()
		return err
	}
	sender, err := openSender(t.clusters.target.Config, pc, undelivered, func(n kafka.Notice) { t.say("%s", n) })
	if err != nil {
		return err
	}
	t.sink = sender
	t.setSender(sender)
	if err := sender.session.TakeOver(polling); err != nil {
		return errors.Join(err, t.close())
	}
	return nil
}

// close ends a pass. What was not settled is lost.
func (t *target) close() error {
	sender := t.sender
	t.setSender(nil)
	return sender.close()
}

func (t *target) setSender(s *sender) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sender = s
}

// giveUp ends the waiting for acknowledgements. It is safe for concurrent use.
func (t *target) giveUp(cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sender != nil {
		t.sender.session.GiveUp(cause)
	}
}

// keepsTimes reports whether records have the same timestamps in DST.
func (t *target) keepsTimes() bool {
	kind := t.settings.Find("message.timestamp.type")
	return !t.plan.stamp && (kind == nil || kind.Value != "LogAppendTime")
}

// find finds DST, or what a dump of SRC has to say about it, and the topic of --on-error dlq.
func (t *target) find(ctx context.Context) error {
	var err error
	switch {
	case t.plan.dst.topic != "":
		err = t.findTopic(ctx)
	case t.plan.dst.file != "":
		err = t.source.askSettings(ctx)
	}
	if err != nil {
		return err
	}
	return t.findLetters(ctx)
}

// findLetters refuses a topic of --on-error dlq that does not exist or is read itself.
func (t *target) findLetters(ctx context.Context) error {
	rules := &t.plan.rules
	if rules.Action != "dlq" {
		return nil
	}
	if t.clusters.same && rules.Topic == t.source.topic {
		return cli.Errorf(cli.CodeSameTopic, "--on-error dlq:%s: that topic is read itself", rules.Topic)
	}
	topics, err := t.clusters.admin.Topics(ctx, rules.Topic)
	if err != nil {
		return fmt.Errorf("--on-error dlq: %w", connect.NearTopic(err))
	}
	t.letters = topics[0].ID
	return nil
}

// findTopic finds DST, creates it where that was asked for, and tells what it would do
// to the records.
func (t *target) findTopic(ctx context.Context) error {
	topics, err := t.clusters.admin.Topics(ctx, t.plan.dst.topic)
	if errors.Is(err, kafka.ErrUnknownTopic) && t.plan.create {
		return t.create(ctx)
	}
	if err != nil {
		return connect.NearOrNew(err)
	}
	if t.plan.src.topic == t.plan.dst.topic && (t.clusters.same || topics[0].ID == t.source.id) {
		return cli.Hint(cli.Errorf(cli.CodeSameTopic, "SRC and DST are the same topic, %s", t.plan.src.topic), "--dst-brokers or --dst-context names another cluster")
	}
	return t.use(ctx, topics[0])
}

// create creates DST like SRC.
func (t *target) create(ctx context.Context) error {
	if err := t.source.askSettings(ctx); err != nil {
		return fmt.Errorf("--create: %w", err)
	}
	like := record.Likeness{Topic: t.source.topic, Partitions: t.source.partitions, Replication: t.source.replication, Config: t.source.config}
	if err := record.CreateLike(ctx, t.clusters.admin, t.plan.dst.topic, like, t.plan.dryRun, t.say); err != nil {
		return err
	}
	if t.plan.dryRun {
		t.topic.Name = t.plan.dst.topic
		t.keep = t.plan.partitioning != "key"
		return nil
	}
	t.created = true
	topics, err := t.clusters.admin.Topics(ctx, t.plan.dst.topic)
	if err != nil {
		return err
	}
	return t.use(ctx, topics[0])
}

// use decides how records are written to DST as it is.
func (t *target) use(ctx context.Context, topic kafka.Topic) error {
	t.topic = topic
	t.keep = t.plan.partitioning == "keep"
	src, dst := t.source.partitions, len(topic.Partitions)
	if t.plan.partitioning == "" {
		if t.keep = src == dst; !t.keep {
			t.say("%s has %s, %s has %d: keys choose the partitions (--partitioning keep keeps them)", t.plan.src, cli.Count(int64(src), "partition"), topic.Name, dst)
		}
	}
	for _, s := range t.source.spans {
		if t.keep && int(s.Partition) >= dst {
			return cli.Usagef("--partitioning keep: %s has partitions 0–%d, and partition %d of %s is copied", topic.Name, dst-1, s.Partition, t.plan.src)
		}
	}
	answers, err := t.clusters.admin.TopicSettings(ctx, topic.Name)
	if err == nil && answers[topic.Name].Err == nil { // who may write a topic need not be allowed to see its settings
		t.settings = answers[topic.Name]
	}
	if s := t.settings.Find("max.message.bytes"); s != nil {
		t.maxBatch, _ = strconv.Atoi(s.Value) // 0 is the client's default
	}
	if t.created {
		return nil
	}
	if !t.plan.stamp {
		if err := t.warnOfTimes(ctx); err != nil {
			return err
		}
	}
	return t.noteContent(ctx)
}

// warnOfTimes tells when DST would undo timestamps that are kept.
func (t *target) warnOfTimes(ctx context.Context) error {
	if s := t.settings.Find("message.timestamp.type"); s != nil && s.Value == "LogAppendTime" {
		t.say("%s stamps records itself (message.timestamp.type=LogAppendTime): timestamps are not kept", t.topic.Name)
		return nil
	}
	policy, retention := t.settings.Find("cleanup.policy"), t.settings.Find("retention.ms")
	if policy == nil || retention == nil || policy.Value == "compact" || t.clusters.sourceAdmin == nil {
		return nil
	}
	millis, err := strconv.ParseInt(retention.Value, 10, 64)
	if err != nil || millis < 0 {
		return nil // unlimited
	}
	cutoff := map[kafka.TopicPartition]int64{}
	for _, s := range t.source.spans {
		if s.From < s.To {
			cutoff[s.TopicPartition] = max(0, t.env.Now().UnixMilli()-millis)
		}
	}
	young, err := t.clusters.sourceAdmin.OffsetsAt(ctx, cutoff)
	if err != nil {
		return err
	}
	old := int64(0)
	for _, s := range t.source.spans {
		at, asked := young[s.TopicPartition]
		switch {
		case !asked:
		case at < 0:
			old += s.To - s.From
		default:
			old += max(0, min(at, s.To)-s.From)
		}
	}
	if old > 0 {
		t.say("up to %d of the records are older than the retention.ms of %s, %v, which will delete them; --timestamps now makes them new",
			old, t.topic.Name, time.Duration(millis)*time.Millisecond)
	}
	return nil
}

// noteContent tells that DST has records already, unless a former run may have copied
// them: then checkCopied asks.
func (t *target) noteContent(ctx context.Context) error {
	if t.plan.named {
		return nil
	}
	n, err := t.content(ctx)
	if n > 0 {
		t.say("%s is not empty: it has up to %s", t.topic.Name, cli.Count(n, "record"))
	}
	return err
}

// content counts the offsets that DST has records at, or had.
func (t *target) content(ctx context.Context) (int64, error) {
	var tps []kafka.TopicPartition
	for _, p := range t.topic.Partitions {
		tps = append(tps, kafka.TopicPartition{Topic: t.topic.Name, Partition: p.ID})
	}
	marks, err := t.clusters.admin.Watermarks(ctx, tps)
	n := int64(0)
	for _, m := range marks {
		n += m.End - m.Start
	}
	return n, err
}

// check fails when a topic that records were sent to since the last checkpoint is
// another one now: what it had is gone, and what was sent since must not count as copied.
func (t *target) check(ctx context.Context) error {
	if t.clusters.admin == nil || t.plan.dryRun {
		return nil
	}
	t.note(t.topic.Name, t.topic.ID)
	err := t.targets.Check(ctx, t.clusters.admin)
	var replaced *record.ReplacedError
	if errors.As(err, &replaced) {
		t.gone = true
		err = cli.Hint(cli.Errorf(replaced.Code(), "%w", err), "the same command begins anew")
	}
	return err
}

// note remembers a topic that a record goes to.
func (t *target) note(topic, id string) {
	t.targets.Found(topic, id)
	t.targets.Sent(topic)
}
