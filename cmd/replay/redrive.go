package replay

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
)

// headerRedrives counts how often a record was sent back.
const headerRedrives = "kstream.redrives"

// redrive is --redrive: it sends dead letters back to the topics they come from.
type redrive struct {
	header string         // that names the topic; empty: those of letterKinds
	allow  *regexp.Regexp // nil: any
	most   int            // of --max-retries
}

// letterKind is how a program marks its dead letters.
type letterKind struct {
	topic, partition string   // names of headers
	binary           bool     // the partition is four bytes, big endian; else it is digits
	own              []string // prefixes of the headers that say why a record is a dead letter
}

// letterKinds are those that are known: kstream's own, Spring Kafka's
// DeadLetterPublishingRecoverer, Kafka Connect's (KIP-298) and Kafka Streams' (KIP-1034).
func letterKinds() []letterKind {
	return []letterKind{
		{topic: record.HeaderTopic, partition: record.HeaderPartition, own: []string{"kstream.source.", record.HeaderError}},
		{topic: "kafka_dlt-original-topic", partition: "kafka_dlt-original-partition", binary: true, own: []string{"kafka_dlt-"}},
		{topic: "__connect.errors.topic", partition: "__connect.errors.partition", own: []string{"__connect.errors."}},
		{topic: "__streams.errors.topic", partition: "__streams.errors.partition", own: []string{"__streams.errors."}},
	}
}

func (f *Options) planRedrive() (*redrive, error) {
	d := &redrive{header: f.RedriveHeader, most: f.MaxRetries}
	if f.RedriveAllow != "" {
		re, err := record.WholeName(f.RedriveAllow)
		if err != nil {
			return nil, cli.Usagef("--redrive-allow %s: %w", f.RedriveAllow, err)
		}
		d.allow = re
	}
	return d, nil
}

// lastHeader returns the newest header of a name: a record that failed again has several.
func lastHeader(headers []kafka.Header, name string) (kafka.Header, bool) {
	for _, h := range slices.Backward(headers) {
		if h.Key == name {
			return h, true
		}
	}
	return kafka.Header{}, false
}

// origin tells where a dead letter comes from: the topic, and the partition or -1.
func (d *redrive) origin(headers []kafka.Header) (topic string, partition int32, err error) {
	if d.header != "" {
		h, ok := lastHeader(headers, d.header)
		if !ok || len(h.Value) == 0 {
			return "", -1, fmt.Errorf("no header %s names a topic", d.header)
		}
		return string(h.Value), -1, nil
	}
	for _, kind := range letterKinds() {
		h, ok := lastHeader(headers, kind.topic)
		if !ok || len(h.Value) == 0 {
			continue
		}
		partition = -1
		at, ok := lastHeader(headers, kind.partition)
		switch {
		case !ok:
		case kind.binary && len(at.Value) == 4:
			partition = int32(binary.BigEndian.Uint32(at.Value))
		case !kind.binary:
			if n, err := strconv.ParseInt(string(at.Value), 10, 32); err == nil {
				partition = int32(n)
			}
		}
		return string(h.Value), partition, nil
	}
	return "", -1, errors.New("no header names the topic that the record comes from")
}

// strip leaves out the headers that made the record a dead letter, and the count.
func (d *redrive) strip(headers []kafka.Header) []kafka.Header {
	kept := make([]kafka.Header, 0, len(headers)+1)
	for _, h := range headers {
		if h.Key == headerRedrives || h.Key == d.header {
			continue
		}
		if slices.ContainsFunc(letterKinds(), func(kind letterKind) bool {
			return slices.ContainsFunc(kind.own, func(prefix string) bool { return strings.HasPrefix(h.Key, prefix) })
		}) {
			continue
		}
		kept = append(kept, h)
	}
	return kept
}

// tries reads how often a record was sent back.
func tries(headers []kafka.Header) int {
	h, _ := lastHeader(headers, headerRedrives)
	n, err := strconv.Atoi(string(h.Value))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// sendBack makes a dead letter the record that it was. It reports whether that may be sent
// back once more.
func (t *target) sendBack(ctx context.Context, out *kafka.Record) (bool, error) {
	d := t.plan.redrive
	topic, partition, err := d.origin(out.Headers)
	if err != nil {
		return false, &record.Unusable{Err: err}
	}
	n := tries(out.Headers)
	if n >= d.most {
		return false, nil
	}
	to, err := t.namedBy(ctx, topic)
	if err != nil {
		return false, err
	}
	t.note(topic, to.id)
	out.Topic, out.Partition = topic, kafka.AnyPartition
	if t.plan.partitioning == "keep" && partition >= 0 && partition < to.partitions {
		out.Partition = partition
	}
	out.Headers = append(d.strip(out.Headers), kafka.Header{Key: headerRedrives, Value: strconv.AppendInt(nil, int64(n+1), 10)})
	return true, nil
}

// redriveTarget is a topic that dead letters go back to.
type redriveTarget struct {
	id         string
	partitions int32
	err        error // why nothing may go there
}

// namedBy finds a topic that a record names, if it may go there.
func (t *target) namedBy(ctx context.Context, topic string) (redriveTarget, error) {
	if known, ok := t.named[topic]; ok {
		return known, known.err
	}
	h, d := redriveTarget{}, t.plan.redrive
	switch {
	case !record.TopicName.MatchString(topic) || topic == "." || topic == "..":
		h.err = &record.Unusable{Err: fmt.Errorf("%q cannot be a topic", topic)}
	case d.allow != nil && !d.allow.MatchString(topic):
		h.err = &record.Unusable{Err: fmt.Errorf("%s is not within --redrive-allow", topic)}
	case t.clusters.same && topic == t.source.topic:
		h.err = &record.Unusable{Err: fmt.Errorf("it names %s itself, where it is", topic)}
	default:
		topics, err := t.clusters.admin.Topics(ctx, topic)
		switch {
		case errors.Is(err, kafka.ErrUnknownTopic):
			h.err = &record.Unusable{Err: err}
		case err != nil:
			return redriveTarget{}, err
		case topics[0].Internal || topic == record.ProgressTopic:
			h.err = &record.Unusable{Err: fmt.Errorf("%s is a topic of the brokers' or kstream's own", topic)}
		default:
			h.id, h.partitions = topics[0].ID, int32(len(topics[0].Partitions))
		}
	}
	if t.named == nil {
		t.named = map[string]redriveTarget{}
	}
	if len(t.named) < maxNamed { // a hostile topic may name any number
		t.named[topic] = h
	}
	return h, h.err
}

// maxNamed bounds how many topics are remembered.
const maxNamed = 10_000
