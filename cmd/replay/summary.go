package replay

import (
	"fmt"

	"kstream/cmd/cli"
	"kstream/output"
)

// Summary is the document of -o json.
type Summary struct {
	Schema      string         `json:"schema"`
	Source      string         `json:"source"`
	Target      string         `json:"target"`
	Name        string         `json:"name,omitempty"` // that progress is kept under
	ExactlyOnce bool           `json:"exactly_once"`
	DryRun      bool           `json:"dry_run"`
	Complete    bool           `json:"complete"`
	Records     int64          `json:"records"`
	Bytes       int64          `json:"bytes"` // of keys and values
	Failed      int64          `json:"failed"`
	Skipped     int64          `json:"skipped"`
	DeadLetters int64          `json:"dead_letters"`
	Exhausted   int64          `json:"exhausted,omitempty"` // of --max-retries
	Lost        int64          `json:"lost"`                // gone before they were read
	Gone        int64          `json:"gone,omitempty"`      // with a topic that was deleted meanwhile
	Discarded   int64          `json:"discarded,omitempty"` // with a dump that was not finished
	Seconds     float64        `json:"seconds"`
	Verified    bool           `json:"verified"`
	Partitions  []progressItem `json:"partitions"` // of the source
}

// progressItem is what was copied of a partition: from offset From up to Next, of To.
type progressItem struct {
	Partition int32 `json:"partition"`
	From      int64 `json:"from"`
	Next      int64 `json:"next"`
	To        int64 `json:"to"`
	Records   int64 `json:"records"`
	Bytes     int64 `json:"bytes"`
}

// summary gathers what there is to tell. err is how the run ends.
func (r *run) summary(err error) *Summary {
	s := &Summary{
		Schema: "kstream.replay/v1", Source: r.src.String(), Target: r.dst.String(),
		ExactlyOnce: r.exactlyOnce || r.redrive != nil, DryRun: r.dryRun, Complete: err == nil,
		Records: r.total.records, Bytes: r.total.bytes, Failed: r.failed, Skipped: r.total.skipped,
		DeadLetters: r.total.letters, Exhausted: r.total.exhausted, Lost: r.source.lost,
		Seconds: r.env.Now().Sub(r.began).Seconds(), Verified: r.target.sums != nil && r.target.sums.agree,
		Partitions: []progressItem{},
	}
	if r.named {
		s.Name = r.progress.name
	}
	if r.redrive != nil {
		s.Target = "the topics that the records name"
	}
	next := r.next
	if r.keeps() {
		next = r.kept
	}
	for _, span := range r.source.spans {
		p := progressItem{Partition: span.Partition, From: span.From, Next: span.From, To: span.To}
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
	case r.target.gone:
		s.Gone = s.Records
	case r.target.discarded:
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
func (r *run) summarize(err error) error {
	s := r.summary(err)
	r.result = s
	if r.json {
		text, failed := output.MarshalLine(s)
		if failed == nil {
			_, failed = r.env.Stdout.Write(append(text, '\n'))
		}
		return failed
	}
	if r.dryRun {
		if err != nil {
			return nil
		}
		return r.printPlan(s)
	}
	line := fmt.Sprintf("copied %s from %s to %s", cli.Count(s.Records, "record"), s.Source, s.Target)
	if r.target.discarded {
		line = fmt.Sprintf("discarded %s, with %s from %s in it", s.Target, cli.Count(s.Discarded, "record"), s.Source)
	}
	if s.Seconds >= 1 && s.Records > 0 {
		line += fmt.Sprintf(" in %.1fs (%s/s)", s.Seconds, cli.ShortNumber(float64(s.Records)/s.Seconds))
	}
	line += s.others()
	if s.Verified {
		line += ", verified"
	}
	r.say("%s", line)
	return nil
}

// others describes how many records were not copied, and why.
func (s *Summary) others() (text string) {
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
