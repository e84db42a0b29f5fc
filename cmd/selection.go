package cmd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/spf13/pflag"

	"kstream/cmd/expr"
	"kstream/cmd/input"
	"kstream/kafka"
	"kstream/output"
	"kstream/serde"
)

// selectionFlags say which records are read and what their bytes mean. Every command
// that reads records has them.
type selectionFlags struct {
	cluster clusterFlags
	reading rangeFlags
	filters filterFlags
	serdes  serdeFlags
	changed func(name string) bool
}

// register adds the flags, except the filters whose names are in without.
func (f *selectionFlags) register(flags *pflag.FlagSet, without ...string) {
	f.changed = flags.Changed
	f.reading.register(flags)
	f.filters.register(flags, without...)
	f.serdes.cluster = &f.cluster
	f.serdes.register(flags)
}

// checkForeign refuses what other tools mean by our flags.
func (f *selectionFlags) checkForeign() error {
	if _, err := strconv.Atoi(f.cluster.context); err == nil {
		return hint(usagef("-c %s: -c names a context", f.cluster.context), "-n %s stops after so many records", f.cluster.context)
	}
	if part, spec, ok := strings.Cut(f.serdes.value, "="); ok && (part == "key" || part == "value") {
		return hint(usagef("-s %s: no such format", f.serdes.value), "use: --%s-serde %s", part, spec)
	}
	return nil
}

// selection says which records are read, what their bytes mean and what becomes of one
// that cannot be read. Whatever reads records has one.
type selection struct {
	reading    *rangePlan
	file       string // a dump that is read instead of topics, "-" for stdin; else empty
	filters    *filterPlan
	failures   failures
	key, value decoding
	encoders   [2]encoding
	close      func() // ends what the serdes started

	outlives    bool // records are shown as their bytes while the registry does not answer
	tellsErrors bool // whoever sees the records sees why one could not be decoded
	answered    bool // records go to a command, which may have no answer
}

func newSelection() *selection { return &selection{close: func() {}} }

// openSerdes makes the serdes and what depends on them. It comes last in a plan, for a
// serde may start a command.
func (s *selection) openSerdes(env *Env, f *serdeFlags) error {
	options, err := f.options(env)
	if err != nil {
		return err
	}
	key, value, closeAll, err := f.open(env)
	if err != nil {
		return err
	}
	s.close = closeAll
	s.key = newDecoding(env, serde.Key, key, options.JSON())
	s.value = newDecoding(env, serde.Value, value, options.JSON())
	s.encoders = newEncoders(key, value, options.JSON())
	return nil
}

// encodeKey makes the bytes of --key-equals with the serde of keys.
func (s *selection) encodeKey(ctx context.Context, text string) ([]byte, error) {
	var scratch []byte
	key, _, err := s.encoders[serde.Key].encode(ctx, "", &input.Field{Bytes: []byte(text)}, &scratch)
	if ofRegistry(err) {
		return nil, fmt.Errorf("--key-equals %s: %w", text, err)
	}
	if err != nil {
		return nil, hint(usagef("--key-equals %s: %w", text, err), "--filter '.key == …' compares decoded keys")
	}
	return key, nil
}

// selected is one reading of a selection: what was missing, and what went wrong with
// single records. Goroutines may share it.
type selected struct {
	*selection
	env     *Env
	letters *deadLetters // nil without dlq
	failed  failureCount // records that --on-error decided about
	// unmatched counts records that --filter failed on and that are kept: no match.
	unmatched failureCount
	unasked   unasked
	lost      atomic.Int64 // records that were gone before they were read
	missing   error        // names the partitions that could not be read when the read began
}

// missLater is nil for the error of partitions that had no leader any more, which it keeps:
// what was read of the others counts.
func (s *selected) missLater(err error) error {
	var unanswered *kafka.UnansweredError
	if !errors.As(err, &unanswered) {
		return err
	}
	s.missing = faultf(codePartial, "%w", err)
	return nil
}

// miss says what is missing while the rest is read; it is an error in the end too.
func (s *selected) miss(missing error) {
	if s.missing = missing; missing != nil {
		s.env.notice("%v; the other partitions are read", missing)
	}
}

// placeKey makes --key-equals a filter, and restricts the read to the partitions that
// the default partitioner gives the key, unless partitions were named.
func (s *selected) placeKey(ctx context.Context, topics []kafka.Topic) error {
	if s.filters.key == nil {
		return nil
	}
	key, err := s.encodeKey(ctx, *s.filters.key)
	if err != nil {
		return err
	}
	s.filters.keepKey(key)
	if s.reading.partitions != nil {
		return nil
	}
	s.reading.partitionOf = map[string]int32{}
	var tps []kafka.TopicPartition
	most := 0
	for _, t := range topics {
		partition := expr.Murmur2Partition(key, int32(len(t.Partitions)))
		s.reading.partitionOf[t.Name] = partition
		if len(t.Partitions) > 1 {
			tps = append(tps, kafka.TopicPartition{Topic: t.Name, Partition: partition})
		}
		most = max(most, len(t.Partitions))
	}
	if len(tps) > 0 {
		s.env.notice("--key-equals reads only %s, where Java's partitioner puts the key; --partitions %s reads all", listPartitions(tps), fmt.Sprintf("0-%d", most-1))
	}
	return nil
}

// looker runs the steps of a selection over records. One goroutine owns it.
type looker struct {
	raw     []step                                              // look at a record's bytes and say what is read at all
	decoded []step                                              // look at what the bytes mean and say what is shown
	claims  []step                                              // take from budgets
	decide  func(context.Context, *record, error) (bool, error) // about what a step of decoded fails with
	record  record
	texts   [2]output.TextRule // how bytes of keys and values are shown
}

// newLooker joins the steps in the order in which they run.
func (s *selected) newLooker() *looker {
	l := &looker{raw: s.filters.raw, decide: s.decide, texts: [2]output.TextRule{s.key.rule, s.value.rule}}
	for _, d := range []decoding{s.key, s.value} {
		if s.outlives {
			d.unasked = s.withoutRegistry
		}
		if step := d.step(); step != nil {
			l.decoded = append(l.decoded, step)
		}
	}
	l.decoded = append(l.decoded, s.filters.decoded...)
	return l
}

// overOr is the error of what looks at records: why ctx has ended, if it has, for what is
// cut short then says anything.
func overOr(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, errEnough) || errors.Is(err, errTooMany) {
		return err
	}
	return context.Cause(ctx)
}

// load takes the next record to look at.
func (l *looker) load(rec *kafka.Record) {
	l.record.load(rec, l.texts[serde.Key], l.texts[serde.Value])
}

// keep runs the steps over the record that was loaded until one drops it.
func (l *looker) keep(ctx context.Context) (bool, error) {
	r := &l.record
	for _, s := range l.raw {
		if keep, err := s(ctx, r); !keep || err != nil {
			return false, err
		}
	}
	r.read = true
	for _, s := range l.decoded {
		keep, err := s(ctx, r)
		if err != nil {
			keep, err = l.decide(ctx, r, err)
		}
		if !keep || err != nil {
			return false, err
		}
	}
	for _, s := range l.claims {
		if keep, err := s(ctx, r); !keep || err != nil {
			return false, err
		}
	}
	return true, nil
}
