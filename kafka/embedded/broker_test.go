package embedded_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/google/go-cmp/cmp"

	"kstream/kafka/embedded"
)

// patience bounds every wait for a state that a test expects.
const patience = 20 * time.Second

func start(t *testing.T, cfg embedded.Config) *embedded.Broker {
	t.Helper()
	b, err := embedded.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func client(b *embedded.Broker, more ...string) *ck.ConfigMap {
	cfg := &ck.ConfigMap{
		"bootstrap.servers":        b.Addr(),
		"enable.metrics.push":      false,
		"allow.auto.create.topics": false,
		"log_level":                0,
	}
	for i := 0; i < len(more); i += 2 {
		(*cfg)[more[i]] = more[i+1]
	}
	return cfg
}

func admin(t *testing.T, b *embedded.Broker, more ...string) *ck.AdminClient {
	t.Helper()
	a, err := ck.NewAdminClient(client(b, more...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// produce writes values to partition 0 of topic and waits for each delivery.
func produce(t *testing.T, b *embedded.Broker, topic string, values ...string) {
	t.Helper()
	p, err := ck.NewProducer(client(b, "enable.idempotence", "true"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	done := make(chan ck.Event, len(values))
	for _, v := range values {
		err := p.Produce(&ck.Message{TopicPartition: ck.TopicPartition{Topic: &topic, Partition: 0}, Value: []byte(v)}, done)
		if err != nil {
			t.Fatal(err)
		}
	}
	for range values {
		if m := (<-done).(*ck.Message); m.TopicPartition.Error != nil {
			t.Fatal(m.TopicPartition.Error)
		}
	}
}

// read returns the values of partition 0 of topic from its beginning to its end.
func read(t *testing.T, b *embedded.Broker, topic string, more ...string) []string {
	t.Helper()
	cfg := client(b, append(more, "group.id", "reader", "enable.auto.commit", "false", "fetch.wait.max.ms", "10")...)
	(*cfg)["enable.partition.eof"] = true
	c, err := ck.NewConsumer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// by number: the client waits half a second before it resolves "beginning"
	beginning := ck.Offset(offset(t, b, topic, ck.EarliestOffsetSpec))
	if err := c.Assign([]ck.TopicPartition{{Topic: &topic, Offset: beginning}}); err != nil {
		t.Fatal(err)
	}
	var values []string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		switch ev := c.Poll(100).(type) {
		case *ck.Message:
			values = append(values, string(ev.Value))
		case ck.PartitionEOF:
			return values
		case ck.Error:
			t.Fatal(ev)
		}
	}
	t.Fatalf("%s has no end; read %q", topic, values)
	return nil
}

// partitions counts the partitions of each topic there is.
func partitions(t *testing.T, b *embedded.Broker) map[string]int {
	t.Helper()
	md, err := admin(t, b).GetMetadata(nil, true, int(patience.Milliseconds()))
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]int)
	for name, topic := range md.Topics {
		counts[name] = len(topic.Partitions)
	}
	return counts
}

func TestTopicsExist(t *testing.T) {
	b := start(t, embedded.Config{
		Nodes:      3,
		Partitions: 4,
		Topics:     []embedded.Topic{{Name: "orders", Partitions: 2}, {Name: "refunds"}},
	})
	if n := strings.Count(b.Addr(), ","); n != 2 {
		t.Errorf("Addr() = %q, want three addresses", b.Addr())
	}
	if diff := cmp.Diff(map[string]int{"orders": 2, "refunds": 4}, partitions(t, b)); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
}

func TestAutoCreate(t *testing.T) {
	for name, want := range map[string]map[string]int{
		"allowed": {"unborn": 3},
		"off":     {},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, embedded.Config{Partitions: 3, AutoCreate: name == "allowed"})
			topic := "unborn"
			// an admin handle's metadata request asks for creation
			if _, err := admin(t, b, "allow.auto.create.topics", "true").GetMetadata(&topic, false, int(patience.Milliseconds())); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, partitions(t, b)); diff != "" {
				t.Errorf("topics (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPersists(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	cfg := embedded.Config{Dir: dir, Nodes: 3, Topics: []embedded.Topic{{Name: "orders", Partitions: 2}}}
	b := start(t, cfg)
	produce(t, b, "orders", "one", "two")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}

	// fewer nodes and another partition count: what is there stays, what is new comes
	cfg.Nodes = 1
	cfg.Topics = []embedded.Topic{{Name: "orders", Partitions: 7}, {Name: "refunds", Partitions: 1}}
	b = start(t, cfg)
	if diff := cmp.Diff([]string{"one", "two"}, read(t, b, "orders")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"orders": 2, "refunds": 1}, partitions(t, b)); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
	produce(t, b, "orders", "three")
	if diff := cmp.Diff([]string{"one", "two", "three"}, read(t, b, "orders")); diff != "" {
		t.Errorf("records after one more (-want +got):\n%s", diff)
	}
}

func TestDirBelongsToOneBroker(t *testing.T) {
	dir := t.TempDir()
	b := start(t, embedded.Config{Dir: dir})
	_, err := embedded.Start(embedded.Config{Dir: dir})
	if want := dir + ": another broker uses this directory"; err == nil || err.Error() != want {
		t.Errorf("second broker: %v, want %s", err, want)
	}
	if !errors.Is(err, embedded.ErrDirInUse) {
		t.Errorf("%v is not ErrDirInUse", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	start(t, embedded.Config{Dir: dir})
}

func TestDirOfOthersIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := embedded.Start(embedded.Config{Dir: dir})
	want := dir + ": thesis.txt: no file of a broker"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if !errors.Is(err, embedded.ErrDirForeign) {
		t.Errorf("%v is not ErrDirForeign", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("%d files in the directory, want thesis.txt alone", len(entries))
	}
}

func TestStartRefuses(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := busy.Addr().String()
	tests := map[string]struct {
		cfg     embedded.Config
		wantErr string
	}{
		"port in use":        {embedded.Config{Listen: taken}, "listen " + taken + ": the port is in use"},
		"no port":            {embedded.Config{Listen: "localhost"}, "listen localhost: want HOST:PORT"},
		"bad port":           {embedded.Config{Listen: ":99999"}, `listen :99999: port "99999": want 0 to 65535`},
		"bad advertise":      {embedded.Config{Advertise: "a:b"}, `advertise a:b: port "b": want 0 to 65535`},
		"advertise any port": {embedded.Config{Advertise: "a:0"}, "advertise a:0: want HOST or HOST:PORT"},
		"advertise no host":  {embedded.Config{Advertise: ":9092"}, "advertise :9092: want HOST or HOST:PORT"},
		"last port":          {embedded.Config{Listen: "127.0.0.1:65535", Nodes: 2}, "listen 127.0.0.1:65535: 2 nodes need the ports that follow, up to 65535"},
		"last advertised":    {embedded.Config{Advertise: "a:65535", Nodes: 2}, "advertise a:65535: 2 nodes need the ports that follow, up to 65535"},
		"many nodes":         {embedded.Config{Nodes: 101}, "101 nodes: want 1 to 100"},
		"no partitions":      {embedded.Config{Partitions: -1}, "-1 partitions: want 1 to 10000"},
		"topic name":         {embedded.Config{Topics: []embedded.Topic{{Name: "a b"}}}, `topic name "a b": want letters, digits, '.', '_' and '-'`},
		"topic partitions":   {embedded.Config{Topics: []embedded.Topic{{"a", 10_001}}}, "topic a: 10001 partitions: want 1 to 10000"},
		"topic twice":        {embedded.Config{Topics: []embedded.Topic{{"a", 1}, {"a", 2}}}, "topic a is given twice"},
		"mechanism":          {embedded.Config{Users: []embedded.User{{Mechanism: "GSSAPI", Name: "ann"}}}, `user ann: mechanism "GSSAPI": want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512`},
		"acls alone":         {embedded.Config{ACLs: true}, "ACLs need at least one user, or nobody could do anything"},
		"directory is file":  {embedded.Config{Dir: file}, file + ": not a directory"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b, err := embedded.Start(tt.cfg)
			if err == nil {
				b.Close()
				t.Fatal("started")
			}
			if diff := cmp.Diff(tt.wantErr, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAdvertise(t *testing.T) {
	tests := map[string]struct {
		listen, advertise string
		want              string // with * for a port of the kernel's choice
	}{
		"default":       {"", "", "127.0.0.1:*,127.0.0.1:*"},
		"name":          {"localhost:0", "", "localhost:*,localhost:*"},
		"wildcard":      {"0.0.0.0:0", "", "127.0.0.1:*,127.0.0.1:*"},
		"other host":    {"", "kafka.example", "kafka.example:*,kafka.example:*"},
		"host and port": {"", "kafka.example:19092", "kafka.example:19092,kafka.example:19093"},
		"IPv6":          {"", "[::1]:19092", "[::1]:19092,[::1]:19093"},
		"IPv6 host":     {"", "[::1]", "[::1]:*,[::1]:*"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := start(t, embedded.Config{Listen: tt.listen, Advertise: tt.advertise, Nodes: 2})
			ports := regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(tt.want), `\*`, `\d+`))
			if got := b.Addr(); ports.FindString(got) != got {
				t.Errorf("Addr() = %s, want %s", got, tt.want)
			}
			if got, want := b.Loopback(), name != "wildcard"; got != want {
				t.Errorf("Loopback() = %t, want %t", got, want)
			}
		})
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	var addr string
	for range 3 {
		b := start(t, embedded.Config{Nodes: 2, Topics: []embedded.Topic{{Name: "orders"}}})
		produce(t, b, "orders", "one")
		addr, _, _ = strings.Cut(b.Addr(), ",")
		idle, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Errorf("%s still accepts connections", addr)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for runtime.NumGoroutine() > before {
		select {
		case <-tick.C:
		case <-deadline:
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
