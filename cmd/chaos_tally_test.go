//go:build unix

package cmd

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kstream/kafka/witness"
)

// tally counts how often each record was printed, by partition and offset and by value.
type tally struct {
	t       *testing.T
	offsets map[int32]map[int64]int
	values  map[string]int
	total   int
}

// count reads the PARTITION OFFSET VALUE lines of processes.
func count(t *testing.T, processes ...*process) *tally {
	t.Helper()
	c := &tally{t: t, offsets: map[int32]map[int64]int{}, values: map[string]int{}}
	for _, p := range processes {
		c.add(p.printed())
	}
	return c
}

func (c *tally) add(text string) {
	c.t.Helper()
	for line := range strings.Lines(text) {
		var partition int32
		var offset int64
		var value string
		if n, err := fmt.Sscan(line, &partition, &offset, &value); n != 3 {
			c.t.Fatalf("printed %q: %v", line, err)
		}
		if c.offsets[partition] == nil {
			c.offsets[partition] = map[int64]int{}
		}
		c.offsets[partition][offset]++
		c.values[value]++
		c.total++
	}
}

// wantNumbers wants each of the values 0…n-1, and nothing else; once when exactly.
func (c *tally) wantNumbers(n int, exactly bool) {
	c.t.Helper()
	missing, repeated := 0, 0
	for i := range n {
		switch k := c.values[strconv.Itoa(i)]; {
		case k == 0:
			missing++
		case k > 1:
			repeated++
		}
	}
	if missing > 0 || len(c.values) > n || exactly && repeated > 0 {
		c.t.Errorf("of %d records %d are missing and %d are repeated; %d different values", n, missing, repeated, len(c.values))
	}
}

// wantCommitted wants that nothing is committed that was not printed; and all that was,
// when all.
func (s *stage) wantCommitted(c *tally, all bool) {
	s.t.Helper()
	committed := s.committed()
	s.wantPrinted(committed, c)
	if !all {
		return
	}
	for number, offsets := range c.offsets {
		last := slices.Max(slices.Collect(maps.Keys(offsets)))
		if next := committed[witness.Partition{Topic: s.topic, Number: number}]; next != last+1 {
			s.t.Errorf("%s[%d]: committed %d, printed up to %d", s.topic, number, next, last)
		}
	}
}

// wantPrinted wants that all that was committed was printed. While members run, what
// they committed must have been asked for before what they printed was counted.
func (s *stage) wantPrinted(committed map[witness.Partition]int64, c *tally) {
	s.t.Helper()
	for p, next := range committed {
		for offset := range next {
			if c.offsets[p.Number][offset] == 0 {
				s.t.Errorf("%s[%d]: committed %d, and %d was never printed", p.Topic, p.Number, next, offset)
				break
			}
		}
	}
}

// committed asks until somebody answers: connections of the witness may have been cut too.
func (s *stage) committed() map[witness.Partition]int64 {
	s.t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	var offsets map[witness.Partition]int64
	var failure error
	err := until(ctx, func() (bool, error) {
		offsets, failure = s.witness.Committed(ctx, s.group)
		return failure == nil, nil
	})
	if err != nil {
		s.t.Fatal(err, failure)
	}
	return offsets
}

// awaitEmpty waits until the group has no members: those that left in the middle of their
// first join are in it until their session is over.
func (s *stage) awaitEmpty() {
	s.t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	if err := until(ctx, func() (bool, error) {
		n, err := s.witness.Members(ctx, s.group)
		return n == 0, err
	}); err != nil {
		s.t.Fatalf("group %s has members left: %v", s.group, err)
	}
}

// wantEmpty wants that the group has no members left.
func (s *stage) wantEmpty() {
	s.t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	n, err := s.witness.Members(ctx, s.group)
	if err != nil {
		s.t.Fatal(err)
	}
	if n > 0 {
		s.t.Errorf("group %s has %d members left", s.group, n)
	}
}
