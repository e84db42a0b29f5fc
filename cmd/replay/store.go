package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
)

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

// create makes the topic unless it is there.
func (s *progressStore) create(ctx context.Context) error {
	return record.CreateProgress(ctx, s.admin, s.say)
}

// load returns the progress that is kept. What the last transaction under the name did is
// decided, when the id of the transactions was taken over before.
func (s *progressStore) load(ctx context.Context) (*stored, error) {
	found := &stored{at: map[int32]progressValue{}}
	mine := []byte(fmt.Sprintf(`{"name":%q,`, s.key.Name))
	var old *oldProgress
	there, err := record.ReadProgress(ctx, s.admin, s.cfg, s.say, func(r *kafka.Record) (bad error) {
		switch {
		case bytes.HasPrefix(r.Key, mine):
			bad = s.read(r, found)
		case string(r.Key) == s.key.Name:
			old, bad = readOldProgress(r.Value)
		}
		if bad != nil {
			return fmt.Errorf("%s is not kstream's progress", record.PlaceOf(r))
		}
		return nil
	})
	if err != nil || !there {
		return found, err
	}
	return found, s.addOld(found, old)
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
		kept := kafka.Record{Topic: record.ProgressTopic, Key: key, Value: value, Timestamp: kafka.Now}
		if err := to.put(live, &kept, record.Origin{Partition: -1}); err != nil {
			return err
		}
	}
	return cli.FirstOf(to.hand(live), to.settle(live))
}
