package pipe

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/kafka"
)

// pipeline is the state that all members of one pipe share.
type pipeline struct {
	*Plan
	*record.Run
	cfg   kafka.Config
	id    string // of this process, in transactional ids
	limit int    // max.message.bytes of DST; 0: unknown

	working context.Context // may we finish what we hold?

	mu       sync.Mutex
	members  map[int]*member
	topics   map[string]knownTopic
	undoings record.Failures   // why records were read again, each time
	ids      map[string]string // of topics that are written
	gone     error             // what was committed, and is not there any more
	source   kafka.Topic       // that a state is made of

	following sync.WaitGroup     // of the topics of --lookup
	unfollow  context.CancelFunc // ends that

	lateRecords atomic.Int64 // that were committed
	windowsOpen atomic.Int64 // when the members left

	claims    atomic.Int64 // of --count, that are not given back
	done      atomic.Int64 // records that were read and committed
	committed atomic.Int64 // records that were written, and committed
}

// knownTopic is what was found out about a topic of --route.
type knownTopic struct {
	err  error
	till time.Time // when to ask again; zero: never
}

// Summary is what one pipe has counted: records whose results are committed, and results.
type Summary struct{ Read, Written int64 }

// Run reads as a group and writes what becomes of the records: each member does all of
// it on its own goroutine.
func Run(ctx context.Context, env *cli.Env, p *Plan) (s Summary, err error) {
	if err := p.OpenSerdes(env); err != nil {
		return s, err
	}
	defer p.Close()
	closeTarget, err := p.openTarget(env)
	if err != nil {
		return s, err
	}
	defer closeTarget()
	polling, stop := context.WithCancelCause(ctx) // may we take on more work?
	defer stop(nil)
	defer p.limits.Time(stop)()
	l := &pipeline{
		Plan: p, Run: record.NewRun(p.Selection, p.members, p.limits, env, stop),
		id: strings.ToLower(rand.Text()[:8]), unfollow: func() {}, members: map[int]*member{}, topics: map[string]knownTopic{}, ids: map[string]string{},
	}
	l.Signals, l.Polling = ctx, polling
	defer func() { err = errors.Join(err, l.close()) }()
	src, err := l.open(polling)
	if cause := context.Cause(polling); err != nil && cause != nil && errors.Is(err, cause) {
		return s, l.ended(cause)
	}
	if err != nil {
		return s, err
	}
	err = errors.Join(l.carry(polling, src), src.Close())
	return l.summary(), err
}

func (l *pipeline) summary() Summary {
	return Summary{Read: l.done.Load(), Written: l.committed.Load()}
}

// open looks at where the records go, and then at where they come from.
func (l *pipeline) open(ctx context.Context) (record.Source, error) {
	cluster, err := l.Plan.Cluster.Connect(ctx, l.Env)
	if err != nil {
		return nil, err
	}
	if err := cluster.RefuseWrites(); err != nil {
		return nil, err
	}
	if l.cfg, err = l.configured(cluster.Config); err != nil {
		return nil, err
	}
	if l.Admin.Admin, err = kafka.OpenAdmin(ctx, cluster.Config); err != nil {
		return nil, err
	}
	if l.keyed != nil && l.keyed.via != "" {
		if err := l.openVia(ctx); err != nil {
			return nil, err
		}
	}
	if l.dst != "" {
		if err := l.openTarget(ctx); err != nil {
			return nil, err
		}
		l.limit = l.Admin.MaxMessage(ctx, l.dst)
	}
	if l.keyed != nil {
		if err := l.openState(ctx); err != nil {
			return nil, err
		}
	}
	if topic := l.rules.Topic; topic != "" {
		letters, err := l.Admin.Topics(ctx, topic)
		if err != nil {
			return nil, fmt.Errorf("--on-error dlq: %w", connect.NearTopic(err))
		}
		l.ids[topic] = letters[0].ID
	}
	topics, err := l.Find(ctx, l.Admin.Admin)
	if err != nil {
		return nil, err
	}
	if err := l.openLookups(ctx); err != nil {
		return nil, err
	}
	l.Run.Members.Config.Committer = l.committer
	return l.Join(ctx, cluster, topics)
}

// openTarget finds DST, or creates it like SRC where that was asked for.
func (l *pipeline) openTarget(ctx context.Context) error {
	found, err := l.Admin.Topics(ctx, l.dst)
	switch {
	case err == nil:
		l.ids[l.dst] = found[0].ID
		return nil
	case !errors.Is(err, kafka.ErrUnknownTopic) || !l.create:
		return connect.NearOrNew(err)
	}
	topics, err := l.Find(ctx, l.Admin.Admin)
	if err != nil {
		return err
	}
	like, err := record.LikeTopic(ctx, l.Admin.Admin, topics[0])
	if err != nil {
		return err
	}
	if err := record.CreateLike(ctx, l.Admin.Admin, l.dst, like, false, l.Env.Notice); err != nil {
		return err
	}
	created, err := l.Admin.Topics(ctx, l.dst)
	if err == nil {
		l.ids[l.dst] = created[0].ID
	}
	return err
}

// transactionTimeout is how long the coordinator waits for a member that has died in a
// transaction: so long readers of committed records wait too.
const transactionTimeout = 15 * time.Second

// transactionMax is the longest that brokers grant (transaction.max.timeout.ms).
const transactionMax = 15 * time.Minute

// configured sets what transactions need, unless it was set. No request and no delivery
// may take longer than the transaction.
func (l *pipeline) configured(cfg kafka.Config) (kafka.Config, error) {
	if !l.exactlyOnce {
		return cfg, nil
	}
	limit := min(max(transactionTimeout, cfg.Timeout), transactionMax).Milliseconds()
	properties := map[string]string{"transaction.timeout.ms": fmt.Sprint(limit)}
	maps.Copy(properties, cfg.Properties)
	limit, err := strconv.ParseInt(properties["transaction.timeout.ms"], 10, 64)
	if err != nil || limit <= 0 {
		return cfg, cli.Usagef("transaction.timeout.ms=%s: want milliseconds", properties["transaction.timeout.ms"])
	}
	if _, set := properties["socket.timeout.ms"]; !set && limit < 30_000 {
		properties["socket.timeout.ms"] = fmt.Sprint(limit)
	}
	cfg.Properties = properties
	cfg.Timeout = min(cfg.Timeout, time.Duration(limit)*time.Millisecond)
	return cfg, nil
}

// transactionalID names the transactions of a member. That of a static member stays the
// same, so that its next run ends what this one may leave open.
func (l *pipeline) transactionalID(member int) (id string, mine bool) {
	group := l.Run.Members.Config
	if group.InstanceID != "" {
		return fmt.Sprintf("%s%s-%s-%d", l.idPrefix, group.Name, group.InstanceID, member-1), false
	}
	return fmt.Sprintf("%s%s-%s-%d", l.idPrefix, group.Name, l.id, member), true
}

// carry runs the members until the pipe ends, and returns how it ended.
func (l *pipeline) carry(polling context.Context, src record.Source) error {
	l.Newest.Store(time.Now().UnixNano())
	defer l.bound()()
	watches, over := context.WithCancel(polling)
	defer over()
	if l.Run.Limits.Idle > 0 {
		go l.WatchIdle(watches) // ends with watches
	}
	err := src.Run(polling, l.working, func(member int) func(kafka.Event) error {
		return func(ev kafka.Event) error { return l.member(member).receive(ev) }
	})
	cause := context.Cause(polling)
	if cause != nil && errors.Is(err, cause) && !isFailure(cause) {
		err = nil // the end was asked for; ended tells by whom
	}
	l.tell()
	if err == nil {
		err = l.ended(cause)
	}
	return l.hintID(err)
}

// hintID tells which rule allows all the ids that members have: that of one holds for it alone.
func (l *pipeline) hintID(err error) error {
	var denied *kafka.DeniedError
	if !errors.As(err, &denied) || denied.Resource != "transactional_id" {
		return err
	}
	return cli.Hint(err, "kstream acl create --principal %s --operation %s --transactional-id %s --prefix allows those of this group; --transactional-id-prefix begins them otherwise",
		cmp.Or(denied.Principal, "User:NAME"), denied.Operation, l.idPrefix+l.Run.Members.Config.Name+"-")
}

// bound makes the contexts of the members: once the pipe is to end, expressions and the
// command of --exec have half of the grace, and after a signal deliveries and commits have
// all of it.
func (l *pipeline) bound() (release func()) {
	working, done := cli.GraceOf(cli.OutputGrace, cli.IsSignal, l.Signals, l.Polling)
	asking, unask := cli.GraceOf(cli.AskingGrace, cli.IsHasty, l.Signals, l.Polling)
	l.working, l.Asking = working, asking
	return func() { done(); unask() }
}

// isFailure reports whether the cause of an end is an error, and nothing that was asked for.
func isFailure(cause error) bool {
	var interrupted *cli.InterruptedError
	return !errors.As(cause, &interrupted) && !errors.Is(cause, cli.ErrEnough) && !errors.Is(cause, cli.ErrIdle) && !errors.Is(cause, cli.ErrTimeUp)
}

// ended turns the reason for the end into the outcome of the command.
func (l *pipeline) ended(cause error) error {
	count := l.Run.Limits.Count
	n := l.claims.Load()
	switch {
	case count > 0 && n < count && (errors.Is(cause, cli.ErrIdle) || errors.Is(cause, cli.ErrTimeUp)):
		return cli.Errorf(cli.CodeTimeout, "%d of %d records: %w", n, count, cause)
	case count > 0 && n < count && errors.Is(cause, cli.ErrEnough):
		return cli.Errorf(cli.CodePartial, "%d of %d records: the last transaction of a member was aborted", n, count)
	}
	l.Printed.Store(l.committed.Load())
	if l.Missing == nil {
		l.Missing = l.gone
	}
	return l.Run.Ended(cause)
}

// tell prints what became of the records.
func (l *pipeline) tell() {
	l.TellFailuresOf(l.rules)
	l.undoings.TellAgain(l.Env.Notice, "records were read again")
	if n := l.lateRecords.Load(); n > 0 {
		l.Env.Notice("%s came when their windows were closed, and %s", cli.Count(n, "record"), l.becameLate())
	}
	if n := l.windowsOpen.Load(); n > 0 {
		l.Env.Notice("%s left open: the next run goes on with them", cli.Count(n, "window"))
	}
	s := l.summary()
	l.Env.Notice("%s read, %d written to %s", cli.Count(s.Read, "record"), s.Written, cmp.Or(l.dst, "the topics of --route"))
}

func (l *pipeline) becameLate() string {
	if l.keyed.late != "" {
		return "went to " + l.keyed.late
	}
	return "were left out"
}

// close ends what members have left open, and all else.
func (l *pipeline) close() error {
	l.unfollow()
	l.following.Wait()
	var errs []error
	for _, m := range l.members {
		errs = append(errs, m.close())
	}
	return errors.Join(append(errs, l.Run.Close())...)
}

// unknownAgain is when a topic that did not exist is asked for again.
const unknownAgain = 10 * time.Second

// known makes sure that a topic of --route exists and is not read itself.
func (l *pipeline) known(ctx context.Context, topic string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, asked := l.topics[topic]
	if asked && (k.till.IsZero() || l.Env.Now().Before(k.till)) {
		return k.err
	}
	if topic == l.Plan.Range.Topics[0] {
		k.err = cli.Errorf(cli.CodeSameTopic, "--route: %s is the topic that is read", topic)
		l.topics[topic] = k
		return k.err
	}
	found, err := l.Admin.Topics(ctx, topic)
	var unknown *kafka.UnknownTopicError
	switch {
	case err == nil:
		l.topics[topic] = knownTopic{}
		l.ids[topic] = found[0].ID
		return nil
	case !errors.As(err, &unknown):
		return err
	}
	k = knownTopic{err: &record.Unusable{Err: fmt.Errorf("--route: %w", connect.NearTopic(err))}, till: l.Env.Now().Add(unknownAgain)}
	l.topics[topic] = k
	return k.err
}

// idOf returns the id that a topic was found with.
func (l *pipeline) idOf(topic string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ids[topic]
}

// replace notes that a topic which results were written to is another one now. What was
// committed of them is not written again.
func (l *pipeline) replace(r *record.ReplacedError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids[r.Topic] = r.ID
	if n := l.committed.Load(); n > 0 && l.gone == nil {
		l.gone = cli.Errorf(r.Code(), "%w; of up to %s the offsets were committed", r, cli.Count(n, "record"))
		l.Env.Notice("%v", l.gone)
	}
}
