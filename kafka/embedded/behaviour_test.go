package embedded_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
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

func TestCompaction(t *testing.T) {
	b := start(t, embedded.Config{})
	createTopic(t, b, "prices", map[string]string{"cleanup.policy": "compact"})
	var messages []ck.Message
	for i := range 10 {
		messages = append(messages, ck.Message{Key: fmt.Append(nil, "k", i%2), Value: fmt.Append(nil, i)})
	}
	send(t, b, "prices", messages...)
	b.Clean()
	// as in Kafka, what is newest is left alone: here the last batch
	if diff := cmp.Diff([]string{"7", "8", "9"}, read(t, b, "prices")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestRetention(t *testing.T) {
	b := start(t, embedded.Config{})
	createTopic(t, b, "logs", map[string]string{"retention.ms": "60000"})
	send(t, b, "logs",
		ck.Message{Value: []byte("old"), Timestamp: time.Now().Add(-time.Hour)},
		ck.Message{Value: []byte("new"), Timestamp: time.Now()})
	b.Clean()
	if diff := cmp.Diff([]string{"new"}, read(t, b, "logs")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if got := offset(t, b, "logs", ck.EarliestOffsetSpec); got != 1 {
		t.Errorf("log start offset %d, want 1", got)
	}
}

// Apache Kafka deletes by age where cleanup.policy says delete; doc.go says that
// this broker also does it where it says compact.
func TestCompactedTopicsAge(t *testing.T) {
	b := start(t, embedded.Config{})
	tests := map[string]struct {
		config map[string]string
		want   []string
	}{
		"aged": {map[string]string{"cleanup.policy": "compact"}, []string{"new"}},
		"kept": {map[string]string{"cleanup.policy": "compact", "retention.ms": "-1"}, []string{"old", "new"}},
	}
	for topic, tt := range tests {
		createTopic(t, b, topic, tt.config)
		send(t, b, topic,
			ck.Message{Key: []byte("a"), Value: []byte("old"), Timestamp: time.Now().AddDate(-1, 0, 0)},
			ck.Message{Key: []byte("b"), Value: []byte("new"), Timestamp: time.Now()})
	}
	b.Clean()
	for topic, tt := range tests {
		if diff := cmp.Diff(tt.want, read(t, b, topic)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", topic, diff)
		}
	}
}

func TestDeleteRecords(t *testing.T) {
	b := start(t, embedded.Config{Topics: []embedded.Topic{{Name: "orders", Partitions: 1}}})
	produce(t, b, "orders", "a", "b", "c")
	topic := "orders"
	res, err := admin(t, b).DeleteRecords(bounded(t), []ck.TopicPartition{{Topic: &topic, Partition: 0, Offset: 2}})
	if err != nil {
		t.Fatal(err)
	}
	if e := res.DeleteRecordsResults[0].TopicPartition.Error; e != nil {
		t.Fatal(e)
	}
	if diff := cmp.Diff([]string{"c"}, read(t, b, "orders")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if got := offset(t, b, "orders", ck.EarliestOffsetSpec); got != 2 {
		t.Errorf("log start offset %d, want 2", got)
	}
}

// A setting that the broker stores and does not obey: doc.go says so.
func TestLogAppendTimeIsIgnored(t *testing.T) {
	b := start(t, embedded.Config{})
	createTopic(t, b, "clock", map[string]string{"message.timestamp.type": "LogAppendTime"})
	sent := time.Unix(1000, 0)
	send(t, b, "clock", ck.Message{Value: []byte("x"), Timestamp: sent})
	c, err := ck.NewConsumer(client(b, "group.id", "g"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	topic := "clock"
	if err := c.Assign([]ck.TopicPartition{{Topic: &topic, Offset: 0}}); err != nil {
		t.Fatal(err)
	}
	m, err := c.ReadMessage(patience)
	if err != nil {
		t.Fatal(err)
	}
	if m.TimestampType != ck.TimestampCreateTime || !m.Timestamp.Equal(sent) {
		t.Errorf("timestamp %v of type %v: the broker can do it now, correct doc.go", m.Timestamp, m.TimestampType)
	}
}

func TestMaxTimestamp(t *testing.T) {
	b := start(t, embedded.Config{Topics: []embedded.Topic{{Name: "orders", Partitions: 1}}})
	now := time.Now()
	send(t, b, "orders",
		ck.Message{Value: []byte("a"), Timestamp: now},
		ck.Message{Value: []byte("b"), Timestamp: now.Add(time.Hour)},
		ck.Message{Value: []byte("c"), Timestamp: now.Add(time.Minute)})
	if got := offset(t, b, "orders", ck.MaxTimestampOffsetSpec); got != 1 {
		t.Errorf("offset of the greatest timestamp %d, want 1", got)
	}
	if got := offset(t, b, "orders", ck.OffsetSpec(now.Add(time.Second).UnixMilli())); got != 1 {
		t.Errorf("offset for a time %d, want 1", got)
	}
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

func TestTLS(t *testing.T) {
	cert, authority := selfSigned(t)
	b := start(t, embedded.Config{
		TLS:    &tls.Config{Certificates: []tls.Certificate{cert}},
		Topics: []embedded.Topic{{Name: "orders", Partitions: 1}},
	})
	topic := "orders"
	md, err := admin(t, b, "security.protocol", "ssl", "ssl.ca.pem", authority).GetMetadata(&topic, false, int(patience.Milliseconds()))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(md.Topics[topic].Partitions); n != 1 {
		t.Errorf("%d partitions, want 1", n)
	}
}

// selfSigned makes a certificate for 127.0.0.1, and the PEM to trust it by.
func selfSigned(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(text)
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

func TestLogin(t *testing.T) {
	b := start(t, embedded.Config{
		ACLs: true,
		Users: []embedded.User{
			{Mechanism: "PLAIN", Name: "root", Password: "secret", Super: true},
			{Mechanism: "SCRAM-SHA-512", Name: "ann", Password: "pencil"},
		},
		Topics: []embedded.Topic{{Name: "orders", Partitions: 1}},
	})
	tests := map[string]struct {
		mechanism, name, password string
		want                      ck.ErrorCode
	}{
		"super user":     {"PLAIN", "root", "secret", ck.ErrNoError},
		"wrong password": {"PLAIN", "root", "wrong", ck.ErrTransport},
		"no ACL":         {"SCRAM-SHA-512", "ann", "pencil", ck.ErrTopicAuthorizationFailed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			topic := "orders"
			timeout := int(patience.Milliseconds())
			if tt.want == ck.ErrTransport {
				timeout = 500
			}
			md, err := admin(t, b, "security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", tt.mechanism,
				"sasl.username", tt.name, "sasl.password", tt.password).GetMetadata(&topic, false, timeout)
			var refused ck.Error
			if !errors.As(err, &refused) {
				if err != nil {
					t.Fatal(err)
				}
				refused = md.Topics[topic].Error
			}
			got := refused.Code()
			if got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestStrangersDoNoHarm(t *testing.T) {
	b := start(t, embedded.Config{Topics: []embedded.Topic{{Name: "orders", Partitions: 1}}})
	for name, bytes := range map[string]string{
		"HTTP":            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"TLS":             "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"unknown request": "\x00\x00\x00\x08\x7f\xff\x00\x00\x00\x00\x00\x00",
		"no request":      "\x00\x00\x00\x00\x00\x00\x00\x00",
		"half a request":  "\x00\x00\x00\x04\x00\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", b.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write([]byte(bytes)); err != nil {
				t.Fatal(err)
			}
			n, err := c.Read(make([]byte, 64))
			var ne net.Error
			if n > 0 || err == nil || errors.As(err, &ne) && ne.Timeout() {
				t.Errorf("read %d bytes, %v; want a closed connection", n, err)
			}
		})
	}
	produce(t, b, "orders", "one")
	if diff := cmp.Diff([]string{"one"}, read(t, b, "orders")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}
