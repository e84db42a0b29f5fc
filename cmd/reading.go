package cmd

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"kstream/cmd/suggest"
	"kstream/kafka"
	"kstream/kafka/position"
)

// rangeFlags say which part of the topics is read. Every command that reads has them.
type rangeFlags struct {
	from, to   string
	partitions string
	regex      bool
	isolation  string
}

func (f *rangeFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.from, "from-offset", "", "start at position `P`: beginning, end, N, +N, -N, @TIME, stored, 0=10,3=-5")
	flags.StringVar(&f.to, "to-offset", "", "stop before position `P`")
	flags.StringVarP(&f.partitions, "partitions", "p", "", "read only partitions `LIST`: 0,2,5-7")
	flags.BoolVar(&f.regex, "regex", false, "topics are regular expressions")
	flags.StringVar(&f.isolation, "isolation", "read_committed", "`read_committed|read_uncommitted`")
}

// rangePlan is rangeFlags with a meaning.
type rangePlan struct {
	topics      []string
	patterns    []*regexp.Regexp
	from, to    position.Position
	hasFrom     bool
	bounded     bool // an end is captured at the start
	hasTo       bool
	partitions  []int32 // nil: all
	uncommitted bool
}

func (f *rangeFlags) plan(env *Env, topics []string) (*rangePlan, error) {
	p := &rangePlan{topics: topics}
	var err error
	if f.from != "" {
		p.hasFrom = true
		if p.from, err = position.Parse(f.from, env.Now()); err != nil {
			return nil, usagef("--from-offset %s: %w", f.from, err)
		}
	}
	if f.to != "" {
		p.hasTo, p.bounded = true, true
		if p.to, err = position.Parse(f.to, env.Now()); err != nil {
			return nil, usagef("--to-offset %s: %w", f.to, err)
		}
	}
	if f.partitions != "" {
		if p.partitions, err = position.ParsePartitions(f.partitions); err != nil {
			return nil, usagef("--partitions %s: %w", f.partitions, err)
		}
	}
	switch f.isolation {
	case "read_committed":
	case "read_uncommitted":
		p.uncommitted = true
	default:
		return nil, usagef("--isolation %s: want read_committed or read_uncommitted", f.isolation)
	}
	if f.regex {
		for _, topic := range topics {
			re, err := regexp.Compile("^(?:" + topic + ")$")
			if err != nil {
				return nil, usagef("topic pattern %s: %w", topic, err)
			}
			p.patterns = append(p.patterns, re)
		}
	}
	return p, nil
}

// find describes the topics that are meant. An unknown one is an error that names the
// nearest; patterns leave internal topics out and may match nothing.
func (p *rangePlan) find(ctx context.Context, admin *kafka.Admin) ([]kafka.Topic, error) {
	names := p.topics
	if p.patterns != nil {
		all, err := admin.TopicNames(ctx)
		if err != nil {
			return nil, err
		}
		names = slices.DeleteFunc(all, func(name string) bool {
			return !slices.ContainsFunc(p.patterns, func(re *regexp.Regexp) bool { return re.MatchString(name) })
		})
		if len(names) == 0 {
			return nil, nil
		}
	}
	topics, err := admin.Topics(ctx, names...)
	if err != nil {
		return nil, nearTopic(err)
	}
	if p.patterns != nil {
		topics = slices.DeleteFunc(topics, func(t kafka.Topic) bool { return t.Internal })
	}
	return topics, nil
}

// nearTopic adds the nearest existing name to an error about an unknown topic.
func nearTopic(err error) error {
	var unknown *kafka.UnknownTopicError
	if !errors.As(err, &unknown) {
		return err
	}
	if near := suggest.Nearest(unknown.Topic, unknown.Existing); near != "" {
		return hint(err, "did you mean %s?", near)
	}
	if len(unknown.Existing) == 0 {
		return hint(err, "the cluster has no topics; kstream produce --create makes one")
	}
	return hint(err, "kstream topic list shows the topics")
}

// selects says whether a partition is to be read.
func (p *rangePlan) selects(partition int32) bool {
	return p.partitions == nil || slices.Contains(p.partitions, partition)
}

// spans turns positions into offsets. openTransactions are partitions in which records
// wait behind the last stable offset.
func (p *rangePlan) spans(ctx context.Context, admin *kafka.Admin, topics []kafka.Topic) (spans []kafka.Span, openTransactions []kafka.TopicPartition, err error) {
	var tps []kafka.TopicPartition
	for _, t := range topics {
		for _, want := range p.partitions {
			if !slices.ContainsFunc(t.Partitions, func(have kafka.Partition) bool { return have.ID == want }) {
				return nil, nil, usagef("--partitions %d: %s has partitions 0–%d", want, t.Name, len(t.Partitions)-1)
			}
		}
		for _, part := range t.Partitions {
			if p.selects(part.ID) {
				tps = append(tps, kafka.TopicPartition{Topic: t.Name, Partition: part.ID})
			}
		}
	}
	marks, err := admin.Watermarks(ctx, tps)
	if err != nil {
		return nil, nil, err
	}
	from, err := p.resolve(ctx, admin, p.from, tps, marks)
	if err != nil {
		return nil, nil, fmt.Errorf("--from-offset %s: %w", p.from, err)
	}
	to, err := p.resolve(ctx, admin, p.to, tps, marks)
	if err != nil {
		return nil, nil, fmt.Errorf("--to-offset %s: %w", p.to, err)
	}
	for _, tp := range tps {
		m := marks[tp]
		span := kafka.Span{TopicPartition: tp, To: kafka.Follow}
		start, ok := from[tp]
		if !ok {
			continue // --from-offset names other partitions
		}
		span.From = max(start, m.Start)
		end := p.end(m)
		if p.hasTo {
			if span.To, ok = to[tp]; !ok {
				continue
			}
		} else if p.bounded {
			span.To = end
		}
		if m.Stable < m.End && !p.uncommitted {
			openTransactions = append(openTransactions, tp)
		}
		spans = append(spans, span)
	}
	return spans, openTransactions, nil
}

// end is the end of a log for the isolation level at hand.
func (p *rangePlan) end(m kafka.Watermarks) int64 {
	if p.uncommitted {
		return m.End
	}
	return m.Stable
}

// resolve gives the offset that a position means in each partition, leaving out those
// that it does not name. Topics are asked about one after the other.
func (p *rangePlan) resolve(ctx context.Context, admin *kafka.Admin, pos position.Position, tps []kafka.TopicPartition, marks map[kafka.TopicPartition]kafka.Watermarks) (map[kafka.TopicPartition]int64, error) {
	if pos.Has(position.Stored) {
		return nil, usagef("stored needs --group: it is the group's committed offset")
	}
	times := map[kafka.TopicPartition]int64{}
	for _, tp := range tps {
		if point, ok := pos.For(tp.Partition); ok && point.Kind == position.AtTime {
			times[tp] = point.Millis()
		}
	}
	found, err := admin.OffsetsAt(ctx, times)
	if err != nil {
		return nil, err
	}
	offsets := map[kafka.TopicPartition]int64{}
	for _, tp := range tps {
		point, ok := pos.For(tp.Partition)
		if !ok {
			continue
		}
		m := marks[tp]
		answers := position.Answers{Times: map[int32]int64{}}
		if at, asked := found[tp]; asked {
			answers.Times[tp.Partition] = at
		}
		offset, err := point.Resolve(tp.Partition, position.Log{Start: m.Start, End: p.end(m)}, answers)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", tp, err)
		}
		offsets[tp] = offset
	}
	return offsets, nil
}

// timeFlags are the exact filters by record timestamp.
type timeFlags struct {
	since, until string
}

func (f *timeFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.since, "since", "", "only records with a timestamp of `TIME` or later")
	flags.StringVar(&f.until, "until", "", "only records with a timestamp before `TIME`")
}

// step gives the filter, or nil when neither flag was given.
func (f *timeFlags) step(env *Env) (step, error) {
	if f.since == "" && f.until == "" {
		return nil, nil
	}
	bounds := [2]int64{-1 << 63, 1<<63 - 1}
	for i, flag := range []struct{ name, text string }{{"since", f.since}, {"until", f.until}} {
		if flag.text == "" {
			continue
		}
		t, err := position.ParseTime(flag.text, env.Now())
		if err != nil {
			return nil, usagef("--%s %s: %w", flag.name, flag.text, err)
		}
		bounds[i] = t.UnixMilli()
	}
	return func(_ context.Context, r *record) (bool, error) {
		return r.Message.Timestamp >= bounds[0] && r.Message.Timestamp < bounds[1], nil
	}, nil
}

// durationFlag reads Go's durations and days and weeks.
type durationFlag struct{ d time.Duration }

func (f *durationFlag) String() string {
	if f.d == 0 {
		return ""
	}
	return f.d.String()
}

func (f *durationFlag) Set(s string) (err error) {
	f.d, err = position.ParseDuration(s)
	return err
}

func (f *durationFlag) Type() string { return "D" }
