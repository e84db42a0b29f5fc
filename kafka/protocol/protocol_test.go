package protocol

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func cluster(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func open(t *testing.T, cfg Config) *Client {
	t.Helper()
	c := New(cfg)
	t.Cleanup(c.Close)
	return c
}

// Each broker is found by its number, and so are leaders, the controller and coordinators,
// by many at once.
func TestLookups(t *testing.T) {
	k := cluster(t, kfake.NumBrokers(3), kfake.SeedTopics(6, "orders"))
	c := open(t, Config{Seeds: k.ListenAddrs()[:1], ClientID: "test"})
	ctx := bounded(t)
	var all sync.WaitGroup
	for i := range int32(30) {
		all.Go(func() {
			p := i % 6
			id, err := c.Leader(ctx, "orders", p)
			if want := k.LeaderFor("orders", p); err != nil || id != want {
				t.Errorf("leader of orders[%d]: %d, %v; want %d", p, id, err, want)
				return
			}
			r := kmsg.NewPtrListOffsetsRequest()
			topic := kmsg.NewListOffsetsRequestTopic()
			topic.Topic = "orders"
			part := kmsg.NewListOffsetsRequestTopicPartition()
			part.Partition, part.Timestamp = p, -1
			topic.Partitions = append(topic.Partitions, part)
			r.Topics = append(r.Topics, topic)
			answer, err := r.RequestWith(ctx, c.Broker(id))
			if err != nil {
				t.Error(err)
				return
			}
			if err := kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode); err != nil {
				t.Errorf("broker %d leads orders[%d]: %v", id, p, err)
			}
		})
	}
	all.Wait()
	if id, err := c.Controller(ctx); err != nil || id < 0 || id > 2 {
		t.Errorf("controller %d, %v", id, err)
	}
	for kind, key := range map[CoordinatorKind]string{GroupCoordinator: "g", TransactionCoordinator: "t"} {
		id, err := c.Coordinator(ctx, kind, key)
		if want := k.CoordinatorFor(key); err != nil || id != want {
			t.Errorf("coordinator of %s: %d, %v; want %d", key, id, err, want)
		}
	}
	for _, topic := range []string{"orders", "nothing"} {
		if _, err := c.Leader(ctx, topic, 9); !errors.Is(err, kerr.UnknownTopicOrPartition) {
			t.Errorf("%s[9]: %v", topic, err)
		}
	}
	if k.TopicInfo("nothing") != nil {
		t.Error("the topic was created")
	}
	if _, err := metadata(ctx, c.Broker(7)); err == nil || err.Error() != "broker 7 is not in the cluster" {
		t.Errorf("broker 7: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.conns) > 4 {
		t.Errorf("%d connections", len(c.conns))
	}
}

// Requests have the newest version that is known to both and was allowed.
func TestVersions(t *testing.T) {
	known := versions{4, 9}
	c, _ := fake(t, Config{}, func(number int32, r kmsg.Request) ([]byte, bool) {
		answer, ok := r.ResponseKind().(*kmsg.ApiVersionsResponse)
		if !ok {
			return nil, false
		}
		if r.GetVersion() > 0 { // as brokers do that know only older ones
			answer.Version, answer.ErrorCode = 0, kerr.UnsupportedVersion.Code
		}
		answer.ApiKeys = []kmsg.ApiVersionsResponseApiKey{{ApiKey: kmsg.Metadata.Int16(), MinVersion: known.least, MaxVersion: known.most}}
		return encode(number, answer), true
	})
	ctx := bounded(t)
	for most, want := range map[int16]int16{6: 6, 99: 9} {
		answer, err := metadata(ctx, c.Any().AtMost(most))
		if err != nil || answer.Version != want {
			t.Errorf("at most %d: %+v, %v", most, answer, err)
		}
	}
	_, err := metadata(ctx, c.Any().AtMost(3))
	if !errors.Is(err, ErrVersion) || err.Error() != "seed:9092: Metadata in version 3: not supported by the broker: it knows 4 to 9" {
		t.Error(err)
	}
	_, err = kmsg.NewPtrHeartbeatRequest().RequestWith(ctx, c.Any())
	if !errors.Is(err, ErrVersion) || err.Error() != "seed:9092: Heartbeat: not supported by the broker" {
		t.Error(err)
	}
}

// A request without an answer ends with its context, and the next one does not wait
// behind it.
func TestNoAnswer(t *testing.T) {
	asked := make(chan struct{}, 9)
	c, s := fake(t, Config{}, func(int32, kmsg.Request) ([]byte, bool) { return nil, false })
	hang := s.answer
	s.answer = func(number int32, r kmsg.Request) ([]byte, bool) {
		if r.Key() == kmsg.Heartbeat.Int16() {
			asked <- struct{}{}
			return []byte{}, true
		}
		return hang(number, r)
	}
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(bounded(t))
	go func() { // ends with the request
		<-asked
		cancel(gone)
	}()
	_, err := kmsg.NewPtrHeartbeatRequest().RequestWith(ctx, c.Any())
	if !errors.Is(err, gone) || err.Error() != "seed:9092: no answer to Heartbeat: gone" {
		t.Error(err)
	}
	if _, err := metadata(bounded(t), c.Any()); err != nil {
		t.Error(err)
	}
	if n := s.conns.Load(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
	waiting := make(chan error)
	go func() { // ends with Close
		_, err := kmsg.NewPtrHeartbeatRequest().RequestWith(bounded(t), c.Any())
		waiting <- err
	}()
	<-asked
	c.Close()
	if err := <-waiting; !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v, want %v", err, net.ErrClosed)
	}
	if _, err := metadata(bounded(t), c.Any()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v, want %v", err, net.ErrClosed)
	}
}

// A connection that the broker has closed while nothing waited is replaced; a request
// that was sent is not sent again.
func TestConnectionEnds(t *testing.T) {
	sent := 0
	c, s := fake(t, Config{}, func(_ int32, r kmsg.Request) ([]byte, bool) {
		if r.Key() != kmsg.Heartbeat.Int16() {
			return nil, false
		}
		sent++
		return nil, true
	})
	_, err := kmsg.NewPtrHeartbeatRequest().RequestWith(bounded(t), c.Any())
	if err == nil || err.Error() != "seed:9092: no answer to Heartbeat: the broker has closed the connection" || sent != 1 {
		t.Errorf("%v; sent %d times", err, sent)
	}
	if _, err := metadata(bounded(t), c.Any()); err != nil {
		t.Error(err)
	}
	if n := s.conns.Load(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

// What is no answer is refused before memory is taken for it.
func TestStrangeAnswers(t *testing.T) {
	size := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	for name, test := range map[string]struct {
		answer []byte
		want   string
	}{
		"HTTP":       {[]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), `"HTTP/1.1" begins no answer of Kafka`},
		"TLS alert":  {[]byte("\x15\x03\x03\x00\x02\x02\x50!"), `begins no answer of Kafka`},
		"too large":  {append(size(1001), make([]byte, 1001)...), `4 to 1000 are taken`},
		"negative":   {append(size(1<<31), 0, 0, 0, 0), `begins no answer of Kafka`},
		"other":      {append(size(4), 0, 0, 0, 99), `answer 99, for which nothing waits`},
		"cut short":  {append(size(900), 0, 0, 0, 2), `the broker has closed the connection`},
		"not enough": {append(size(6), 0, 0, 0, 2, 0, 0), `answer to Heartbeat: `},
	} {
		t.Run(name, func(t *testing.T) {
			var s *server
			c, s := fake(t, Config{MaxAnswer: 1000}, nil)
			usually := s.answer
			s.answer = func(number int32, r kmsg.Request) ([]byte, bool) {
				if r.Key() == kmsg.Heartbeat.Int16() {
					if name == "cut short" {
						return nil, false
					}
					return test.answer, true
				}
				return usually(number, r)
			}
			_, err := kmsg.NewPtrHeartbeatRequest().RequestWith(bounded(t), c.Any())
			if err == nil || !strings.HasPrefix(err.Error(), "seed:9092: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v; want %s", err, test.want)
			}
		})
	}
}

// Seeds are tried one after the other, within the time there is, and each says why it
// did not answer.
func TestSeeds(t *testing.T) {
	k := cluster(t, kfake.NumBrokers(1))
	hangs, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and answers nothing
	if err != nil {
		t.Fatal(err)
	}
	defer hangs.Close()
	refuses, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refuses.Close()
	silent, closed := hangs.Addr().String(), refuses.Addr().String()
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
	defer cancel()
	if _, err := metadata(ctx, open(t, Config{Seeds: []string{closed, silent, k.ListenAddrs()[0]}}).Any()); err != nil {
		t.Error(err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = metadata(ctx, open(t, Config{Seeds: []string{closed, silent}}).Any())
	if err == nil || !strings.Contains(err.Error(), "connection refused; "+silent+": no answer to ApiVersions: ") || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if _, err := metadata(ctx, open(t, Config{}).Any()); err == nil {
		t.Error("no seeds, no error")
	}
}
