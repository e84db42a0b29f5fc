package cmd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"kstream/cmd/input"
	"kstream/kafka"
	"kstream/serde"
)

// What became of the records: receipts, failures, rejects and the summary. The
// producer calls delivered, undelivered and done from goroutines of its own.

// delivered writes the receipt of one record.
func (w *production) delivered(o *kafka.Outgoing, i int, r kafka.Receipt) {
	p := o.Tag.(*parcel)
	b := p.receipts
	if b == nil {
		b = w.printer.buffer()
	}
	if w.flags.output == "text" {
		b = append(append(b, o.Topic()...), '[')
		b = strconv.AppendInt(b, int64(r.Partition), 10)
		b = append(b, ']')
		if r.Offset >= 0 {
			b = strconv.AppendInt(append(b, '@'), r.Offset, 10)
		}
		p.receipts = append(b, '\n')
		return
	}
	b = appendJSONText(append(b, `{"topic":`...), o.Topic())
	b = append(b, `,"partition":`...)
	b = strconv.AppendInt(b, int64(r.Partition), 10)
	b = append(b, `,"offset":`...)
	b = appendKnown(b, r.Offset)
	b = append(b, `,"timestamp":`...)
	b = appendKnown(b, r.Timestamp)
	place := p.load.batch.Records[p.index[i]].Place
	b = appendJSONText(append(b, `,"place":`...), place.String())
	p.receipts = append(b, "}\n"...)
}

// unread tells that nobody reads the receipts any more. That ends nothing: records are
// what a produce is for.
func (w *production) unread(error) {
	w.env.notice("nobody reads the receipts any more: no further ones are printed")
}

// appendKnown appends a number, and null for one that nobody knows.
func appendKnown(b []byte, n int64) []byte {
	if n < 0 {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, n, 10)
}

// appendJSONText appends text as a JSON string (RFC 8259, section 7).
func appendJSONText(b []byte, text string) []byte {
	b = append(b, '"')
	for _, r := range text { // a byte that is no UTF-8 comes as U+FFFD
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20 || r == 0x7f:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// done is called when the fate of all records of a parcel is known.
func (w *production) done(o *kafka.Outgoing) {
	p := o.Tag.(*parcel)
	if len(p.receipts) > 0 {
		w.print(chunk{text: p.receipts})
	}
	w.release(p.load)
}

// undelivered is called for a record that was refused or given up.
func (w *production) undelivered(o *kafka.Outgoing, i int, err error) {
	if errors.Is(err, kafka.ErrTransaction) {
		return // abort counts the records of a transaction
	}
	p := o.Tag.(*parcel)
	r := &p.load.batch.Records[p.index[i]]
	w.mu.Lock()
	w.failed++
	if w.flags.transactional == "" {
		w.rejects.write(p.load.preamble, r.Frame)
	} else { // the input of all its records is held already
		w.transaction.spoil(kafka.ErrTransaction)
	}
	w.mu.Unlock()
	w.fail(faultf(deliveryCode(err), "%s: %w", r.Place, err))
	if w.flags.onError == "stop" && errors.Is(err, kafka.ErrUnreachable) {
		w.giveUp(err) // what waits would only fail later
	}
}

// waiting counts the records without an acknowledgement.
func (w *production) waiting() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.producer.Totals().Waiting
}

// giveUp ends the waiting for acknowledgements.
func (w *production) giveUp(cause error) {
	w.mu.Lock()
	p := w.producer
	w.mu.Unlock()
	p.GiveUp(cause)
}

// deliveryCode is the code of a record that was not delivered: delivery_failed, unless
// the cause is one for which there was no sense in trying.
func deliveryCode(err error) errorCode {
	var interrupted *errInterrupted
	if errors.Is(err, kafka.ErrDenied) || errors.Is(err, kafka.ErrAuth) || errors.Is(err, kafka.ErrFenced) || errors.As(err, &interrupted) {
		return classify(err)
	}
	return codeDeliveryFailed
}

// namedFailures is how many failures are told one by one; the summary counts all.
const namedFailures = 10

// fail keeps the failure that the command ends with, the first, and names the first few.
func (w *production) fail(err error) {
	w.mu.Lock()
	w.named++
	named := w.named
	first := w.failure == nil
	if first {
		w.failure = err
	} else if classify(w.failure) == codeBadData && classify(err) != codeBadData {
		w.failure, err = err, w.failure // that records were lost says more than that some were none
	}
	w.mu.Unlock()
	switch {
	case first && w.flags.onError == "stop":
		w.stop(err)
	case first: // the last line will name it
	case named <= namedFailures:
		w.say("%v", err)
	case named == namedFailures+1:
		w.say("further failures are only counted")
	}
}

// bad handles input that is no record. It returns the error that ends the run.
func (w *production) bad(l *load, bad *input.BadRecord) error {
	if errors.Is(bad, input.ErrCut) {
		w.say("%v", bad)
		return nil
	}
	w.noRecord(l, bad.Raw, faultf(codeBadData, "%w", bad))
	return w.broken()
}

// unsendable handles a record that no bytes can be made of, or that has nowhere to go.
// Its error ends the run; counted says whether the record is among those that are no
// records.
func (w *production) unsendable(l *load, r *input.Record, err error) (counted int, _ error) {
	var f *fault
	switch {
	case isHasty(err):
		return 0, err // it was not attempted
	case errors.As(err, &f), ofRegistry(err),
		(errors.Is(err, kafka.ErrUnknownTopic) || errors.Is(err, serde.ErrUnknownSchema)) && w.flags.onError == "stop":
		return 0, fmt.Errorf("%s: %w", r.Place, err)
	case errors.Is(err, kafka.ErrUnknownTopic):
		w.noRecord(l, r.Frame, faultf(codeDeliveryFailed, "%s: %w", r.Place, err))
	default:
		w.noRecord(l, r.Frame, faultf(codeBadData, "%s: %w", r.Place, err))
	}
	return 1, w.broken()
}

func (w *production) noRecord(l *load, frame []byte, err error) {
	w.mu.Lock()
	w.skipped++
	w.rejects.write(l.preamble, frame)
	w.mu.Unlock()
	w.fail(err)
}

// notSent counts the records of a load from i on as read and not sent.
func (w *production) notSent(l *load, i int) {
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
func (w *production) hold(l *load, r *input.Record) {
	if w.rejects.path == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rejects.hold(l.preamble, r.Frame)
}

// print hands a chunk to the printer, if there still is one.
func (w *production) print(c chunk) {
	select {
	case w.chunks <- c:
	case <-w.gone:
	}
}

// say is a notice while the printer owns stderr.
func (w *production) say(format string, args ...any) {
	if !w.env.quiet {
		w.print(chunk{notices: []string{oneLine(fmt.Sprintf(format, args...))}})
	}
}

// notice tells what the producer has to say. That no broker answers at the start is an
// error, not a notice.
func (w *production) notice(n kafka.Notice) {
	if w.began.Load() || n.Kind == kafka.NoticeCreated {
		w.say("%s", n)
	}
}

// ended turns what happened into the outcome of the command and the summary.
// fatal is the producer's own error, err the first there was.
func (w *production) ended(polling context.Context, fatal, err error) error {
	delivered := w.producer.Totals().Acknowledged
	if w.flags.transactional != "" {
		delivered = w.transaction.committed
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	summary := fmt.Sprintf("delivered %d", delivered)
	for _, part := range []struct {
		name string
		n    int64
	}{{"aborted", w.transaction.aborted}, {"failed", w.failed}, {"bad input", w.skipped}} {
		if part.n > 0 {
			summary += fmt.Sprintf(", %s %d", part.name, part.n)
		}
	}
	if w.leftN > 0 {
		summary += fmt.Sprintf(", not attempted %d (from %s on)", w.leftN, w.left)
	}
	if w.rejects.written > 0 {
		summary += fmt.Sprintf("; %d in %s", w.rejects.written, w.flags.rejects)
	}
	w.env.notice("%s", summary)
	if w.failure != nil && (err == nil || errors.Is(err, fatal)) {
		err = w.failure // which names a record
	} else if w.failure != nil && !errors.Is(err, w.failure) {
		w.env.notice("%s", w.failure)
	}
	if errors.Is(err, kafka.ErrFenced) {
		return hint(err, "another producer with the same --transactional-id is running")
	}
	if err != nil {
		return err
	}
	if interrupted := stopped(polling); interrupted != nil && (w.flags.count > 0 || w.flags.generate == "") {
		return interrupted
	}
	return nil
}
