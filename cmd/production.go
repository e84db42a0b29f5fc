package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"kstream/cmd/input"
	"kstream/kafka"
)

// production is one run of produce. Three goroutines share the work: one reads the
// input, the one that calls run encodes and sends, and the producer's own reports what
// became of the records; a fourth prints.
type production struct {
	*producePlan
	env      *Env
	admin    *kafka.Admin
	producer *kafka.Producer
	printer  *printer
	chunks   chan chunk
	gone     chan struct{} // closed when nobody prints any more
	stop     context.CancelCauseFunc
	rejects  *rejects

	topics  map[string]int32 // number of partitions, of the topics seen
	sent    int64            // records of the open transaction
	turn    int32            // of round-robin
	scratch []byte
	headers []kafka.Header
	free    chan *input.Batch
	spare   chan *kafka.Outgoing

	mu      sync.Mutex
	failure error // the first
	named   int   // failures that were printed
	skipped int64 // input that was no record
	left    input.Place
	leftN   int64 // records that were read and, after an error, not sent
}

// load is a batch of input on its way, shared by the Outgoings that it fills.
type load struct {
	batch *input.Batch
	refs  atomic.Int32
}

// consignment is the Tag of an Outgoing: which record of which load each of its
// records is, and the receipts so far.
type consignment struct {
	load     *load
	index    []int32
	receipts []byte
}

// namedFailures is how many failures are told one by one; the summary counts all.
const namedFailures = 10

func (p *producePlan) run(ctx context.Context, env *Env) error {
	defer p.close()
	cluster, err := p.flags.cluster.connect(ctx, env)
	if err != nil {
		return err
	}
	if err := cluster.refuseWrites(); err != nil {
		return err
	}
	polling, stop := context.WithCancelCause(ctx) // may we take on more input?
	defer stop(nil)
	live := context.WithoutCancel(ctx) // may we finish what we hold? yes: deliveries have deadlines
	w := &production{
		producePlan: p, env: env, stop: stop,
		printer: &printer{stdout: env.Stdout, stderr: env.Stderr},
		chunks:  make(chan chunk, 16), gone: make(chan struct{}),
		topics: map[string]int32{}, scratch: []byte{},
		free: make(chan *input.Batch, batchesInFlight), spare: make(chan *kafka.Outgoing, 2*batchesInFlight),
	}
	for range batchesInFlight {
		w.free <- nil // made when first needed
	}
	source, preamble, err := w.open(polling)
	if err != nil {
		return err
	}
	w.rejects = &rejects{path: p.flags.rejects, preamble: preamble}
	if w.admin, err = kafka.OpenAdmin(ctx, cluster.Config); err != nil {
		return err
	}
	defer w.admin.Close()
	if p.topic != "" {
		if err := w.find(ctx, p.topic); err != nil {
			return err
		}
	}
	p.producer.Failed, p.producer.Done = w.failed, w.done
	if p.flags.output != "none" {
		p.producer.Delivered = w.delivered
	}
	if w.producer, err = kafka.OpenProducer(cluster.Config, p.producer, w.notice); err != nil {
		return err
	}
	return w.carry(polling, live, source)
}

// open starts the input: generated, or read from files or stdin.
func (w *production) open(polling context.Context) (source input.Reader, preamble func() []byte, err error) {
	f := w.flags
	preamble = func() []byte { return nil }
	if f.generate != "" {
		if source, err = w.generator(polling, w.env); err != nil {
			return nil, nil, usagef("%w", err)
		}
	} else {
		if w.env.StdinTerminal && (len(w.source.Files) == 0 || w.source.Files[0] == "-") {
			w.env.notice("reading records from the terminal, a line each; Ctrl-D ends")
		}
		reader, err := input.Open(polling, w.source)
		if err != nil {
			return nil, nil, err
		}
		source, preamble = reader, reader.Preamble
		if f.count > 0 {
			source = input.Limit(source, f.count)
		}
	}
	if f.repeat > 1 {
		source = input.Repeat(source, f.repeat)
	}
	if w.pace != nil {
		source = input.Paced(polling, source, w.pace())
	}
	return source, preamble, nil
}

// find looks a topic up, or creates it where that was asked for, and remembers its
// number of partitions.
func (w *production) find(ctx context.Context, topic string) error {
	topics, err := w.admin.Topics(ctx, topic)
	if errors.Is(err, kafka.ErrUnknownTopic) && w.flags.create {
		if err := w.admin.CreateTopic(ctx, kafka.TopicConfig{Name: topic}); err != nil && !errors.Is(err, kafka.ErrExists) {
			return fmt.Errorf("--create: %w", err)
		}
		w.notice(kafka.Notice{Kind: kafka.NoticeCreated, Topic: topic, Partition: -1})
		topics, err = w.admin.Topics(ctx, topic)
	}
	if err != nil {
		var unknown *kafka.UnknownTopicError
		if err = nearTopic(err); errors.As(err, &unknown) && remedyOf(err) == "" {
			err = hint(err, "--create creates it")
		}
		return err
	}
	n := int32(len(topics[0].Partitions))
	if w.flags.partition >= n {
		return usagef("-p %d: %s has partitions 0–%d", w.flags.partition, topic, n-1)
	}
	w.topics[topic] = n
	return nil
}

// reading is what the reading goroutine hands over: records, and how they end.
type reading struct {
	batch *input.Batch
	err   error
}

// carry moves records from the source to the broker, waits for their fate, and says
// how it went.
func (w *production) carry(polling, live context.Context, source input.Reader) error {
	printed := make(chan error, 1)
	go func() { // ends when chunks is closed, or at a failed write
		err := w.printer.print(w.chunks)
		if err != nil {
			close(w.gone)
			w.stop(err)
		}
		printed <- err
	}()
	err := w.transfer(polling, live, source)
	err = errors.Join(err, w.rejects.close())
	closed := w.producer.Close()
	close(w.chunks)
	if printErr := <-printed; printErr != nil {
		return printErr
	}
	return w.ended(polling, errors.Join(err, closed))
}

// transfer sends what the source gives, in transactions where asked, and flushes.
func (w *production) transfer(polling, live context.Context, source input.Reader) error {
	if w.flags.transactional != "" {
		if err := w.producer.InitTransactions(polling); err != nil {
			return err
		}
		if err := w.producer.Begin(); err != nil {
			return err
		}
	}
	readings := make(chan reading, 1)
	go w.read(polling, source, readings) // ends with the source
	err := w.sendAll(live, readings)
	if err != nil {
		w.stop(err)
		w.leave(readings)
	}
	if w.flags.transactional == "" {
		return errors.Join(err, w.producer.Flush(live))
	}
	return w.endTransaction(live, err)
}

// read is the goroutine that owns the source.
func (w *production) read(polling context.Context, source input.Reader, to chan<- reading) {
	defer close(to)
	for {
		b := w.batch()
		err := source.ReadBatch(b)
		to <- reading{b, err}
		var bad *input.BadRecord
		if err != nil && !errors.As(err, &bad) || bad != nil && w.flags.onError == "stop" {
			return
		}
		if polling.Err() != nil && err != nil {
			return
		}
	}
}

// batchesInFlight bounds the memory of a run: so many batches are read ahead of their
// acknowledgements. When input trickles, a batch holds what came meanwhile.
const batchesInFlight = 16

// batch waits for one of the batches to come back.
func (w *production) batch() *input.Batch {
	b := <-w.free
	if b == nil {
		b = input.NewBatch()
	}
	if w.commitCount > 0 {
		b.SetLimit(int(min(w.commitCount, 4096)))
	}
	return b
}

// sendAll sends until the readings end, or until something ends them.
func (w *production) sendAll(live context.Context, readings <-chan reading) error {
	var tick <-chan time.Time
	if w.commitAfter > 0 {
		ticker := time.NewTicker(w.commitAfter)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-tick:
			if err := w.commit(live); err != nil {
				return err
			}
		case r, more := <-readings:
			if !more {
				return nil
			}
			if err := w.take(live, r); err != nil {
				if errors.Is(err, io.EOF) {
					return nil
				}
				return err
			}
		}
	}
}

// take sends one reading and looks at how it ended.
func (w *production) take(live context.Context, r reading) error {
	if err := w.broken(); err != nil {
		w.notSent(r.batch.Records)
		return err
	}
	if err := w.ship(live, r.batch); err != nil {
		return err
	}
	var bad *input.BadRecord
	switch {
	case errors.As(r.err, &bad):
		return w.bad(bad)
	case errors.Is(r.err, context.Canceled) || isInterrupt(r.err):
		return io.EOF
	}
	return r.err
}

func isInterrupt(err error) bool {
	var i *errInterrupted
	return errors.As(err, &i)
}

// broken says whether --on-error stop applies: something failed already.
func (w *production) broken() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failure != nil && w.flags.onError == "stop" {
		return w.failure
	}
	return nil
}

// leave counts what was read ahead and is not sent.
func (w *production) leave(readings <-chan reading) {
	for r := range readings {
		w.notSent(r.batch.Records)
	}
}

// notSent counts records as read and not sent.
func (w *production) notSent(records []input.Record) {
	if len(records) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.leftN == 0 {
		w.left = records[0].Place
	}
	w.leftN += int64(len(records))
	w.rejects.add(records)
}

// commit ends the open transaction and begins the next.
func (w *production) commit(live context.Context) error {
	if w.sent == 0 {
		return nil
	}
	if err := w.producer.Flush(live); err != nil {
		return err
	}
	if err := w.broken(); err != nil {
		return err
	}
	w.sent = 0
	if err := w.producer.Commit(live); err != nil {
		return err
	}
	return w.producer.Begin()
}

// endTransaction commits the last transaction at the end of the input, or aborts it
// after a failure.
func (w *production) endTransaction(live context.Context, err error) error {
	err = errors.Join(err, w.producer.Flush(live))
	if err == nil {
		err = w.broken()
	}
	if err == nil {
		return w.producer.Commit(live)
	}
	if abort := w.producer.Abort(live); abort != nil {
		return errors.Join(err, abort)
	}
	w.say("the transaction was aborted")
	return err
}

// ended turns what happened into the outcome of the command and the summary.
func (w *production) ended(polling context.Context, err error) error {
	t := w.producer.Totals()
	w.mu.Lock()
	defer w.mu.Unlock()
	summary := fmt.Sprintf("delivered %d", t.Acknowledged)
	if t.Failed > 0 {
		summary += fmt.Sprintf(", failed %d", t.Failed)
	}
	if w.skipped > 0 {
		summary += fmt.Sprintf(", not records %d", w.skipped)
	}
	if w.leftN > 0 {
		summary += fmt.Sprintf(", not attempted %d (from %s on)", w.leftN, w.left)
	}
	if w.rejects.written > 0 {
		summary += fmt.Sprintf("; %d in %s", w.rejects.written, w.flags.rejects)
	}
	w.env.notice("%s", summary)
	switch {
	case err != nil:
		return err
	case w.failure != nil:
		return w.failure
	}
	if interrupted := stopped(polling); interrupted != nil && (w.flags.count > 0 || w.flags.generate == "") {
		return interrupted
	}
	return nil
}

// rejects is the file of input that was not delivered. It is made when first needed.
type rejects struct {
	path     string
	preamble func() []byte
	file     *os.File
	written  int64
	err      error
}

// add writes the input of records. The caller holds the production's lock.
func (r *rejects) add(records []input.Record) {
	for i := range records {
		r.write(records[i].Frame)
	}
}

func (r *rejects) write(frame []byte) {
	if r.path == "" || frame == nil || r.err != nil {
		return
	}
	if r.file == nil {
		if r.file, r.err = os.OpenFile(r.path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600); r.err != nil {
			return
		}
		if _, r.err = r.file.Write(r.preamble()); r.err != nil {
			return
		}
	}
	if _, r.err = r.file.Write(frame); r.err == nil {
		r.written++
	}
}

func (r *rejects) close() error {
	if r.file != nil {
		r.err = errors.Join(r.err, r.file.Close())
	}
	if r.err != nil {
		return fmt.Errorf("--rejects: %w", r.err)
	}
	return nil
}
