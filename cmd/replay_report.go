package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"kstream/kafka"
	"kstream/output"
)

// What became of the records: notices, failures, the summary and the exit code. The
// producer calls undelivered and producerNotice from goroutines of its own.

// replayTally counts what was copied.
type replayTally struct {
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
func (t *replayTally) add(partition int32, bytes int) {
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
func (t *replayTally) take(other *replayTally) {
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
	*other = replayTally{}
}

// say is a notice, from whichever goroutine.
func (r *replay) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meter.clear()
	r.env.notice(format, args...)
}

// draw shows how far the copy is.
func (r *replay) draw() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meter.show(r.from.total, r.remaining)
}

// undraw takes that away.
func (r *replay) undraw() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meter.clear()
}

// producerNotice tells what the producer has to say.
func (r *replay) producerNotice(n kafka.Notice) { r.say("%s", n) }

// tell gives the notices of the source, and counts what is lost.
func (r *replay) tell(notices []kafka.Notice) {
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
func (r *replay) name(err error) {
	r.mu.Lock()
	r.told++
	n := r.told
	r.mu.Unlock()
	switch {
	case n <= namedFailures:
		r.say("%v", err)
	case n == namedFailures+1:
		r.say("further failures are only counted")
	}
}

// unusable lets --on-error decide about a record that cannot be changed or delivered.
func (r *replay) unusable(live context.Context, rec *kafka.Record, bad *unusable) error {
	reason := bad.err
	err := fmt.Errorf("%s: %w", placeOf(rec), reason)
	if r.rules.forgives(bad.what) {
		r.pending.unmatched++
		r.unmatched = cmp.Or(r.unmatched, err.Error())
		return nil
	}
	switch r.rules.action {
	case "skip":
		r.pending.skipped++
		r.name(err)
		return nil
	case "dlq":
		r.pending.letters++
		r.name(err)
		letter := *rec
		letter.Topic, letter.Partition = r.rules.topic, kafka.AnyPartition
		letter.Headers = letterHeaders(rec, err)
		r.note(letter.Topic, r.ends.letters)
		return r.sink.put(live, &letter, r.here)
	}
	code := codeBadData
	if errors.Is(reason, kafka.ErrUnknownTopic) {
		code = codeUnknownTopic
	}
	return hint(faultf(code, "%w", err), "--on-error skip leaves it out, dlq:TOPIC puts it aside")
}

// letterHeaders are the headers of a dead letter: its own, where it was, and why.
func letterHeaders(rec *kafka.Record, reason error) []kafka.Header {
	return append(rec.Headers[:len(rec.Headers):len(rec.Headers)],
		kafka.Header{Key: headerTopic, Value: []byte(rec.Topic)},
		kafka.Header{Key: headerPartition, Value: strconv.AppendInt(nil, int64(rec.Partition), 10)},
		kafka.Header{Key: headerOffset, Value: strconv.AppendInt(nil, rec.Offset, 10)},
		kafka.Header{Key: headerError, Value: []byte(oneLine(reason.Error()))},
	)
}

// undelivered is called for a record that was refused or given up.
func (r *replay) undelivered(at origin, err error) {
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
	leftOut := at.partition >= 0 && r.rules.action == "skip" && errors.Is(err, kafka.ErrFailed) // it was refused, not only lost
	r.mu.Lock()
	switch {
	case leftOut:
		r.refusals++
	case at.partition >= 0: // else it is a record of the progress
		r.failed++
	}
	if r.failure == nil && !leftOut {
		r.failure = cause
	}
	r.mu.Unlock()
	stop := r.rules.action == "stop" || deliveryCode(err) != codeDeliveryFailed
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
func (r *replay) deliveryError(d *failedDelivery) error {
	if d.at.partition < 0 {
		return faultf(deliveryCode(d.err), "%s: %w", progressTopic, d.err)
	}
	err := faultf(deliveryCode(d.err), "%s[%d]@%d: %w", r.from.topic, d.at.partition, d.at.offset, d.err)
	if errors.Is(d.err, kafka.ErrTooLarge) {
		return hint(err, "%s", r.roomFor())
	}
	return err
}

// roomFor tells how a record that is too large gets into its topic.
func (r *replay) roomFor() string {
	topic, limit := r.dst.topic, ""
	if r.redrive != nil {
		topic = "TOPIC"
	} else if r.ends.maxBatch > 0 {
		limit = fmt.Sprintf("%s takes %d bytes at once; ", topic, r.ends.maxBatch)
	}
	more := "-z zstd may make it small enough"
	if r.flags.compression != "" && r.flags.compression != "none" {
		more = fmt.Sprintf("it is too large with -z %s too", r.flags.compression)
	}
	return fmt.Sprintf("%s%s; kstream topic alter %s --config max.message.bytes=N raises the limit", limit, more, topic)
}

// giveUp ends the waiting for acknowledgements.
func (r *replay) giveUp(cause error) {
	r.mu.Lock()
	ship := r.ship
	if r.gaveUp == nil {
		r.gaveUp = cause
	}
	r.mu.Unlock()
	if ship != nil {
		ship.producer.GiveUp(cause)
	}
}

// broken is the failure for which no further progress may be kept.
func (r *replay) broken() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rules.action == "stop" || r.failure != nil && classify(r.failure) != codeDeliveryFailed {
		return r.failure
	}
	return nil
}

// ended says how the run went, and turns that into its outcome. err is how carry ended.
func (r *replay) ended(polling context.Context, err error) error {
	r.undraw()
	if err != nil && !r.keeps() {
		r.total.take(&r.pending) // some of it failed, and was counted
	}
	var interrupted *errInterrupted
	if err == nil && errors.As(context.Cause(polling), &interrupted) {
		err = interrupted
	}
	if n := r.total.unmatched; n > 0 {
		r.say(unmatchedNotice, countOf(n, "record"), r.unmatched)
	}
	if err = r.closeDump(err); r.dst.file == "-" && errors.Is(err, errGone) { // a part of a dump is none
		r.discarded = true
		err = faultf(codeFailed, "%s: its reader has gone: the dump is not whole", r.dst)
	}
	if err == nil && r.flags.verify {
		err = r.verified(context.WithoutCancel(polling))
	}
	if r.starts != nil {
		if printed := r.summarize(err); printed != nil {
			return firstOf(err, printed)
		}
	}
	if errors.Is(err, kafka.ErrFenced) {
		return hint(&fault{codeFenced, fmt.Errorf("another kstream replay with --name %s took over: %w", r.flags.name, err)},
			"it goes on where this one ended; two of them need two names")
	}
	if err != nil && r.keeps() && r.kept != nil {
		return hint(err, "%s", r.remedy())
	}
	switch {
	case err != nil:
		return err
	case r.failure != nil:
		return r.failure
	case r.pruned > 0:
		return faultf(codePartial, "%s gone before they were read", countOf(r.pruned, "record"))
	}
	return nil
}

// remedy tells how to go on.
func (r *replay) remedy() string {
	if r.flags.set("name") {
		return "the same command goes on where this one ended"
	}
	return fmt.Sprintf("the same command goes on where this one ended; its progress is kept as %s", r.flags.name)
}

// replaySummary is the document of -o json.
type replaySummary struct {
	Schema      string           `json:"schema"`
	Source      string           `json:"source"`
	Target      string           `json:"target"`
	Name        string           `json:"name,omitempty"` // that progress is kept under
	ExactlyOnce bool             `json:"exactly_once"`
	DryRun      bool             `json:"dry_run"`
	Complete    bool             `json:"complete"`
	Records     int64            `json:"records"`
	Bytes       int64            `json:"bytes"` // of keys and values
	Failed      int64            `json:"failed"`
	Skipped     int64            `json:"skipped"`
	DeadLetters int64            `json:"dead_letters"`
	Exhausted   int64            `json:"exhausted,omitempty"` // of --max-retries
	Lost        int64            `json:"lost"`                // gone before they were read
	Gone        int64            `json:"gone,omitempty"`      // with a topic that was deleted meanwhile
	Discarded   int64            `json:"discarded,omitempty"` // with a dump that was not finished
	Seconds     float64          `json:"seconds"`
	Verified    bool             `json:"verified"`
	Partitions  []replayProgress `json:"partitions"` // of the source
}

// replayProgress is what was copied of a partition: from offset From up to Next, of To.
type replayProgress struct {
	Partition int32 `json:"partition"`
	From      int64 `json:"from"`
	Next      int64 `json:"next"`
	To        int64 `json:"to"`
	Records   int64 `json:"records"`
	Bytes     int64 `json:"bytes"`
}

// summary gathers what there is to tell. err is how the run ends.
func (r *replay) summary(err error) *replaySummary {
	s := &replaySummary{
		Schema: "kstream.replay/v1", Source: r.src.String(), Target: r.dst.String(),
		ExactlyOnce: r.flags.exactlyOnce || r.redrive != nil, DryRun: r.flags.dryRun, Complete: err == nil,
		Records: max(0, r.total.records-r.failed-r.refusals), Bytes: r.total.bytes, Failed: r.failed, Skipped: r.total.skipped + r.refusals,
		DeadLetters: r.total.letters, Exhausted: r.total.exhausted, Lost: r.pruned,
		Seconds: r.env.Now().Sub(r.began).Seconds(), Verified: r.sums != nil && r.sums.agree,
		Partitions: []replayProgress{},
	}
	if r.named {
		s.Name = r.flags.name
	}
	if r.redrive != nil {
		s.Target = "the topics that the records name"
	}
	next := r.next
	if r.keeps() {
		next = r.kept
	}
	for _, span := range r.from.spans {
		p := replayProgress{Partition: span.Partition, From: span.From, Next: span.From, To: span.To}
		if at, ok := next[span.Partition]; ok {
			p.Next = at
		}
		if first, ok := r.starts[span.Partition]; ok {
			p.From = first
		}
		if t := r.total.partitions[span.Partition]; t != nil {
			p.Records, p.Bytes = t.records, t.bytes
		}
		s.Partitions = append(s.Partitions, p)
	}
	switch {
	case r.gone:
		s.Gone = s.Records
	case r.discarded:
		s.Discarded = s.Records
	default:
		return s
	}
	s.Records, s.Bytes = 0, 0
	for i := range s.Partitions {
		p := &s.Partitions[i]
		p.Next, p.Records, p.Bytes = p.From, 0, 0
	}
	return s
}

// summarize prints the summary: a line on stderr, the document on stdout, or the table of
// --dry-run there.
func (r *replay) summarize(err error) error {
	s := r.summary(err)
	if r.flags.output == "json" {
		text, failed := output.MarshalLine(s)
		if failed == nil {
			_, failed = r.env.Stdout.Write(append(text, '\n'))
		}
		return failed
	}
	if r.flags.dryRun {
		if err != nil {
			return nil
		}
		return r.printPlan(s)
	}
	line := fmt.Sprintf("copied %s from %s to %s", countOf(s.Records, "record"), s.Source, s.Target)
	if r.discarded {
		line = fmt.Sprintf("discarded %s, with %s from %s in it", s.Target, countOf(s.Discarded, "record"), s.Source)
	}
	if s.Seconds >= 1 && s.Records > 0 {
		line += fmt.Sprintf(" in %.1fs (%s/s)", s.Seconds, shortNumber(float64(s.Records)/s.Seconds))
	}
	line += s.others()
	if s.Verified {
		line += ", verified"
	}
	r.say("%s", line)
	return nil
}

// others says how many records were not copied, and why.
func (s *replaySummary) others() (text string) {
	for _, part := range []struct {
		name string
		n    int64
	}{{"failed", s.Failed}, {"left out", s.Skipped}, {"put aside", s.DeadLetters}, {"sent back too often", s.Exhausted}, {"lost", s.Lost}, {"gone with the topic", s.Gone}} {
		if part.n > 0 {
			text += fmt.Sprintf(", %s %d", part.name, part.n)
		}
	}
	return text
}
