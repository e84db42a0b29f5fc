package cmd

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"kstream/cmd/suggest"
	"kstream/kafka"
)

// find describes the topics that are meant, at least one. An unknown name is an error
// that tells the nearest.
func (p *rangePlan) find(ctx context.Context, admin *kafka.Admin) ([]kafka.Topic, error) {
	if p.patterns == nil {
		topics, err := admin.Topics(ctx, p.topics...)
		return topics, nearTopic(err)
	}
	topics, err := p.refresh(ctx, admin)
	if err == nil && len(topics) == 0 {
		return nil, hint(faultf(codeUnknownTopic, "no topic matches %s", strings.Join(p.topics, " ")), "--wait-for-match waits for one")
	}
	return topics, err
}

// await waits until a topic matches.
func (p *rangePlan) await(ctx context.Context, admin *kafka.Admin) ([]kafka.Topic, error) {
	for {
		topics, err := p.find(ctx, admin)
		if !errors.Is(err, kafka.ErrUnknownTopic) && (err == nil || classify(err) != codeUnknownTopic) {
			return topics, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
}

// refresh describes those of the topics that exist now. Patterns leave internal topics
// out.
func (p *rangePlan) refresh(ctx context.Context, admin *kafka.Admin) ([]kafka.Topic, error) {
	all, err := admin.TopicNames(ctx)
	if err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(all, func(name string) bool {
		if p.patterns == nil {
			return !slices.Contains(p.topics, name)
		}
		return !slices.ContainsFunc(p.patterns, func(re *regexp.Regexp) bool { return re.MatchString(name) })
	})
	if len(names) == 0 {
		return nil, nil
	}
	topics, err := admin.Topics(ctx, names...)
	if err != nil {
		return nil, err
	}
	if p.patterns != nil {
		topics = slices.DeleteFunc(topics, func(t kafka.Topic) bool { return t.Internal })
	}
	return topics, nil
}

// nearTopic adds the nearest existing name to an error about an unknown topic.
func nearTopic(err error) error {
	var unknown *kafka.UnknownTopicError
	if !errors.As(err, &unknown) {
		return err
	}
	if near := suggest.Nearest(unknown.Topic, unknown.Existing); near != "" {
		return hint(err, "did you mean %s?", near)
	}
	if len(unknown.Existing) == 0 {
		return hint(err, "the cluster has no topics; kstream produce --create makes one")
	}
	return hint(err, "kstream topic list shows the topics")
}
