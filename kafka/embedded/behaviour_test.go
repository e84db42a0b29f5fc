package embedded_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/google/go-cmp/cmp"

	"kstream/kafka/embedded"
)

// The tests in this file hold what doc.go says the broker can and cannot do
// against the client that everything else here is built on.

// createTopic creates a topic of one partition with settings, through a client.
func createTopic(t *testing.T, b *embedded.Broker, topic string, config map[string]string) {
	t.Helper()
	res, err := admin(t, b).CreateTopics(bounded(t), []ck.TopicSpecification{{
		Topic: topic, NumPartitions: 1, ReplicationFactor: 1, Config: config,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if e := res[0].Error; e.Code() != ck.ErrNoError {
		t.Fatal(e)
	}
}

// send writes messages to partition 0, one batch each, and returns the producer's
// reports.
func send(t *testing.T, b *embedded.Broker, topic string, messages ...ck.Message) []*ck.Message {
	t.Helper()
	p, err := ck.NewProducer(client(b, "enable.idempotence", "true"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var reports []*ck.Message
	for _, m := range messages {
		m.TopicPartition = ck.TopicPartition{Topic: &topic, Partition: 0}
		done := make(chan ck.Event, 1)
		if err := p.Produce(&m, done); err != nil {
			t.Fatal(err)
		}
		report := (<-done).(*ck.Message)
		if report.TopicPartition.Error != nil {
			t.Fatal(report.TopicPartition.Error)
		}
		reports = append(reports, report)
	}
	return reports
}

func offset(t *testing.T, b *embedded.Broker, topic string, spec ck.OffsetSpec) int64 {
	t.Helper()
	tp := ck.TopicPartition{Topic: &topic, Partition: 0}
	res, err := admin(t, b).ListOffsets(bounded(t), map[ck.TopicPartition]ck.OffsetSpec{tp: spec})
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range res.ResultInfos {
		if info.Error.Code() != ck.ErrNoError {
			t.Fatal(info.Error)
		}
		return int64(info.Offset)
	}
	t.Fatal("no offset")
	return 0
}

func TestTransactions(t *testing.T) {
	b := start(t, embedded.Config{Topics: []embedded.Topic{{Name: "orders", Partitions: 1}}})
	p, err := ck.NewProducer(client(b, "transactional.id", "tx"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx := bounded(t)
	if err := p.InitTransactions(ctx); err != nil {
		t.Fatal(err)
	}
	topic := "orders"
	write := func(value string) {
		t.Helper()
		if err := p.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := p.Produce(&ck.Message{TopicPartition: ck.TopicPartition{Topic: &topic}, Value: []byte(value)}, nil); err != nil {
			t.Fatal(err)
		}
		if left := p.Flush(int(patience.Milliseconds())); left != 0 {
			t.Fatalf("%d records not delivered", left)
		}
	}
	go func() { // ends when the producer is closed
		for range p.Events() {
		}
	}()
	write("aborted")
	if err := p.AbortTransaction(ctx); err != nil {
		t.Fatal(err)
	}
	write("committed")
	if err := p.CommitTransaction(ctx); err != nil {
		t.Fatal(err)
	}
	write("open")

	for isolation, want := range map[string][]string{
		"read_committed":   {"committed"},
		"read_uncommitted": {"aborted", "committed", "open"},
	} {
		if diff := cmp.Diff(want, read(t, b, "orders", "isolation.level", isolation)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", isolation, diff)
		}
	}
	// two markers: the end is past them, the last stable offset is before "open"
	if got := offset(t, b, "orders", ck.LatestOffsetSpec); got != 5 {
		t.Errorf("end %d, want 5", got)
	}
	if err := p.AbortTransaction(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestGroups(t *testing.T) {
	for _, protocol := range []string{"classic", "consumer"} {
		t.Run(protocol, func(t *testing.T) {
			b := start(t, embedded.Config{
				Topics:  []embedded.Topic{{Name: "orders", Partitions: 4}},
				Configs: map[string]string{"group.consumer.heartbeat.interval.ms": "100"},
			})
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			for range 2 {
				c, err := ck.NewConsumer(client(b, "group.id", "g", "group.protocol", protocol, "auto.offset.reset", "earliest", "client.id", "me"))
				if err != nil {
					t.Fatal(err)
				}
				if err := c.Subscribe("orders", nil); err != nil {
					t.Fatal(err)
				}
				go func() { // ends with ctx
					for ctx.Err() == nil {
						c.Poll(50)
					}
					c.Close()
					ended <- struct{}{}
				}()
			}
			if err := b.WaitGroup(bounded(t), "g", 2); err != nil {
				t.Fatal(err)
			}
			res, err := admin(t, b).DescribeConsumerGroups(bounded(t), []string{"g"})
			if err != nil {
				t.Fatal(err)
			}
			g := res.ConsumerGroupDescriptions[0]
			if g.Error.Code() != ck.ErrNoError {
				t.Fatal(g.Error)
			}
			count := 0
			for _, m := range g.Members {
				count += len(m.Assignment.TopicPartitions)
				if m.ClientID != "me" || !strings.HasPrefix(m.Host, "127.0.0.1") {
					t.Errorf("member %s of client %s at %s", m.ConsumerID, m.ClientID, m.Host)
				}
			}
			if len(g.Members) != 2 || count != 4 {
				t.Errorf("%d members with %d partitions, want 2 with 4", len(g.Members), count)
			}
			stop()
			<-ended
			<-ended
			// closing leaves the group
			if err := b.WaitGroup(bounded(t), "g", 0); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestAssignors(t *testing.T) {
	for _, assignor := range []string{"uniform", "range"} {
		t.Run(assignor, func(t *testing.T) {
			b := start(t, embedded.Config{Topics: []embedded.Topic{{Name: "orders", Partitions: 4}}})
			c, err := ck.NewConsumer(client(b, "group.id", "g", "group.protocol", "consumer", "group.remote.assignor", assignor))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.Subscribe("orders", nil); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(patience); ; {
				c.Poll(50)
				if tps, err := c.Assignment(); err != nil {
					t.Fatal(err)
				} else if len(tps) == 4 {
					return
				}
				if time.Now().After(deadline) {
					t.Fatal("no assignment")
				}
			}
		})
	}
}

func TestFaults(t *testing.T) {
	b := start(t, embedded.Config{Topics: []embedded.Topic{{Name: "orders", Partitions: 1}}})
	// the acknowledgement is lost: the record is written, and must not be twice
	lost, err := b.Fail(embedded.Fault{Requests: []int16{0}, Topic: "orders", Code: 7})
	if err != nil {
		t.Fatal(err)
	}
	produce(t, b, "orders", "one")
	if err := lost.Wait(bounded(t), 1); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"one"}, read(t, b, "orders")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if lost.Hits() != 1 {
		t.Errorf("%d requests failed, want 1", lost.Hits())
	}
	if _, err := b.Fail(embedded.Fault{Code: 9999}); err == nil || err.Error() != "no Kafka error has code 9999" {
		t.Errorf("fault with code 9999: %v", err)
	}
}

func TestLargeRecordsAreRefused(t *testing.T) {
	b := start(t, embedded.Config{
		Topics:  []embedded.Topic{{Name: "orders", Partitions: 1}},
		Configs: map[string]string{"message.max.bytes": "1000"},
	})
	p, err := ck.NewProducer(client(b))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	topic := "orders"
	done := make(chan ck.Event, 1)
	if err := p.Produce(&ck.Message{TopicPartition: ck.TopicPartition{Topic: &topic}, Value: make([]byte, 2000)}, done); err != nil {
		t.Fatal(err)
	}
	report := (<-done).(*ck.Message).TopicPartition.Error
	var refused ck.Error
	if !errors.As(report, &refused) || refused.Code() != ck.ErrMsgSizeTooLarge {
		t.Errorf("report %v, want %v", report, ck.ErrMsgSizeTooLarge)
	}
}

func TestLog(t *testing.T) {
	lines := make(chan string, 1000)
	b := start(t, embedded.Config{
		Verbose: true,
		Log: func(line string) {
			select {
			case lines <- line:
			default: // enough is known
			}
		},
	})
	c, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// a frame that is a request by its key and nothing by the rest
	if _, err := c.Write([]byte("\x00\x00\x00\x04\x00\x03\x00\x09")); err != nil {
		t.Fatal(err)
	}
	select {
	case line := <-lines:
		if !strings.Contains(line, "unable to parse request") {
			t.Errorf("log line %q", line)
		}
	case <-time.After(patience):
		t.Error("nothing was logged")
	}
}

func TestMoveLeaders(t *testing.T) {
	b := start(t, embedded.Config{Nodes: 3, Topics: []embedded.Topic{{Name: "orders", Partitions: 50}}})
	leaders := func() []int32 {
		topic := "orders"
		md, err := admin(t, b).GetMetadata(&topic, false, int(patience.Milliseconds()))
		if err != nil {
			t.Fatal(err)
		}
		ids := make([]int32, len(md.Topics[topic].Partitions))
		for _, p := range md.Topics[topic].Partitions {
			ids[p.ID] = p.Leader
		}
		return ids
	}
	produce(t, b, "orders", "one")
	before := leaders()
	b.MoveLeaders()
	if cmp.Equal(before, leaders()) {
		t.Errorf("fifty leaders are where they were: %v", before)
	}
	produce(t, b, "orders", "two")
	if diff := cmp.Diff([]string{"one", "two"}, read(t, b, "orders")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

// As in Kafka, a transaction that its producer forgot is aborted in time.
func TestTransactionsTimeOut(t *testing.T) {
	b := start(t, embedded.Config{Topics: []embedded.Topic{{Name: "orders", Partitions: 1}}})
	p, err := ck.NewProducer(client(b, "transactional.id", "tx", "transaction.timeout.ms", "1000"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.InitTransactions(bounded(t)); err != nil {
		t.Fatal(err)
	}
	if err := p.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	topic := "orders"
	done := make(chan ck.Event, 1)
	if err := p.Produce(&ck.Message{TopicPartition: ck.TopicPartition{Topic: &topic}, Value: []byte("x")}, done); err != nil {
		t.Fatal(err)
	}
	<-done
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for offset(t, b, topic, ck.LatestOffsetSpec) != 2 { // the record and the marker
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the transaction is still open")
		}
	}
	if got := read(t, b, topic, "isolation.level", "read_committed"); len(got) != 0 {
		t.Errorf("read %q, want nothing", got)
	}
}
