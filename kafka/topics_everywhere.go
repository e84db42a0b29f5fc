package kafka

// #include <stdlib.h>
// #include "native_topics.h"
import "C"

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"golang.org/x/sync/errgroup"
)

const (
	// answerLimit bounds the wait for a broker that may be unreachable from here, though
	// others take it for alive.
	answerLimit = 2 * time.Second
	// answerPoll is how soon a wait for an answer sees that it is to end.
	answerPoll = 100 * time.Millisecond
	// askedAtOnce is the number of brokers that are asked at the same time.
	askedAtOnce = 8
)

// topicView is what one broker knows of a topic; the id is empty where it knows of none.
type topicView struct {
	id              string
	partitions, led int
}

// everywhere waits until settled is true of what each broker that answers knows of a topic.
// Brokers that do not answer are not waited for. Where the library cannot ask a single
// broker it waits for none.
func (a *Admin) everywhere(ctx context.Context, name, done string, settled func(topicView) bool) error {
	rk, err := nativeClient(a.client)
	if err != nil || C.ks_complete_topics() == 0 {
		return nil
	}
	topic := C.CString(name)
	defer C.free(unsafe.Pointer(topic))
	return a.onEach(ctx, name, done, func(broker int32) bool {
		view, ok := askTopic(ctx, rk, broker, topic)
		return !ok || settled(view)
	})
}

// configured waits until each broker that answers has the settings of a topic that were
// changed, for answerLimit: a value that brokers write in another way than it was given is
// not told from an old one.
func (a *Admin) configured(ctx context.Context, name string, set map[string]string, reset []string) error {
	limited, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	plain := strings.NewReplacer(" ", "")
	return a.onEach(ctx, name, "altered", func(broker int32) bool {
		// The resource of a broker makes the client send the request to it.
		answers, err := a.settings(limited, ck.ResourceTopic, []ck.ConfigResource{
			{Type: ck.ResourceBroker, Name: strconv.Itoa(int(broker))}, {Type: ck.ResourceTopic, Name: name},
		})
		answer := answers[name]
		if err != nil || answer.Err != nil {
			return true
		}
		for key, value := range set {
			s := answer.Find(key)
			if s != nil && (s.Source != SourceTopic || !s.Sensitive && !strings.EqualFold(plain.Replace(s.Value), plain.Replace(value))) {
				return false
			}
		}
		return !slices.ContainsFunc(reset, func(key string) bool {
			s := answer.Find(key)
			return s != nil && s.Source == SourceTopic
		})
	})
}

// onEach waits until settled is true of every broker. A change is told as soon as one
// broker has it, and the others hear of it a moment later (KIP-500: each follows the log of
// metadata at its own pace); the next request, or the next program, may ask any of them.
func (a *Admin) onEach(ctx context.Context, name, done string, settled func(broker int32) bool) error {
	cluster, err := a.Cluster(ctx)
	if err != nil {
		return fmt.Errorf("%s: %s, and then: %w", name, done, err)
	}
	var all errgroup.Group
	all.SetLimit(askedAtOnce)
	for _, broker := range cluster.Brokers {
		all.Go(func() error { // ends when its broker has it, or in time
			for {
				if settled(broker.ID) {
					return nil
				}
				if err := pause(ctx, pollInterval); err != nil {
					return fmt.Errorf("%s: %s, and broker %d does not know yet: %w", name, done, broker.ID, err)
				}
			}
		})
	}
	return all.Wait()
}

// askTopic asks one broker for a topic; not ok when it does not say, or not before ctx ends.
func askTopic(ctx context.Context, rk *C.rd_kafka_t, broker int32, topic *C.char) (view topicView, ok bool) {
	q := C.ks_ask_topic(rk, C.int32_t(broker), topic, C.int(answerLimit.Milliseconds()))
	defer C.ks_queue_destroy(q)
	var answer C.ks_topic_view
	for C.ks_topic_answer(q, C.int(answerPoll.Milliseconds()), &answer) == 0 {
		if ctx.Err() != nil {
			return topicView{}, false
		}
	}
	switch code := ck.ErrorCode(answer.err); {
	case code == ck.ErrNoError:
		return topicView{topicID(C.GoString(&answer.id[0])), int(answer.partitions), int(answer.led)}, true
	case answer.told != 0 && notATopic(code):
		return topicView{}, true
	}
	return topicView{}, false
}
