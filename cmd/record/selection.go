package record

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/expr"
	"kstream/cmd/input"
	"kstream/kafka"
	"kstream/output"
	"kstream/serde"
)

// LookingOptions is --on-error of a command that looks at records and shows none.
type LookingOptions struct{ OnError string }

// Plan returns what becomes of records that cannot be read.
func (f *LookingOptions) Plan() (OnError, error) {
	p, err := PlanFailures(f.OnError, "keep", "skip", "stop")
	p.looks = true
	return p, err
}

// Options say which records are read and what their bytes mean. Every command
// that reads records has them.
type Options struct {
	Cluster connect.Options
	Reading RangeOptions
	Filters FilterOptions
	Serdes  SerdeOptions
	Changed func(name string) bool
}

// CheckForeign refuses what other tools mean by our flags.
func (f *Options) CheckForeign() error {
	if _, err := strconv.Atoi(f.Cluster.Context); err == nil {
		return cli.Hint(cli.Usagef("-c %s: -c names a context", f.Cluster.Context), "-n %s stops after so many records", f.Cluster.Context)
	}
	if part, spec, ok := strings.Cut(f.Serdes.Value, "="); ok && (part == "key" || part == "value") {
		return cli.Hint(cli.Usagef("-s %s: no such format", f.Serdes.Value), "use: --%s-serde %s", part, spec)
	}
	return nil
}

// Selection is which records are read, what their bytes mean and what becomes of one
// that cannot be read. Whatever reads records has one.
type Selection struct {
	Cluster  *connect.Options // that has the records
	Range    *Range
	File     string // a dump that is read instead of topics, "-" for stdin; else empty
	Filters  *Filters
	Failures OnError
	Serdes   SerdeOptions

	// What OpenSerdes makes of Serdes.
	Key, Value Decoding
	Encoders   [2]Encoding
	close      func()

	Outlives bool // records are shown as their bytes while the registry does not answer
	// Kept is what becomes of records that are kept although they could not be decoded, such
	// as "shown as bytes". Empty: whoever sees them sees why, too.
	Kept string
	// Missed is what becomes of records that --filter failed on while they are no error;
	// empty: they are left out.
	Missed   string
	Answered bool // records go to a command, which may have no answer
}

// PlanSerdes says how keys and values are decoded, or returns a usage error. It opens
// nothing.
func (s *Selection) PlanSerdes(env *cli.Env, f SerdeOptions) error {
	s.Serdes = f
	_, err := f.Options(env)
	return err
}

// OpenSerdes makes the serdes and what depends on them: a run begins with it, for a serde
// may start a command. Close ends what they started.
func (s *Selection) OpenSerdes(env *cli.Env) error {
	options, err := s.Serdes.Options(env)
	if err != nil {
		return err
	}
	key, value, closeAll, err := s.Serdes.Open(env)
	if err != nil {
		return err
	}
	topics := s.Serdes.byTopic(env, options)
	s.close = func() { closeAll(); topics.close() }
	s.Key = newDecoding(env, serde.Key, key, options.JSON())
	s.Value = newDecoding(env, serde.Value, value, options.JSON())
	s.Encoders = NewEncoders(key, value, options.JSON())
	s.Key.topics, s.Value.topics = topics, topics
	for i := range s.Encoders {
		s.Encoders[i].topics = topics
	}
	return nil
}

// Close ends what the serdes started, if they were opened.
func (s *Selection) Close() {
	if s.close != nil {
		s.close()
	}
}

// EncodeKey makes the bytes of --key-equals with the serde of keys.
func (s *Selection) EncodeKey(ctx context.Context, text string) ([]byte, error) {
	var scratch []byte
	key, _, err := s.Encoders[serde.Key].Encode(ctx, "", &input.Field{Bytes: []byte(text)}, &scratch)
	if cli.OfRegistry(err) {
		return nil, fmt.Errorf("--key-equals %s: %w", text, err)
	}
	if err != nil {
		return nil, cli.Hint(cli.Usagef("--key-equals %s: %w", text, err), "--filter '.key == …' compares decoded keys")
	}
	return key, nil
}

// Reading is one reading of a selection: what was missing, and what went wrong with
// single records. Goroutines may share it.
type Reading struct {
	*Selection
	Env     *cli.Env
	Letters *deadLetters   // nil without dlq
	Name    string         // of what is read, when that is not all; for notices
	Endless bool           // nothing but a signal ends it
	Tell    func(string)   // prints the first failure of a cause at once; nil: as a notice
	Failed  sharedFailures // records that --on-error decided about
	// Unmatched counts records that --filter failed on and that are kept: no match.
	Unmatched sharedFailures
	Outage    registryOutage
	Lost      atomic.Int64 // records that were gone before they were read
	Missing   error        // names the partitions that could not be read when the read began
}

// MissLater is nil for the error of partitions that had no leader any more, which it keeps:
// what was read of the others counts.
func (s *Reading) MissLater(err error) error {
	var unanswered *kafka.UnansweredError
	if !errors.As(err, &unanswered) {
		return err
	}
	s.Missing = cli.Errorf(cli.CodePartial, "%w", err)
	return nil
}

// Miss prints what is missing while the rest is read; it is an error in the end too.
func (s *Reading) Miss(missing error) {
	if s.Missing = missing; missing != nil {
		s.Env.Notice("%v; the other partitions are read", missing)
	}
}

// PlaceKey makes --key-equals a filter, and restricts the read to the partitions that
// the default partitioner chooses for the key, unless partitions were named.
func (s *Reading) PlaceKey(ctx context.Context, topics []kafka.Topic) error {
	if s.Filters.Key == nil {
		return nil
	}
	key, err := s.EncodeKey(ctx, *s.Filters.Key)
	if err != nil {
		return err
	}
	s.Filters.KeepKey(key)
	if s.Range.partitions != nil {
		return nil
	}
	s.Range.partitionOf = map[string]int32{}
	var tps []kafka.TopicPartition
	most := 0
	for _, t := range topics {
		partition := expr.Murmur2Partition(key, int32(len(t.Partitions)))
		s.Range.partitionOf[t.Name] = partition
		if len(t.Partitions) > 1 {
			tps = append(tps, kafka.TopicPartition{Topic: t.Name, Partition: partition})
		}
		most = max(most, len(t.Partitions))
	}
	if len(tps) > 0 {
		s.Env.Notice("--key-equals reads only %s, where Java's partitioner puts the key; --partitions %s reads all", ListPartitions(tps), fmt.Sprintf("0-%d", most-1))
	}
	return nil
}

// Looker runs the steps of a selection over records. One goroutine owns it.
type Looker struct {
	raw     []Step                                              // look at a record's bytes and say what is read at all
	decoded []Step                                              // look at what the bytes mean and say what is shown
	Claims  []Step                                              // take from budgets
	decide  func(context.Context, *Record, error) (bool, error) // about what a step of decoded fails with
	Record  Record
	texts   [2]output.TextRule // how bytes of keys and values are shown
}

// NewLooker joins the steps in the order in which they run.
func (s *Reading) NewLooker() *Looker { return s.newLooker(s.Decide, s.withoutRegistry) }

// NewScout returns a looker that decides nothing: its Keep fails for each record that
// --on-error or an outage of the registry has to decide about, and has then changed nothing
// that others see. Another looker looks at the record again.
func (s *Reading) NewScout() *Looker {
	return s.newLooker(
		func(_ context.Context, _ *Record, failed error) (bool, error) { return false, failed },
		func(_ context.Context, r *Record) (bool, error) { return false, r.DecodeErr },
	)
}

func (s *Reading) newLooker(decide func(context.Context, *Record, error) (bool, error), onOutage Step) *Looker {
	l := &Looker{raw: s.Filters.raw(), decide: decide, texts: [2]output.TextRule{s.Key.Rule, s.Value.Rule}}
	for _, d := range []Decoding{s.Key, s.Value} {
		if s.Outlives {
			d.onOutage = onOutage
		}
		if step := d.Step(); step != nil {
			l.decoded = append(l.decoded, step)
		}
	}
	l.decoded = append(l.decoded, s.Filters.decoded()...)
	return l
}

// OverOr is the error of what looks at records: why ctx has ended, if it has, for what is
// cut short then says anything.
func OverOr(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, cli.ErrEnough) || errors.Is(err, cli.ErrTooMany) {
		return err
	}
	return context.Cause(ctx)
}

// Load takes the next record to look at.
func (l *Looker) Load(rec *kafka.Record) {
	l.Record.Load(rec, l.texts[serde.Key], l.texts[serde.Value])
}

// Keep runs the steps over the record that was loaded until one drops it.
func (l *Looker) Keep(ctx context.Context) (bool, error) {
	r := &l.Record
	for _, s := range l.raw {
		if keep, err := s(ctx, r); !keep || err != nil {
			return false, err
		}
	}
	r.Read = true
	for _, s := range l.decoded {
		keep, err := s(ctx, r)
		if err != nil {
			keep, err = l.decide(ctx, r, err)
		}
		if !keep || err != nil {
			return false, err
		}
	}
	for _, s := range l.Claims {
		if keep, err := s(ctx, r); !keep || err != nil {
			return false, err
		}
	}
	return true, nil
}

// Looks reports whether each record must be looked at.
func (s *Selection) Looks() bool {
	return s.Filters.Any() || !s.Failures.Keeps() && (s.Key.Decodes() || s.Value.Decodes())
}
