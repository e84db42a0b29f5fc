package record

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
)

// Find describes the topics that are meant, at least one. An unknown name is an error
// that tells the nearest.
func (p *Range) Find(ctx context.Context, admin *kafka.Admin) ([]kafka.Topic, error) {
	if p.Patterns == nil {
		topics, err := admin.Topics(ctx, p.Topics...)
		return topics, connect.NearTopic(err)
	}
	topics, err := p.Refresh(ctx, admin)
	if err == nil && len(topics) == 0 {
		return nil, cli.Hint(cli.Errorf(cli.CodeUnknownTopic, "no topic matches %s", strings.Join(p.Topics, " ")), "--wait-for-match waits for one")
	}
	return topics, err
}

// await waits until a topic matches.
func (p *Range) await(ctx context.Context, admin *kafka.Admin) ([]kafka.Topic, error) {
	for {
		topics, err := p.Find(ctx, admin)
		if !errors.Is(err, kafka.ErrUnknownTopic) && (err == nil || cli.CodeOf(err) != cli.CodeUnknownTopic) {
			return topics, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
}

// Refresh describes those of the topics that exist now. Patterns leave internal topics
// out.
func (p *Range) Refresh(ctx context.Context, admin *kafka.Admin) ([]kafka.Topic, error) {
	all, err := admin.TopicNames(ctx)
	if err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(all, func(name string) bool {
		if p.Patterns == nil {
			return !slices.Contains(p.Topics, name)
		}
		return !slices.ContainsFunc(p.Patterns, func(re *regexp.Regexp) bool { return re.MatchString(name) })
	})
	if len(names) == 0 {
		return nil, nil
	}
	topics, err := admin.Topics(ctx, names...)
	if err != nil {
		return nil, err
	}
	if p.Patterns != nil {
		topics = slices.DeleteFunc(topics, func(t kafka.Topic) bool { return t.Internal })
	}
	return topics, nil
}
