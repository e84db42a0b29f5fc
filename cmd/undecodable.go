package cmd

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"kstream/output"
)

// failures is --on-error: what becomes of records that cannot be decoded.
type failures struct {
	action string // keep, skip, stop or dlq
	topic  string // of dlq
}

// keeps says whether such records are shown all the same.
func (f failures) keeps() bool { return f.action == "keep" }

func planFailures(text string) (failures, error) {
	switch action, topic, _ := strings.Cut(text, ":"); {
	case text == "keep" || text == "skip" || text == "stop":
		return failures{action: text}, nil
	case action == "dlq" && topic != "":
		return failures{action: action, topic: topic}, nil
	}
	return failures{}, usagef("--on-error %s: want keep, skip, stop or dlq:TOPIC", text)
}

// failureCount counts what went wrong with single records, for one line at the end.
type failureCount struct {
	mu    sync.Mutex
	count int64
	first string
}

func (f *failureCount) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count++; f.count == 1 {
		f.first = err.Error()
	}
}

// total gives the number and the first error.
func (f *failureCount) total() (int64, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count, f.first
}

// undecodable decides about a record that a serde could not read.
func (s *selected) undecodable(ctx context.Context, r *record) (bool, error) {
	err := fmt.Errorf("%s[%d]@%d: %w", r.Message.Topic, r.Message.Partition, r.Message.Offset, r.decodeErr)
	switch s.failures.action {
	case "stop":
		return false, hint(faultf(codeBadData, "%w", err), "--on-error keep shows its bytes, skip leaves it out")
	case "dlq":
		s.failed.add(err)
		return false, s.letters.add(ctx, r, err)
	case "skip":
		s.failed.add(err)
		return false, nil
	}
	s.failed.add(err)
	return true, nil
}

// tellFailures gives one notice for each kind of failure that single records had. It
// runs when the printer is done.
func (s *selected) tellFailures() {
	if n, first := s.failed.total(); n > 0 {
		records := countOf(n, "record") + " could not be decoded"
		if s.answered {
			records = countOf(n, "record") + " could not be decoded or had no answer"
		}
		switch action := s.failures.action; {
		case action == "dlq":
			s.env.notice("%s and went to %s; the first: %s", records, s.failures.topic, first)
		case action == "skip":
			s.env.notice("%s and left out; the first: %s", records, first)
		case !s.tellsErrors:
			s.env.notice("%s and shown as their bytes; the first: %s", records, first)
		}
	}
	if n, first := s.filters.erred.total(); n > 0 {
		s.env.notice("--filter failed on %s, left out; the first: %s", countOf(n, "record"), first)
	}
}

// countOf gives "1 record", "2 records".
func countOf(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.FormatInt(n, 10) + " " + what + "s"
}

// groupedCountOf is countOf with the digits of large numbers in groups.
func groupedCountOf(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return output.Count(n) + " " + what + "s"
}
