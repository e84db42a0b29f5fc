package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/profile"
	"kstream/kafka"
)

// statsSample is about how many records of a topic are read when all are not asked for.
const statsSample = 100_000

type topicStatsFlags struct {
	scanFlags
	exact  bool
	sample int64
	rules  []string
	set    func(string) bool
}

func newTopicStatsCmd(env *Env) *cobra.Command {
	var f topicStatsFlags
	cmd := &cobra.Command{
		Use:     "stats TOPIC...",
		Aliases: []string{"profile"},
		Short:   "Profile records: sizes, rates, keys, partitions, fields",
		Long: `Show what the records of topics are like: how many, how large, when they came, how many
different keys, how evenly they lie in the partitions, which schemas they name, and which
fields their JSON has, of what types and how often null. With --value-serde the fields of
Avro, Protobuf and all else that decodes are found too.

Of a large topic a sample is read, some records each at up to ten places of every
partition. Then figures are estimates, marked ≈ (≥ where there are at least so many) and
"estimate":true: numbers of records and bytes are those of all, and keys, schemas and
fields those of the records_read. --exact reads all, and every figure is exact. Different
keys beyond a million are counted in a temporary file ($TMPDIR, 16 bytes each).

The size of a record is that of its key, value and headers. Compression and the sizes of
batches are not shown: the client does not tell them. Records are out of order (disorder)
when they are older than the one before in their partition; skew is how many records the
fullest partition has, over the mean. presence is the share of the values, null left out,
that have a field; null_rate the share of a field's occurrences that is null.

--rule holds the figures to a bound, with < <= > >= == != and a number or percentage, and
exits 7 when one does not hold. == and != want exact figures, so a sample is refused with
exit code 2. On the left stands a figure:
` + statsRuleForms(),
		Example: `  kstream topic stats orders
  kstream topic stats orders --exact --from-offset -1d -o json
  kstream topic stats orders -s avro --registry http://localhost:8081
  kstream topic stats orders --exact --rule 'null_rate(.email) < 1%' --rule 'presence(.items[].sku) == 1'
  kstream topic stats orders --rule 'skew < 2' --rule 'size_p99 < 10000' --rule 'disorder < 10'`,
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

// statsRuleForms lists what a rule can be about.
func statsRuleForms() string {
	names := profile.Figures()
	half := (len(names) + 1) / 2
	return "  " + strings.Join(names[:half], " ") + "\n  " + strings.Join(names[half:], " ") + "\n" +
		"  " + strings.Join(profile.Functions(), "(PATH)  ") + "(PATH)  null_rate(key)  null_rate(value)\n" +
		`PATH is a field as jq writes it: .email  .user.name  .items[].price  ."a b"`
}

func (f *topicStatsFlags) register(flags *pflag.FlagSet) {
	flags.BoolVar(&f.exact, "exact", false, "read all records instead of a sample")
	flags.Int64Var(&f.sample, "sample-records", statsSample, "read about `N` records of each topic")
	flags.StringArrayVar(&f.rules, "rule", nil, "exit 7 unless `'FIGURE OP NUMBER'` holds; repeatable")
	f.set = flags.Changed
	f.scanFlags.register(flags)
}

type topicStatsPlan struct {
	*scanPlan
	sample int64 // 0: all
	rules  []*profile.Rule
}

func (f *topicStatsFlags) plan(env *Env, args []string) (*topicStatsPlan, error) {
	p := &topicStatsPlan{}
	for _, text := range f.rules {
		rule, err := profile.ParseRule(text)
		if err != nil {
			return nil, usagef("--rule %w", err)
		}
		p.rules = append(p.rules, rule)
	}
	switch {
	case f.exact && f.set("sample-records"):
		return nil, usagef("--exact reads all records: leave --sample-records out")
	case f.sample <= 0:
		return nil, usagef("--sample-records: want more than 0")
	case !f.exact:
		p.sample = f.sample
	}
	var err error
	if p.scanPlan, err = f.scanFlags.plan(env, args); err != nil {
		return nil, err
	}
	return p, p.openSerdes(env, &f.reading.serdes)
}

func (p *topicStatsPlan) run(ctx context.Context, env *Env) error {
	defer p.close()
	return withAdmin(ctx, env, &p.flags.cluster, func(cluster *cluster, admin *kafka.Admin) error {
		found, err := p.choice.find(ctx, admin)
		if err != nil {
			return err
		}
		causes := causesOf(found)
		var topics []kafka.Topic
		for _, t := range found {
			if t.Err == nil {
				topics = append(topics, t.Topic)
			}
		}
		if err := (&selected{selection: p.selection, env: env}).placeKey(ctx, topics); err != nil {
			return err
		}
		reports := []*profile.Report{}
		for i, t := range found {
			if t.Err != nil {
				continue
			}
			var report *profile.Report
			report, causes[i] = p.profile(ctx, env, cluster, admin, t.Topic)
			if causes[i] != nil && ctx.Err() != nil {
				return causes[i]
			}
			if report != nil {
				reports = append(reports, report)
			}
		}
		if err := p.print(env, reports); err != nil {
			return err
		}
		return p.verdict(env, reports, topicErrors(env, causes))
	})
}

// profile reads a topic. A report that comes with an error is about the records that
// could still be read.
func (p *topicStatsPlan) profile(ctx context.Context, env *Env, cluster *cluster, admin *kafka.Admin, topic kafka.Topic) (report *profile.Report, err error) {
	s := newProfiling(p, env, cluster.Config)
	defer func() { err = errors.Join(err, s.profile.Close()) }()
	topics := []kafka.Topic{topic}
	part, err := p.reading.spans(ctx, admin, topics)
	if err != nil {
		return nil, err
	}
	s.miss(part.missing)
	for _, note := range part.notes {
		env.notice("%s", note)
	}
	if isSampled(part.spans, p.sample) {
		for _, rule := range p.rules {
			if rule.WantsExact() {
				return nil, hint(usagef("--rule %s: %s is read as a sample, and an estimate is never equal", rule, topic.Name),
					"--exact reads all; < and > go with a sample")
			}
		}
	}
	if err := s.missLater(s.readAll(ctx, part.spans, topics)); err != nil {
		return nil, spaceHint(err)
	}
	if report, err = s.profile.Report(topic.Name); err != nil {
		return nil, spaceHint(err)
	}
	report.Skipped = s.skipped()
	if report.Sampled {
		env.notice("%s: sampled %d of about %d records; --exact reads all", topic.Name, report.RecordsRead, report.Records)
	}
	if n := s.lost.Load(); n > 0 {
		return report, faultf(codePartial, "%s: %s were gone before they were read", topic.Name, countOf(n, "record"))
	}
	return report, s.missing
}

// verdict is err, or the error for rules that do not hold. Where the error does not tell
// each of them, a line of its own before it does.
func (p *topicStatsPlan) verdict(env *Env, reports []*profile.Report, err error) error {
	var broken []string
	for _, r := range reports {
		for _, v := range r.Rules {
			if !v.Met {
				broken = append(broken, fmt.Sprintf("%s: %s does not hold: %s", r.Topic, v.Rule, v.Seen))
			}
		}
	}
	if err == nil && (len(broken) == 1 || len(broken) > 0 && env.quiet) {
		return faultf(codeUnmet, "%s", strings.Join(broken, "; "))
	}
	for _, line := range broken {
		env.notice("%s", line)
	}
	if err == nil && len(broken) > 0 {
		err = faultf(codeUnmet, "%d of %d rules do not hold", len(broken), len(reports)*len(p.rules))
	}
	return err
}
