package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
)

// progressTopic is the compacted topic that progress is kept in, on the cluster of DST.
const progressTopic = "__kstream_progress"

// progressKey is the key of a record of it: what a position belongs to. Topics are meant
// by their ids: one that is created again is another.
type progressKey struct {
	Name      string `json:"name"`
	Cluster   string `json:"cluster,omitempty"` // of SRC
	Source    string `json:"source"`
	SourceID  string `json:"source_id"` // of a dump, its checksum
	Target    string `json:"target,omitempty"`
	TargetID  string `json:"target_id,omitempty"`
	Partition int32  `json:"partition"` // of SRC
}

// progressValue is how far the partition is. The newest record under a key counts.
type progressValue struct {
	Version int   `json:"version"`
	Next    int64 `json:"next"`
	// Flags is a hash of those that choose and change records.
	Flags string `json:"flags,omitempty"`
	old   bool   // it was found where a former version kept it
}

// progressStore keeps, for each partition of SRC, the offset that comes next.
type progressStore struct {
	admin *kafka.Admin
	cfg   kafka.Config
	key   progressKey // but for the partition
	flags string
	group string // that progress was kept as the offsets of, once; empty when SRC is on another cluster
	say   func(format string, args ...any)
}

// stored is what is kept under a name.
type stored struct {
	at map[int32]progressValue // for SRC and DST as they are now
	// former has keys with the same topics by name, of which one was created again since.
	former []progressKey
}

// create makes the topic unless it is there. It has one partition, so that the order of
// its records is that of their transactions.
func (s *progressStore) create(ctx context.Context) error {
	_, err := s.admin.Topics(ctx, progressTopic)
	if err == nil {
		return s.checkLasts(ctx)
	}
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
		s.say("created %s on the cluster of DST, which keeps the progress", progressTopic)
	}
	return err
}

// checkLasts refuses a topic whose records expire.
func (s *progressStore) checkLasts(ctx context.Context) error {
	answers, err := s.admin.TopicSettings(ctx, progressTopic)
	if err != nil || answers[progressTopic].Err != nil {
		return nil // who may write a topic need not be allowed to see its settings
	}
	settings := answers[progressTopic]
	policy := settings.Find("cleanup.policy")
	if policy == nil || !strings.Contains(policy.Value, "delete") {
		return nil
	}
	return cli.Hint(fmt.Errorf("%s has cleanup.policy=%s: progress in it would expire", progressTopic, policy.Value),
		"kstream topic alter %s --config cleanup.policy=compact", progressTopic)
}

// openTransactionsLast is how long a transaction of another replay can hold back what is
// to be read: the coordinator ends it after its timeout.
const openTransactionsLast = 75 * time.Second

// load returns the progress that is kept. What the last transaction under the name did is
// decided, when the id of the transactions was taken over before.
func (s *progressStore) load(ctx context.Context) (*stored, error) {
	found := &stored{at: map[int32]progressValue{}}
	tp := kafka.TopicPartition{Topic: progressTopic}
	topics, err := s.admin.Topics(ctx, progressTopic)
	if errors.Is(err, kafka.ErrUnknownTopic) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	marks, err := s.admin.Watermarks(ctx, []kafka.TopicPartition{tp})
	if err != nil {
		return nil, err
	}
	m := marks[tp]
	ctx, cancel := context.WithTimeoutCause(ctx, openTransactionsLast+s.cfg.Timeout,
		fmt.Errorf("%w: %s: a transaction stays open", kafka.ErrUnreachable, progressTopic))
	defer cancel()
	if m.Stable < m.End {
		waits := time.AfterFunc(time.Second, func() { s.say("waiting for the end of a transaction that another replay has open") })
		defer waits.Stop()
	}
	reader, err := kafka.OpenReader(s.cfg, kafka.ReaderConfig{Spans: []kafka.Span{
		{TopicPartition: tp, From: m.Start, To: m.End, Ahead: m.Stable < m.End, End: m.Stable},
	}}, topics)
	if err != nil {
		return nil, err
	}
	err = s.readAll(ctx, reader, found)
	return found, cli.FirstOf(err, reader.Close())
}

// readAll reads the topic up to the end that reader has.
func (s *progressStore) readAll(ctx context.Context, reader *kafka.Reader, found *stored) error {
	mine := []byte(fmt.Sprintf(`{"name":%q,`, s.key.Name))
	var old *oldProgress
	var b kafka.Batch
	for {
		err := reader.Next(ctx, &b)
		for i := range b.Records {
			r := &b.Records[i]
			var bad error
			switch {
			case bytes.HasPrefix(r.Key, mine):
				bad = s.read(r, found)
			case string(r.Key) == s.key.Name:
				old, bad = readOldProgress(r.Value)
			}
			if bad != nil {
				return fmt.Errorf("%s is not kstream's progress", record.PlaceOf(r))
			}
		}
		if errors.Is(err, io.EOF) {
			return s.addOld(found, old)
		}
		if err != nil {
			return err
		}
	}
}

// read takes a record whose name is that of the progress.
func (s *progressStore) read(r *kafka.Record, found *stored) error {
	var key progressKey
	if err := json.Unmarshal(r.Key, &key); err != nil {
		return err
	}
	if want := s.of(key.Partition); key != want {
		if key.Cluster == want.Cluster && key.Source == want.Source && key.Target == want.Target {
			found.former = append(found.former, key)
		}
		return nil
	}
	if r.Value == nil {
		delete(found.at, key.Partition)
		return nil
	}
	var value progressValue
	if err := json.Unmarshal(r.Value, &value); err != nil || value.Version != 2 {
		return errors.Join(err, errors.New("another version"))
	}
	found.at[key.Partition] = value
	return nil
}

// of is the key of a partition.
func (s *progressStore) of(partition int32) progressKey {
	key := s.key
	key.Partition = partition
	return key
}

// save writes the positions that are not kept yet through to, as part of its
// transaction if it has one.
func (s *progressStore) save(live context.Context, to *sender, next, kept map[int32]int64) error {
	for partition, offset := range next {
		if at, ok := kept[partition]; ok && at == offset {
			continue
		}
		key, err := json.Marshal(s.of(partition))
		if err != nil {
			return err
		}
		value, err := json.Marshal(progressValue{Version: 2, Next: offset, Flags: s.flags})
		if err != nil {
			return err
		}
		kept := kafka.Record{Topic: progressTopic, Key: key, Value: value, Timestamp: kafka.Now}
		if err := to.put(live, &kept, record.Origin{Partition: -1}); err != nil {
			return err
		}
	}
	return cli.FirstOf(to.hand(live), to.settle(live))
}
