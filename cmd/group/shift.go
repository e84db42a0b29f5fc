package group

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/kafka/position"
	"kstream/output"
)

// EmptyGroup returns what a group without members has committed.
func EmptyGroup(ctx context.Context, admin *kafka.Admin, group string, create bool) (map[kafka.TopicPartition]kafka.Commit, error) {
	infos, err := admin.Groups(ctx, group)
	if errors.Is(err, kafka.ErrUnknownGroup) && create {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := infos[0].RefuseActive(); err != nil {
		return nil, err
	}
	return admin.Committed(ctx, group)
}

// shiftItem is one partition of a plan that moves a group: from Prior to New, each
// null where there is none, and the timestamp of the record at New.
type shiftItem struct {
	Group     string `json:"group"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Prior     *int64 `json:"prior"`
	New       *int64 `json:"new"`
	Timestamp *int64 `json:"timestamp"`
	Note      string `json:"note,omitempty"`
	Applied   bool   `json:"applied"`
	Error     string `json:"error,omitempty"`

	commit kafka.Commit
}

// Shift moves the committed offsets of a group that has no members: the items are
// found first, shown, and then applied all at once.
type Shift struct {
	Env     *cli.Env
	Admin   *kafka.Admin
	Group   string
	Commits map[kafka.TopicPartition]kafka.Commit
	items   []shiftItem
	missing error // names the partitions whose logs are not known now, which stay where they are
}

// watermarks asks for the bounds of logs. Partitions that do not answer are left out, unless
// that is true of all.
func (s *Shift) watermarks(ctx context.Context, tps []kafka.TopicPartition) (map[kafka.TopicPartition]kafka.Watermarks, []kafka.TopicPartition, error) {
	marks, err := s.Admin.Watermarks(ctx, tps)
	var unanswered *kafka.UnansweredError
	if err == nil || !errors.As(err, &unanswered) || len(marks) == 0 {
		return marks, tps, err
	}
	s.missing = cli.Errorf(cli.CodePartial, "%w", err)
	for _, tp := range unanswered.Partitions {
		s.Leave(tp, unanswered.Cause.Error())
	}
	return marks, slices.DeleteFunc(slices.Clone(tps), func(tp kafka.TopicPartition) bool { return slices.Contains(unanswered.Partitions, tp) }), nil
}

// SortedPartitions returns the keys of m by topic, then by number.
func SortedPartitions[V any](m map[kafka.TopicPartition]V) []kafka.TopicPartition {
	return slices.SortedFunc(maps.Keys(m), func(a, b kafka.TopicPartition) int {
		return cmp.Or(strings.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
}

// Leave adds a partition that stays where it is.
func (s *Shift) Leave(tp kafka.TopicPartition, why string) {
	s.items = append(s.items, shiftItem{Group: s.Group, Topic: tp.Topic, Partition: tp.Partition, Prior: s.prior(tp), Note: why})
}

func (s *Shift) prior(tp kafka.TopicPartition) *int64 {
	if c, ok := s.Commits[tp]; ok {
		return &c.Offset
	}
	return nil
}

// ToPosition adds partitions that go to a position; one that it does not name is left
// out.
func (s *Shift) ToPosition(ctx context.Context, to position.Position, tps []kafka.TopicPartition) error {
	to = to.Of(s.Group)
	groups, err := StoredIn(ctx, s.Admin, to, StoredOffsets{s.Group: s.Commits})
	if err != nil {
		return err
	}
	marks, tps, err := s.watermarks(ctx, tps)
	if err != nil {
		return err
	}
	millis := map[kafka.TopicPartition]int64{}
	for _, tp := range tps {
		if point, ok := to.For(tp.Partition); ok && point.Kind == position.AtTime {
			millis[tp] = point.Millis()
		}
	}
	found, err := s.Admin.OffsetsAt(ctx, millis)
	if err != nil {
		return err
	}
	targets := map[kafka.TopicPartition]kafka.Commit{}
	for _, tp := range tps {
		point, ok := to.For(tp.Partition)
		if !ok {
			continue
		}
		m := marks[tp]
		stored := groups.Offset(point.Group, tp)
		if point.Kind == position.Stored && stored < 0 {
			s.Leave(tp, "never committed")
			continue
		}
		if m.Stable < m.End && (point.Kind == position.End || point.Kind == position.BeforeEnd) {
			s.Env.Notice("%s: records wait in an open transaction; the end is taken to be before them, at %d", tp, m.Stable)
		}
		answers := position.Answers{Stored: map[int32]int64{tp.Partition: stored}, Times: map[int32]int64{}}
		if at, asked := found[tp]; asked {
			answers.Times[tp.Partition] = at
		}
		offset, err := point.Resolve(tp.Partition, position.Log{Start: m.Start, End: m.Stable}, answers)
		if err != nil {
			return fmt.Errorf("%s: %w", tp, err)
		}
		targets[tp] = kafka.Commit{Offset: offset, LeaderEpoch: -1}
	}
	return s.within(ctx, targets, marks)
}

// ToOffsets adds partitions that go to given offsets. A partition that does not exist is
// an error.
func (s *Shift) ToOffsets(ctx context.Context, targets map[kafka.TopicPartition]kafka.Commit) error {
	partitions := map[string]int{}
	for tp := range targets {
		partitions[tp.Topic] = 0
	}
	topics, err := s.Admin.Topics(ctx, slices.Sorted(maps.Keys(partitions))...)
	if err != nil {
		return err
	}
	for _, t := range topics {
		partitions[t.Name] = len(t.Partitions)
	}
	tps := SortedPartitions(targets)
	for _, tp := range tps {
		if int(tp.Partition) >= partitions[tp.Topic] {
			return cli.Errorf(cli.CodeBadData, "%s: no such partition: the topic has 0–%d", tp, partitions[tp.Topic]-1)
		}
	}
	marks, tps, err := s.watermarks(ctx, tps)
	if err != nil {
		return err
	}
	there := make(map[kafka.TopicPartition]kafka.Commit, len(tps))
	for _, tp := range tps {
		there[tp] = targets[tp]
	}
	return s.within(ctx, there, marks)
}

// within moves offsets into the log and looks up the time of the record there.
func (s *Shift) within(ctx context.Context, targets map[kafka.TopicPartition]kafka.Commit, marks map[kafka.TopicPartition]kafka.Watermarks) error {
	first := len(s.items)
	var spans []kafka.Span
	for _, tp := range SortedPartitions(targets) {
		m, target := marks[tp], targets[tp]
		offset, clamped := position.Log{Start: m.Start, End: m.End}.Clamp(target.Offset)
		item := shiftItem{Group: s.Group, Topic: tp.Topic, Partition: tp.Partition, Prior: s.prior(tp), New: &offset, commit: target}
		switch {
		case clamped && offset == m.Start:
			item.Note = fmt.Sprintf("%d is before the log, which starts at %d", target.Offset, m.Start)
		case clamped:
			item.Note = fmt.Sprintf("%d is behind the log, which ends at %d", target.Offset, m.End)
		case offset == m.End:
			item.Note = "the end"
		}
		item.commit.Offset = offset
		spans = append(spans, kafka.Span{TopicPartition: tp, From: offset, To: m.End})
		s.items = append(s.items, item)
	}
	times, err := s.Admin.RecordTimes(ctx, spans)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		s.Env.Notice("the times of some records are not known: %v", err)
	}
	for i := first; i < len(s.items); i++ {
		item := &s.items[i]
		if millis, ok := times[kafka.TopicPartition{Topic: item.Topic, Partition: item.Partition}]; ok {
			item.Timestamp = &millis
		}
	}
	return nil
}

// moves reports whether the group is to stand elsewhere than now.
func (i *shiftItem) moves() bool {
	return i.New != nil && (i.Prior == nil || *i.Prior != *i.New)
}

// Moves are the offsets that are to be committed: those of partitions in which the group
// stands there already are not.
func (s *Shift) Moves() map[kafka.TopicPartition]kafka.Commit {
	commits := map[kafka.TopicPartition]kafka.Commit{}
	for i := range s.items {
		if item := &s.items[i]; item.moves() {
			commits[kafka.TopicPartition{Topic: item.Topic, Partition: item.Partition}] = item.commit
		}
	}
	return commits
}

// Run shows the plan, asks and applies it; with --dry-run it only shows it.
func (s *Shift) Run(ctx context.Context, cluster *connect.Cluster, l *cli.Listing, confirm *cli.Confirmation) error {
	const schema = "kstream.group.reset/v1"
	slices.SortFunc(s.items, func(a, b shiftItem) int {
		return cmp.Or(strings.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	commits := s.Moves()
	if len(commits) == 0 && !slices.ContainsFunc(s.items, func(i shiftItem) bool { return i.New != nil }) {
		return fmt.Errorf("%w: nothing of %s is to move", kafka.ErrFailed, s.Group)
	}
	if confirm.DryRun || len(commits) == 0 {
		if err := l.Print(schema, s.items, s.table); err != nil {
			return err
		}
		if len(commits) == 0 {
			s.Env.Notice("%s is there already: nothing moves", s.Group)
		}
		return s.missing
	}
	if err := cluster.RefuseWrites(); err != nil {
		return err
	}
	action := fmt.Sprintf("move group %s in %s", s.Group, cli.Count(int64(len(commits)), "partition"))
	if err := confirm.Ask(ctx, s.Env, s.table(), action); err != nil {
		return err
	}
	refused, err := s.Admin.SetCommitted(ctx, s.Group, commits)
	if err != nil {
		return err
	}
	causes := make([]error, 0, len(commits))
	for i := range s.items {
		item := &s.items[i]
		if !item.moves() {
			continue
		}
		err := refused[kafka.TopicPartition{Topic: item.Topic, Partition: item.Partition}]
		if item.Applied = err == nil; err != nil {
			item.Error = cli.OneLine(err.Error())
		}
		causes = append(causes, err)
	}
	if err := l.Print(schema, s.items, s.table); err != nil {
		return err
	}
	s.Env.Notice("%s: %s moved", s.Group, cli.Count(int64(len(commits)-len(refused)), "partition"))
	return cli.FirstOf(cli.SeveralErrors("partitions", causes), s.missing)
}

func (s *Shift) table() *output.Table {
	t := &output.Table{Columns: []output.Column{
		{Name: "topic"}, {Name: "partition", Right: true}, {Name: "prior", Right: true}, {Name: "new", Right: true}, {Name: "time"}, {Name: "note"},
	}}
	text := func(n *int64) string {
		if n == nil {
			return "-"
		}
		return strconv.FormatInt(*n, 10)
	}
	for i := range s.items {
		item := &s.items[i]
		at := "-"
		if item.Timestamp != nil {
			at = time.UnixMilli(*item.Timestamp).Format("2006-01-02T15:04:05.000Z07:00")
		}
		note := item.Note
		if item.Error != "" {
			note = item.Error
		}
		t.Add(item.Topic, strconv.Itoa(int(item.Partition)), text(item.Prior), text(item.New), at, note)
	}
	return t
}
