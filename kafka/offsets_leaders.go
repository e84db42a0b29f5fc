package kafka

import (
	"context"
	"errors"
	"sync"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// leaders are the topics whose leaders a client knows. librdkafka's ListOffsets looks for
// unknown ones on the caller's thread, and again on its own when metadata comes: with
// several calls at a time the answer to one may come while another is still at it, and the
// process dies. So a topic is asked about by one call at a time until its leaders are known.
type leaders struct {
	known    sync.Map // topic to true
	learning sync.Mutex
}

func (l *leaders) knows(request map[ck.TopicPartition]ck.OffsetSpec) bool {
	for tp := range request {
		if _, ok := l.known.Load(*tp.Topic); !ok {
			return false
		}
	}
	return true
}

// requestOffsets is the client's ListOffsets.
func (a *Admin) requestOffsets(ctx context.Context, request map[ck.TopicPartition]ck.OffsetSpec, options ...ck.ListOffsetsAdminOption) (ck.ListOffsetsResult, error) {
	l := &a.leaders
	if !l.knows(request) {
		l.learning.Lock()
		if l.knows(request) {
			l.learning.Unlock()
		} else {
			defer l.learning.Unlock()
		}
	}
	result, err := a.client.ListOffsets(ctx, request, options...)
	var ke ck.Error
	if known := !errors.As(err, &ke) || ke.Code() != ck.ErrNoent; known {
		for tp := range request {
			l.known.Store(*tp.Topic, true)
		}
	}
	return result, err
}
