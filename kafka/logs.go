package kafka

import (
	"strings"
	"sync"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// logs takes what librdkafka logs, keeps the newest cause of a failed connection for
// error messages, and hands every line on. Its goroutine ends with stop.
type logs struct {
	channel chan ck.LogEvent
	ended   sync.WaitGroup

	mu       sync.Mutex
	failure  string // what went wrong last with a broker, in librdkafka's words
	failures int
}

// newLogs starts the goroutine. The channel goes to the client by its configuration,
// so that librdkafka never writes to stderr by itself.
func newLogs(hand func(Log)) *logs {
	l := &logs{channel: make(chan ck.LogEvent, 1024)}
	l.ended.Go(func() {
		for e := range l.channel {
			if e.Tag == "FAIL" || e.Tag == "ERROR" && e.Level <= 3 {
				l.mu.Lock()
				l.failure, l.failures = e.Message, l.failures+1
				l.mu.Unlock()
			}
			if hand != nil {
				hand(Log{e.Level, e.Tag, e.Message})
			}
		}
	})
	return l
}

// stop ends the goroutine; the client must be closed by then.
func (l *logs) stop() {
	close(l.channel)
	l.ended.Wait()
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
