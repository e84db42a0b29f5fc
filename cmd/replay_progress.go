package cmd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"time"

	"kstream/kafka"
)

// Progress lives under names that others can see on their clusters: the group, on one
// cluster, or the topic, across clusters and from files.
const (
	transactionalPrefix = "kstream-replay-"
	groupPrefix         = "kstream-replay-"
	progressTopic       = "__kstream_progress"
)

// progressStamp says what progress belongs to. Topics are meant by their ids: one that is
// created again is another.
type progressStamp struct {
	Source string `json:"source"`
	Target string `json:"target,omitempty"`
	// Flags is a hash of those that choose and change records.
	Flags string `json:"flags,omitempty"`
}

// progressStore keeps, for each partition of SRC, the offset that comes next.
type progressStore interface {
	// load gives nil when there is no progress. What the last transaction under the name
	// did is decided, when the id of the transactions was taken over before.
	load(ctx context.Context) (map[int32]int64, progressStamp, error)
	// save writes through ship, as part of its transaction if it has one.
	save(live context.Context, ship *shipper, next map[int32]int64, stamp progressStamp) error
}

// groupStore keeps progress as the offsets of a group that nobody joins.
type groupStore struct {
	admin      *kafka.Admin
	cfg        kafka.Config
	group      string
	topic      string // SRC
	partitions []kafka.TopicPartition
}

func (s *groupStore) load(ctx context.Context) (map[int32]int64, progressStamp, error) {
	var stamp progressStamp
	commits, err := kafka.StableCommitted(ctx, s.cfg, s.group, s.partitions)
	if err != nil {
		return nil, stamp, err
	}
	var next map[int32]int64
	for tp, c := range commits {
		if next == nil {
			next = map[int32]int64{}
		}
		next[tp.Partition] = c.Offset
		if err := json.Unmarshal([]byte(c.Metadata), &stamp); err != nil {
			return nil, stamp, hint(fmt.Errorf("the offsets of group %s are not kstream's", s.group), "--name keeps progress under another name")
		}
	}
	return next, stamp, nil
}

func (s *groupStore) save(live context.Context, ship *shipper, next map[int32]int64, stamp progressStamp) error {
	metadata, err := json.Marshal(stamp)
	if err != nil {
		return err
	}
	commits := make(map[kafka.TopicPartition]kafka.Commit, len(next))
	for partition, offset := range next {
		commits[kafka.TopicPartition{Topic: s.topic, Partition: partition}] = kafka.Commit{Offset: offset, LeaderEpoch: -1, Metadata: string(metadata)}
	}
	if ship.transactions {
		group, err := kafka.MemberlessGroup(s.group)
		if err != nil {
			return err
		}
		return ship.producer.SendCommits(live, commits, group)
	}
	refused, err := s.admin.SetCommitted(live, s.group, commits)
	for _, why := range refused {
		err = errors.Join(err, why)
	}
	return err
}

// topicStore keeps progress as records of a compacted topic beside DST: the key is the
// name, the newest record under it counts.
type topicStore struct {
	admin *kafka.Admin
	cfg   kafka.Config
	name  string
	say   func(format string, args ...any)
}

// progressRecord is the value of such a record.
type progressRecord struct {
	Version int `json:"version"`
	progressStamp
	Next map[string]int64 `json:"next"` // by partition
}

// create makes the topic unless it is there. It has one partition, so that the order of
// its records is that of their transactions.
func (s *topicStore) create(ctx context.Context) error {
	_, err := s.admin.Topics(ctx, progressTopic)
	if !errors.Is(err, kafka.ErrUnknownTopic) {
		return err
	}
	err = s.admin.CreateTopic(ctx, kafka.TopicConfig{Name: progressTopic, Partitions: 1, Config: map[string]string{
		"cleanup.policy": "compact",
		"retention.ms":   "-1",
		"segment.bytes":  strconv.Itoa(16 << 20), // what a start has to read at most, about
	}})
	if errors.Is(err, kafka.ErrExists) {
		return nil
	}
	if err == nil {
		s.say("created %s on the cluster of DST", progressTopic)
	}
	return err
}

// openTransactionsLast is how long a transaction of another replay can hold back what is
// to be read: the coordinator ends it after its timeout.
const openTransactionsLast = 75 * time.Second

func (s *topicStore) load(ctx context.Context) (map[int32]int64, progressStamp, error) {
	tp := kafka.TopicPartition{Topic: progressTopic}
	topics, err := s.admin.Topics(ctx, progressTopic)
	if errors.Is(err, kafka.ErrUnknownTopic) {
		return nil, progressStamp{}, nil
	}
	if err != nil {
		return nil, progressStamp{}, err
	}
	marks, err := s.admin.Watermarks(ctx, []kafka.TopicPartition{tp})
	if err != nil {
		return nil, progressStamp{}, err
	}
	m := marks[tp]
	ctx, cancel := context.WithTimeoutCause(ctx, openTransactionsLast+s.cfg.Timeout,
		fmt.Errorf("%w: %s: a transaction stays open", kafka.ErrUnreachable, progressTopic))
	defer cancel()
	if m.Stable < m.End {
		s.say("waiting for the end of a transaction that another replay has open")
	}
	reader, err := kafka.OpenReader(s.cfg, kafka.ReaderConfig{Spans: []kafka.Span{
		{TopicPartition: tp, From: m.Start, To: m.End, Ahead: m.Stable < m.End, End: m.Stable},
	}}, topics)
	if err != nil {
		return nil, progressStamp{}, err
	}
	record, err := s.newest(ctx, reader)
	if err := firstOf(err, reader.Close()); err != nil || record == nil {
		return nil, progressStamp{}, err
	}
	next := make(map[int32]int64, len(record.Next))
	for text, offset := range record.Next {
		partition, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return nil, progressStamp{}, fmt.Errorf("%s: partition %q", progressTopic, text)
		}
		next[int32(partition)] = offset
	}
	return next, record.progressStamp, nil
}

// newest reads to the end and gives the last record under the name, or nil.
func (s *topicStore) newest(ctx context.Context, reader *kafka.Reader) (*progressRecord, error) {
	var b kafka.Batch
	var found *progressRecord
	for {
		err := reader.Next(ctx, &b)
		for i := range b.Records {
			r := &b.Records[i]
			if string(r.Key) != s.name {
				continue
			}
			found = new(progressRecord)
			if err := json.Unmarshal(r.Value, found); err != nil || found.Version != 1 {
				return nil, fmt.Errorf("%s is not kstream's progress", placeOf(r))
			}
		}
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (s *topicStore) save(live context.Context, ship *shipper, next map[int32]int64, stamp progressStamp) error {
	p := progressRecord{Version: 1, progressStamp: stamp, Next: make(map[string]int64, len(next))}
	for partition, offset := range next {
		p.Next[strconv.Itoa(int(partition))] = offset
	}
	value, err := json.Marshal(p)
	if err != nil {
		return err
	}
	record := kafka.Record{Topic: progressTopic, Key: []byte(s.name), Value: value}
	return firstOf(ship.put(live, &record, origin{partition: -1}), ship.hand(live), ship.settle(live))
}

// resume finds where a pass begins: where the progress under the name ends, or at the
// beginning of what is read, which is then kept as progress at once, so that a relative
// position means the same to the next run.
func (r *replay) resume(polling, live context.Context) (err error) {
	defer func() {
		if r.starts == nil && err == nil {
			r.starts = maps.Clone(r.next)
		}
	}()
	r.next = r.from.starts()
	r.due = r.env.Now().Add(checkpointEvery)
	if r.store == nil {
		r.kept = maps.Clone(r.next)
		return nil
	}
	next, stamp, err := r.store.load(polling)
	if err != nil {
		return fmt.Errorf("the progress of %s: %w", r.flags.name, err)
	}
	if first := r.kept == nil; first {
		next = r.judge(next, stamp)
	}
	if next == nil {
		if r.flags.dryRun {
			return nil
		}
		return r.keep(live)
	}
	for partition := range r.next {
		if at, ok := next[partition]; ok {
			r.next[partition] = at
		}
	}
	r.kept = maps.Clone(r.next)
	r.settleDoubt()
	return nil
}

// judge decides whether progress that was found is gone on with.
func (r *replay) judge(next map[int32]int64, stamp progressStamp) map[int32]int64 {
	name := r.flags.name
	switch {
	case next == nil:
		return nil
	case r.flags.restart:
		r.say("forgetting the progress of %s", name)
		return nil
	case stamp.Source != r.stamp.Source:
		r.say("%s is another one than that of the progress of %s: beginning anew", r.src, name)
		return nil
	case stamp.Target != r.stamp.Target:
		r.say("%s is another one than that of the progress of %s: beginning anew", r.dst, name)
		return nil
	}
	if stamp.Flags != r.stamp.Flags {
		r.say("%s was begun with other flags; these hold from where it ended", name)
	}
	r.say("going on with %s where it ended; --restart begins anew", name)
	return next
}

// flagsHash tells command lines apart that choose or change records differently.
func (f *replayFlags) flagsHash() string {
	h := sha256.New()
	given := false
	for _, name := range []string{
		"partitions", "filter", "map", "grep", "sample", "key-equals", "since", "until", "mask", "set-header", "drop-header",
		"partitioning", "timestamps", "key-serde", "value-serde", "isolation",
	} {
		if f.set(name) {
			given = true
			fmt.Fprintf(h, "%s=%s\n", name, f.text(name))
		}
	}
	if !given {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// defaultName is the name of progress when none was given: that of SRC and DST, as they
// are now.
func (r *replay) defaultName() string {
	sum := sha256.Sum256([]byte(r.ends.sourceID + "\x00" + r.stamp.Source + "\x00" + r.stamp.Target))
	parts := []string{r.from.topic, r.dst.topic, hex.EncodeToString(sum[:4])}
	if r.redrive != nil {
		parts[1] = "redrive"
	}
	name := ""
	for i, part := range parts {
		if i > 0 {
			name += "-"
		}
		name += part[:min(len(part), 90)]
	}
	return name
}
