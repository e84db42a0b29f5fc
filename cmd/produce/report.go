package produce

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"kstream/cmd/cli"
	"kstream/cmd/input"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/serde"
)

// What became of the records: receipts, failures, rejects and the summary. The
// producer calls delivered, undelivered and done from goroutines of its own.

// delivered writes the receipt of one record.
func (w *run) delivered(o *kafka.Outgoing, i int, r kafka.Receipt) {
	p := o.Tag.(*topicBatch)
	b := p.receipts
	if b == nil {
		b = w.printer.Buffer()
	}
	if w.receipts == "text" {
		b = append(append(b, o.Topic()...), '[')
		b = strconv.AppendInt(b, int64(r.Partition), 10)
		b = append(b, ']')
		if r.Offset >= 0 {
			b = strconv.AppendInt(append(b, '@'), r.Offset, 10)
		}
		p.receipts = append(b, '\n')
		return
	}
	b = record.AppendJSONText(append(b, `{"topic":`...), o.Topic())
	b = append(b, `,"partition":`...)
	b = strconv.AppendInt(b, int64(r.Partition), 10)
	b = append(b, `,"offset":`...)
	b = appendKnown(b, r.Offset)
	b = append(b, `,"timestamp":`...)
	b = appendKnown(b, r.Timestamp)
	place := p.input.batch.Records[p.index[i]].Place
	b = record.AppendJSONText(append(b, `,"place":`...), place.String())
	p.receipts = append(b, "}\n"...)
}

// unread tells that nobody reads the receipts any more. That ends nothing: records are
// what a produce is for.
func (w *run) unread(error) {
	w.env.Notice("nobody reads the receipts any more: no further ones are printed")
}

// appendKnown appends a number, and null for one that nobody knows.
func appendKnown(b []byte, n int64) []byte {
	if n < 0 {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, n, 10)
}

// done is called when the fate of all records of one call is known.
func (w *run) done(o *kafka.Outgoing) {
	p := o.Tag.(*topicBatch)
	if len(p.receipts) > 0 {
		w.print(cli.Chunk{Text: p.receipts})
	}
	w.release(p.input)
}

// undelivered is called for a record that was refused or given up.
func (w *run) undelivered(o *kafka.Outgoing, i int, err error) {
	if errors.Is(err, kafka.ErrTransaction) {
		return // abort counts the records of a transaction
	}
	p := o.Tag.(*topicBatch)
	r := &p.input.batch.Records[p.index[i]]
	w.mu.Lock()
	w.failed++
	if !w.transactional() {
		w.rejects.write(p.input.preamble, r.Frame)
	} // else the input of all records of the transaction is held already
	w.mu.Unlock()
	w.fail(r.Place.String(), cli.Errorf(record.DeliveryCode(err), "%w", err))
	if !w.skip && errors.Is(err, kafka.ErrUnreachable) {
		w.giveUp(err) // what waits would only fail later
	}
}

// waiting counts the records without an acknowledgement.
func (w *run) waiting() int64 {
	return w.session.Totals().Waiting
}

// giveUp ends the waiting for acknowledgements.
func (w *run) giveUp(cause error) {
	w.session.GiveUp(cause)
}

// fail keeps the failure that the command ends with: the first, but that records were lost
// says more than that some were none. A terminal is told of each new cause at once, and who
// waits for the end of the input soon.
func (w *run) fail(place string, err error) {
	w.mu.Lock()
	cause, news := w.causes.Add(place, err)
	first := w.failure == nil
	if first || cause != nil && cli.CodeOf(w.failure) == cli.CodeBadData && cli.CodeOf(err) != cli.CodeBadData {
		w.failure, w.cause = fmt.Errorf("%s: %w", place, err), cause
	}
	failure := w.failure
	w.mu.Unlock()
	switch {
	case first && !w.skip:
		w.stop(failure)
	case news && w.env.StderrTerminal:
		w.say("%s: %v", place, err)
	case news:
		w.mu.Lock()
		w.news = append(w.news, fmt.Sprintf("%s: %v", place, err))
		w.mu.Unlock()
	}
}

// tellNews tells of the first records that failed for causes which nobody was told of.
func (w *run) tellNews() {
	w.mu.Lock()
	news := w.news
	w.news = nil
	w.mu.Unlock()
	for _, line := range news {
		w.say("%s", line)
	}
}

// replaced reports whether a topic that records were sent to is not there any more, or is
// another one: then up to all that were delivered are gone.
func (w *run) replaced(live context.Context) bool {
	ctx, cancel := context.WithTimeout(live, record.CheckLimit)
	defer cancel()
	err := w.targets.Check(ctx, w.session.Admin())
	var replaced *record.ReplacedError
	if !errors.As(err, &replaced) {
		return false
	}
	n := w.arrived()
	w.mu.Lock()
	w.perhaps = n
	w.mu.Unlock()
	w.fail(replaced.Topic, cli.Errorf(replaced.Code(), "%s", replaced.Cause()))
	return true
}

// arrived counts the records that were delivered: acknowledged, or committed.
func (w *run) arrived() int64 {
	if w.transactional() {
		return w.transaction.committed
	}
	return w.session.Totals().Acknowledged
}

// bad handles input that is no record. It returns the error that ends the run.
func (w *run) bad(l *inFlight, bad *input.BadRecord) error {
	if errors.Is(bad, input.ErrCut) {
		w.say("%v", bad)
		return nil
	}
	w.noRecord(l, bad.Raw, bad.Place, cli.Errorf(cli.CodeBadData, "%w", bad.Err))
	return w.broken()
}

// unsendable handles a record that no bytes can be made of, or that has nowhere to go.
// Its error ends the run; counted reports whether the record is among those that are no
// records.
func (w *run) unsendable(l *inFlight, r *input.Record, err error) (counted int, _ error) {
	var f *cli.CodedError
	switch {
	case cli.IsHasty(err):
		return 0, err // it was not attempted
	case errors.As(err, &f), cli.OfRegistry(err),
		(errors.Is(err, kafka.ErrUnknownTopic) || errors.Is(err, serde.ErrUnknownSchema)) && !w.skip:
		return 0, fmt.Errorf("%s: %w", r.Place, err)
	case errors.Is(err, kafka.ErrUnknownTopic):
		w.noRecord(l, r.Frame, r.Place, cli.Errorf(cli.CodeDeliveryFailed, "%w", err))
	default:
		w.noRecord(l, r.Frame, r.Place, cli.Errorf(cli.CodeBadData, "%w", err))
	}
	return 1, w.broken()
}

func (w *run) noRecord(l *inFlight, frame []byte, place input.Place, err error) {
	w.mu.Lock()
	w.skipped++
	w.rejects.write(l.preamble, frame)
	w.mu.Unlock()
	w.fail(place.String(), err)
}

// notSent counts the records of a batch from i on as read and not sent.
func (w *run) notSent(l *inFlight, i int) {
	records := l.batch.Records[i:]
	if len(records) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.leftN == 0 {
		w.left = records[0].Place
	}
	w.leftN += int64(len(records))
	for i := range records {
		w.rejects.write(l.preamble, records[i].Frame)
	}
}

// hold keeps the input of a record until its transaction is committed.
func (w *run) hold(l *inFlight, r *input.Record) {
	if w.rejects.path == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rejects.hold(l.preamble, r.Frame)
}

// print hands a chunk to the printer, if there still is one.
func (w *run) print(c cli.Chunk) {
	select {
	case w.chunks <- c:
	case <-w.gone:
	}
}

// say is a notice while the printer owns stderr.
func (w *run) say(format string, args ...any) {
	if !w.env.Quiet {
		w.print(cli.Chunk{Notices: []string{cli.OneLine(fmt.Sprintf(format, args...))}})
	}
}

// notice prints a notice of the producer. That no broker answers at the start is an
// error, not a notice.
func (w *run) notice(n kafka.Notice) {
	if w.began.Load() || n.Kind == kafka.NoticeCreated {
		w.say("%s", n)
	}
}

// Summary is what one produce has counted, in records.
type Summary struct {
	Delivered    int64       // acknowledged, and where there are transactions committed
	Perhaps      int64       // of these that may be gone with their topic
	Aborted      int64       // with a transaction
	Failed       int64       // refused or given up
	BadInput     int64       // input that was no record, or had nowhere to go
	NotAttempted int64       // read, and after an error not sent
	From         input.Place // of the first of these
	Rejected     int64       // whose input is in the file of rejects
	Rejects      string
}

// count gathers what there is to tell, under mu.
func (w *run) count() Summary {
	s := Summary{
		Delivered: w.arrived(), Perhaps: w.perhaps, Aborted: w.transaction.aborted, Failed: w.failed, BadInput: w.skipped,
		NotAttempted: w.leftN, From: w.left, Rejected: w.rejects.written, Rejects: w.Plan.rejects,
	}
	return s
}

// String returns the last line of the command.
func (s *Summary) String() string {
	text := fmt.Sprintf("delivered %d", s.Delivered)
	if s.Perhaps > 0 {
		text += fmt.Sprintf(", up to %d of them gone with their topic", s.Perhaps)
	}
	for _, part := range []struct {
		name string
		n    int64
	}{{"aborted", s.Aborted}, {"failed", s.Failed}, {"bad input", s.BadInput}} {
		if part.n > 0 {
			text += fmt.Sprintf(", %s %d", part.name, part.n)
		}
	}
	if s.NotAttempted > 0 {
		text += fmt.Sprintf(", not attempted %d (from %s on)", s.NotAttempted, s.From)
	}
	if s.Rejected > 0 {
		text += fmt.Sprintf("; %d in %s", s.Rejected, s.Rejects)
	}
	return text
}

// ended turns what happened into the outcome of the command and the summary.
// fatal is the producer's own error, err the first there was.
func (w *run) ended(polling context.Context, fatal, err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.summary = w.count()
	w.env.Notice("%s", &w.summary)
	told := w.cause
	switch {
	case w.failure == nil:
	case err == nil, errors.Is(err, fatal), errors.Is(err, w.failure):
		err = w.cause.Error() // which names records
	default:
		told = nil
	}
	w.causes.TellPlain(w.env.Notice, told)
	if errors.Is(err, kafka.ErrFenced) {
		return cli.Hint(err, "another producer with the same --transactional-id is running")
	}
	if err != nil {
		return err
	}
	if interrupted := cli.Stopped(polling); interrupted != nil && (w.Plan.count > 0 || w.generated == nil) {
		return interrupted
	}
	return nil
}
