package cmd

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/kafka"
	"kstream/output"
)

type topicCountFlags struct {
	scanFlags
	byPartition bool
	estimate    bool
}

func newTopicCountCmd(env *Env) *cobra.Command {
	var f topicCountFlags
	cmd := &cobra.Command{
		Use:   "count TOPIC...",
		Short: "Count records exactly, by reading them",
		Long: `Count the records that are in topics now. It reads them: offsets that compaction has left
out, and those of transactions, are no records, and records of aborted transactions count only
with --isolation read_uncommitted. Tombstones are records.

Of one topic it prints the number alone; of several, or with --by-partition or --headers, a
table. --estimate asks only for the bounds of the logs and prints ≤N: there are N records at
most.`,
		Example: `  kstream topic count orders
  kstream topic count orders --filter '.value.total > 100' --from-offset -1d
  kstream topic count 'orders*' --estimate
  kstream topic count orders -o json | jq '[.items[].count] | add'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func (f *topicCountFlags) register(flags *pflag.FlagSet) {
	flags.BoolVar(&f.byPartition, "by-partition", false, "a number for each partition")
	flags.BoolVar(&f.estimate, "estimate", false, "do not read: at most how many records there can be")
	f.scanFlags.register(flags)
}

type topicCountPlan struct {
	*scanPlan
	flags *topicCountFlags
	bare  bool // one topic: its number is all
}

func (f *topicCountFlags) plan(env *Env, args []string) (*topicCountPlan, error) {
	scan, err := f.scanFlags.plan(env, args)
	if err != nil {
		return nil, err
	}
	p := &topicCountPlan{scanPlan: scan, flags: f}
	if f.estimate && (p.filters.any() || !p.failures.keeps()) {
		return nil, usagef("--estimate does not read records, so nothing can choose among them")
	}
	p.bare = len(p.choice.wanted) == 1 && p.reading.patterns == nil &&
		p.listing.format == "table" && !f.byPartition && !f.listing.headers
	return p, p.openSerdes(env, &f.reading.serdes)
}

// topicCountItem is the number of records in a partition.
type topicCountItem struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Count     int64  `json:"count"`
	Skipped   int64  `json:"skipped,omitempty"` // by --on-error skip, and not counted
	Estimate  bool   `json:"estimate"`          // there are at most so many
}

func (p *topicCountPlan) run(ctx context.Context, env *Env) error {
	defer p.close()
	return withAdmin(ctx, env, &p.flags.reading.cluster, func(cluster *cluster, admin *kafka.Admin) error {
		found, err := p.choice.find(ctx, admin)
		if err != nil {
			return err
		}
		var topics []kafka.Topic
		for _, t := range found {
			if t.Err == nil {
				topics = append(topics, t.Topic)
			}
		}
		if len(topics) == 0 {
			return topicErrors(env, causesOf(found))
		}
		items, incomplete := p.count(ctx, env, cluster, admin, topics)
		if items == nil {
			return incomplete
		}
		if err := p.print(env, topics, items); err != nil {
			return err
		}
		if err := topicErrors(env, causesOf(found)); err != nil {
			return err
		}
		return incomplete
	})
}

// count gives the numbers, or none and an error. Numbers with an error are those of the
// records that could still be read.
func (p *topicCountPlan) count(ctx context.Context, env *Env, cluster *cluster, admin *kafka.Admin, topics []kafka.Topic) ([]topicCountItem, error) {
	c := &counting{
		scan:   &scan{selected: &selected{selection: p.selection, env: env}, config: cluster.Config, meter: newMeter(env, "counted")},
		counts: map[kafka.TopicPartition]int64{}, leftOut: map[kafka.TopicPartition]int64{},
	}
	if err := c.placeKey(ctx, topics); err != nil {
		return nil, err
	}
	part, err := p.reading.spans(ctx, admin, topics)
	if err != nil {
		return nil, err
	}
	c.miss(part.missing)
	for _, note := range part.notes {
		env.notice("%s", note)
	}
	if p.flags.estimate {
		for _, s := range part.spans {
			c.counts[s.TopicPartition] = max(0, s.To-s.From)
		}
	} else if err := c.missLater(c.read(ctx, part.spans, topics)); err != nil {
		return nil, err
	}
	items := make([]topicCountItem, 0, len(part.spans))
	for _, s := range part.spans {
		items = append(items, topicCountItem{s.Topic, s.Partition, c.counts[s.TopicPartition], c.leftOut[s.TopicPartition], p.flags.estimate})
	}
	if n := c.lost.Load(); n > 0 {
		return items, faultf(codePartial, "%s were gone before they were counted", countOf(n, "record"))
	}
	return items, c.missing
}

// counting counts what the steps of a selection keep. One goroutine owns it.
type counting struct {
	*scan
	counts  map[kafka.TopicPartition]int64
	leftOut map[kafka.TopicPartition]int64 // by --on-error skip
}

// read counts the records in spans.
func (c *counting) read(ctx context.Context, spans []kafka.Span, topics []kafka.Topic) error {
	c.total = offsetsOf(spans)
	l, chooses := c.newLooker(), c.looks()
	err := c.scan.read(ctx, spans, topics, func(ctx context.Context, b *kafka.Batch) error { return c.add(ctx, l, b, chooses) })
	if err != nil {
		if stopped(ctx) != nil {
			sum := int64(0)
			for _, n := range c.counts {
				sum += n
			}
			c.env.notice("counted %s until then", countOf(sum, "record"))
		}
		return err
	}
	c.tellFailures()
	if n, first := c.failed.total(); n > 0 && c.failures.keeps() {
		c.env.notice("%s and were looked at as bytes; the first: %s", &c.failed, first)
	}
	return nil
}

// looks reports whether each record must be looked at.
func (p *selection) looks() bool {
	return p.filters.any() || !p.failures.keeps() && (p.key.serde != nil || p.value.serde != nil)
}

// add counts a batch. Without anything that chooses, records are not even looked at.
func (c *counting) add(ctx context.Context, l *looker, b *kafka.Batch, chooses bool) error {
	for i := 0; i < len(b.Records); {
		first, n, skipped := &b.Records[i], int64(0), c.skipped()
		for ; i < len(b.Records) && b.Records[i].Partition == first.Partition && b.Records[i].Topic == first.Topic; i++ {
			keep := true
			if chooses {
				l.load(&b.Records[i])
				var err error
				if keep, err = l.keep(ctx); err != nil {
					return err
				}
			}
			if keep {
				n++
			}
		}
		tp := kafka.TopicPartition{Topic: first.Topic, Partition: first.Partition}
		c.counts[tp] += n
		if skipped = c.skipped() - skipped; skipped > 0 {
			c.leftOut[tp] += skipped
		}
	}
	return nil
}

func (p *topicCountPlan) print(env *Env, topics []kafka.Topic, items []topicCountItem) error {
	sums := map[string]int64{}
	for _, i := range items {
		sums[i.Topic] += i.Count
	}
	if p.bare {
		_, err := fmt.Fprintln(env.Stdout, p.number(sums[topics[0].Name]))
		return err
	}
	return p.listing.print("kstream.topic.count/v1", items, func() *output.Table {
		if !p.flags.byPartition {
			t := &output.Table{Columns: []output.Column{{Name: "topic"}, {Name: "count", Right: true}}}
			for _, topic := range topics {
				t.Add(topic.Name, p.number(sums[topic.Name]))
			}
			return t
		}
		t := &output.Table{Columns: []output.Column{{Name: "topic"}, {Name: "partition", Right: true}, {Name: "count", Right: true}}}
		for _, i := range items {
			t.Add(i.Topic, strconv.Itoa(int(i.Partition)), p.number(i.Count))
		}
		return t
	})
}

// number writes a count, or a bound of it.
func (p *topicCountPlan) number(n int64) string {
	text := strconv.FormatInt(n, 10)
	if p.flags.estimate {
		return "≤" + text
	}
	return text
}
