package cmd

import (
	"context"
	"maps"

	"kstream/kafka"
	"kstream/kafka/position"
)

// storedOffsets is what groups have committed, by their names.
type storedOffsets map[string]map[kafka.TopicPartition]kafka.Commit

// storedIn asks what the groups have committed that pos names; known is what was found
// out already. A group that does not exist is an error.
func storedIn(ctx context.Context, admin *kafka.Admin, pos position.Position, known storedOffsets) (storedOffsets, error) {
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

// offset returns the committed offset of a partition; -1 when there is none.
func (s storedOffsets) offset(group string, tp kafka.TopicPartition) int64 {
	if c, ok := s[group][tp]; ok {
		return c.Offset
	}
	return -1
}

// refuseStored refuses a position that is about a group where no command line names one.
func refuseStored(flag, text string, pos position.Position) error {
	if !pos.WantsGroup() {
		return nil
	}
	return hint(usagef("--%s %s: stored is the committed offset of a group, and there is none here", flag, text), "stored:GROUP names one")
}
