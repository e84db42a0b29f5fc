package kafka

import (
	"errors"
	"testing"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func TestMends(t *testing.T) {
	for code, want := range map[ck.ErrorCode]bool{
		ck.ErrLeaderNotAvailable:       true,
		ck.ErrNotLeaderForPartition:    true,
		ck.ErrFencedLeaderEpoch:        true,
		ck.ErrUnknownLeaderEpoch:       true, // of a topic that was created a moment ago
		ck.ErrTopicAuthorizationFailed: false,
		ck.ErrUnknownPartition:         false,
	} {
		if got := mends(ck.NewError(code, "", false)); got != want {
			t.Errorf("%v: %t", code, got)
		}
	}
	if mends(errors.New("disk full")) {
		t.Error("an error that is not the client's")
	}
}
