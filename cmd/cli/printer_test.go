package cli

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writerFunc is a function as a writer.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestPrinter(t *testing.T) {
	full := errors.New("no space")
	big := strings.Repeat("x", FlushAt)
	tests := map[string]struct {
		chunks  []string
		failAt  int // of the writes, counted from 1; 0: none fails
		want    []string
		done    []int
		wantErr string
	}{
		"nothing":              {},
		"one write for many":   {chunks: []string{"a", "b", "c"}, want: []string{"abc"}, done: []int{0, 1, 2}},
		"large as it is":       {chunks: []string{big, "b"}, want: []string{big, "b"}, done: []int{0, 1}},
		"small before large":   {chunks: []string{"a", big}, want: []string{"a" + big}, done: []int{0, 1}},
		"nothing to write":     {chunks: []string{"", ""}, done: []int{0, 1}},
		"a write that fails":   {chunks: []string{"a"}, failAt: 1, wantErr: "write output: no space"},
		"the second one fails": {chunks: []string{big, big, "c"}, failAt: 2, want: []string{big}, done: []int{0}, wantErr: "write output: no space"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, giveUp := range []chan struct{}{nil, make(chan struct{})} {
				var got []string
				var done []int
				writes := 0
				p := &Printer{GiveUp: giveUp, Stderr: io.Discard, Stdout: writerFunc(func(b []byte) (int, error) {
					if writes++; writes == test.failAt {
						return 0, full
					}
					got = append(got, string(b))
					return len(b), nil
				})}
				chunks := make(chan Chunk, len(test.chunks))
				for i, text := range test.chunks {
					chunks <- Chunk{Text: []byte(text), Done: func() { done = append(done, i) }}
				}
				close(chunks)
				err := p.Print(chunks)
				if text := errorText(err); text != test.wantErr {
					t.Errorf("error %q, want %q", text, test.wantErr)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(test.done, done); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Notices and records reach a terminal in the order in which they happened.
func TestPrinterKeepsNoticesInPlace(t *testing.T) {
	var all bytes.Buffer
	p := &Printer{Stdout: &all, Stderr: &all}
	chunks := make(chan Chunk, 2)
	chunks <- Chunk{Text: []byte("1\n")}
	chunks <- Chunk{Text: []byte("2\n"), Notices: []string{"notice"}}
	close(chunks)
	if err := p.Print(chunks); err != nil {
		t.Fatal(err)
	}
	if got := all.String(); got != "1\nnotice\n2\n" {
		t.Errorf("%q", got)
	}
}

// What nobody takes is given up, and what it acknowledges is not done.
func TestPrinterGivesUp(t *testing.T) {
	blocked, release := make(chan struct{}), make(chan struct{})
	giveUp := make(chan struct{})
	p := &Printer{GiveUp: giveUp, Stderr: io.Discard, Stdout: writerFunc(func([]byte) (int, error) {
		close(blocked)
		<-release
		return 0, io.ErrClosedPipe
	})}
	chunks := make(chan Chunk, 1)
	var done []int
	chunks <- Chunk{Text: []byte("a"), Done: func() { done = append(done, 0) }}
	ended := make(chan error, 1)
	go func() { ended <- p.Print(chunks) }() // ends when the write is given up
	<-blocked
	close(giveUp)
	if err := <-ended; !errors.Is(err, errBlocked) {
		t.Errorf("error %v", err)
	}
	if !slices.Equal(done, nil) {
		t.Errorf("done: %v", done)
	}
	close(release)
}

// A reader that goes away has taken what was written before: that is done, and what else
// comes is passed over, without an error.
func TestPrinterReaderGone(t *testing.T) {
	var done, passed []int
	var gone error
	p := &Printer{
		Stderr: io.Discard, Gone: func(err error) { gone = err },
		Stdout: writerFunc(func(b []byte) (int, error) { return 3, ErrGone }),
	}
	chunks := make(chan Chunk, 4)
	for i, text := range []string{"a\n", "b\nc\n", "d\n", ""} {
		c := Chunk{Text: []byte(text), Passed: func() { passed = append(passed, i) }}
		for at := 2; at <= len(text); at += 2 {
			c.Ends = append(c.Ends, RecordEnd{at, at / 2})
		}
		c.Done = func() { done = append(done, i) }
		chunks <- c
	}
	close(chunks)
	if err := p.Print(chunks); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(gone, ErrGone) || !slices.Equal(done, []int{0}) || !slices.Equal(passed, []int{0, 1, 2, 3}) {
		t.Errorf("gone %v, done %v, passed %v", gone, done, passed)
	}
}

// The record that is begun is the last one.
func TestPrinterRecordEnd(t *testing.T) {
	p := &Printer{parts: []pendingChunk{
		{0, Chunk{Text: []byte("ab\ncd\n"), Ends: []RecordEnd{{3, 1}, {6, 4}}}},
		{6, Chunk{Text: []byte("line\nline\n")}},
	}}
	for n, want := range map[int]int{0: 0, 1: 3, 3: 3, 4: 6, 6: 6, 7: 11, 11: 11, 12: 16} {
		if got := p.recordEnd([]byte("ab\ncd\nline\nline\n"), n); got != want {
			t.Errorf("after %d bytes: %d, want %d", n, got, want)
		}
	}
}
