package cmd

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

	"kstream/kafka"
	"kstream/output"
)

// pipeline is the state that all members of one pipe share.
type pipeline struct {
	*pipePlan
	*run
	cfg   kafka.Config
	id    string // of this process, in transactional ids
	limit int    // max.message.bytes of DST; 0: unknown

	working context.Context // may we finish what we hold?

	mu       sync.Mutex
	carriers map[int]*pipeMember
	topics   map[string]knownTopic

	claims    atomic.Int64 // of --count, that are not given back
	done      atomic.Int64 // records that were read and committed
	committed atomic.Int64 // records that were written, and committed
}

// knownTopic is what was found out about a topic of --route.
type knownTopic struct {
	err  error
	till time.Time // when to ask again; zero: never
}

// run reads as a group and writes what becomes of the records: each member does all of
// it on its own goroutine.
func (p *pipePlan) run(ctx context.Context, env *Env) (err error) {
	defer p.close()
	polling, stop := context.WithCancelCause(ctx) // may we take on more work?
	defer stop(nil)
	defer p.limits.time(stop)()
	l := &pipeline{
		pipePlan: p, run: newRun(p.selection, p.members, p.limits, env, stop),
		id: strings.ToLower(rand.Text()[:8]), carriers: map[int]*pipeMember{}, topics: map[string]knownTopic{},
	}
	l.signals, l.polling = ctx, polling
	defer func() { err = errors.Join(err, l.close()) }()
	src, err := l.open(polling)
	if cause := context.Cause(polling); err != nil && cause != nil && errors.Is(err, cause) {
		return l.ended(cause)
	}
	if err != nil {
		return err
	}
	return errors.Join(l.carry(polling, src), src.Close())
}

// open looks at where the records go, and then at where they come from.
func (l *pipeline) open(ctx context.Context) (source, error) {
	cluster, err := l.pipePlan.flags.reading.cluster.connect(ctx, l.env)
	if err != nil {
		return nil, err
	}
	if err := cluster.refuseWrites(); err != nil {
		return nil, err
	}
	if l.cfg, err = l.configured(cluster.Config); err != nil {
		return nil, err
	}
	if l.admin.Admin, err = kafka.OpenAdmin(ctx, cluster.Config); err != nil {
		return nil, err
	}
	if l.dst != "" {
		if err := l.openTarget(ctx); err != nil {
			return nil, err
		}
		l.limit = l.admin.MaxMessage(ctx, l.dst)
	}
	if topic := l.rules.topic; topic != "" {
		if _, err := l.admin.Topics(ctx, topic); err != nil {
			return nil, fmt.Errorf("--on-error dlq: %w", nearTopic(err))
		}
	}
	topics, err := l.find(ctx, l.admin.Admin)
	if err != nil {
		return nil, err
	}
	l.run.members.config.Carrier = l.carrier
	return l.join(ctx, cluster, topics)
}

// openTarget finds DST, or creates it like SRC where that was asked for.
func (l *pipeline) openTarget(ctx context.Context) error {
	_, err := l.admin.Topics(ctx, l.dst)
	create := l.pipePlan.flags.create
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, kafka.ErrUnknownTopic) || !create:
		return nearOrNew(err)
	}
	topics, err := l.find(ctx, l.admin.Admin)
	if err != nil {
		return err
	}
	like, err := likeTopic(ctx, l.admin.Admin, topics[0])
	if err != nil {
		return err
	}
	return createLike(ctx, l.admin.Admin, l.dst, like, false, l.env.notice)
}

// transactionTimeout is how long the coordinator waits for a member that has died in a
// transaction: so long readers of committed records wait too.
const transactionTimeout = 15 * time.Second

// transactionMax is the longest that brokers grant (transaction.max.timeout.ms).
const transactionMax = 15 * time.Minute

// configured sets what transactions need, unless it was set. No request and no delivery
// may take longer than the transaction.
func (l *pipeline) configured(cfg kafka.Config) (kafka.Config, error) {
	if !l.pipePlan.flags.exactlyOnce {
		return cfg, nil
	}
	limit := min(max(transactionTimeout, cfg.Timeout), transactionMax).Milliseconds()
	properties := map[string]string{"transaction.timeout.ms": fmt.Sprint(limit)}
	maps.Copy(properties, cfg.Properties)
	limit, err := strconv.ParseInt(properties["transaction.timeout.ms"], 10, 64)
	if err != nil || limit <= 0 {
		return cfg, usagef("transaction.timeout.ms=%s: want milliseconds", properties["transaction.timeout.ms"])
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
	group := l.run.members.config
	if group.InstanceID != "" {
		return fmt.Sprintf("kstream-pipe-%s-%s-%d", group.Name, group.InstanceID, member-1), false
	}
	return fmt.Sprintf("kstream-pipe-%s-%s-%d", group.Name, l.id, member), true
}

// carry runs the members until the pipe ends, and says how it ended.
func (l *pipeline) carry(polling context.Context, src source) error {
	l.newest.Store(time.Now().UnixNano())
	defer l.bound()()
	watches, over := context.WithCancel(polling)
	defer over()
	if l.run.limits.idle > 0 {
		go l.watchIdle(watches) // ends with watches
	}
	err := src.Run(polling, l.working, func(member int) func(kafka.Event) error {
		return func(ev kafka.Event) error { return l.member(member).receive(ev) }
	})
	cause := context.Cause(polling)
	if cause != nil && errors.Is(err, cause) && !isFailure(cause) {
		err = nil // the end was asked for; ended tells by whom
	}
	l.tell()
	if err != nil {
		return err
	}
	return l.ended(cause)
}

// bound makes the contexts of the members: once the pipe is to end, expressions and the
// command of --exec have half of the grace, and after a signal deliveries and commits have
// all of it.
func (l *pipeline) bound() (release func()) {
	working, done := graceOf(outputGrace, isSignal, l.signals, l.polling)
	asking, unask := graceOf(askingGrace, isHasty, l.signals, l.polling)
	l.working, l.asking = working, asking
	return func() { done(); unask() }
}

// isFailure says whether the cause of an end is an error, and nothing that was asked for.
func isFailure(cause error) bool {
	var interrupted *errInterrupted
	return !errors.As(cause, &interrupted) && !errors.Is(cause, errEnough) && !errors.Is(cause, errIdle) && !errors.Is(cause, errTimeUp)
}

// ended turns the reason for the end into the outcome of the command.
func (l *pipeline) ended(cause error) error {
	count := l.run.limits.count
	n := l.claims.Load()
	switch {
	case count > 0 && n < count && (errors.Is(cause, errIdle) || errors.Is(cause, errTimeUp)):
		return faultf(codeTimeout, "%d of %d records: %w", n, count, cause)
	case count > 0 && n < count && errors.Is(cause, errEnough):
		return faultf(codePartial, "%d of %d records: the last transaction of a member was aborted", n, count)
	}
	l.printed.Store(l.committed.Load())
	return l.run.ended(cause)
}

// tell says what became of the records.
func (l *pipeline) tell() {
	if n, first := l.failed.total(); n > 0 {
		went := "left out"
		if l.rules.topic != "" {
			went = "went to " + l.rules.topic
		}
		l.env.notice("%s and %s; the first: %s", &l.failed, went, first)
	}
	l.unmatched.tellUnmatched(l.env.notice)
	l.env.notice("%s records read, %s written to %s", output.Count(l.done.Load()), output.Count(l.committed.Load()), cmp.Or(l.dst, "the topics of --route"))
}

// close ends what members have left open, and all else.
func (l *pipeline) close() error {
	var errs []error
	for _, m := range l.carriers {
		errs = append(errs, m.close())
	}
	return errors.Join(append(errs, l.run.close())...)
}

// unknownAgain is when a topic that did not exist is asked for again.
const unknownAgain = 10 * time.Second

// known makes sure that a topic of --route exists and is not read itself.
func (l *pipeline) known(ctx context.Context, topic string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, asked := l.topics[topic]
	if asked && (k.till.IsZero() || l.env.Now().Before(k.till)) {
		return k.err
	}
	if topic == l.pipePlan.reading.topics[0] {
		k.err = faultf(codeSameTopic, "--route: %s is the topic that is read", topic)
		l.topics[topic] = k
		return k.err
	}
	_, err := l.admin.Topics(ctx, topic)
	var unknown *kafka.UnknownTopicError
	switch {
	case err == nil:
		l.topics[topic] = knownTopic{}
		return nil
	case !errors.As(err, &unknown):
		return err
	}
	k = knownTopic{err: &unusable{err: fmt.Errorf("--route: %w", nearTopic(err))}, till: l.env.Now().Add(unknownAgain)}
	l.topics[topic] = k
	return k.err
}
