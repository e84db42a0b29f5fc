package cmd

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"kstream/cmd/diff"
	"kstream/kafka"
)

// diffSource gives the records of one side, once: a kafka.Reader, or a dump.
type diffSource interface {
	Run(ctx context.Context, emit func(kafka.Event) error) error
	Close() error
}

// diffSide is one of the two that are compared. One goroutine reads it.
type diffSide struct {
	*selected // made by open, as is looker
	*looker
	plan     *selection
	flags    *selectionFlags
	name     string // for people
	topic    string // of a dump with several, the one that is compared
	path     string // of a dump; empty for a topic
	beside   string // the topic of the other side
	number   int
	source   diffSource
	left     func() int64 // of source, in offsets; nil: nobody knows
	index    *diff.Side
	runs     diffRuns
	progress *diffProgress
	options  diff.Options
}

// planSide gives one argument its meaning.
func (f *topicDiffFlags) planSide(env *Env, arg string, cluster *clusterFlags) (*diffSide, error) {
	flags := f.reading
	flags.cluster = *cluster
	flags.serdes.cluster = &flags.cluster
	p := newSelection()
	s := &diffSide{plan: p, flags: &flags, name: arg, options: f.spill}
	var topics []string
	if path, ok := strings.CutPrefix(arg, filePrefix); ok {
		s.path = path
	} else {
		topics, s.topic = []string{arg}, arg
	}
	var err error
	if p.reading, err = flags.reading.plan(env, topics); err != nil {
		return nil, err
	}
	if err := p.reading.refuseStored(); err != nil {
		return nil, err
	}
	p.reading.toEnd = true
	if p.filters, err = flags.filters.plan(env); err != nil {
		return nil, err
	}
	if p.failures, err = f.looking.plan(); err != nil {
		return nil, err
	}
	p.tellsErrors = true
	return s, p.openSerdes(env, &flags.serdes)
}

// open finds the records of the side and makes its index. Unless it fails, close must
// follow.
func (s *diffSide) open(ctx context.Context, env *Env, progress *diffProgress, number int) error {
	s.selected = &selected{selection: s.plan, env: env}
	s.looker = s.newLooker()
	s.progress, s.number = progress, number
	s.index = diff.NewSide(s.options)
	if s.path != "" {
		return s.openDump(ctx, env)
	}
	return s.openTopic(ctx, env)
}

func (s *diffSide) close() error { return errors.Join(s.source.Close(), s.index.Close()) }

// diffFetch is how much is fetched at once of a partition, in bytes: unpacked, records
// take the client ten times as much memory and more, and two sides are read at once.
const diffFetch = 256 << 10

// openTopic starts to read a topic up to its end as it is now.
func (s *diffSide) openTopic(ctx context.Context, env *Env) error {
	return withAdmin(ctx, env, &s.flags.cluster, func(cluster *cluster, admin *kafka.Admin) error {
		topics, err := s.plan.reading.find(ctx, admin)
		if err != nil {
			return err
		}
		part, err := s.plan.reading.spans(ctx, admin, topics)
		if err = part.whole(err); err != nil {
			return err
		}
		for _, note := range part.notes {
			env.notice("%s", note)
		}
		properties := map[string]string{"fetch.message.max.bytes": strconv.Itoa(diffFetch)}
		maps.Copy(properties, cluster.Properties)
		cluster.Properties = properties
		rc := kafka.ReaderConfig{Spans: part.spans, ReadUncommitted: s.plan.reading.uncommitted}
		reader, err := kafka.OpenReader(cluster.Config, rc, topics)
		if err != nil {
			return err
		}
		s.source = reader
		total := offsetsOf(part.spans)
		s.progress.total += total
		s.progress.left[s.number].Store(total)
		s.left = func() int64 {
			positions, n := reader.Positions(), int64(0)
			for _, s := range part.spans {
				n += max(0, s.To-max(s.From, positions[s.TopicPartition]))
			}
			return n
		}
		return nil
	})
}

// read takes all records into the index.
func (s *diffSide) read(ctx context.Context, p *topicDiffPlan) error {
	form := newDiffForm(p.ignore, p.by)
	return s.source.Run(ctx, func(ev kafka.Event) error {
		for _, n := range ev.Notices {
			if n.Kind == kafka.NoticeLost {
				s.lost.Add(n.To - n.From)
			}
			s.progress.notice(n)
		}
		if ev.Batch == nil {
			return nil
		}
		for i := range ev.Batch.Records {
			if err := s.take(ctx, form, &ev.Batch.Records[i]); err != nil {
				return overOr(ctx, err)
			}
		}
		s.progress.show(s)
		return nil
	})
}

// take adds one record to the index, if the filters let it. What only a filter that
// looks at its meaning drops still ends what came before of its key, as in
// consume --latest-per-key.
func (s *diffSide) take(ctx context.Context, form *diffForm, rec *kafka.Record) error {
	if rec.Topic != s.topic {
		return nil // a dump may hold several
	}
	s.runs.add(rec)
	r := &s.record
	s.load(rec)
	keep, err := s.keep(ctx)
	if err != nil || !keep && !r.read {
		return err
	}
	return s.index.Add(form.of(r, keep))
}

// diffProgress shows how far both sides are; they share it.
type diffProgress struct {
	mu    sync.Mutex
	env   *Env
	meter *meter
	total int64
	left  [2]atomic.Int64
}

func (d *diffProgress) show(s *diffSide) {
	if !d.env.StderrTerminal || s.left == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.meter.show(d.total, func() int64 {
		d.left[s.number].Store(s.left())
		return d.left[0].Load() + d.left[1].Load()
	})
}

func (d *diffProgress) notice(n kafka.Notice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.meter.clear()
	if n.Kind != kafka.NoticeEnd {
		d.env.notice("%s", n)
	}
}

func (d *diffProgress) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.meter.clear()
}

// tellUndecoded tells of records that the serdes or the filters could not read.
func (s *diffSide) tellUndecoded() {
	s.tellFailures()
	if n, first := s.failed.total(); n > 0 && s.plan.failures.keeps() {
		s.env.notice("%s: %s, compared as bytes; the first: %s", s.name, &s.failed, first)
	}
}

// incomplete is the error of a side of which not all was there to read.
func (s *diffSide) incomplete() error {
	if n := s.lost.Load(); n > 0 {
		return faultf(codePartial, "%s: %s were gone before they were compared", s.name, countOf(n, "record"))
	}
	return nil
}
