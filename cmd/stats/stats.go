package stats

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/profile"
	"kstream/cmd/record"
	"kstream/kafka"
)

// DefaultSample is about how many records of a topic are read when all are not asked for.
const DefaultSample = 100_000

// StatsOptions are the flags of topic stats, as typed.
type StatsOptions struct {
	ScanOptions
	Exact  bool
	Sample int64
	Rules  []string
	Set    func(string) bool
}

// StatsPlan is a valid command line of topic stats.
type StatsPlan struct {
	*scanPlan
	sample int64 // 0: all
	rules  []*profile.Rule
}

// Plan returns what is read of the topics that args choose, or a usage error.
func (f *StatsOptions) Plan(env *cli.Env, args []string) (*StatsPlan, error) {
	p := &StatsPlan{}
	for _, text := range f.Rules {
		rule, err := profile.ParseRule(text)
		if err != nil {
			return nil, cli.Usagef("--rule %w", err)
		}
		p.rules = append(p.rules, rule)
	}
	switch {
	case f.Exact && f.Set("sample-records"):
		return nil, cli.Usagef("--exact reads all records: leave --sample-records out")
	case f.Sample <= 0:
		return nil, cli.Usagef("--sample-records: want more than 0")
	case !f.Exact:
		p.sample = f.Sample
	}
	var err error
	if p.scanPlan, err = f.ScanOptions.plan(env, args); err != nil {
		return nil, err
	}
	return p, p.PlanSerdes(env, f.Reading.Serdes)
}

// RunStats reads the topics of the plan, and prints and returns what they are like.
func RunStats(ctx context.Context, env *cli.Env, p *StatsPlan) (reports []*profile.Report, err error) {
	if err := p.OpenSerdes(env); err != nil {
		return nil, err
	}
	defer p.Close()
	err = connect.WithAdmin(ctx, env, p.Cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		found, err := p.choice.Find(ctx, admin)
		if err != nil {
			return err
		}
		causes := record.CausesOf(found)
		var topics []kafka.Topic
		for _, t := range found {
			if t.Err == nil {
				topics = append(topics, t.Topic)
			}
		}
		if err := (&record.Reading{Selection: p.Selection, Env: env}).PlaceKey(ctx, topics); err != nil {
			return err
		}
		reports = []*profile.Report{}
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
		return p.verdict(env, reports, record.TopicErrors(env, causes))
	})
	return reports, err
}

// profile reads a topic. A report that comes with an error is about the records that
// could still be read.
func (p *StatsPlan) profile(ctx context.Context, env *cli.Env, cluster *connect.Cluster, admin *kafka.Admin, topic kafka.Topic) (report *profile.Report, err error) {
	s := newProfiling(p, env, cluster.Config)
	defer func() { err = errors.Join(err, s.profile.Close()) }()
	topics := []kafka.Topic{topic}
	part, err := p.Range.Spans(ctx, admin, topics)
	if err != nil {
		return nil, err
	}
	s.Miss(part.Missing)
	for _, note := range part.Notes {
		env.Notice("%s", note)
	}
	if isSampled(part.Spans, p.sample) {
		for _, rule := range p.rules {
			if rule.WantsExact() {
				return nil, cli.Hint(cli.Usagef("--rule %s: %s is read as a sample, and an estimate is never equal", rule, topic.Name),
					"--exact reads all; < and > go with a sample")
			}
		}
	}
	if err := s.MissLater(s.readAll(ctx, part.Spans, topics)); err != nil {
		return nil, cli.SpaceHint(err)
	}
	if report, err = s.profile.Report(topic.Name); err != nil {
		return nil, cli.SpaceHint(err)
	}
	report.Skipped = s.Skipped()
	if report.Sampled {
		env.Notice("%s: sampled %d of about %d records; --exact reads all", topic.Name, report.RecordsRead, report.Records)
	}
	if n := s.Lost.Load(); n > 0 {
		return report, cli.Errorf(cli.CodePartial, "%s: %s were gone before they were read", topic.Name, cli.Count(n, "record"))
	}
	return report, s.Missing
}

// verdict is err, or the error for rules that do not hold. Where the error does not tell
// each of them, a line of its own before it does.
func (p *StatsPlan) verdict(env *cli.Env, reports []*profile.Report, err error) error {
	var broken []string
	for _, r := range reports {
		for _, v := range r.Rules {
			if !v.Met {
				broken = append(broken, fmt.Sprintf("%s: %s does not hold: %s", r.Topic, v.Rule, v.Seen))
			}
		}
	}
	if err == nil && (len(broken) == 1 || len(broken) > 0 && env.Quiet) {
		return cli.Errorf(cli.CodeUnmet, "%s", strings.Join(broken, "; "))
	}
	for _, line := range broken {
		env.Notice("%s", line)
	}
	if err == nil && len(broken) > 0 {
		err = cli.Errorf(cli.CodeUnmet, "%d of %d rules do not hold", len(broken), len(reports)*len(p.rules))
	}
	return err
}
