package replay

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/kafka"
)

// Where replay writes: made like SRC where asked, and what would not arrive as it was.

// openTarget finds DST, creates it where that was asked for, and tells what it would do
// to the records.
func (r *run) openTarget(ctx context.Context) error {
	e := &r.ends
	topics, err := e.admin.Topics(ctx, r.dst.topic)
	if errors.Is(err, kafka.ErrUnknownTopic) && r.flags.Create {
		return r.createTarget(ctx)
	}
	if err != nil {
		return connect.NearOrNew(err)
	}
	if r.src.topic == r.dst.topic && (e.same || topics[0].ID == r.from.id) {
		return cli.Hint(cli.Errorf(cli.CodeSameTopic, "SRC and DST are the same topic, %s", r.src.topic), "--dst-brokers or --dst-context names another cluster")
	}
	return r.useTarget(ctx, topics[0])
}

// createTarget creates DST like SRC.
func (r *run) createTarget(ctx context.Context) error {
	e := &r.ends
	if err := r.likeSource(ctx); err != nil {
		return fmt.Errorf("--create: %w", err)
	}
	like := record.Likeness{Topic: r.from.topic, Partitions: r.from.partitions, Replication: r.from.replication, Config: r.from.config}
	if err := record.CreateLike(ctx, e.admin, r.dst.topic, like, r.flags.DryRun, r.say); err != nil {
		return err
	}
	if r.flags.DryRun {
		e.topic.Name = r.dst.topic
		e.keep = r.flags.Partitioning != "key"
		return nil
	}
	e.created = true
	topics, err := e.admin.Topics(ctx, r.dst.topic)
	if err != nil {
		return err
	}
	return r.useTarget(ctx, topics[0])
}

// likeSource asks for the settings of SRC that are its own.
func (r *run) likeSource(ctx context.Context) error {
	if r.src.file != "" {
		return nil // the manifest has told them
	}
	answers, err := r.ends.sourceAdmin.TopicSettings(ctx, r.from.topic)
	if err == nil {
		err = answers[r.from.topic].Err
	}
	if err != nil {
		return err
	}
	r.from.config = record.OwnSettings(answers[r.from.topic])
	return nil
}

// useTarget decides how records are written to DST as it is.
func (r *run) useTarget(ctx context.Context, t kafka.Topic) error {
	e, f := &r.ends, r.flags
	e.topic = t
	e.keep = f.Partitioning == "keep"
	src, dst := r.from.partitions, len(t.Partitions)
	if f.Partitioning == "" {
		if e.keep = src == dst; !e.keep {
			r.say("%s has %s, %s has %d: keys choose the partitions (--partitioning keep keeps them)", r.src, cli.Count(int64(src), "partition"), t.Name, dst)
		}
	}
	for _, s := range r.from.spans {
		if e.keep && int(s.Partition) >= dst {
			return cli.Usagef("--partitioning keep: %s has partitions 0–%d, and partition %d of %s is copied", t.Name, dst-1, s.Partition, r.src)
		}
	}
	answers, err := e.admin.TopicSettings(ctx, t.Name)
	if err == nil && answers[t.Name].Err == nil { // who may write a topic need not be allowed to see its settings
		e.settings = answers[t.Name]
	}
	if s := e.settings.Find("max.message.bytes"); s != nil {
		e.maxBatch, _ = strconv.Atoi(s.Value) // 0 is the client's default
	}
	if e.created {
		return nil
	}
	if !e.stamp {
		if err := r.warnOfTimes(ctx); err != nil {
			return err
		}
	}
	return r.noteContent(ctx)
}

// warnOfTimes tells when DST would undo timestamps that are kept.
func (r *run) warnOfTimes(ctx context.Context) error {
	e := &r.ends
	if s := e.settings.Find("message.timestamp.type"); s != nil && s.Value == "LogAppendTime" {
		r.say("%s stamps records itself (message.timestamp.type=LogAppendTime): timestamps are not kept", e.topic.Name)
		return nil
	}
	policy, retention := e.settings.Find("cleanup.policy"), e.settings.Find("retention.ms")
	if policy == nil || retention == nil || policy.Value == "compact" || e.sourceAdmin == nil {
		return nil
	}
	millis, err := strconv.ParseInt(retention.Value, 10, 64)
	if err != nil || millis < 0 {
		return nil // unlimited
	}
	cutoff := map[kafka.TopicPartition]int64{}
	for _, s := range r.from.spans {
		if s.From < s.To {
			cutoff[s.TopicPartition] = max(0, r.env.Now().UnixMilli()-millis)
		}
	}
	young, err := e.sourceAdmin.OffsetsAt(ctx, cutoff)
	if err != nil {
		return err
	}
	old := int64(0)
	for _, s := range r.from.spans {
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
		r.say("up to %d of the records are older than the retention.ms of %s, %v, which will delete them; --timestamps now makes them new",
			old, e.topic.Name, time.Duration(millis)*time.Millisecond)
	}
	return nil
}

// noteContent tells that DST has records already, unless a former run may have copied
// them: then checkCopied asks.
func (r *run) noteContent(ctx context.Context) error {
	if r.named {
		return nil
	}
	n, err := r.content(ctx)
	if n > 0 {
		r.say("%s is not empty: it has up to %s", r.ends.topic.Name, cli.Count(n, "record"))
	}
	return err
}

// content counts the offsets that DST has records at, or had.
func (r *run) content(ctx context.Context) (int64, error) {
	var tps []kafka.TopicPartition
	for _, p := range r.ends.topic.Partitions {
		tps = append(tps, kafka.TopicPartition{Topic: r.ends.topic.Name, Partition: p.ID})
	}
	marks, err := r.ends.admin.Watermarks(ctx, tps)
	n := int64(0)
	for _, m := range marks {
		n += m.End - m.Start
	}
	return n, err
}
