//go:build unix

package cmd

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kstream/kafka/chaostest"
	"kstream/kafka/embedded"
	"kstream/kafka/kafkatest"
	"kstream/kafka/witness"
)

// soakVariable holds how often the tests of random moments repeat what they do.
const soakVariable = "KSTREAM_SOAK"

// soak is how often to repeat: often, unless the environment says otherwise.
func soak(t *testing.T, often int) int {
	t.Helper()
	text := os.Getenv(soakVariable)
	if text == "" {
		return often
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s: want a number above 0", soakVariable, text)
	}
	return n
}

// quick lets an embedded broker lose members in a second instead of six.
func quick() map[string]string {
	return map[string]string{
		"group.min.session.timeout.ms":         "1000",
		"group.consumer.session.timeout.ms":    "1500",
		"group.consumer.heartbeat.interval.ms": "100",
	}
}

// stage is where a test plays: a cluster, a client that looks at it past kstream, and
// names that nobody else uses.
type stage struct {
	t            *testing.T
	brokers      string           // as kstream is told
	embedded     *embedded.Broker // nil on Apache Kafka
	witness      *witness.Client
	topic, group string
	dir          string
	session      []string // flags for the shortest session that the cluster allows
	processes    int
}

// newStage opens an embedded broker, or the shared Apache Kafka when there is one.
func newStage(t *testing.T) *stage {
	t.Helper()
	if brokers := realBrokers(); brokers != "" {
		s := stageAt(t, brokers, brokers)
		t.Cleanup(func() {
			ctx, cancel := inTime()
			defer cancel()
			if err := s.witness.DeleteTopics(ctx, s.topic); err != nil {
				t.Log("remove the test's topics: ", err)
			}
		})
		return s
	}
	return embeddedStage(t, embedded.Config{Configs: quick()})
}

func embeddedStage(t *testing.T, config embedded.Config) *stage {
	t.Helper()
	b, err := embedded.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	direct := b.Addr()
	if config.Advertise != "" {
		direct = config.Listen
	}
	s := stageAt(t, b.Addr(), direct)
	s.embedded = b
	s.session = []string{"-X", "session.timeout.ms=1500", "-X", "heartbeat.interval.ms=300"}
	return s
}

// proxiedStage is an embedded broker that kstream reaches through a proxy only.
func proxiedStage(t *testing.T, config embedded.Config) (*stage, *chaostest.Proxy) {
	t.Helper()
	listen, err := chaostest.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	p, err := chaostest.New(listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	config.Listen, config.Advertise = listen, p.Addr()
	if config.Configs == nil {
		config.Configs = quick()
	}
	return embeddedStage(t, config), p
}

// clusterStage is an Apache Kafka of the test's own.
func clusterStage(t *testing.T, o kafkatest.Options) (*stage, *kafkatest.Cluster) {
	t.Helper()
	c := kafkatest.New(t, o)
	return stageAt(t, c.Bootstrap(), c.Internal()), c
}

func stageAt(t *testing.T, brokers, direct string) *stage {
	t.Helper()
	w, err := witness.Open(direct)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	unique := strings.ToLower(rand.Text()[:6])
	return &stage{
		t: t, brokers: brokers, witness: w, topic: "chaos-" + unique, group: "g-" + unique, dir: t.TempDir(),
		session: []string{"-X", "session.timeout.ms=6000"},
	}
}

// create makes the stage's topic.
func (s *stage) create(partitions int32, configs ...string) {
	s.t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	if err := s.witness.CreateTopic(ctx, s.topic, partitions, configs...); err != nil {
		s.t.Fatal(err)
	}
}

// consume starts a group reader that prints PARTITION OFFSET VALUE lines.
func (s *stage) consume(members int, more ...string) *process {
	s.t.Helper()
	return s.start(s.reading(members, more...)...)
}

// reading are the arguments of consume.
func (s *stage) reading(members int, more ...string) []string {
	args := []string{"consume", s.topic, "--group", s.group, "--members", strconv.Itoa(members), "-o", `%p %o %v\n`}
	args = append(args, "--events", filepath.Join(s.dir, fmt.Sprint(s.processes+1, ".events")))
	return append(append(args, s.session...), more...)
}

// numbers writes the lines FROM…TO-1 to the topic and waits for the receipt.
func (s *stage) numbers(from, to int, more ...string) {
	s.t.Helper()
	p := s.start(append([]string{"produce", s.topic, "-K", ":"}, more...)...)
	var text bytes.Buffer
	for i := from; i < to; i++ {
		fmt.Fprintf(&text, "%d:%d\n", i, i)
	}
	p.feed(text.String())
	p.closeInput()
	p.wait(0)
}

// stream feeds numbered lines to a producer at some thousand a second until stop, which
// gives how many there were once all are acknowledged.
func (s *stage) stream(more ...string) (stop func() int) {
	s.t.Helper()
	p := s.start(append([]string{"produce", s.topic, "-K", ":"}, more...)...)
	ctx, cancel := context.WithCancel(context.Background())
	fed := make(chan error, 1)
	n := 0
	go func() { // ends with stop, or with the producer, which the end of the test kills
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			<-tick.C
			var text bytes.Buffer
			for range 20 {
				fmt.Fprintf(&text, "%d:%d\n", n, n)
				n++
			}
			if _, err := p.stdin.Write(text.Bytes()); err != nil {
				fed <- err
				return
			}
		}
		fed <- p.stdin.Close()
	}()
	s.t.Cleanup(cancel)
	return func() int {
		s.t.Helper()
		cancel()
		if err := <-fed; err != nil {
			s.t.Fatalf("feed %s: %v; it said:\n%s", p.name, err, p.said())
		}
		p.wait(0)
		return n
	}
}
