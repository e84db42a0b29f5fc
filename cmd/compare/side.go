package compare

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/diff"
	"kstream/cmd/record"
	"kstream/kafka"
)

// source is where the records of one side come from, once: a kafka.Reader, or a dump.
type source interface {
	Run(ctx context.Context, emit func(kafka.Event) error) error
	Close() error
}

// sidePlan is what is read of one of the two that are compared.
type sidePlan struct {
	*record.Selection
	name   string // for people
	topic  string // of a dump, empty until it is opened: the one that is compared
	path   string // of a dump; empty for a topic
	beside string // the topic of the other side
	spill  diff.Options
}

// side is one of the two that are compared, as it is read. One goroutine reads it.
type side struct {
	*record.Reading
	*record.Looker
	name     string
	topic    string
	number   int
	source   source
	left     func() int64 // of source, in offsets; nil: nobody knows
	index    *diff.Side
	runs     offsetRuns
	progress *meterOfBoth
}

// planSide returns the side that one argument names.
func (f *Options) planSide(env *cli.Env, arg string, cluster *connect.Options) (*sidePlan, error) {
	flags := f.Reading
	flags.Cluster = *cluster
	flags.Serdes.Cluster = &flags.Cluster
	p := &record.Selection{Cluster: &flags.Cluster}
	s := &sidePlan{Selection: p, name: arg, spill: f.spill}
	var topics []string
	if path, ok := strings.CutPrefix(arg, record.FilePrefix); ok {
		s.path = path
	} else {
		topics, s.topic = []string{arg}, arg
	}
	var err error
	if p.Range, err = flags.Reading.Plan(env, topics); err != nil {
		return nil, err
	}
	if err := p.Range.RefuseStored(); err != nil {
		return nil, err
	}
	p.Range.ToEnd = true
	if p.Filters, err = flags.Filters.Plan(env); err != nil {
		return nil, err
	}
	if p.Failures, err = f.Looking.Plan(); err != nil {
		return nil, err
	}
	p.Kept = "compared as bytes"
	return s, p.PlanSerdes(env, flags.Serdes)
}

// open finds the records of the side and makes its index. Unless it fails, close must
// follow.
func (p *sidePlan) open(ctx context.Context, env *cli.Env, progress *meterOfBoth, number int) (*side, error) {
	s := &side{
		Reading: &record.Reading{Selection: p.Selection, Env: env, Name: p.name, Tell: progress.say}, name: p.name, topic: p.topic,
		progress: progress, number: number, index: diff.NewSide(p.spill),
	}
	s.Looker = s.NewLooker()
	if p.path != "" {
		return s, s.openDump(ctx, env, p)
	}
	return s, s.openTopic(ctx, env)
}

func (s *side) close() error { return errors.Join(s.source.Close(), s.index.Close()) }

// diffFetch is how much is fetched at once of a partition, in bytes: unpacked, records
// take the client ten times as much memory and more, and two sides are read at once.
const diffFetch = 256 << 10

// openTopic starts to read a topic up to its end as it is now.
func (s *side) openTopic(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, s.Cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		topics, err := s.Range.Find(ctx, admin)
		if err != nil {
			return err
		}
		part, err := s.Range.Spans(ctx, admin, topics)
		if err = part.Whole(err); err != nil {
			return err
		}
		for _, note := range part.Notes {
			env.Notice("%s", note)
		}
		properties := map[string]string{"max.partition.fetch.bytes": strconv.Itoa(diffFetch)}
		maps.Copy(properties, cluster.Properties)
		cluster.Properties = properties
		rc := kafka.ReaderConfig{Spans: part.Spans, ReadUncommitted: s.Range.Uncommitted}
		reader, err := kafka.OpenReader(cluster.Config, rc, topics)
		if err != nil {
			return err
		}
		s.source = reader
		total := record.OffsetsOf(part.Spans)
		s.progress.total += total
		s.progress.left[s.number].Store(total)
		s.left = func() int64 {
			positions, n := reader.Positions(), int64(0)
			for _, s := range part.Spans {
				n += max(0, s.To-max(s.From, positions[s.TopicPartition]))
			}
			return n
		}
		return nil
	})
}

// read takes all records into the index.
func (s *side) read(ctx context.Context, p *Plan) error {
	form := newForm(p.ignore, p.by)
	return s.source.Run(ctx, func(ev kafka.Event) error {
		for _, n := range ev.Notices {
			if n.Kind == kafka.NoticeLost {
				s.Lost.Add(n.To - n.From)
			}
			s.progress.notice(n)
		}
		if ev.Batch == nil {
			return nil
		}
		for i := range ev.Batch.Records {
			if err := s.take(ctx, form, &ev.Batch.Records[i]); err != nil {
				return record.OverOr(ctx, err)
			}
		}
		s.progress.show(s)
		return nil
	})
}

// take adds one record to the index, if the filters let it. What only a filter that
// looks at its meaning drops still ends what came before of its key, as in
// consume --latest-per-key.
func (s *side) take(ctx context.Context, form *form, rec *kafka.Record) error {
	if rec.Topic != s.topic {
		return nil // a dump may hold several
	}
	s.runs.add(rec)
	r := &s.Record
	s.Load(rec)
	keep, err := s.Keep(ctx)
	if err != nil || !keep && !r.Read {
		return err
	}
	return s.index.Add(form.of(r, keep))
}

// meterOfBoth shows how far both sides are; they share it.
type meterOfBoth struct {
	mu    sync.Mutex
	env   *cli.Env
	meter *cli.Meter
	total int64
	left  [2]atomic.Int64
}

func (d *meterOfBoth) show(s *side) {
	if !d.env.StderrTerminal || s.left == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.meter.Show(d.total, func() int64 {
		d.left[s.number].Store(s.left())
		return d.left[0].Load() + d.left[1].Load()
	})
}

func (d *meterOfBoth) notice(n kafka.Notice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.meter.Clear()
	if n.Kind != kafka.NoticeEnd {
		d.env.Notice("%s", n)
	}
}

func (d *meterOfBoth) say(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.meter.Clear()
	d.env.Notice("%s", line)
}

func (d *meterOfBoth) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.meter.Clear()
}

// incomplete is the error of a side of which not all was there to read.
func (s *side) incomplete() error {
	if n := s.Lost.Load(); n > 0 {
		return cli.Errorf(cli.CodePartial, "%s: %s were gone before they were compared", s.name, cli.Count(n, "record"))
	}
	return nil
}
