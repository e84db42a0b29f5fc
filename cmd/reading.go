package cmd

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"kstream/kafka"
	"kstream/kafka/position"
)

// rangeFlags say which part of the topics is read. Every command that reads has them.
type rangeFlags struct {
	from, to   string
	partitions string
	regex      bool
	wait       bool
	isolation  string
}

func (f *rangeFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.from, "from-offset", "", "start at position `P`: beginning, end, N, +N, -N, @TIME, stored:GROUP, 0=10,3=-5")
	flags.StringVar(&f.to, "to-offset", "", "stop before position `P`; waits for it unless -e")
	flags.StringVarP(&f.partitions, "partitions", "p", "", "read only partitions `LIST`: 0,2,5-7")
	flags.StringVar(&f.isolation, "isolation", "read_committed", "`read_committed|read_uncommitted`")
}

// registerPatterns adds the flags by which topics are found.
func (f *rangeFlags) registerPatterns(flags *pflag.FlagSet) {
	flags.BoolVar(&f.regex, "regex", false, "topics are regular expressions (RE2) that match whole names")
	flags.BoolVar(&f.wait, "wait-for-match", false, "with --regex: wait when no topic matches yet")
}

// rangePlan is rangeFlags with a meaning.
type rangePlan struct {
	topics        []string
	patterns      []*regexp.Regexp
	wait          bool // for a topic that matches
	from, to      position.Position
	hasFrom       bool
	hasTo         bool
	toEnd         bool             // stop at the end captured at the start
	partitions    []int32          // nil: all
	partitionOf   map[string]int32 // the only one to read of each topic; nil: see partitions
	uncommitted   bool
	group         string // that stored is about; empty: none
	fromText, end string // as typed
}

// bounded says whether the read ends by itself.
func (p *rangePlan) bounded() bool { return p.toEnd || p.hasTo }

func (f *rangeFlags) plan(env *Env, topics []string) (*rangePlan, error) {
	p := &rangePlan{wait: f.wait, fromText: f.from, end: f.to}
	for _, topic := range topics {
		if topic == "" {
			return nil, usagef("a topic name is empty")
		}
		if !slices.Contains(p.topics, topic) {
			p.topics = append(p.topics, topic)
		}
	}
	var err error
	if f.from != "" {
		p.hasFrom = true
		if p.from, err = position.Parse(f.from, env.Now()); err != nil {
			return nil, usagef("--from-offset: %w", err)
		}
	}
	if f.to != "" {
		p.hasTo = true
		if p.to, err = position.Parse(f.to, env.Now()); err != nil {
			return nil, usagef("--to-offset: %w", err)
		}
	}
	if f.partitions != "" {
		if p.partitions, err = position.ParsePartitions(f.partitions); err != nil {
			return nil, usagef("--partitions: %w", err)
		}
	}
	switch f.isolation {
	case "read_committed":
	case "read_uncommitted":
		p.uncommitted = true
	default:
		return nil, usagef("--isolation %s: want read_committed or read_uncommitted", f.isolation)
	}
	if p.wait && !f.regex {
		return nil, usagef("--wait-for-match goes with --regex")
	}
	if f.regex {
		for _, topic := range p.topics {
			re, err := wholeName(topic)
			if err != nil {
				return nil, usagef("topic pattern %s: %w", topic, err)
			}
			p.patterns = append(p.patterns, re)
		}
	}
	return p, nil
}

// refuseStored refuses stored alone, where there is no group.
func (p *rangePlan) refuseStored() error {
	if p.group != "" {
		return nil
	}
	return firstOf(refuseStored("from-offset", p.fromText, p.from), refuseStored("to-offset", p.end, p.to))
}

// selects says whether a partition is to be read.
func (p *rangePlan) selects(tp kafka.TopicPartition) bool {
	if p.partitionOf != nil {
		return p.partitionOf[tp.Topic] == tp.Partition
	}
	return p.partitions == nil || slices.Contains(p.partitions, tp.Partition)
}

// names says whether the positions name a partition: one that does not, like 0=10, has
// others left out.
func (p *rangePlan) names(tp kafka.TopicPartition) bool {
	_, from := p.from.For(tp.Partition)
	_, to := p.to.For(tp.Partition)
	return (from || !p.hasFrom) && (to || !p.hasTo)
}

// grows says whether partitions that are new are read too.
func (p *rangePlan) grows() bool {
	return !p.bounded() && p.partitions == nil && p.partitionOf == nil && p.from.Partitions() == nil
}

// part is the range of one topic or several that is read.
type part struct {
	spans []kafka.Span
	notes []string // what a person should know about it
	// missing names the partitions that cannot be read now, and why; nil without any.
	missing error
	unknown []kafka.TopicPartition // those partitions
}

// whole is the error of a part of which something is missing.
func (r *part) whole(err error) error { return firstOf(err, r.missing) }

// spans turns positions into offsets. Partitions of which nothing is heard within the
// timeout are missing, unless that is true of all.
func (p *rangePlan) spans(ctx context.Context, admin *kafka.Admin, topics []kafka.Topic) (part, error) {
	var r part
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
	case errors.As(err, &unanswered) && len(marks) > 0:
		r.missing, r.unknown = faultf(codePartial, "%w", err), unanswered.Partitions
		tps = slices.DeleteFunc(tps, func(tp kafka.TopicPartition) bool { return slices.Contains(unanswered.Partitions, tp) })
	case err != nil:
		return r, err
	}
	from, anew, err := p.resolve(ctx, admin, p.from, tps, marks)
	if err != nil {
		return r, fmt.Errorf("--from-offset %s: %w", p.fromText, err)
	}
	to, never, err := p.resolve(ctx, admin, p.to, tps, marks)
	if err != nil {
		return r, fmt.Errorf("--to-offset %s: %w", p.end, err)
	}
	r.note(anew, "--from-offset %s: nothing is committed for %s: read from the beginning", p.fromText)
	r.note(never, "--to-offset %s: nothing is committed for %s: nothing is read", p.end)
	var early, late, held []kafka.TopicPartition
	for _, tp := range tps {
		m := marks[tp]
		start, selected := from[tp]
		stop, hasStop := to[tp]
		if !selected || p.hasTo && !hasStop {
			continue // the position names other partitions
		}
		span := kafka.Span{TopicPartition: tp, From: max(start, m.Start), To: kafka.Follow, End: p.endOf(m)}
		switch {
		case p.hasTo && p.toEnd:
			span.To = min(stop, span.End)
		case p.hasTo:
			span.To = stop
		case p.toEnd:
			span.To = span.End
		}
		if start < m.Start {
			early = append(early, tp)
		}
		if start > span.End && !p.toEnd {
			late = append(late, tp)
		}
		if m.Stable < m.End && !p.uncommitted && (span.To == kafka.Follow || span.To >= m.Stable) {
			held = append(held, tp)
		}
		span.Ahead = span.From > span.End || span.To > span.End
		r.spans = append(r.spans, span)
	}
	r.note(early, "--from-offset %s is before the beginning of %s: what was there is deleted", p.fromText)
	r.note(late, "--from-offset %s is behind the end of %s: waiting for it", p.fromText)
	r.note(held, "records of %s wait in an open transaction; --isolation read_uncommitted reads them")
	return r, nil
}

// note adds a line about partitions, unless there are none.
func (r *part) note(tps []kafka.TopicPartition, format string, args ...any) {
	if len(tps) > 0 {
		r.notes = append(r.notes, fmt.Sprintf(format, append(args, listPartitions(tps))...))
	}
}

// listPartitions gives "orders[0,2], sales[1]"; of many topics only the first few.
func listPartitions(tps []kafka.TopicPartition) string {
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
func (p *rangePlan) checkPartitions(topics []kafka.Topic) error {
	any := p.patterns != nil
	return firstOf(
		checkPartitions("partitions", p.partitions, topics, any),
		checkPartitions("from-offset", p.from.Partitions(), topics, any),
		checkPartitions("to-offset", p.to.Partitions(), topics, any),
	)
}

// checkPartitions refuses partitions that a flag names and that do not exist: in one of
// the topics, or with any in all of them.
func checkPartitions(flag string, partitions []int32, topics []kafka.Topic, any bool) error {
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
			return usagef("--%s %d: %s has partitions 0–%d", flag, want, missing.Name, len(missing.Partitions)-1)
		}
	}
	return nil
}

// endOf is the end of a log for the isolation level at hand.
func (p *rangePlan) endOf(m kafka.Watermarks) int64 {
	if p.uncommitted {
		return m.End
	}
	return m.Stable
}

// resolve gives the offset that a position means in each partition, leaving out those
// that it does not name. Of a group that has committed nothing for a partition it is the
// beginning; those partitions are given too.
func (p *rangePlan) resolve(ctx context.Context, admin *kafka.Admin, pos position.Position, tps []kafka.TopicPartition, marks map[kafka.TopicPartition]kafka.Watermarks) (offsets map[kafka.TopicPartition]int64, anew []kafka.TopicPartition, err error) {
	if err := p.refuseStored(); err != nil {
		return nil, nil, err
	}
	pos = pos.Of(p.group)
	stored, err := storedIn(ctx, admin, pos, storedOffsets{})
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
		answers := position.Answers{Times: map[int32]int64{}, Stored: map[int32]int64{tp.Partition: stored.offset(point.Group, tp)}}
		if at, asked := found[tp]; asked {
			answers.Times[tp.Partition] = at
		}
		offset, err := point.Resolve(tp.Partition, position.Log{Start: m.Start, End: p.endOf(m)}, answers)
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
