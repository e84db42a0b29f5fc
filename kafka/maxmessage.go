package kafka

import (
	"context"
	"strconv"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// MaxMessage returns the topic's max.message.bytes, the size in bytes of the largest batch
// of records that it accepts. It returns 0 if that is not known: a user who may write to a
// topic need not be allowed to describe its configuration.
func (a *Admin) MaxMessage(ctx context.Context, topic string) int {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	results, err := a.client.DescribeConfigs(ctx, []ck.ConfigResource{{Type: ck.ResourceTopic, Name: topic}},
		requestWithin(a.cfg.timeout()))
	if err != nil || len(results) != 1 {
		return 0
	}
	n, err := strconv.Atoi(results[0].Config["max.message.bytes"].Value)
	if err != nil {
		return 0
	}
	return n
}
