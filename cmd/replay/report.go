package replay

import (
	"cmp"
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
	skipped        int64 // by --on-error skip
	letters        int64 // by --on-error dlq
	exhausted      int64 // by --max-retries
	unmatched      int64 // --filter failed on them, and they do not match
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

// take moves what other has counted into t.
func (t *tally) take(other *tally) {
	t.records += other.records
	t.bytes += other.bytes
	t.skipped += other.skipped
	t.letters += other.letters
	t.exhausted += other.exhausted
	t.unmatched += other.unmatched
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
	r.meter.Show(r.from.total, r.remaining)
}

// undraw takes that away.
func (r *run) undraw() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meter.Clear()
}

// producerNotice prints a notice of the producer.
func (r *run) producerNotice(n kafka.Notice) { r.say("%s", n) }

// tell prints the notices of the source, and counts what is lost.
func (r *run) tell(notices []kafka.Notice) {
	for _, n := range notices {
		if n.Kind == kafka.NoticeLost {
			r.pruned += n.To - n.From
		}
		if n.Kind != kafka.NoticeEnd {
			r.say("%s", n)
		}
	}
}

// name tells of a failure, if it is among the first.
func (r *run) name(err error) {
	r.mu.Lock()
	r.told++
	n := r.told
	r.mu.Unlock()
	switch {
	case n <= record.NamedFailures:
		r.say("%v", err)
	case n == record.NamedFailures+1:
		r.say("further failures are only counted")
	}
}

// unusable lets --on-error decide about a record that cannot be changed or delivered.
func (r *run) unusable(live context.Context, rec *kafka.Record, bad *record.Unusable) error {
	reason := bad.Err
	err := fmt.Errorf("%s: %w", record.PlaceOf(rec), reason)
	if r.rules.Forgives(bad.What) {
		r.pending.unmatched++
		r.unmatched = cmp.Or(r.unmatched, err.Error())
		return nil
	}
	switch r.rules.Action {
	case "skip":
		r.pending.skipped++
		r.name(err)
		return nil
	case "dlq":
		r.pending.letters++
		r.name(err)
		letter := *rec
		letter.Topic, letter.Partition = r.rules.Topic, kafka.AnyPartition
		letter.Headers = record.LetterHeaders(rec, err)
		r.note(letter.Topic, r.ends.letters)
		return r.sink.put(live, &letter, r.here)
	}
	code := cli.CodeBadData
	if errors.Is(reason, kafka.ErrUnknownTopic) {
		code = cli.CodeUnknownTopic
	}
	return cli.Hint(cli.Errorf(code, "%w", err), "--on-error skip leaves it out, dlq:TOPIC puts it aside")
}

// undelivered is called for a record that was refused or given up.
func (r *run) undelivered(at record.Origin, err error) {
	d := &failedDelivery{at, err}
	r.mu.Lock()
	first := r.first == nil
	if first {
		r.first = d
	}
	r.mu.Unlock()
	if r.transactions {
		return // the pass ends, and abort decides
	}
	cause := r.deliveryError(d)
	leftOut := at.Partition >= 0 && r.rules.Action == "skip" && errors.Is(err, kafka.ErrFailed) // it was refused, not only lost
	r.mu.Lock()
	switch {
	case leftOut:
		r.refusals++
	case at.Partition >= 0: // else it is a record of the progress
		r.failed++
	}
	if r.failure == nil && !leftOut {
		r.failure = cause
	}
	r.mu.Unlock()
	stop := r.rules.Action == "stop" || record.DeliveryCode(err) != cli.CodeDeliveryFailed
	switch {
	case first && stop:
		r.stop(cause)
	case !stop:
		r.name(cause)
	}
	if stop && errors.Is(err, kafka.ErrUnreachable) {
		r.giveUp(err) // what waits would only fail later
	}
}

// deliveryError names the record that was not delivered.
func (r *run) deliveryError(d *failedDelivery) error {
	if d.at.Partition < 0 {
		return cli.Errorf(record.DeliveryCode(d.err), "%s: %w", progressTopic, d.err)
	}
	err := cli.Errorf(record.DeliveryCode(d.err), "%s[%d]@%d: %w", r.from.topic, d.at.Partition, d.at.Offset, d.err)
	if errors.Is(d.err, kafka.ErrTooLarge) {
		return cli.Hint(err, "%s", r.roomFor())
	}
	return err
}

// roomFor returns how a record that is too large gets into its topic.
func (r *run) roomFor() string {
	topic, limit := r.dst.topic, ""
	if r.redrive != nil {
		topic = "TOPIC"
	} else if r.ends.maxBatch > 0 {
		limit = fmt.Sprintf("%s takes %d bytes at once; ", topic, r.ends.maxBatch)
	}
	more := "-z zstd may make it small enough"
	if r.flags.Compression != "" && r.flags.Compression != "none" {
		more = fmt.Sprintf("it is too large with -z %s too", r.flags.Compression)
	}
	return fmt.Sprintf("%s%s; kstream topic alter %s --config max.message.bytes=N raises the limit", limit, more, topic)
}

// giveUp ends the waiting for acknowledgements.
func (r *run) giveUp(cause error) {
	r.mu.Lock()
	sender := r.sender
	if r.gaveUp == nil {
		r.gaveUp = cause
	}
	r.mu.Unlock()
	if sender != nil {
		sender.session.GiveUp(cause)
	}
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
		r.total.take(&r.pending) // some of it failed, and was counted
	}
	var interrupted *cli.InterruptedError
	if err == nil && errors.As(context.Cause(polling), &interrupted) {
		err = interrupted
	}
	if n := r.total.unmatched; n > 0 {
		r.say(record.UnmatchedNotice, cli.Count(n, "record"), r.unmatched)
	}
	if err = r.closeDump(err); r.dst.file == "-" && errors.Is(err, cli.ErrGone) { // a part of a dump is none
		r.discarded = true
		err = cli.Errorf(cli.CodeFailed, "%s: its reader has gone: the dump is not whole", r.dst)
	}
	if err == nil && r.flags.Verify {
		err = r.verified(context.WithoutCancel(polling))
	}
	if r.starts != nil {
		if printed := r.summarize(err); printed != nil {
			return cli.FirstOf(err, printed)
		}
	}
	if errors.Is(err, kafka.ErrFenced) {
		return cli.Hint(&cli.CodedError{Code: cli.CodeFenced, Err: fmt.Errorf("another kstream replay with --name %s took over: %w", r.flags.Name, err)},
			"it goes on where this one ended; two of them need two names")
	}
	if err != nil && r.keeps() && r.kept != nil {
		return cli.Hint(err, "%s", r.remedy())
	}
	switch {
	case err != nil:
		return err
	case r.failure != nil:
		return r.failure
	case r.pruned > 0:
		return cli.Errorf(cli.CodePartial, "%s gone before they were read", cli.Count(r.pruned, "record"))
	}
	return nil
}

// remedy returns how to go on.
func (r *run) remedy() string {
	if r.flags.Set("name") {
		return "the same command goes on where this one ended"
	}
	return fmt.Sprintf("the same command goes on where this one ended; its progress is kept as %s", r.flags.Name)
}
