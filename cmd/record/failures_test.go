package record

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// lines are what Tell prints.
func lines(f *Failures, became string) []string {
	var all []string
	f.Tell(func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }, became)
	return all
}

func TestFailuresByCause(t *testing.T) {
	var f Failures
	for i := range 20 {
		c, first := f.Add(fmt.Sprintf("t[0]@%d", i), fmt.Errorf(`byte %d: "%c" is (value %d) no JSON`, i, 'a'+i, i))
		if first != (i == 0) || c == nil {
			t.Errorf("record %d: cause %v, new: %v", i, c, first)
		}
	}
	f.AddUnusable("t[1]@7", &Unusable{Err: errors.New("too large"), What: mapped})
	want := []string{
		`20 records could not be passed on and were left out; the first: t[0]@0, t[0]@1, t[0]@2: byte 0: "a" is (value 0) no JSON`,
		`1 record could not be mapped and was left out; the first: t[1]@7: too large`,
	}
	if got := lines(&f, "left out"); !slices.Equal(got, want) {
		t.Errorf("lines are %q, want %q", got, want)
	}
	if got, want := f.causes[0].Error().Error(), `t[0]@0, t[0]@1, t[0]@2 and 17 more: byte 0: "a" is (value 0) no JSON`; got != want {
		t.Errorf("the error is %q, want %q", got, want)
	}
}

// However many causes there are, so many are told apart, and all records are counted.
func TestFailuresBounded(t *testing.T) {
	var f, more Failures
	for i := range 30 {
		into := &f
		if i >= 5 {
			into = &more
		}
		into.Add("t[0]@0", errors.New(string(rune('a'+i))))
		into.Add("t[0]@1", errors.New(string(rune('a'+i))))
	}
	f.Take(&more)
	got := lines(&f, "left out")
	if len(got) != namedCauses+1 || got[namedCauses] != "40 further records left out, for other reasons" {
		t.Errorf("lines are %q", got)
	}
	if f.count != 60 || more.count != 0 {
		t.Errorf("counted %d, and %d are left", f.count, more.count)
	}
}

func TestFailuresTaken(t *testing.T) {
	var f, more Failures
	for _, into := range []*Failures{&f, &more} {
		into.Add("a:1", errors.New("line 1"))
		into.Add("a:2", errors.New("line 2"))
	}
	f.Take(&more)
	want := []string{"4 records could not be passed on and were left out; the first: a:1, a:2, a:1: line 1"}
	if got := lines(&f, "left out"); !slices.Equal(got, want) {
		t.Errorf("lines are %q, want %q", got, want)
	}
}
