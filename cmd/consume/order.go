package consume

import (
	"context"
	"sync"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/cmd/sorting"
)

// OrderOptions ask for records in another order than that of their partitions, and for
// only some of them.
type OrderOptions struct {
	Last         int64
	Tail         int64 // Last and Follow in one
	Follow       bool
	ByTime       bool
	Window       cli.Duration
	LatestPerKey bool
}

// orderPlan is OrderOptions, checked.
type orderPlan struct {
	last   int           // of --last
	follow bool          // read on after those
	latest bool          // --latest-per-key
	window time.Duration // of an endless --sort-by-time, else 0
}

// plan also makes the read end where the order needs an end.
func (f *OrderOptions) plan(all *Options, reading *record.Range) (*orderPlan, error) {
	if f.Tail > 0 && f.Last > 0 {
		return nil, cli.Usagef("--tail N is --last N --follow: leave one of them out")
	}
	last, follow := max(f.Last, f.Tail), f.Follow || f.Tail > 0
	asked := 0
	for _, flag := range []bool{last > 0, f.ByTime, f.LatestPerKey} {
		if flag {
			asked++
		}
	}
	windowed := all.Changed("sort-window")
	switch {
	case asked > 1:
		return nil, cli.Usagef("--last, --sort-by-time and --latest-per-key are three orders: choose one")
	case follow && (reading.Bounded() || f.LatestPerKey):
		return nil, cli.Usagef("--follow and --tail read on without an end: leave -e, --to-offset and --latest-per-key out")
	case last > 0 && (all.Count > 0 || all.PerPart > 0):
		return nil, cli.Usagef("--last counts by itself: leave -n and --count-per-partition out")
	case last > 1<<31:
		return nil, cli.Usagef("--last %d: at most %d are kept in memory", last, int64(1)<<31)
	case windowed && !f.ByTime:
		return nil, cli.Usagef("--sort-window goes with --sort-by-time")
	case windowed && f.Window.D <= 0:
		return nil, cli.Usagef("--sort-window: want more than 0")
	case asked == 0:
		return nil, nil
	}
	reading.ToEnd = reading.ToEnd || last > 0 && !follow || f.LatestPerKey
	p := &orderPlan{last: int(last), follow: follow, latest: f.LatestPerKey}
	if f.ByTime && !reading.Bounded() {
		p.window = f.Window.D
	} else if windowed {
		return nil, cli.Usagef("a read that ends is sorted fully: leave --sort-window out")
	}
	return p, nil
}

// ordering puts rendered records into order. Views of several members share it. A
// nil one leaves records as they come.
type ordering struct {
	*run
	mu     sync.Mutex
	all    sorting.Arranger // takes every record before it returns one
	latest *sorting.LatestPerKey
	window *sorting.Window // instead, when the read has no end
	out    *cli.Chunk      // where the window puts what leaves it, during a call
}

func (p *orderPlan) open(c *run) *ordering {
	a := &ordering{run: c}
	switch {
	case p.window > 0:
		a.window = sorting.NewWindow(p.window, 0, func(text []byte) error { return a.leave(text) })
	case p.last > 0:
		a.all = sorting.NewLast(p.last)
	case p.latest:
		a.latest = sorting.NewLatestPerKey(0)
		a.all = a.latest
	default:
		a.all = sorting.NewSorter(sorting.SorterOptions{})
	}
	return a
}

// arrange takes the record that v has just looked at. What leaves the window early is
// added to out.
func (v *view) arrange(r *record.Record, keep bool, out *cli.Chunk) error {
	a := v.order
	if !keep && (a.latest == nil || !r.Read) {
		return nil
	}
	m := &r.Message
	item := sorting.Item{
		Topic: m.Topic, Partition: m.Partition, Offset: m.Offset, Timestamp: m.Timestamp,
		Key: r.Record.Key, Tombstone: r.Record.Value == nil || !keep,
	}
	if keep {
		v.text = r.Render(v.text[:0], v.plan.output.format)
		item.Text = v.text
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.window == nil {
		return a.all.Add(&item)
	}
	a.out = out
	return a.window.Add(&item, v.Env.Now())
}

// leave adds a text to the output, if the budget allows.
func (a *ordering) leave(text []byte) error {
	if a.Limits.Count > 0 {
		if err := a.Claim(); err != nil {
			return err
		}
	}
	a.out.Text = append(a.out.Text, text...)
	a.Printed.Add(1)
	return nil
}

// due adds to out what needs to wait no longer.
func (a *ordering) due(out *cli.Chunk) error {
	if a == nil || a.window == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.out = out
	return a.window.Due(a.Env.Now())
}

// tick lets records leave the window although no others come, until the function it
// returns is called.
func (a *ordering) tick(live context.Context) (stop func()) {
	if a == nil || a.window == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(live)
	var ticking sync.WaitGroup
	ticking.Go(func() { // ends with ctx
		tick := time.NewTicker(min(50*time.Millisecond, a.plan.order.window))
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			out := cli.Chunk{Text: a.printer.Buffer()}
			if a.due(&out) != nil {
				return // enough records
			}
			if len(out.Text) > 0 && a.send(ctx, out) != nil {
				return
			}
		}
	})
	return func() { cancel(); ticking.Wait() }
}

// finish prints everything that is held, in order. After a signal what needs the
// end of the read to be in order is dropped.
func (a *ordering) finish(live context.Context, interrupted bool) error {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	out := cli.Chunk{Text: a.printer.Buffer()}
	a.out = &out
	var err error
	switch {
	case a.window != nil:
		err = a.window.Flush()
	case !interrupted:
		err = a.all.Each(func(text []byte) error {
			if err := a.leave(text); err != nil || len(out.Text) < cli.FlushAt {
				return err
			}
			full := out
			out = cli.Chunk{Text: a.printer.Buffer()}
			return a.send(live, full)
		})
	}
	if err != nil && err != cli.ErrEnough { //nolint:errorlint // ours, and never wrapped
		return err
	}
	if a.latest != nil && a.latest.NullKeys() > 0 && !a.Env.Quiet {
		out.Notices = append(out.Notices, cli.Count(a.latest.NullKeys(), "record")+" without a key left out by --latest-per-key")
	}
	return a.send(live, out)
}

func (a *ordering) close() error {
	if a == nil || a.all == nil {
		return nil
	}
	return a.all.Close()
}
