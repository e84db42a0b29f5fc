package kafka

// #include "native.h"
import "C"

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"kstream/kafka/probe"
)

// logs takes what librdkafka logs, keeps the newest cause of a failed connection for
// error messages, and hands every line on.
//
// The lines come through a queue of its own, which it waits on without a time limit and
// can wake; the client's way, a channel, looks for the end of the client every tenth of a
// second only, and so long the client's Close takes.
type logs struct {
	hand    func(Log)
	channel chan ck.LogEvent    // nil: the lines come through queue
	queue   *C.rd_kafka_queue_t // nil before take
	ending  atomic.Bool
	ended   sync.WaitGroup

	failed  chan struct{} // holds a value while there is a failure that nobody has looked into
	refused chan struct{} // the same for a refused login

	mu      sync.Mutex
	failure string // what went wrong last with a broker, in librdkafka's words

	diagnosing sync.Mutex
	diagnosed  time.Time // when
	problem    *probe.Problem
}

// newLogs returns the logs of a client that is yet to be made, with properties, and then
// given to take.
func newLogs(hand func(Log)) *logs { return newLogsBy(nativeIsThere(), hand) }

func newLogsBy(native bool, hand func(Log)) *logs {
	l := &logs{hand: hand, failed: make(chan struct{}, 1), refused: make(chan struct{}, 1)}
	if !native {
		l.channel = make(chan ck.LogEvent, 1024)
		l.ended.Go(func() { // ends with stop
			for e := range l.channel {
				l.line(Log{e.Level, e.Tag, e.Message})
			}
		})
	}
	return l
}

// properties make the client log to l, so that librdkafka never writes to stderr by itself.
func (l *logs) properties() ck.ConfigMap {
	if l.channel != nil {
		return ck.ConfigMap{"go.logs.channel.enable": true, "go.logs.channel": l.channel}
	}
	return ck.ConfigMap{"log.queue": true}
}

// take begins to take the lines of a client; they have waited for it.
func (l *logs) take(client any) {
	skipExitHandlers()
	if l.channel != nil {
		return
	}
	rk, err := nativeClient(client)
	if err != nil { // not where nativeIsThere
		l.line(Log{4, "KSTREAM", fmt.Sprintf("what librdkafka logs is not told: %v", err)})
		return
	}
	l.queue = C.ks_log_queue(rk)
	l.ended.Go(func() { // ends with stop
		var line C.ks_log
		for {
			if C.ks_log_wait(l.queue, &line) != 0 {
				l.line(Log{int(line.level), C.GoString(&line.tag[0]), C.GoString(&line.text[0])})
			} else if l.ending.Load() {
				return
			}
		}
	})
}

// stop ends l together with its client, which end ends: of what that logs nothing is
// told. Without a client it is nil.
func (l *logs) stop(end func()) {
	if l.queue != nil { // no client must end before those who wait on its queues
		l.ending.Store(true)
		C.ks_queue_yield(l.queue)
		l.ended.Wait()
		C.ks_queue_destroy(l.queue)
	}
	if end != nil {
		end()
	}
	if l.channel != nil { // on which the client writes until then
		close(l.channel)
		l.ended.Wait()
	}
}

func (l *logs) line(line Log) {
	if line.Name == "FAIL" || line.Name == "ERROR" && line.Level <= 3 {
		l.mu.Lock()
		l.failure = line.Message
		l.mu.Unlock()
		if refusedLogin(line.Message) {
			wake(l.refused)
		}
		if !unconnected(line.Message) || !strings.Contains(line.Message, "/bootstrap") {
			wake(l.failed)
		}
	}
	if l.hand != nil {
		l.hand(line)
	}
}

// wake puts a value into a channel that holds one.
func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// cause returns the newest failure of a connection, shortened to what a person needs,
// or "".
func (l *logs) cause() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return plainFailure(l.failure)
}

// plainFailure cuts librdkafka's bookkeeping from a line such as
//
//	[thrd:127.0.0.1:1/bootstrap]: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)
func plainFailure(s string) string {
	if strings.HasPrefix(s, "[thrd:") {
		if _, rest, ok := strings.Cut(s, "]: "); ok {
			s = rest
		}
	}
	if i := strings.LastIndex(s, " (after "); i > 0 {
		s = s[:i]
	}
	return strings.Replace(s, "/bootstrap", "", 1)
}
