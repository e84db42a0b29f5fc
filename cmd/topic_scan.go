package cmd

import (
	"context"
	"errors"

	"github.com/spf13/pflag"

	"kstream/kafka"
)

// scanFlags are those of commands that look at the records which topics hold now and
// show none of them.
type scanFlags struct {
	choice  choiceFlags
	listing listingFlags
	reading selectionFlags
	looking lookingFlags
}

func (f *scanFlags) register(flags *pflag.FlagSet) {
	f.choice.register(flags)
	f.reading.register(flags, "map") // it changes what is shown, and nothing is
	f.looking.register(flags)
	f.listing.register(flags)
	f.reading.cluster.register(flags)
	flags.Lookup("to-offset").Usage = "stop before position `P`, or at the end if that comes first"
}

// scanPlan is scanFlags with a meaning.
type scanPlan struct {
	*selection
	flags   *selectionFlags
	listing *listing
	choice  *topicChoice
}

// plan does all but open the serdes, which may start a command.
func (f *scanFlags) plan(env *Env, args []string) (*scanPlan, error) {
	p := &scanPlan{selection: newSelection(), flags: &f.reading}
	p.tellsErrors = true
	var err error
	if p.choice, err = f.choice.plan(args); err != nil {
		return nil, err
	}
	if p.reading, err = f.reading.reading.plan(env, nil); err != nil {
		return nil, err
	}
	if err := p.reading.refuseStored(); err != nil {
		return nil, err
	}
	p.reading.toEnd, p.reading.patterns = true, p.choice.patterns()
	if p.filters, err = f.reading.filters.plan(env); err != nil {
		return nil, err
	}
	if p.failures, err = f.looking.plan(); err != nil {
		return nil, err
	}
	if p.listing, err = f.listing.plan(env); err != nil {
		return nil, err
	}
	return p, f.reading.cluster.plan(env)
}

// scan reads spans, one after the other or all at once, and shows how far it is. One
// goroutine owns it.
type scan struct {
	*selected
	config kafka.Config
	meter  *meter
	total  int64 // offsets that are to be read in all
	done   int64 // of them by reads that have ended
}

// read hands the batches of spans to add, until ctx ends.
func (s *scan) read(ctx context.Context, spans []kafka.Span, topics []kafka.Topic, add func(context.Context, *kafka.Batch) error) (err error) {
	reader, err := kafka.OpenReader(s.config, kafka.ReaderConfig{Spans: spans, ReadUncommitted: s.reading.uncommitted}, topics)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	left := func() int64 {
		positions := reader.Positions()
		n := s.total - s.done
		for _, span := range spans {
			n -= max(0, min(span.To, positions[span.TopicPartition])-span.From)
		}
		return n
	}
	defer s.meter.clear()
	err = reader.Run(ctx, func(ev kafka.Event) error {
		for _, n := range ev.Notices {
			if n.Kind == kafka.NoticeLost {
				s.lost.Add(n.To - n.From)
			}
			s.meter.clear()
			s.env.notice("%s", n)
		}
		if ev.Batch != nil {
			if err := add(ctx, ev.Batch); err != nil {
				return overOr(ctx, err)
			}
		}
		s.meter.show(s.total, left)
		return nil
	})
	s.done += offsetsOf(spans)
	return err
}

// offsetsOf is the number of offsets in spans, so the most records that there can be.
func offsetsOf(spans []kafka.Span) int64 {
	n := int64(0)
	for _, s := range spans {
		n += max(0, s.To-s.From)
	}
	return n
}
