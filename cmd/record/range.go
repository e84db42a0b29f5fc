package record

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/group"
	"kstream/kafka"
	"kstream/kafka/position"
)

// PartitionList writes partitions as orders[4,5], one topic after the other.
func PartitionList(offsets map[kafka.TopicPartition]int64) string {
	topics := map[string][]int{}
	for tp := range offsets {
		topics[tp.Topic] = append(topics[tp.Topic], int(tp.Partition))
	}
	names := make([]string, 0, len(topics))
	for topic := range topics {
		names = append(names, topic)
	}
	slices.Sort(names)
	var list []byte
	for i, topic := range names {
		if i > 0 {
			list = append(list, ' ')
		}
		list = append(append(list, topic...), '[')
		slices.Sort(topics[topic])
		for j, p := range topics[topic] {
			if j > 0 {
				list = append(list, ',')
			}
			list = strconv.AppendInt(list, int64(p), 10)
		}
		list = append(list, ']')
	}
	return string(list)
}

// RangeOptions say which part of the topics is read. Every command that reads has them.
type RangeOptions struct {
	From, To   string
	Partitions string
	Regex      bool
	Wait       bool
	Isolation  string
}

// Range is RangeOptions, checked.
type Range struct {
	Topics        []string
	Patterns      []*regexp.Regexp
	wait          bool // for a topic that matches
	From, to      position.Position
	HasFrom       bool
	HasTo         bool
	ToEnd         bool             // stop at the end captured at the start
	partitions    []int32          // nil: all
	partitionOf   map[string]int32 // the only one to read of each topic; nil: see partitions
	Uncommitted   bool
	Awaits        bool   // read without an end what has no leader, once it has one
	group         string // that stored is about; empty: none
	fromText, end string // as typed
}

// Bounded reports whether the read ends by itself.
func (p *Range) Bounded() bool { return p.ToEnd || p.HasTo }

// Plan returns what is read of topics, from where and to where, or a usage error. It asks
// nobody: positions are resolved once there is a cluster.
func (f *RangeOptions) Plan(env *cli.Env, topics []string) (*Range, error) {
	p := &Range{wait: f.Wait, fromText: f.From, end: f.To}
	for _, topic := range topics {
		if topic == "" {
			return nil, cli.Usagef("a topic name is empty")
		}
		if !slices.Contains(p.Topics, topic) {
			p.Topics = append(p.Topics, topic)
		}
	}
	var err error
	if f.From != "" {
		p.HasFrom = true
		if p.From, err = position.Parse(f.From, env.Now()); err != nil {
			return nil, cli.Usagef("--from-offset: %w", err)
		}
	}
	if f.To != "" {
		p.HasTo = true
		if p.to, err = position.Parse(f.To, env.Now()); err != nil {
			return nil, cli.Usagef("--to-offset: %w", err)
		}
	}
	if f.Partitions != "" {
		if p.partitions, err = position.ParsePartitions(f.Partitions); err != nil {
			return nil, cli.Usagef("--partitions: %w", err)
		}
	}
	switch f.Isolation {
	case "read_committed":
	case "read_uncommitted":
		p.Uncommitted = true
	default:
		return nil, cli.Usagef("--isolation %s: want read_committed or read_uncommitted", f.Isolation)
	}
	if p.wait && !f.Regex {
		return nil, cli.Usagef("--wait-for-match goes with --regex")
	}
	if f.Regex {
		for _, topic := range p.Topics {
			re, err := WholeName(topic)
			if err != nil {
				return nil, cli.Usagef("topic pattern %s: %w", topic, err)
			}
			p.Patterns = append(p.Patterns, re)
		}
	}
	return p, nil
}

// Of makes stored the committed offset of a group.
func (p *Range) Of(group string) { p.group = group }

// RefuseStored refuses stored alone, where there is no group.
func (p *Range) RefuseStored() error {
	if p.group != "" {
		return nil
	}
	return cli.FirstOf(group.RefuseStored("from-offset", p.fromText, p.From), group.RefuseStored("to-offset", p.end, p.to))
}

// selects reports whether a partition is to be read.
func (p *Range) selects(tp kafka.TopicPartition) bool {
	if p.partitionOf != nil {
		return p.partitionOf[tp.Topic] == tp.Partition
	}
	return p.partitions == nil || slices.Contains(p.partitions, tp.Partition)
}

// names reports whether the positions name a partition: one that does not, like 0=10, has
// others left out.
func (p *Range) names(tp kafka.TopicPartition) bool {
	_, from := p.From.For(tp.Partition)
	_, to := p.to.For(tp.Partition)
	return (from || !p.HasFrom) && (to || !p.HasTo)
}

// Grows reports whether partitions that are new are read too.
func (p *Range) Grows() bool {
	return !p.Bounded() && p.partitions == nil && p.partitionOf == nil && p.From.Partitions() == nil
}

// Part is the range of one topic or several that is read.
type Part struct {
	Spans []kafka.Span
	Notes []string // what a person should know about it
	// Missing names the partitions that cannot be read now, and why; nil without any.
	Missing error
	unknown []kafka.TopicPartition // those partitions
}

// Whole is the error of a part of which something is missing.
func (r *Part) Whole(err error) error { return cli.FirstOf(err, r.Missing) }

// Spans turns positions into offsets. Partitions of which nothing is heard within the
// timeout are missing, unless that is true of all.
func (p *Range) Spans(ctx context.Context, admin *kafka.Admin, topics []kafka.Topic) (Part, error) {
	var r Part
	if err := p.checkPartitions(topics); err != nil {
		return r, err
	}
	var tps []kafka.TopicPartition
	for _, t := range topics {
		for _, one := range t.Partitions {
			if tp := (kafka.TopicPartition{Topic: t.Name, Partition: one.ID}); p.selects(tp) {
				tps = append(tps, tp)
			}
		}
	}
	marks, err := admin.Watermarks(ctx, tps)
	var unanswered *kafka.UnansweredError
	switch {
	case errors.As(err, &unanswered):
		r.unknown = unanswered.Partitions
		if r.Missing = p.follow(&r, unanswered); r.Missing != nil {
			r.Missing = cli.Errorf(cli.CodePartial, "%w", r.Missing)
		}
		if len(marks) == 0 && len(r.Spans) == 0 {
			return r, err
		}
		tps = slices.DeleteFunc(tps, func(tp kafka.TopicPartition) bool { return slices.Contains(unanswered.Partitions, tp) })
	case err != nil:
		return r, err
	}
	from, anew, err := p.Resolve(ctx, admin, p.From, tps, marks)
	if err != nil {
		return r, fmt.Errorf("--from-offset %s: %w", p.fromText, err)
	}
	to, never, err := p.Resolve(ctx, admin, p.to, tps, marks)
	if err != nil {
		return r, fmt.Errorf("--to-offset %s: %w", p.end, err)
	}
	r.Note(anew, "--from-offset %s: nothing is committed for %s: read from the beginning", p.fromText)
	r.Note(never, "--to-offset %s: nothing is committed for %s: nothing is read", p.end)
	var early, late, held []kafka.TopicPartition
	for _, tp := range tps {
		m := marks[tp]
		start, selected := from[tp]
		stop, hasStop := to[tp]
		if !selected || p.HasTo && !hasStop {
			continue // the position names other partitions
		}
		span := kafka.Span{TopicPartition: tp, From: max(start, m.Start), To: kafka.Follow, End: p.EndOf(m)}
		switch {
		case p.HasTo && p.ToEnd:
			span.To = min(stop, span.End)
		case p.HasTo:
			span.To = stop
		case p.ToEnd:
			span.To = span.End
		}
		if start < m.Start {
			early = append(early, tp)
		}
		if start > span.End && !p.ToEnd {
			late = append(late, tp)
		}
		if m.Stable < m.End && !p.Uncommitted && (span.To == kafka.Follow || span.To >= m.Stable) {
			held = append(held, tp)
		}
		span.Ahead = span.From > span.End || span.To > span.End
		r.Spans = append(r.Spans, span)
	}
	r.Note(early, "--from-offset %s is before the beginning of %s: what was there is deleted", p.fromText)
	r.Note(late, "--from-offset %s is behind the end of %s: waiting for it", p.fromText)
	r.Note(held, "records of %s wait in an open transaction; kstream transaction list shows it, --isolation read_uncommitted reads them")
	return r, nil
}

// follow adds the partitions that nobody leads, and that are read without an end, from a place
// that can be found once they have a leader. It returns the error about the others, or nil.
func (p *Range) follow(r *Part, unanswered *kafka.UnansweredError) error {
	if !p.Awaits || p.HasTo || p.ToEnd || !errors.Is(unanswered, kafka.ErrNoLeader) {
		return unanswered
	}
	var left, waited []kafka.TopicPartition
	for _, tp := range unanswered.Partitions {
		span := kafka.Span{TopicPartition: tp, To: kafka.Follow, Unled: kafka.UnledBeginning}
		point, selected := p.From.For(tp.Partition)
		switch {
		case p.HasFrom && !selected:
			continue
		case p.HasFrom && point.Kind == position.End:
			span.Unled = kafka.UnledEnd
		case p.HasFrom && point.Kind != position.Beginning:
			left = append(left, tp)
			continue
		}
		r.Spans = append(r.Spans, span)
		waited = append(waited, tp)
	}
	r.Note(waited, "no leader of %s: read once there is one")
	if len(left) == 0 {
		return nil
	}
	return &kafka.UnansweredError{Partitions: left, Cause: unanswered.Cause}
}

// Note adds a line about partitions, unless there are none.
func (r *Part) Note(tps []kafka.TopicPartition, format string, args ...any) {
	if len(tps) > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf(format, append(args, ListPartitions(tps))...))
	}
}

// ListPartitions formats tps as "orders[0,2], sales[1]"; of many topics only the first few.
func ListPartitions(tps []kafka.TopicPartition) string {
	var b strings.Builder
	topics := 0
	for i, tp := range tps {
		if i > 0 && tps[i-1].Topic == tp.Topic {
			fmt.Fprintf(&b, ",%d", tp.Partition)
			continue
		}
		if topics++; topics > 3 {
			b.WriteString("], …")
			return b.String()
		}
		if i > 0 {
			b.WriteString("], ")
		}
		fmt.Fprintf(&b, "%s[%d", tp.Topic, tp.Partition)
	}
	b.WriteString("]")
	return b.String()
}

// checkPartitions refuses partitions that do not exist.
func (p *Range) checkPartitions(topics []kafka.Topic) error {
	any := p.Patterns != nil
	return cli.FirstOf(
		CheckPartitions("partitions", p.partitions, topics, any),
		CheckPartitions("from-offset", p.From.Partitions(), topics, any),
		CheckPartitions("to-offset", p.to.Partitions(), topics, any),
	)
}

// CheckPartitions refuses partitions that a flag names and that do not exist: in one of
// the topics, or with any in all of them.
func CheckPartitions(flag string, partitions []int32, topics []kafka.Topic, any bool) error {
	for _, want := range partitions {
		there := 0
		var missing kafka.Topic
		for _, t := range topics {
			if slices.ContainsFunc(t.Partitions, func(have kafka.Partition) bool { return have.ID == want }) {
				there++
			} else {
				missing = t
			}
		}
		if there < len(topics) && (there == 0 || !any) {
			return cli.Usagef("--%s %d: %s has partitions 0–%d", flag, want, missing.Name, len(missing.Partitions)-1)
		}
	}
	return nil
}

// EndOf is the end of a log for the isolation level at hand.
func (p *Range) EndOf(m kafka.Watermarks) int64 {
	if p.Uncommitted {
		return m.End
	}
	return m.Stable
}

// Resolve returns the offset that a position means in each partition, leaving out those
// that it does not name. Of a group that has committed nothing for a partition it is the
// beginning; those partitions are given too.
func (p *Range) Resolve(ctx context.Context, admin *kafka.Admin, pos position.Position, tps []kafka.TopicPartition, marks map[kafka.TopicPartition]kafka.Watermarks) (offsets map[kafka.TopicPartition]int64, anew []kafka.TopicPartition, err error) {
	if err := p.RefuseStored(); err != nil {
		return nil, nil, err
	}
	pos = pos.Of(p.group)
	stored, err := group.StoredIn(ctx, admin, pos, group.StoredOffsets{})
	if err != nil {
		return nil, nil, err
	}
	times := map[kafka.TopicPartition]int64{}
	for _, tp := range tps {
		if point, ok := pos.For(tp.Partition); ok && point.Kind == position.AtTime {
			times[tp] = point.Millis()
		}
	}
	found, err := admin.OffsetsAt(ctx, times)
	if err != nil {
		return nil, nil, err
	}
	offsets = map[kafka.TopicPartition]int64{}
	for _, tp := range tps {
		point, ok := pos.For(tp.Partition)
		if !ok {
			continue
		}
		m := marks[tp]
		answers := position.Answers{Times: map[int32]int64{}, Stored: map[int32]int64{tp.Partition: stored.Offset(point.Group, tp)}}
		if at, asked := found[tp]; asked {
			answers.Times[tp.Partition] = at
		}
		offset, err := point.Resolve(tp.Partition, position.Log{Start: m.Start, End: p.EndOf(m)}, answers)
		if errors.Is(err, position.ErrNotCommitted) {
			offset, err = m.Start, nil
			anew = append(anew, tp)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", tp, err)
		}
		offsets[tp] = offset
	}
	return offsets, anew, nil
}
