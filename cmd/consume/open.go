package consume

import (
	"context"
	"slices"

	"kstream/cmd/cli"
	"kstream/cmd/group"
	"kstream/cmd/record"
	"kstream/kafka"
)

// few records come with the first fetch of a partition, or soon after it.
const few = 10

// open finds the topics, tells stderr where reading starts and ends, and starts it.
func (c *run) open(ctx context.Context) (record.Source, error) {
	p := c.plan
	if err := c.openFiles(ctx); err != nil {
		return nil, err
	}
	if p.File != "" {
		return c.openFile(ctx)
	}
	cfg, err := p.Cluster.Connect(ctx, c.Env)
	if err != nil {
		return nil, err
	}
	admin, err := kafka.OpenAdmin(ctx, cfg.Config)
	if err != nil {
		return nil, err
	}
	c.Admin.Admin = admin
	if p.topicsOf != "" {
		if err := c.findTopicsOf(ctx, p.topicsOf); err != nil {
			return nil, err
		}
	}
	topics, err := c.Find(ctx, admin)
	if err != nil {
		return nil, err
	}
	if p.Failures.Action == "dlq" {
		if c.Letters, err = record.OpenDeadLetters(ctx, cfg, admin, p.Failures.Topic, topics); err != nil {
			return nil, err
		}
	}
	if err := c.PlaceKey(ctx, topics); err != nil {
		return nil, err
	}
	if p.members != nil {
		return c.Join(ctx, cfg, topics)
	}
	reading := *p.Range
	reading.Awaits = p.limits.Endless && p.limits.Within == 0 && p.limits.Idle == 0 && p.output.files == nil && (p.order == nil || p.order.last == 0) // else where it ends must be known
	part, err := reading.Spans(ctx, admin, topics)
	if err != nil {
		return nil, err
	}
	c.Miss(part.Missing)
	if err := p.output.files.goOnIn(&part, topics, p.Range.HasFrom); err != nil {
		return nil, err
	}
	for _, note := range part.Notes {
		c.Env.Notice("%s", note)
	}
	c.spans.Store(int64(len(part.Spans)))
	rc := kafka.ReaderConfig{
		Spans: part.Spans, BatchSize: p.batchSize(), ReadUncommitted: p.Range.Uncommitted, Grow: p.Range.Grows(),
		Few:    p.limits.Count > 0 && p.limits.Count <= few && p.order == nil && !p.Looks(),
		Topics: func(ctx context.Context) ([]kafka.Topic, error) { return p.Range.Refresh(ctx, admin) },
	}
	if !rc.Grow { // most such reads end before anybody asks again
		c.Admin.Release()
		rc.Topics = func(ctx context.Context) ([]kafka.Topic, error) {
			admin, err := kafka.OpenAdmin(ctx, cfg.Config)
			if err != nil {
				return nil, err
			}
			defer admin.Close()
			return p.Range.Refresh(ctx, admin)
		}
	}
	if p.order != nil && p.order.last > 0 {
		return c.openLast(cfg.Config, rc, topics)
	}
	reader, err := kafka.OpenReader(cfg.Config, rc, topics)
	if err != nil {
		return nil, err
	}
	c.finish = reader.Finish
	return record.Alone{From: reader}, nil
}

// findTopicsOf has the topics of a group read that there are.
func (c *run) findTopicsOf(ctx context.Context, name string) error {
	topics, err := group.TopicsOf(ctx, c.Admin.Admin, name)
	if err != nil {
		return err
	}
	existing, err := c.Admin.TopicNames(ctx)
	if err != nil {
		return err
	}
	topics = slices.DeleteFunc(topics, func(topic string) bool { return !slices.Contains(existing, topic) })
	if len(topics) == 0 {
		return cli.Errorf(cli.CodeUnknownTopic, "group %s: it has read no topic that there is", name)
	}
	c.plan.Range.Topics = topics
	return nil
}
