package cmd

import (
	"context"

	"kstream/kafka"
)

// open finds the topics, says where reading starts and ends, and starts it.
func (c *consumption) open(ctx context.Context) (source, error) {
	p := c.plan
	if err := c.openFiles(ctx); err != nil {
		return nil, err
	}
	if p.file != "" {
		return c.openFile(ctx)
	}
	cfg, err := p.flags.cluster.connect(ctx, c.env)
	if err != nil {
		return nil, err
	}
	admin, err := kafka.OpenAdmin(ctx, cfg.Config)
	if err != nil {
		return nil, err
	}
	c.admin.Admin = admin
	topics, err := c.find(ctx, admin)
	if err != nil {
		return nil, err
	}
	if p.failures.action == "dlq" {
		if c.letters, err = openDeadLetters(ctx, cfg, admin, p.failures.topic, topics); err != nil {
			return nil, err
		}
	}
	if err := c.placeKey(ctx, topics); err != nil {
		return nil, err
	}
	if p.members != nil {
		return c.join(ctx, cfg, topics)
	}
	part, err := p.reading.spans(ctx, admin, topics)
	if err != nil {
		return nil, err
	}
	c.miss(part.missing)
	if err := p.output.files.goOnIn(&part, topics, p.reading.hasFrom); err != nil {
		return nil, err
	}
	for _, note := range part.notes {
		c.env.notice("%s", note)
	}
	c.spans.Store(int64(len(part.spans)))
	if p.order != nil && p.order.last > 0 && !p.filters.any() && p.failures.keeps() {
		c.admin.release()
		return alone{newTails(cfg.Config, p.order.last, p.reading.uncommitted, part.spans, topics)}, nil
	}
	rc := kafka.ReaderConfig{
		Spans: part.spans, BatchSize: p.flags.batchSize(), ReadUncommitted: p.reading.uncommitted, Grow: p.reading.grows(),
		Topics: func(ctx context.Context) ([]kafka.Topic, error) { return p.reading.refresh(ctx, admin) },
	}
	if !rc.Grow { // most such reads end before anybody asks again
		c.admin.release()
		rc.Topics = func(ctx context.Context) ([]kafka.Topic, error) {
			admin, err := kafka.OpenAdmin(ctx, cfg.Config)
			if err != nil {
				return nil, err
			}
			defer admin.Close()
			return p.reading.refresh(ctx, admin)
		}
	}
	reader, err := kafka.OpenReader(cfg.Config, rc, topics)
	if err != nil {
		return nil, err
	}
	c.finish = reader.Finish
	return alone{reader}, nil
}
