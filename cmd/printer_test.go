package cmd

import (
	"bytes"
	"io"
	"testing"
)

// A chunk that is written is done, though the next is there already: else a member
// could neither commit nor give partitions away while output is the bottleneck.
func TestPrinterDone(t *testing.T) {
	tests := map[string]int{"large chunks": flushAt, "small chunks": flushAt / 4}
	for name, size := range tests {
		t.Run(name, func(t *testing.T) {
			const chunks, waiting = 64, 8
			in := make(chan chunk, waiting)
			done, sent, closed := 0, 0, false
			send := func() {
				in <- chunk{text: bytes.Repeat([]byte("x"), size), done: func() { done++ }}
				sent++
			}
			for range waiting {
				send()
			}
			late := 0
			p := &printer{stderr: io.Discard, stdout: writerFunc(func(text []byte) (int, error) {
				late = max(late, sent-len(in)-done)
				if sent < chunks { // so that the channel is never empty
					for range waiting - len(in) {
						send()
					}
				} else if !closed {
					closed = true
					close(in)
				}
				return len(text), nil
			})}
			if err := p.print(in); err != nil {
				t.Fatal(err)
			}
			if done != sent || late > flushAt/size+1 {
				t.Errorf("%d chunks of %d are done, %d were late", done, sent, late)
			}
		})
	}
}

// writerFunc is an io.Writer.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(text []byte) (int, error) { return f(text) }
