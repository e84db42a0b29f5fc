package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/brianvoe/gofakeit/v7"
	"golang.org/x/sync/errgroup"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output"
)

// show is one run of the demo: members that print what they own and read, and a
// producer that waits until they share all partitions.
type show struct {
	*Plan
	env      *cli.Env
	cfg      kafka.Config
	printer  *cli.Printer
	chunks   chan cli.Chunk
	palette  []output.Style
	producer output.Style

	mu       sync.Mutex
	owned    map[int]int // partitions of each member
	balanced chan struct{}
	sent     int64 // delivered
	received int64
	ended    bool // the producer writes no more
	finish   context.CancelCauseFunc
}

// errShown ends the demo when everything that was written has been read.
var errShown = errors.New("every record was read")

func newShow(p *Plan, env *cli.Env, cfg kafka.Config) *show {
	s := &show{
		Plan: p, env: env, cfg: cfg,
		printer: &cli.Printer{Stdout: env.Stdout, Stderr: env.Stderr}, chunks: make(chan cli.Chunk, 16),
		owned: map[int]int{}, balanced: make(chan struct{}), palette: make([]output.Style, 1),
	}
	if env.ColorFor(env.StdoutTerminal) {
		s.palette, s.producer = output.MemberStyles(), output.Colours().Dim
	}
	return s
}

func (s *show) run(ctx context.Context) error {
	polling, finish := context.WithCancelCause(ctx) // may we take on more work?
	defer finish(nil)
	s.finish = finish
	stages, live := errgroup.WithContext(context.WithoutCancel(ctx)) // may we finish what we hold?
	context.AfterFunc(live, func() { finish(nil) })
	group, err := kafka.OpenGroup(s.cfg, kafka.GroupConfig{
		Name: demoGroup, Topics: []string{s.topic}, Members: s.Members,
		Reset: "latest", SessionTimeout: 6 * time.Second,
	})
	if err != nil {
		return err
	}
	printed := make(chan error, 1)
	go func() { printed <- s.print() }() // ends when chunks is closed
	stages.Go(func() error {             // ends with polling
		err := group.Run(polling, live, func(member int) func(kafka.Event) error {
			return func(ev kafka.Event) error { return s.show(member, ev) }
		})
		if cause := context.Cause(polling); cause != nil && errors.Is(err, cause) {
			return nil
		}
		return err
	})
	stages.Go(func() error { return s.produce(polling, context.WithoutCancel(ctx)) }) // ends with polling
	err = stages.Wait()
	s.say(s.producer, "delivered %d, received %d", s.sent, s.received)
	close(s.chunks)
	if printErr := <-printed; printErr != nil {
		return printErr
	}
	if err == nil && s.Count > 0 {
		return cli.Stopped(polling)
	}
	return err
}

// print writes what the others have to say. When nobody reads any more, it lets them
// end.
func (s *show) print() error {
	err := s.printer.Print(s.chunks)
	if err == nil {
		return nil
	}
	s.finish(err)
	for c := range s.chunks {
		if c.Done != nil {
			c.Done()
		}
	}
	return err
}

// line appends one line, safe for a terminal.
func line(dst []byte, style output.Style, format string, args ...any) []byte {
	text := output.AppendEscapedString(nil, fmt.Sprintf(format, args...))
	return append(style.Append(dst, string(text)), '\n')
}

func (s *show) say(style output.Style, format string, args ...any) {
	s.chunks <- cli.Chunk{Text: line(nil, style, format, args...)}
}

// show prints an event of one member. What was read counts, and is committed, once it
// was printed.
func (s *show) show(member int, ev kafka.Event) error {
	style := s.palette[(member-1)%len(s.palette)]
	var c cli.Chunk
	for _, n := range ev.Notices {
		c.Text = line(c.Text, style, "member %d  %s", member, n)
	}
	if ev.Change != nil {
		c.Text = s.change(c.Text, member, style, ev.Change)
		c.Done = ev.Change.Written
	}
	if ev.Batch != nil {
		for i := range ev.Batch.Records {
			r := &ev.Batch.Records[i]
			c.Text = line(c.Text, style, "member %d  %s[%d]@%d  key %s  %s", member, r.Topic, r.Partition, r.Offset, r.Key, r.Value)
		}
		n := len(ev.Batch.Records)
		ack := ev.Batch.Ack(n)
		c.Done = func() {
			ack()
			s.tally(0, int64(n))
		}
	}
	s.chunks <- c
	return nil
}

// change describes what a member was given or gave away.
func (s *show) change(dst []byte, member int, style output.Style, c *kafka.Change) []byte {
	sign, of := "+", 1
	switch c.Kind {
	case kafka.ChangeAssigned:
	case kafka.ChangeRevoked, kafka.ChangeLost:
		sign, of = "-", -1
	default:
		return dst
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owned[member] += of * len(c.Offsets)
	s.lookBalanced()
	if len(c.Offsets) == 0 {
		return dst
	}
	return line(dst, style, "member %d (%s)  %s%s, owns %d", member, c.MemberID, sign, record.PartitionList(c.Offsets), s.owned[member])
}

// lookBalanced lets the producer start once all members share all partitions. The
// caller holds the lock.
func (s *show) lookBalanced() {
	total, least, most := 0, s.Partitions, 0
	for m := 1; m <= s.Members; m++ {
		n := s.owned[m]
		total, least, most = total+n, min(least, n), max(most, n)
	}
	select {
	case <-s.balanced:
	default:
		if total == s.Partitions && most-least <= 1 {
			close(s.balanced)
		}
	}
}

// tally counts what was delivered and received, and ends a bounded demo.
func (s *show) tally(sent, received int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent += sent
	s.received += received
	if s.ended && s.received >= s.sent {
		s.finish(errShown)
	}
}

// produce writes a record every interval and says where each was stored.
func (s *show) produce(polling, live context.Context) (err error) {
	p, err := kafka.OpenProducer(s.cfg, kafka.ProducerConfig{
		Delivered: func(o *kafka.Outgoing, i int, r kafka.Receipt) {
			s.say(s.producer, "producer  %s[%d]@%d  key %s delivered", o.Topic(), r.Partition, r.Offset, o.Record(i).Key)
			s.tally(1, 0)
		},
		Failed: func(_ *kafka.Outgoing, _ int, err error) { s.finish(err) },
	}, nil)
	if err != nil {
		return err
	}
	defer func() {
		flushed := p.Flush(live)
		s.mu.Lock()
		s.ended = true
		s.mu.Unlock()
		s.tally(0, 0)
		err = errors.Join(err, flushed, p.Close())
	}()
	select {
	case <-s.balanced:
	case <-polling.Done():
		return nil
	}
	ticker := time.NewTicker(s.Interval.D)
	defer ticker.Stop()
	for n := int64(0); s.Count == 0 || n < s.Count; n++ {
		if n > 0 {
			select {
			case <-ticker.C:
			case <-polling.Done():
				return nil
			}
		}
		value, err := json.Marshal(favorite{gofakeit.FirstName(), gofakeit.SafeColor(), rand.IntN(100)})
		if err != nil {
			return err
		}
		o := new(kafka.Outgoing)
		o.Reset(s.topic)
		o.Add([]byte(strconv.Itoa(rand.IntN(101))), value, nil, kafka.AnyPartition, kafka.Now)
		if err := p.Send(polling, o); err != nil {
			return err
		}
	}
	return nil
}

// favorite is the value of the demo's records.
type favorite struct {
	Name   string `json:"name"`
	Color  string `json:"favorite_color"`
	Number int    `json:"favorite_number"`
}
