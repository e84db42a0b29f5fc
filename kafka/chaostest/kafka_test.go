package chaostest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"kstream/kafka/embedded"
)

// A real client through the proxy: it follows the advertised address, survives
// a lost acknowledgement without a duplicate, and sees a flipped bit by its checksum.
func TestKafkaClient(t *testing.T) {
	listen, err := FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	b, err := embedded.Start(embedded.Config{Listen: listen, Advertise: p.Addr(), Topics: []embedded.Topic{{Name: "t", Partitions: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	c, err := kgo.NewClient(kgo.SeedBrokers(p.Addr()), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.MetadataMinAge(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p.Set(Fault{API: Produce, Cut: new(int), Times: 1}) // stored, then cut before the acknowledgement
	if err := c.ProduceSync(t.Context(), &kgo.Record{Topic: "t", Value: []byte("needle")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if p.Faults() != 1 || p.Requests(Produce) < 2 {
		t.Errorf("%d faults over %d produce requests, want 1 over at least 2", p.Faults(), p.Requests(Produce))
	}

	p.Set(Fault{API: Fetch, Corrupt: Flip([]byte("needle")), Times: 1})
	reader, err := kgo.NewClient(kgo.SeedBrokers(p.Addr()), kgo.ConsumeTopics("t"), kgo.FetchMaxWait(100*time.Millisecond), kgo.MetadataMinAge(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var values []string
	for len(values) == 0 {
		f := reader.PollFetches(t.Context()) // the damaged batch is an error or a retry, never a record
		f.EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	if d := cmp.Diff([]string{"needle"}, values); d != "" {
		t.Error(d)
	}
	if p.Faults() != 2 {
		t.Errorf("%d faults, want 2: the fetch was not corrupted", p.Faults())
	}
}
