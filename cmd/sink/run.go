package sink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/cmd/sink/postgres"
	"kstream/cmd/sink/sqlite"
	"kstream/cmd/sink/table"
	"kstream/cmd/sink/web"
	"kstream/kafka"
)

// store is a database as one member has it.
type store interface {
	// Take takes partitions over, and notes in each how far it is. Whoever had them before can
	// write no more of them.
	Take(ctx context.Context, parts []table.Partition) error
	// Write writes rows and offsets in one transaction. After table.ErrFenced and
	// table.ErrLost the partitions are to be taken over again.
	Write(ctx context.Context, t *table.Transaction) error
	Close() error
}

// sink is the state that all members share.
type sink struct {
	*record.Run
	plan    *Plan
	options table.Options
	url     string // with the secrets in it
	shown   string // without
	kafka   kafka.Config

	working context.Context // may we finish what we hold?

	mu       sync.Mutex
	members  map[int]*member
	undoings record.Failures // why records were read again, each time

	read, written atomic.Int64 // that are committed
}

// Summary is what one run has counted: records that are done, and rows.
type Summary struct{ Read, Written int64 }

// Run reads as a group and writes rows, until it is to end.
func Run(ctx context.Context, env *cli.Env, p *Plan) (s Summary, err error) {
	if err := p.OpenSerdes(env); err != nil {
		return s, err
	}
	defer p.Close()
	polling, stop := context.WithCancelCause(ctx) // may we take on more work?
	defer stop(nil)
	defer p.limits.Time(stop)()
	l := &sink{
		Run: record.NewRun(p.Selection, p.members, p.limits, env, stop), plan: p, options: p.options,
		working: context.WithoutCancel(ctx), members: map[int]*member{},
	}
	l.Signals, l.Polling = ctx, polling
	defer func() { err = errors.Join(err, l.close()) }()
	src, err := l.open(polling)
	if cause := context.Cause(polling); err != nil && cause != nil && errors.Is(err, cause) {
		return s, l.Ended(cause)
	}
	if err != nil {
		return s, err
	}
	err = errors.Join(l.carry(polling, src), src.Close())
	return l.summary(), err
}

func (l *sink) summary() Summary { return Summary{l.read.Load(), l.written.Load()} }

// open looks at where the rows go, and then at where they come from.
func (l *sink) open(ctx context.Context) (record.Source, error) {
	cluster, err := l.Cluster.Connect(ctx, l.Env)
	if err != nil {
		return nil, err
	}
	if err := cluster.RefuseWrites(); err != nil {
		return nil, err
	}
	l.kafka = cluster.Config
	if l.url, l.shown, err = Reveal(ctx, l.plan.url); err != nil {
		return nil, err
	}
	o := &l.options
	host, _ := os.Hostname() // who looks at the table wants to know; it need not be known
	o.Owner = fmt.Sprintf("%s:%d", cmp.Or(host, "unknown"), os.Getpid())
	o.Timeout, o.Notice, o.Schemas = l.kafka.Timeout, l.Env.Notice, l.Selection.Schemas(ctx)
	if err := l.probe(ctx); err != nil {
		return nil, err
	}
	if l.Admin.Admin, err = kafka.OpenAdmin(ctx, l.kafka); err != nil {
		return nil, err
	}
	topics, err := l.Find(ctx, l.Admin.Admin)
	if err != nil {
		return nil, err
	}
	if l.Failures.Action == "dlq" {
		if l.Letters, err = record.OpenDeadLetters(ctx, cluster, l.Admin.Admin, l.Failures.Topic, topics); err != nil {
			return nil, err
		}
	}
	l.Members.Config.Committer = l.committer
	return l.Join(ctx, cluster, topics)
}

// probe opens the database once, so that what is wrong with it is told before a member joins.
func (l *sink) probe(ctx context.Context) error {
	s, err := l.openStore(ctx)
	if err != nil {
		return err
	}
	return s.Close()
}

func (l *sink) openStore(ctx context.Context) (store, error) {
	switch KindOf(l.url) {
	case "sqlite":
		_, path, _ := strings.Cut(l.url, ":")
		return sqlite.Open(ctx, path, &l.options)
	case "postgres":
		return postgres.Open(ctx, l.url, &l.options)
	case "web":
		if err := checkPlain(l.url); err != nil {
			return nil, err
		}
		return web.Open(l.url, l.plan.format, &l.options)
	}
	return nil, cli.Usagef("what %s stands for is no URL of a database", l.shown)
}

// carry runs the members until the end, and returns how it ended.
func (l *sink) carry(polling context.Context, src record.Source) error {
	l.Newest.Store(time.Now().UnixNano())
	working, done := cli.GraceOf(cli.OutputGrace, cli.IsSignal, l.Signals, l.Polling)
	defer done()
	asking, unask := cli.GraceOf(cli.AskingGrace, cli.IsHasty, l.Signals, l.Polling)
	defer unask()
	l.working, l.Asking = working, asking
	watches, over := context.WithCancel(polling)
	defer over()
	if l.Limits.Idle > 0 {
		go l.WatchIdle(watches) // ends with watches
	}
	err := src.Run(polling, working, func(member int) func(kafka.Event) error {
		return func(ev kafka.Event) error { return l.member(member).receive(ev) }
	})
	cause := context.Cause(polling)
	if cause != nil && errors.Is(err, cause) && (cli.IsHasty(cause) || errors.Is(cause, cli.ErrEnough)) {
		err = nil // the end was asked for
	}
	l.tell()
	if err != nil {
		return err
	}
	l.Printed.Store(l.written.Load())
	return l.Ended(cause)
}

// tell prints what became of the records.
func (l *sink) tell() {
	l.TellFailures()
	l.undoings.TellAgain(l.Env.Notice, "records were read again")
	s := l.summary()
	l.Env.Notice("%s read, %s written to %s", cli.Count(s.Read, "record"), cli.Count(s.Written, "row"), l.shown)
}

func (l *sink) close() error {
	var errs []error
	for _, m := range l.members {
		errs = append(errs, m.close())
	}
	return errors.Join(append(errs, l.Run.Close())...)
}
