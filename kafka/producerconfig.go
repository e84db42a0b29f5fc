package kafka

import (
	"cmp"
	"maps"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// ProducerConfig is how records are sent.
type ProducerConfig struct {
	Acks          string // all, 1 or 0; empty is all
	NoIdempotence bool   // allows duplicates and reordering when a broker fails
	Compression   string // none, gzip, snappy, lz4, zstd; empty is the client's default
	Partitioner   string // librdkafka's name; empty is murmur2_random, Java's choice
	Transactional string // the transactional id, or empty
	// OwnID is whether no other process ever uses the transactional id: being fenced then
	// means that a transaction took longer than transaction.timeout.ms, and only that
	// transaction is lost.
	OwnID bool
	// MaxBatch is the topic's max.message.bytes; 0 means librdkafka's batch.size. A broker
	// refuses a larger batch with all its records, so none is made; a record that is larger
	// is sent alone.
	MaxBatch int
	// Linger is how long a batch that is not full waits for more records; zero means 5 ms.
	Linger time.Duration

	// Delivered is called for every record that the broker acknowledged, with the batch
	// and the record's index in it; it may be nil. Failed is called for every record that
	// was refused or abandoned. Done is called when the fate of the whole batch is known,
	// and the batch may be reused. Delivered is called on a goroutine of the producer; the
	// others are too, or inside Send.
	Delivered func(o *Outgoing, i int, r Receipt)
	Failed    func(o *Outgoing, i int, err error)
	Done      func(o *Outgoing)

	onePerCall bool
}

// Receipt is where a record was stored.
type Receipt struct {
	Partition int32
	Offset    int64 // negative when the broker was not asked to acknowledge
	Timestamp int64 // milliseconds since the epoch; -1 when unknown
}

// maxMessage is the message.max.bytes of producers: it leaves it to the broker to refuse a
// record that is too large for its topic.
const maxMessage = 64 << 20

// DefaultBatch is librdkafka's batch.size in bytes.
const DefaultBatch = 1000000

// maxQueued is the most, in KiB, that librdkafka holds of records that wait.
const maxQueued = 32 << 10

func (pc *ProducerConfig) properties(cfg Config, l *logs) ck.ConfigMap {
	own := ck.ConfigMap{
		"go.delivery.report.fields":    "none",
		"go.events.channel.size":       1000, // a million of each, as it comes, is made before the first record
		"go.produce.channel.size":      1,    // nothing uses it
		"partitioner":                  "murmur2_random",
		"acks":                         "all",
		"enable.idempotence":           !pc.NoIdempotence,
		"delivery.timeout.ms":          millis(cfg.timeout(), time.Millisecond, maxSpan),
		"request.timeout.ms":           millis(cfg.timeout(), time.Millisecond, maxRequest),
		"queue.buffering.max.messages": 100000,
		"queue.buffering.max.kbytes":   maxQueued,
		"linger.ms":                    int(cmp.Or(pc.Linger, 5*time.Millisecond).Milliseconds()),
		"message.max.bytes":            maxMessage,
	}
	maps.Copy(own, l.properties())
	for name, value := range map[string]string{
		"acks": pc.Acks, "compression.type": pc.Compression, "partitioner": pc.Partitioner, "transactional.id": pc.Transactional,
	} {
		if value != "" {
			own[name] = value
		}
	}
	if pc.MaxBatch > 0 {
		own["batch.size"] = min(pc.MaxBatch, DefaultBatch)
	}
	if pc.Transactional != "" {
		own["delivery.timeout.ms"] = millis(cfg.timeout(), time.Millisecond, maxTransactionEnd) // never longer than the transaction
		own["transaction.timeout.ms"] = millis(cfg.timeout(), time.Minute, maxTransactionEnd)
	}
	return own
}
