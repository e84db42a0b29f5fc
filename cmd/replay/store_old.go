package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"kstream/cmd/record"
	"kstream/kafka"
)

// Progress as it was kept before each partition had a record of its own: on one cluster as
// the offsets of a group that nobody joins, which expire, and across clusters as one record
// for all partitions, which the next run with others replaced. It is read where there is
// no other, and the first transaction of the run keeps it anew.

// oldStamp is what such progress belongs to; a group has it as the metadata of offsets.
type oldStamp struct {
	Source string `json:"source"` // ids
	Target string `json:"target,omitempty"`
	Flags  string `json:"flags,omitempty"`
}

// oldProgress is the value of such a record, whose key is the name.
type oldProgress struct {
	Version int `json:"version"`
	oldStamp
	Next map[string]int64 `json:"next"` // by partition
}

func readOldProgress(value []byte) (*oldProgress, error) {
	if value == nil {
		return nil, nil
	}
	old := new(oldProgress)
	if err := json.Unmarshal(value, old); err != nil || old.Version != 1 {
		return nil, errors.Join(err, errors.New("another version"))
	}
	return old, nil
}

// belongs reports whether the stamp is that of SRC and DST as they are now.
func (s *progressStore) belongs(stamp oldStamp) bool {
	return stamp.Source == s.key.SourceID && stamp.Target == s.key.TargetID
}

// addOld adds what old has of partitions that found has not.
func (s *progressStore) addOld(found *stored, old *oldProgress) error {
	if old == nil || !s.belongs(old.oldStamp) {
		return nil
	}
	for text, offset := range old.Next {
		partition, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return fmt.Errorf("%s: partition %q", record.ProgressTopic, text)
		}
		found.add(int32(partition), progressValue{Next: offset, Flags: old.Flags, old: true})
	}
	return nil
}

// add notes a position unless there is a newer one.
func (p *stored) add(partition int32, value progressValue) {
	if _, ok := p.at[partition]; !ok {
		p.at[partition] = value
	}
}

// addGroup adds what the group of former versions has of partitions.
func (s *progressStore) addGroup(ctx context.Context, found *stored, partitions []kafka.TopicPartition) error {
	if s.group == "" {
		return nil
	}
	commits, err := kafka.StableCommitted(ctx, s.cfg, s.group, partitions)
	if errors.Is(err, kafka.ErrDenied) {
		return nil // a group that may not be read was none of ours
	}
	if err != nil {
		return err
	}
	for tp, c := range commits {
		var stamp oldStamp
		if json.Unmarshal([]byte(c.Metadata), &stamp) == nil && s.belongs(stamp) {
			found.add(tp.Partition, progressValue{Next: c.Offset, Flags: stamp.Flags, old: true})
		}
	}
	return nil
}
