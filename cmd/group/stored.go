package group

import (
	"context"
	"maps"
	"slices"

	"kstream/cmd/cli"
	"kstream/kafka"
	"kstream/kafka/position"
)

// StoredOffsets is what groups have committed, by their names.
type StoredOffsets map[string]map[kafka.TopicPartition]kafka.Commit

// StoredIn asks what the groups have committed that pos names; known is what was found
// out already. A group that does not exist is an error.
func StoredIn(ctx context.Context, admin *kafka.Admin, pos position.Position, known StoredOffsets) (StoredOffsets, error) {
	stored := maps.Clone(known)
	for _, group := range pos.Groups() {
		if _, ok := known[group]; ok {
			continue
		}
		if _, err := admin.Groups(ctx, group); err != nil {
			return nil, err
		}
		commits, err := admin.Committed(ctx, group)
		if err != nil {
			return nil, err
		}
		stored[group] = commits
	}
	return stored, nil
}

// TopicsOf lists the topics that a group has committed offsets for, or that its members have
// partitions of, sorted.
func TopicsOf(ctx context.Context, admin *kafka.Admin, group string) ([]string, error) {
	infos, err := admin.Groups(ctx, group)
	if err != nil {
		return nil, err
	}
	commits, err := admin.Committed(ctx, group)
	if err != nil {
		return nil, err
	}
	topics := map[string]bool{}
	for tp := range commits {
		topics[tp.Topic] = true
	}
	for tp := range infos[0].Owners() {
		topics[tp.Topic] = true
	}
	return slices.Sorted(maps.Keys(topics)), nil
}

// Offset returns the committed offset of a partition; -1 when there is none.
func (s StoredOffsets) Offset(group string, tp kafka.TopicPartition) int64 {
	if c, ok := s[group][tp]; ok {
		return c.Offset
	}
	return -1
}

// RefuseStored refuses a position that is about a group where no command line names one.
func RefuseStored(flag, text string, pos position.Position) error {
	if !pos.WantsGroup() {
		return nil
	}
	return cli.Hint(cli.Usagef("--%s %s: stored is the committed offset of a group, and there is none here", flag, text), "stored:GROUP names one")
}
