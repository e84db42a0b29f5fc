package kafka

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka/chaostest"
	"kstream/kafka/embedded"
)

// proxied is a broker behind a proxy, with a topic t of one partition and n records.
func proxied(t *testing.T, n int) (Config, *chaostest.Proxy) {
	t.Helper()
	listen, err := chaostest.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := chaostest.New(listen)
	if err != nil {
		t.Fatal(err)
	}
	broker, err := embedded.Start(embedded.Config{Listen: listen, Advertise: proxy.Addr(), Topics: []embedded.Topic{{Name: "t", Partitions: 1}}})
	if err != nil {
		t.Fatal(errors.Join(err, proxy.Close()))
	}
	t.Cleanup(func() {
		if err := errors.Join(proxy.Close(), broker.Close()); err != nil {
			t.Error(err)
		}
	})
	cfg := Config{Brokers: []string{proxy.Addr()}, Timeout: 10 * time.Second}
	fill(t, cfg, "t", numbered(0, n))
	return cfg, proxy
}

func TestReaderOfCorruptData(t *testing.T) {
	tests := map[string]struct {
		times   int
		wantErr string
	}{
		"once":    {times: 1},
		"forever": {wantErr: "t[0]@0: corrupt data"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			paths(t, func(t *testing.T, onePerCall bool) {
				cfg, proxy := proxied(t, 0)
				fill(t, cfg, "t", func(o *Outgoing) { o.Add(nil, []byte("needle"), nil, 0, Now) })
				proxy.Set(chaostest.Fault{API: chaostest.Fetch, Corrupt: chaostest.Flip([]byte("needle")), Times: test.times})
				r := startReading(t, cfg, ReaderConfig{Spans: []Span{{TopicPartition: TopicPartition{"t", 0}, To: 1}}, onePerCall: onePerCall})
				err := r.run(nil)
				if test.wantErr != "" {
					if !errors.Is(err, ErrCorrupt) || !strings.HasPrefix(err.Error(), test.wantErr) {
						t.Errorf("%v; records %q", err, r.records)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{"0@0 needle"}, r.records); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff([]string{"t[0]@0: a checksum does not hold; fetching it again"}, r.notices); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestReaderSurvivesCuts(t *testing.T) {
	cfg, proxy := proxied(t, 500)
	at := 40
	proxy.Set(chaostest.Fault{API: chaostest.Fetch, Cut: &at, Times: 5})
	r := startReading(t, cfg, ReaderConfig{Spans: []Span{{TopicPartition: TopicPartition{"t", 0}, To: 500}}})
	if err := r.run(nil); err != nil {
		t.Fatal(err)
	}
	if len(r.records) != 500 || proxy.Faults() != 5 {
		t.Errorf("%d records after %d cuts", len(r.records), proxy.Faults())
	}
}

func TestReaderWithoutABroker(t *testing.T) {
	cfg, proxy := proxied(t, 3)
	follow := ReaderConfig{Spans: []Span{{TopicPartition: TopicPartition{"t", 0}, To: Follow}}}
	r := startReading(t, cfg, follow)
	r.until("the records", r.read("0@2 2"))
	if err := proxy.Refuse(); err != nil {
		t.Fatal(err)
	}
	r.until("the notice", r.noticed("no broker answers: "))
	impatient := cfg
	impatient.Timeout = time.Second
	bounded := startReading(t, impatient, ReaderConfig{Spans: []Span{{TopicPartition: TopicPartition{"t", 0}, To: 3}}})
	if err := bounded.run(nil); !errors.Is(err, ErrUnreachable) {
		t.Errorf("a bounded read: %v", err)
	}
	if err := proxy.Accept(); err != nil {
		t.Fatal(err)
	}
	r.until("the broker", r.noticed("a broker answers again"))
	fill(t, cfg, "t", numbered(3, 1))
	r.until("the next record", r.read("0@3 3"))
	if n := strings.Count(strings.Join(r.notices, "\n"), "no broker answers"); n != 1 {
		t.Errorf("%d notices: %q", n, r.notices)
	}
}

// A reader that follows goes on when the answer of a broker is lost on a connection that stays
// open, after the time that a socket may be silent.
func TestReaderOfASilentBroker(t *testing.T) {
	cfg, proxy := proxied(t, 3)
	cfg.Properties = map[string]string{"socket.timeout.ms": "2000", "fetch.wait.max.ms": "200"}
	r := startReading(t, cfg, ReaderConfig{Spans: []Span{{TopicPartition: TopicPartition{"t", 0}, To: Follow}}})
	r.until("the records", r.read("0@2 2"))
	proxy.Set(chaostest.Fault{API: chaostest.Fetch, DropResponses: true, Times: 1})
	fill(t, cfg, "t", numbered(3, 1))
	r.until("the record after the silence", r.read("0@3 3"))
	if n := proxy.Faults(); n != 1 {
		t.Errorf("%d answers were lost", n)
	}
}

// A broker that lost the end of its log in a crash uses those offsets again.
func TestReaderOfATruncatedLog(t *testing.T) {
	dir := t.TempDir()
	before, after := dir+"/before", dir+"/after"
	listen, err := chaostest.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	start := func(dir string) *embedded.Broker {
		b, err := embedded.Start(embedded.Config{Listen: listen, Dir: dir, Topics: []embedded.Topic{{Name: "t", Partitions: 1}}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	cfg := Config{Brokers: []string{listen}, Timeout: 10 * time.Second}
	b := start(before)
	fill(t, cfg, "t", numbered(0, 3))
	if err := errors.Join(b.Close(), os.CopyFS(after, os.DirFS(before))); err != nil {
		t.Fatal(err)
	}
	b = start(before)
	fill(t, cfg, "t", numbered(3, 7))
	r := startReading(t, cfg, ReaderConfig{Spans: []Span{{TopicPartition: TopicPartition{"t", 0}, To: Follow}}})
	r.until("the records", r.read("0@9 9"))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = start(after)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	r.until("the notice", r.noticed("t[0] was truncated: it ended at 10, now at 3; reading goes on there"))
	fill(t, cfg, "t", numbered(103, 1))
	r.until("the new record", r.read("0@3 103"))
}
