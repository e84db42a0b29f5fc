package cmd

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"kstream/kafka"
	"kstream/serde"
)

// consumeFlags holds the command line as typed; plan gives it meaning.
type consumeFlags struct {
	cluster     clusterFlags
	reading     rangeFlags
	filters     filterFlags
	serdes      serdeFlags
	output      recordOutputFlags
	exit        bool
	count       int64
	perPart     int64
	idle, limit durationFlag
	failEmpty   bool
}

func newConsumeCmd(env *Env) *cobra.Command {
	var f consumeFlags
	cmd := &cobra.Command{
		Use:     "consume TOPIC...",
		Aliases: []string{"read"},
		Short:   "Print records as they arrive",
		Example: `  kstream consume orders                          from the beginning, and then as they arrive
  kstream consume orders -e -o json               all there is, lossless, one line a record
  kstream consume orders --from-offset -1h -e     of the last hour
  kstream consume orders --filter '.value.color=="red"' -n 10
  kstream consume orders -o '%p %o %k %v\n'       in a format of your own`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, topics []string) error {
			plan, err := f.plan(env, topics)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.exit, "exit", "e", false, "stop at the end as it is at the start")
	flags.Int64VarP(&f.count, "count", "n", 0, "stop after exactly `N` printed records")
	flags.Int64Var(&f.perPart, "count-per-partition", 0, "print at most `N` records of each partition, and stop when every one has them")
	flags.Var(&f.idle, "idle-timeout", "stop when nothing has come for `D`")
	flags.Var(&f.limit, "for", "stop after `D`")
	flags.BoolVar(&f.failEmpty, "fail-empty", false, "exit with 7 when nothing was printed")
	f.reading.register(flags)
	f.filters.register(flags)
	f.serdes.register(flags)
	f.output.register(flags)
	f.cluster.register(flags)
	return cmd
}

// consumePlan is consumeFlags with a meaning.
type consumePlan struct {
	flags      *consumeFlags
	reading    *rangePlan
	filters    *filterPlan
	output     *recordOutput
	key, value decoding
	close      func() // ends what the serdes started
	endless    bool   // nothing but a signal ends it
}

func (f *consumeFlags) plan(env *Env, topics []string) (*consumePlan, error) {
	p := &consumePlan{flags: f}
	var err error
	if f.count < 0 || f.perPart < 0 {
		return nil, usagef("-n and --count-per-partition count records: want a number above 0")
	}
	if p.reading, err = f.reading.plan(env, topics); err != nil {
		return nil, err
	}
	p.reading.bounded = p.reading.bounded || f.exit
	if p.filters, err = f.filters.plan(env); err != nil {
		return nil, err
	}
	if p.output, err = f.output.plan(env); err != nil {
		return nil, err
	}
	p.endless = !p.reading.bounded && f.count == 0 && f.perPart == 0
	key, value, closeAll, err := f.serdes.open(env)
	if err != nil {
		return nil, err
	}
	options, err := f.serdes.options(env)
	if err != nil {
		return nil, err
	}
	p.close = closeAll
	p.key = newDecoding(serde.Key, key, options.JSON())
	p.value = newDecoding(serde.Value, value, options.JSON())
	return p, f.cluster.plan(env)
}

// Reasons for which a read ends before its records do.
var (
	errEnough = errors.New("enough records")
	errIdle   = errors.New("nothing has come for the idle timeout")
	errTimeUp = errors.New("the time is up")
)

// consumption is the state that all goroutines of one consume share.
type consumption struct {
	plan    *consumePlan
	printer *printer
	chunks  chan chunk
	left    atomic.Int64 // of --count
	printed atomic.Int64
	lost    atomic.Int64 // records that were gone before they were read
	full    atomic.Int64 // partitions that have all of --count-per-partition
	spans   int
	newest  atomic.Int64 // when a record came last, in nanoseconds of the wall clock
	stop    context.CancelCauseFunc
}

// run carries records to stdout: one goroutine fetches, decodes and renders, one more
// prints.
func (p *consumePlan) run(ctx context.Context, env *Env) error {
	defer p.close()
	cluster, err := p.flags.cluster.connect(ctx, env)
	if err != nil {
		return err
	}
	admin, err := kafka.OpenAdmin(ctx, cluster.Config)
	if err != nil {
		return err
	}
	defer admin.Close()
	reader, spans, err := p.open(ctx, env, cluster.Config, admin)
	if err != nil {
		return err
	}
	polling, stop := context.WithCancelCause(ctx) // may we take on more work?
	defer stop(nil)
	c := &consumption{
		plan:    p,
		printer: &printer{stdout: env.Stdout, stderr: env.Stderr},
		chunks:  make(chan chunk, 2),
		stop:    stop,
		spans:   spans,
	}
	c.left.Store(math.MaxInt64)
	if p.flags.count > 0 {
		c.left.Store(p.flags.count)
	}
	return errors.Join(c.carry(polling, env, reader), reader.Close())
}

// open finds the topics and starts the reader; it also says how many spans that reads.
func (p *consumePlan) open(ctx context.Context, env *Env, cfg kafka.Config, admin *kafka.Admin) (*kafka.Reader, int, error) {
	topics, err := p.reading.find(ctx, admin)
	if err != nil {
		return nil, 0, err
	}
	if len(topics) == 0 {
		return nil, 0, faultf(codeUnknownTopic, "no topic matches %v", p.reading.topics)
	}
	spans, held, err := p.reading.spans(ctx, admin, topics)
	if err != nil {
		return nil, 0, err
	}
	for _, tp := range held {
		env.notice("%s: records wait in an open transaction; --isolation read_uncommitted reads them", tp)
	}
	rc := kafka.ReaderConfig{Spans: spans, ReadUncommitted: p.reading.uncommitted}
	if p.reading.partitions == nil && !p.reading.hasFrom {
		rc.Topics = func(ctx context.Context) ([]kafka.Topic, error) { return p.reading.find(ctx, admin) }
	}
	reader, err := kafka.OpenReader(cfg, rc, topics)
	return reader, len(spans), err
}

// carry runs the stages until the read ends and says how it ended.
func (c *consumption) carry(polling context.Context, env *Env, reader *kafka.Reader) error {
	c.newest.Store(time.Now().UnixNano())
	stages, live := errgroup.WithContext(context.WithoutCancel(polling)) // may we finish what we hold?
	context.AfterFunc(live, func() { c.stop(nil) })
	f := c.plan.flags
	if f.limit.d > 0 {
		timer := time.AfterFunc(f.limit.d, func() { c.stop(errTimeUp) })
		defer timer.Stop()
	}
	if c.plan.output.header != "" {
		c.printer.pending = append(c.printer.pending, c.plan.output.header...)
	}
	stages.Go(func() error {
		defer close(c.chunks)
		view := c.newView(env)
		err := reader.Run(polling, func(ev kafka.Event) error { return view.render(live, ev) })
		if cause := context.Cause(polling); cause != nil && errors.Is(err, cause) {
			return nil // the end was asked for; ended tells by whom
		}
		return err
	})
	stages.Go(func() error { return c.printer.print(c.chunks) })
	if f.idle.d > 0 {
		watch, done := context.WithCancel(polling)
		defer done()
		go c.watchIdle(watch) // ends with watch
	}
	if err := stages.Wait(); err != nil {
		return err
	}
	return c.ended(context.Cause(polling))
}

// watchIdle ends the read when nothing has come for the idle timeout.
func (c *consumption) watchIdle(ctx context.Context) {
	idle := c.plan.flags.idle.d
	for {
		quiet := time.Since(time.Unix(0, c.newest.Load()))
		if quiet >= idle {
			c.stop(errIdle)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(idle - quiet):
		}
	}
}

// ended turns the reason for the end into the outcome of the command.
func (c *consumption) ended(cause error) error {
	f := c.plan.flags
	var interrupted *errInterrupted
	switch {
	case errors.As(cause, &interrupted) && !c.plan.endless:
		return interrupted
	case (errors.Is(cause, errIdle) || errors.Is(cause, errTimeUp)) && f.count > 0 && c.left.Load() > 0:
		return faultf(codeTimeout, "%d of %d records: %w", c.printed.Load(), f.count, cause)
	case c.plan.reading.bounded && c.lost.Load() > 0:
		return faultf(codePartial, "%d records were deleted before they were read", c.lost.Load())
	case f.failEmpty && c.printed.Load() == 0:
		return faultf(codeUnmet, "--fail-empty: nothing was printed")
	}
	return nil
}
