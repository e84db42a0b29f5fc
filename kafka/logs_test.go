package kafka

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"kstream/kafka/embedded"
)

// What librdkafka logs is told, and explains errors, whichever way it comes.
func TestLogsOfBothKinds(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := closed.Addr().String()
	closed.Close()
	for name, native := range map[string]bool{"queue": true, "channel": false} {
		t.Run(name, func(t *testing.T) {
			told := make(chan Log, 1000)
			cfg := Config{Brokers: []string{address}, Debug: "broker"}
			l := newLogsBy(native, func(line Log) { told <- line })
			client, err := ck.NewAdminClient(cfg.properties("admin", l.properties()))
			if err != nil {
				t.Fatal(err)
			}
			l.take(client)
			for line := range told {
				if line.Name == "FAIL" && strings.Contains(line.Message, "Connection refused") {
					break
				}
			}
			want := address + ": Connect to ipv4#" + address + " failed: Connection refused"
			if got := l.cause(); got != want {
				t.Errorf("cause %q, want %q", got, want)
			}
			l.stop(client.Close)
		})
	}
}

// closing bounds the fastest of several closes: clients of the Go library wait for a tenth
// of a second, and so did those of this package.
const closing = 50 * time.Millisecond

// Clients close without a wait.
func TestCloseDoesNotWait(t *testing.T) {
	b := startBroker(t, embedded.Config{})
	cfg := clusterOf(b)
	p, _ := openProducer(t, cfg, ProducerConfig{})
	if err := p.Send(t.Context(), batchOf(0, "a", "b")); err != nil {
		t.Fatal(err)
	}
	finish(t, p)
	admin := func(ask func(*Admin) error) func(t *testing.T) func() {
		return func(t *testing.T) func() {
			a, err := OpenAdmin(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := ask(a); err != nil {
				t.Error(err)
			}
			return a.Close
		}
	}
	for name, open := range map[string]func(t *testing.T) func(){
		"admin": admin(func(a *Admin) error {
			_, err := a.AllTopics(t.Context())
			return err
		}),
		"coordinator": admin(func(a *Admin) error {
			if _, err := a.SetCommitted(t.Context(), "g", map[TopicPartition]Commit{{"t", 0}: {Offset: 1, LeaderEpoch: -1}}); err != nil {
				return err
			}
			_, err := a.Committed(t.Context(), "g")
			return err
		}),
		"reader": func(t *testing.T) func() {
			r, err := OpenReader(cfg, ReaderConfig{Spans: []Span{{TopicPartition: TopicPartition{"t", 0}, To: Follow}}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var batch Batch
			if err := r.Next(t.Context(), &batch); err != nil {
				t.Error(err)
			}
			return func() {
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
		},
		"producer": func(t *testing.T) func() {
			p, _ := openProducer(t, cfg, ProducerConfig{})
			if err := p.Send(t.Context(), batchOf(0, "c")); err != nil {
				t.Error(err)
			}
			if err := p.Flush(context.Background()); err != nil {
				t.Error(err)
			}
			return func() {
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			fastest := time.Hour
			for range 10 {
				end := open(t)
				began := time.Now()
				end()
				fastest = min(fastest, time.Since(began))
			}
			if fastest > closing {
				t.Errorf("the fastest of ten closes took %v, want less than %v", fastest, closing)
			}
		})
	}
}
