package produce

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/input"
	"kstream/cmd/record"
	"kstream/kafka"
)

// run is one run of produce. Three goroutines share the work: one reads the
// input, the one that calls run encodes and sends, and the producer's own reports what
// became of the records; a fourth prints.
type run struct {
	*Plan
	env     *cli.Env
	session *kafka.Session
	printer *cli.Printer
	chunks  chan cli.Chunk
	gone    chan struct{} // closed when nobody prints any more
	stop    context.CancelCauseFunc
	free    chan *input.Batch
	packing context.Context // may we wait for expressions and serdes?
	summary Summary         // once the run is over
	began   atomic.Bool     // the cluster has answered; from here on its silence is news

	openSession func() (*kafka.Session, error)

	config   kafka.ProducerConfig
	encoders [2]record.Encoding

	// Of the goroutine that sends.
	topics      map[string]*destination
	targets     record.Targets
	scratch     []byte
	headers     []kafka.Header
	transaction transaction

	mu      sync.Mutex
	spare   []*inFlight
	failure error           // that the command ends with
	cause   *record.Cause   // of failure
	causes  record.Failures // of all records that failed
	news    []string        // of causes, not told yet
	perhaps int64           // delivered records that may be gone with their topic
	failed  int64           // records that were refused or given up
	skipped int64           // input that was no record, or had nowhere to go
	left    input.Place
	leftN   int64 // records that were read and, after an error, not sent
	rejects *rejects
}

// destination is a topic that records go to.
type destination struct {
	partitions int32
	turn       int32 // of round-robin
	err        error // why nothing can go there
}

// Run sends the input that the plan names and reports what became of it. It returns when the
// fate of each record is known, whatever ends the input.
func Run(ctx context.Context, env *cli.Env, p *Plan) (s Summary, err error) {
	encoders, closeSerdes, err := p.serdes.OpenEncoders(env)
	if err != nil {
		return s, err
	}
	defer closeSerdes()
	cluster, err := p.cluster.Connect(ctx, env)
	if err != nil {
		return s, err
	}
	if err := cluster.RefuseWrites(); err != nil {
		return s, err
	}
	if env.Getenv("GOGC") == "" {
		// What is allocated are the batches in flight, all at the beginning and no more
		// than maxBatches: collecting garbage while they grow costs a tenth of the run.
		debug.SetGCPercent(400)
	}
	polling, stop := context.WithCancelCause(ctx) // may we take on more input?
	defer stop(nil)
	live := context.WithoutCancel(ctx) // may we finish what we hold? yes: deliveries have deadlines
	w := &run{
		Plan: p, env: env, stop: stop, encoders: encoders, config: p.producer,
		printer: &cli.Printer{Stdout: env.Stdout, Stderr: env.Stderr, Notice: env.Notice},
		chunks:  make(chan cli.Chunk, 16), gone: make(chan struct{}),
		topics: map[string]*destination{}, scratch: []byte{},
		free:    make(chan *input.Batch, maxBatches),
		rejects: &rejects{path: p.rejects, transactional: p.transactional()},
	}
	if err := w.rejects.open(); err != nil {
		return s, err
	}
	source, preamble, err := w.open(polling)
	if err != nil {
		return s, cli.FirstOf(err, w.rejects.close())
	}
	w.config.Failed, w.config.Done = w.undelivered, w.done
	if p.receipts != "none" {
		w.config.Delivered = w.delivered
	}
	w.openSession = func() (*kafka.Session, error) {
		return kafka.OpenSession(cluster.Config, w.config, w.notice)
	}
	known, err := w.start(ctx, cluster.Config)
	if err != nil {
		return s, cli.FirstOf(err, w.rejects.close())
	}
	err = w.carry(ctx, polling, live, source, preamble, known)
	return w.summary, err
}

// start opens the session and looks for the topic that all records go to, if there is
// one, before anything is created: what is wrong with the command line must leave no
// trace. The broker's answers are waited for side by side.
func (w *run) start(ctx context.Context, cfg kafka.Config) (known bool, err error) {
	reachable := make(chan error, 1)
	go func() { reachable <- kafka.Reachable(ctx, cfg) }() // ends with its dial, within seconds
	if w.session, err = w.openSession(); err != nil {
		return false, cli.FirstOf(<-reachable, err)
	}
	if err = <-reachable; err == nil {
		err = w.session.Admin().Connected(ctx)
	}
	if err == nil {
		known, err = w.look(ctx, w.topic)
	}
	if err != nil {
		err = cli.FirstOf(err, w.session.Close())
	}
	return known, err
}

// look asks for the topic, and makes the batches no larger than it takes.
func (w *run) look(ctx context.Context, topic string) (known bool, err error) {
	if topic == "" {
		return true, nil
	}
	limit := make(chan int, 1)
	admin := w.session.Admin()
	go func() { limit <- admin.MaxMessage(ctx, topic) }() // ends with the request, which is bounded
	to, err := w.find(ctx, topic, false)
	maxBatch := <-limit
	if errors.Is(err, kafka.ErrUnknownTopic) && w.create {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	w.topics[topic] = to
	w.config.MaxBatch = maxBatch
	if maxBatch == 0 || maxBatch >= kafka.DefaultBatch {
		return true, nil
	}
	if err := w.session.Close(); err != nil {
		return false, err
	}
	w.session, err = w.openSession()
	return true, err
}

// open starts the input: generated, or read from files or stdin. preamble returns what
// rejects of the batch that was read last must begin with.
func (w *run) open(polling context.Context) (source input.Reader, preamble func() []byte, err error) {
	preamble = func() []byte { return nil }
	if w.generated != nil {
		if source, err = w.generator(polling, w.env); err != nil {
			return nil, nil, cli.Usagef("%w", err)
		}
	} else {
		from := w.source
		if from.Stdin = w.env.Stdin; w.values != nil {
			from.Stdin = strings.NewReader(strings.Join(w.values, "\x00") + "\x00")
		}
		reader, err := input.Open(polling, from)
		if err != nil {
			return nil, nil, err
		}
		if w.env.StdinTerminal && w.values == nil && (len(w.source.Files) == 0 || w.source.Files[0] == "-") {
			w.env.Notice("reading %s from the terminal until Ctrl-D", inputName(w.source.Format))
		}
		source, preamble = reader, reader.Preamble
		if w.Plan.count > 0 {
			source = input.Limit(source, w.Plan.count)
		}
	}
	if w.repeat > 1 {
		source = input.Repeat(source, w.repeat)
	}
	if pace := w.pace(); pace != nil {
		source = input.Paced(polling, source, pace)
	}
	return source, preamble, nil
}

// inputName is what a person types in the format.
func inputName(format string) string {
	switch format {
	case "line":
		return "lines, a record each,"
	case "json":
		return "record lines"
	case "values":
		return "JSON values"
	case "csv":
		return "CSV with a header row"
	case "file":
		return "one record"
	}
	return "records in the format " + format
}

// find looks a topic up, or creates it where that was asked for.
func (w *run) find(ctx context.Context, topic string, create bool) (*destination, error) {
	topics, err := w.session.Admin().Topics(ctx, topic)
	if errors.Is(err, kafka.ErrUnknownTopic) && create {
		if err := w.session.Admin().CreateTopic(ctx, kafka.TopicConfig{Name: topic}); err != nil && !errors.Is(err, kafka.ErrExists) {
			return nil, fmt.Errorf("--create: %w", err)
		}
		w.notice(kafka.Notice{Kind: kafka.NoticeCreated, Topic: topic, Partition: -1})
		topics, err = w.session.Admin().Topics(ctx, topic)
	}
	if err != nil {
		return nil, connect.NearOrNew(err)
	}
	n := int32(len(topics[0].Partitions))
	if w.Plan.partition >= n {
		return nil, cli.Usagef("-p %d: %s has partitions 0–%d", w.Plan.partition, topic, n-1)
	}
	w.targets.Found(topic, topics[0].ID)
	return &destination{partitions: n}, nil
}

// carry moves records from the source to the broker, waits for their fate, and says
// how it went.
func (w *run) carry(ctx, polling, live context.Context, source input.Reader, preamble func() []byte, known bool) error {
	hurry, unhurry := cli.GraceAfter(cli.WritePatience, cli.IsSignal, ctx)
	defer unhurry()
	giveUp, unbind := cli.GraceAfter(cli.OutputGrace, cli.IsSignal, ctx)
	defer unbind()
	w.printer.Hurry, w.printer.GiveUp, w.printer.Gone = hurry, giveUp, w.unread
	printed := make(chan error, 1)
	go func() { // ends when chunks is closed, or at a failed write
		err := w.printer.Print(w.chunks)
		if err != nil {
			close(w.gone)
			w.stop(err)
		}
		printed <- err
	}()
	err := w.ready(ctx, known)
	started := err == nil
	if started {
		w.began.Store(true)
		err = w.transfer(polling, live, source, preamble)
	}
	kept := w.rejects.close()
	fatal := w.session.Close()
	close(w.chunks)
	printErr := <-printed
	if !started {
		return cli.FirstOf(err, printErr)
	}
	return w.ended(polling, fatal, cli.FirstOf(printErr, err, fatal, kept))
}

// ready makes what must be there before the first record.
func (w *run) ready(ctx context.Context, known bool) error {
	if !known {
		to, err := w.find(ctx, w.topic, true)
		if err != nil {
			return err
		}
		w.topics[w.topic] = to
	}
	return w.takeOver(ctx)
}

// grace is how long after a signal deliveries may still take.
const grace = 4 * time.Second

// transfer sends what source returns, in transactions where asked, and flushes.
func (w *run) transfer(polling, live context.Context, source input.Reader, preamble func() []byte) error {
	packing, release := cli.GraceOf(cli.AskingGrace, cli.IsHasty, polling)
	defer release()
	w.packing = packing
	over := make(chan struct{})
	var patience sync.WaitGroup
	patience.Go(func() { w.bePatient(polling, over) }) // ends with over
	defer patience.Wait()
	defer close(over)
	readings := make(chan reading, 1)
	go w.read(polling, source, preamble, readings) // ends with the source
	err := w.sendAll(live, readings)
	if err != nil {
		w.stop(err)
		w.leave(readings)
	}
	if !w.transactional() {
		if err = cli.FirstOf(err, w.session.Flush(live)); err == nil {
			for topic := range w.topics {
				w.targets.Sent(topic) // when it was looked for last, not all was acknowledged
			}
			w.replaced(live)
		}
		return err
	}
	return w.end(live, err)
}

// bePatient gives up after a signal when acknowledgements do not come.
func (w *run) bePatient(polling context.Context, over <-chan struct{}) {
	for _, step := range []struct {
		wait time.Duration
		then func()
	}{
		{grace / 8, func() {
			w.say("stopping: %d not acknowledged yet, waiting %v at most; a second signal ends at once", w.waiting(), grace)
		}},
		{grace - grace/8, func() {
			w.giveUp(fmt.Errorf("no acknowledgement %v after the signal: %w", grace, cli.Stopped(polling)))
		}},
	} {
		select {
		case <-over:
			return
		case <-polling.Done():
		}
		if cli.Stopped(polling) == nil {
			return // the run ends for another reason
		}
		select {
		case <-over:
			return
		case <-time.After(step.wait):
			step.then()
		}
	}
}
