package cmd

import (
	"context"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"kstream/cmd/arrange"
)

// orderFlags ask for records in another order than that of their partitions, and for
// only some of them.
type orderFlags struct {
	last         int64
	byTime       bool
	window       durationFlag
	latestPerKey bool
}

func (f *orderFlags) register(flags *pflag.FlagSet) {
	f.window.d = time.Second
	flags.Int64Var(&f.last, "last", 0, "the newest `N` records over all partitions, in time order; stops at the end as -e does")
	flags.BoolVar(&f.byTime, "sort-by-time", false, "sort by time: with -e or --to-offset fully, else within --sort-window")
	flags.Var(&f.window, "sort-window", "how long an endless --sort-by-time waits for older records: `D`")
	flags.BoolVar(&f.latestPerKey, "latest-per-key", false, "the last record of each key, without deleted keys; --filter and --grep look at these; stops at the end as -e does")
}

// orderPlan is orderFlags with a meaning.
type orderPlan struct {
	last   int           // of --last
	latest bool          // --latest-per-key
	window time.Duration // of an endless --sort-by-time, else 0
}

// plan also makes the read end where the order needs an end.
func (f *orderFlags) plan(all *consumeFlags, reading *rangePlan) (*orderPlan, error) {
	asked := 0
	for _, flag := range []bool{f.last > 0, f.byTime, f.latestPerKey} {
		if flag {
			asked++
		}
	}
	windowed := all.changed("sort-window")
	switch {
	case asked > 1:
		return nil, usagef("--last, --sort-by-time and --latest-per-key are three orders: choose one")
	case f.last > 0 && (all.count > 0 || all.perPart > 0):
		return nil, usagef("--last counts by itself: leave -n and --count-per-partition out")
	case f.last > 1<<31:
		return nil, usagef("--last %d: at most %d are kept in memory", f.last, int64(1)<<31)
	case windowed && !f.byTime:
		return nil, usagef("--sort-window goes with --sort-by-time")
	case windowed && f.window.d <= 0:
		return nil, usagef("--sort-window: want more than 0")
	case asked == 0:
		return nil, nil
	}
	reading.toEnd = reading.toEnd || f.last > 0 || f.latestPerKey
	p := &orderPlan{last: int(f.last), latest: f.latestPerKey}
	if f.byTime && !reading.bounded() {
		p.window = f.window.d
	} else if windowed {
		return nil, usagef("a read that ends is sorted fully: leave --sort-window out")
	}
	return p, nil
}

// arrangement puts rendered records into order. Views of several members share it. A
// nil one leaves records as they come.
type arrangement struct {
	*consumption
	mu     sync.Mutex
	all    arrange.Arranger // takes every record before it gives one
	latest *arrange.LatestPerKey
	window *arrange.Window // instead, when the read has no end
	out    *chunk          // where the window puts what leaves it, during a call
}

func (p *orderPlan) open(c *consumption) *arrangement {
	a := &arrangement{consumption: c}
	switch {
	case p.window > 0:
		a.window = arrange.NewWindow(p.window, 0, func(text []byte) error { return a.leave(text) })
	case p.last > 0:
		a.all = arrange.NewLast(p.last)
	case p.latest:
		a.latest = arrange.NewLatestPerKey(0)
		a.all = a.latest
	default:
		a.all = arrange.NewSorter(arrange.SorterOptions{})
	}
	return a
}

// arrange takes the record that v has just looked at. What leaves the window early is
// added to out.
func (v *view) arrange(r *record, keep bool, out *chunk) error {
	a := v.order
	if !keep && (a.latest == nil || !r.read) {
		return nil
	}
	m := &r.Message
	item := arrange.Item{
		Topic: m.Topic, Partition: m.Partition, Offset: m.Offset, Timestamp: m.Timestamp,
		Key: r.Record.Key, Tombstone: r.Record.Value == nil || !keep,
	}
	if keep {
		v.text = r.render(v.text[:0], v.plan.output.format)
		item.Text = v.text
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.window == nil {
		return a.all.Add(&item)
	}
	a.out = out
	return a.window.Add(&item, v.env.Now())
}

// leave adds a text to the output, if the budget allows.
func (a *arrangement) leave(text []byte) error {
	if a.limits.count > 0 {
		if err := a.claim(); err != nil {
			return err
		}
	}
	a.out.text = append(a.out.text, text...)
	a.printed.Add(1)
	return nil
}

// due adds to out what needs to wait no longer.
func (a *arrangement) due(out *chunk) error {
	if a == nil || a.window == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.out = out
	return a.window.Due(a.env.Now())
}

// tick lets records leave the window although no others come, until the function it
// returns is called.
func (a *arrangement) tick(live context.Context) (stop func()) {
	if a == nil || a.window == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(live)
	var ticking sync.WaitGroup
	ticking.Go(func() {
		tick := time.NewTicker(min(50*time.Millisecond, a.plan.order.window))
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			out := chunk{text: a.printer.buffer()}
			if a.due(&out) != nil {
				return // enough records
			}
			if len(out.text) > 0 && a.send(ctx, out) != nil {
				return
			}
		}
	})
	return func() { cancel(); ticking.Wait() }
}

// finish gives everything out that is held, in order. After a signal what needs the
// end of the read to be in order is dropped.
func (a *arrangement) finish(live context.Context, interrupted bool) error {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	out := chunk{text: a.printer.buffer()}
	a.out = &out
	var err error
	switch {
	case a.window != nil:
		err = a.window.Flush()
	case !interrupted:
		err = a.all.Each(func(text []byte) error {
			if err := a.leave(text); err != nil || len(out.text) < flushAt {
				return err
			}
			full := out
			out = chunk{text: a.printer.buffer()}
			return a.send(live, full)
		})
	}
	if err != nil && err != errEnough { //nolint:errorlint // ours, and never wrapped
		return err
	}
	if a.latest != nil && a.latest.NullKeys() > 0 && !a.env.quiet {
		out.notices = append(out.notices, countOf(a.latest.NullKeys(), "record")+" without a key left out by --latest-per-key")
	}
	return a.send(live, out)
}

func (a *arrangement) close() error {
	if a == nil || a.all == nil {
		return nil
	}
	return a.all.Close()
}
