package kafka

import (
	"context"
	"strconv"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// MaxMessage is the largest batch of records in bytes that the topic takes, its
// max.message.bytes. It is 0 when the broker does not say: who may write a topic need
// not be allowed to see its settings.
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
