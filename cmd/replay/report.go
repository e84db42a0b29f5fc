package replay

import (
	"context"
	"errors"
	"fmt"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/kafka"
)

// What became of the records: notices, failures, the summary and the exit code. The
// producer calls undelivered and producerNotice from goroutines of its own.

// tally counts what was copied.
type tally struct {
	records, bytes int64
	skipped        int64           // by --on-error skip
	letters        int64           // by --on-error dlq
	exhausted      int64           // by --max-retries
	unmatched      record.Failures // --filter failed on them, and they do not match
	causes         record.Failures // of what is skipped or put aside
	partitions     map[int32]*partitionTally
	newest         *partitionTally
	newestID       int32
}

// partitionTally is the part of one partition of SRC.
type partitionTally struct{ records, bytes int64 }

// add counts a record that was sent.
func (t *tally) add(partition int32, bytes int) {
	p := t.newest
	if p == nil || t.newestID != partition {
		if t.partitions == nil {
			t.partitions = map[int32]*partitionTally{}
		}
		if p = t.partitions[partition]; p == nil {
			p = new(partitionTally)
			t.partitions[partition] = p
		}
		t.newest, t.newestID = p, partition
	}
	t.records++
	t.bytes += int64(bytes)
	p.records++
	p.bytes += int64(bytes)
}

// addOutgoing counts a record that was packed, unless it is one of the progress.
func (t *tally) addOutgoing(o *kafka.Outgoing, i int, at record.Origin) {
	if at.Partition >= 0 {
		rec := o.Record(i)
		t.add(at.Partition, len(rec.Key)+len(rec.Value))
	}
}

// deduct takes what was sent and not delivered out of what was copied since the last checkpoint.
func (r *run) deduct() {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, missing := &r.pending, &r.missing
	t.records -= missing.records
	t.bytes -= missing.bytes
	t.skipped += missing.skipped
	r.lost += missing.letters
	t.letters -= missing.letters
	t.causes.Take(&missing.causes)
	for id, p := range missing.partitions {
		if mine := t.partitions[id]; mine != nil {
			mine.records -= p.records
			mine.bytes -= p.bytes
		}
	}
	*missing = tally{}
}

// take moves what other has counted into t.
func (t *tally) take(other *tally) {
	t.records += other.records
	t.bytes += other.bytes
	t.skipped += other.skipped
	t.letters += other.letters
	t.exhausted += other.exhausted
	t.unmatched.Take(&other.unmatched)
	t.causes.Take(&other.causes)
	if t.partitions == nil {
		t.partitions = map[int32]*partitionTally{}
	}
	for id, p := range other.partitions {
		if t.partitions[id] == nil {
			t.partitions[id] = new(partitionTally)
		}
		t.partitions[id].records += p.records
		t.partitions[id].bytes += p.bytes
	}
	*other = tally{}
}

// say is a notice, from whichever goroutine.
func (r *run) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meter.Clear()
	r.env.Notice(format, args...)
}

// draw shows how far the copy is.
func (r *run) draw() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meter.Show(r.source.total, func() int64 { return r.source.remaining(r.next) })
}

// undraw takes that away.
func (r *run) undraw() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meter.Clear()
}

// tell prints the notices of the source, and counts what is lost.
func (r *run) tell(notices []kafka.Notice) {
	for _, n := range notices {
		if n.Kind == kafka.NoticeLost {
			r.source.lost += n.To - n.From
		}
		if n.Kind != kafka.NoticeEnd {
			r.say("%s", n)
		}
	}
}

// news tells somebody who watches of a record that failed for another cause than those before.
func (r *run) news(first bool, place string, err error) {
	if first && r.env.StderrTerminal {
		r.say("%s: %v", place, err)
	}
}

// unusable lets --on-error decide about a record that cannot be changed or delivered.
func (r *run) unusable(live context.Context, rec *kafka.Record, bad *record.Unusable) error {
	place, reason := record.PlaceOf(rec), bad.Err
	if r.rules.Forgives(bad.What) {
		_, first := r.pending.unmatched.AddUnusable(place, bad)
		r.news(first, place, reason)
		return nil
	}
	err := fmt.Errorf("%s: %w", place, reason)
	if r.rules.Action != "stop" {
		_, first := r.pending.causes.AddUnusable(place, bad)
		r.news(first, place, reason)
	}
	switch r.rules.Action {
	case "skip":
		r.pending.skipped++
		return nil
	case "dlq":
		r.pending.letters++
		return r.target.putLetter(live, rec, originOf(rec), err)
	}
	code := cli.CodeBadData
	if errors.Is(reason, kafka.ErrUnknownTopic) {
		code = cli.CodeUnknownTopic
	}
	return cli.Hint(cli.Errorf(code, "%w", err), "--on-error skip leaves it out, dlq:TOPIC puts it aside")
}

// undelivered is called for a record that was refused or given up.
func (r *run) undelivered(o *kafka.Outgoing, i int, err error) {
	d := &failedDelivery{o.Tag.(*record.TopicBatch).Origins[i], r.isLetter(o.Topic()), err}
	r.mu.Lock()
	if r.first == nil {
		r.first = d
	}
	r.mu.Unlock()
	if r.transactions {
		return // the pass ends, and abort decides
	}
	copied := d.at.Partition >= 0 && !d.letter                                       // else it is a record of the progress, or a letter
	refused := copied && r.rules.Action != "stop" && errors.Is(err, kafka.ErrFailed) // and not only lost
	r.mu.Lock()
	switch {
	case copied:
		r.missing.addOutgoing(o, i, d.at)
	case d.letter:
		r.missing.letters++
	}
	if refused && r.rules.Action == "dlq" {
		r.aside[d.at] = err
	}
	r.mu.Unlock()
	place, cause := r.deliveryError(d)
	switch {
	case refused && r.rules.Action == "dlq": // putAside sees to it
		return
	case refused:
		r.mu.Lock()
		r.missing.skipped++
		_, first := r.missing.causes.Add(place, cause)
		r.mu.Unlock()
		r.news(first, place, cause)
		return
	}
	r.fail(d, place, cause)
	if r.rules.Action != "stop" && cli.CodeOf(cause) == cli.CodeDeliveryFailed {
		return
	}
	r.stop(fmt.Errorf("%s: %w", place, cause))
	if errors.Is(err, kafka.ErrUnreachable) {
		r.giveUp(err) // what waits would only fail later
	}
}

// isLetter reports whether what is sent to a topic is put aside there.
func (r *run) isLetter(topic string) bool { return r.rules.Action == "dlq" && topic == r.rules.Topic }

// fail counts a delivery that failed for good. The command ends with the first, but that a
// letter was not delivered says more.
func (r *run) fail(d *failedDelivery, place string, cause error) {
	r.mu.Lock()
	c, first := r.causes.Add(place, cause)
	if d.at.Partition >= 0 {
		r.failed++
	}
	if r.failure == nil || c != nil && cli.CodeOf(r.failure) == cli.CodeDeliveryFailed && cli.CodeOf(cause) != cli.CodeDeliveryFailed {
		r.failure, r.cause = fmt.Errorf("%s: %w", place, cause), c
	}
	r.mu.Unlock()
	r.news(first && r.rules.Action != "stop", place, cause)
}

// deliveryError returns the place of a record that was not delivered, and why that is.
func (r *run) deliveryError(d *failedDelivery) (place string, err error) {
	code := record.DeliveryCode(d.err)
	if d.at.Partition < 0 {
		return record.ProgressTopic, cli.Errorf(code, "%w", d.err)
	}
	place = fmt.Sprintf("%s[%d]@%d", r.source.topic, d.at.Partition, d.at.Offset)
	if d.letter {
		if code == cli.CodeDeliveryFailed {
			code = cli.CodeFailed // --on-error has no further say
		}
		return place, cli.Errorf(code, "--on-error dlq:%s: %w", r.rules.Topic, d.err)
	}
	err = cli.Errorf(code, "%w", d.err)
	if errors.Is(d.err, kafka.ErrTooLarge) {
		err = cli.Hint(err, "%s", r.roomFor())
	}
	return place, err
}

// roomFor returns how a record that is too large gets into its topic.
func (r *run) roomFor() string {
	topic, limit := r.dst.topic, ""
	if r.redrive != nil {
		topic = "TOPIC"
	} else if r.target.maxBatch > 0 {
		limit = fmt.Sprintf("%s takes %d bytes at once; ", topic, r.target.maxBatch)
	}
	more := "-z zstd may make it small enough"
	if r.compression != "" && r.compression != "none" {
		more = fmt.Sprintf("it is too large with -z %s too", r.compression)
	}
	return fmt.Sprintf("%s%s; kstream topic alter %s --config max.message.bytes=N raises the limit", limit, more, topic)
}

// giveUp ends the waiting for acknowledgements.
func (r *run) giveUp(cause error) {
	r.mu.Lock()
	if r.gaveUp == nil {
		r.gaveUp = cause
	}
	r.mu.Unlock()
	r.target.giveUp(cause)
}

// broken is the failure for which no further progress may be kept.
func (r *run) broken() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rules.Action == "stop" || r.failure != nil && cli.CodeOf(r.failure) != cli.CodeDeliveryFailed {
		return r.failure
	}
	return nil
}

// ended prints how the run went, and returns its outcome. err is how carry ended.
func (r *run) ended(polling context.Context, err error) error {
	r.undraw()
	if err != nil && !r.keeps() {
		r.deduct()
		r.total.take(&r.pending)
	}
	var interrupted *cli.InterruptedError
	if err == nil && errors.As(context.Cause(polling), &interrupted) {
		err = interrupted
	}
	r.total.unmatched.TellUnmatched(r.say, "left out")
	became := r.rules.Became("")
	if r.lost > 0 {
		became = "were to go to " + r.rules.Topic
	}
	r.total.causes.Tell(r.say, became)
	told := r.cause
	switch {
	case r.failure == nil:
	case err == nil, errors.Is(err, r.failure), r.gaveUp != nil && errors.Is(err, r.gaveUp):
		err = r.cause.Error() // which names records
	default:
		told = nil
	}
	r.causes.TellPlain(r.say, told)
	if err = r.target.closeDump(err); r.dst.file == "-" && errors.Is(err, cli.ErrGone) { // a part of a dump is none
		r.target.discarded = true
		err = cli.Errorf(cli.CodeFailed, "%s: its reader has gone: the dump is not whole", r.dst)
	}
	if err == nil && r.verify {
		err = r.target.verify(context.WithoutCancel(polling), r.total.records)
	}
	if r.starts != nil {
		if printed := r.summarize(err); printed != nil {
			return cli.FirstOf(err, printed)
		}
	}
	if errors.Is(err, kafka.ErrFenced) {
		return cli.Hint(&cli.CodedError{Code: cli.CodeFenced, Err: fmt.Errorf("another kstream replay with --name %s took over: %w", r.progress.name, err)},
			"it goes on where this one ended; two of them need two names")
	}
	if err != nil && r.keeps() && r.kept != nil {
		return cli.Hint(err, "%s", r.remedy())
	}
	switch {
	case err != nil:
		return err
	case r.source.lost > 0:
		return cli.Errorf(cli.CodePartial, "%s gone before they were read", cli.Count(r.source.lost, "record"))
	}
	return nil
}

// remedy returns how to go on.
func (r *run) remedy() string {
	if r.Plan.name != "" {
		return "the same command goes on where this one ended"
	}
	return fmt.Sprintf("the same command goes on where this one ended; its progress is kept as %s", r.progress.name)
}
