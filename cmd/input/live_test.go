package input

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pipes are the kinds of input that can keep a reader waiting.
var pipes = map[string]func(t *testing.T) (io.Reader, io.WriteCloser){
	"os.Pipe": func(t *testing.T) (io.Reader, io.WriteCloser) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close(); w.Close() })
		return r, w
	},
	"io.Pipe": func(t *testing.T) (io.Reader, io.WriteCloser) {
		r, w := io.Pipe()
		t.Cleanup(func() { w.Close() })
		return r, w
	},
}

// A record is handed on when its last byte is there, in every format, although the
// writer says nothing more.
func TestPrompt(t *testing.T) {
	tests := map[string]struct {
		c            Config
		first, start string // a record, and the start of another
	}{
		"line":          {Config{}, "a\n", "b"},
		"values":        {Config{Format: "values"}, `{"a":[]}`, "{"},
		"broken value":  {Config{Format: "values"}, "{x\n", " "},
		"csv":           {Config{Format: "csv"}, "h\n1\n", "2"},
		"json":          {Config{Format: "json"}, `{"value":1}` + "\n", "{"},
		"format line":   {Config{Format: `%k:%v\n`}, "k:v\n", "k:"},
		"format stream": {Config{Format: `%V{big16}%v`}, "\x00\x01v", "\x00"},
	}
	for name, tt := range tests {
		for kind, pipe := range pipes {
			t.Run(name+" "+kind, func(t *testing.T) {
				r, w := pipe(t)
				tt.c.Stdin = r
				in := open(t, tt.c)
				b := NewBatch()
				for range 3 {
					go io.WriteString(w, tt.first) // ends when the reader has taken it
					got := 0
					for got == 0 {
						err := in.ReadBatch(b)
						var bad *BadRecord
						if err != nil && !errors.As(err, &bad) {
							t.Fatal(err)
						}
						if got = len(b.Records); bad != nil {
							got++
						}
					}
					if got != 1 {
						t.Fatalf("have %d records, want 1", got)
					}
					if name == "csv" { // no second header
						break
					}
				}
			})
		}
	}
}

// When the context ends, a waiting reader returns; what was read is delivered, half
// a record is named.
func TestStop(t *testing.T) {
	why := errors.New("interrupted")
	tests := map[string]struct {
		c     Config
		write string
		want  []string
	}{
		"line":  {Config{}, "a\nb\nhal", []string{`stdin:1@0: null = "a"`, `stdin:2@2: null = "b"`, "bad stdin:3: " + ErrCut.Error() + " <hal>", "end stdin:3: interrupted"}},
		"clean": {Config{}, "a\n", []string{`stdin:1@0: null = "a"`, "end stdin:2: interrupted"}},
		"stream": {
			Config{Format: `%V{big16}%v`},
			"\x00\x01v\x00\x02h",
			[]string{`stdin: record 1@0: null = "v"`, "bad stdin: record 2: " + ErrCut.Error() + " <\x00\x02h>", "end stdin: record 2: interrupted"},
		},
		"stream, clean": {Config{Format: `%V{big16}%v`}, "\x00\x01v", []string{`stdin: record 1@0: null = "v"`, "end stdin: record 2: interrupted"}},
	}
	for name, tt := range tests {
		for kind, pipe := range pipes {
			t.Run(name+" "+kind, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(context.Background())
				defer cancel(nil)
				r, w := pipe(t)
				tt.c.Stdin = r
				in, err := Open(ctx, tt.c)
				if err != nil {
					t.Fatal(err)
				}
				defer in.Close()
				written := make(chan error, 1)
				go func() { // a pipe of io takes it once reading has begun
					_, err := io.WriteString(w, tt.write)
					written <- err
				}()
				out := []string{}
				for rec, err := range All(in) {
					var bad *BadRecord
					switch {
					case errors.As(err, &bad):
						out = append(out, fmt.Sprintf("bad %v <%s>", err, bad.Raw))
					case err != nil:
						out = append(out, "end "+err.Error())
						if !errors.Is(err, why) {
							t.Error("the cause is hidden")
						}
					default:
						out = append(out, shownRecord(rec))
						if !strings.HasPrefix(tt.want[len(out)], "stdin") { // that was the last one
							cancel(why) // the reader waits, or is about to
						}
					}
				}
				if err := <-written; err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, out); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

// Stopping loses no line between the pipe and the records, whenever it happens.
func TestStopLosesNothing(t *testing.T) {
	for round := range 50 {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		in, err := Open(ctx, Config{Stdin: r})
		if err != nil {
			t.Fatal(err)
		}
		written := make(chan struct{})
		go func() { // ends when r is closed
			defer close(written)
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(w, "%06d\n", i); err != nil {
					return
				}
			}
		}()
		n := 0
		for rec, err := range All(in) {
			if err != nil { // half a line, whose rest is still in the pipe, or the end
				continue
			}
			if got, want := string(rec.Value.Bytes), fmt.Sprintf("%06d", n); got != want {
				t.Fatalf("have %s, want %s", got, want)
			}
			if n++; n == 20*(round+1) {
				cancel()
			}
		}
		in.Close()
		rest := make([]byte, 64) // what is left begins where the records ended
		k, err := io.ReadAtLeast(r, rest, 14)
		if err != nil {
			t.Fatal(err)
		}
		_, next, _ := strings.Cut(string(rest[:k]), "\n")
		var after int
		if _, err := fmt.Sscanf(next, "%d", &after); err != nil {
			t.Fatal(err)
		}
		if after != n+1 { // the line n, or the rest of it, was skipped just now
			t.Errorf("records end before %d, the pipe goes on before %d", n, after)
		}
		r.Close()
		<-written
		w.Close()
		cancel()
	}
}

// zeros is an endless line, and then a short one.
type zeros struct{ left int }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), z.left)
	clear(p[:n])
	if z.left -= n; z.left == 0 {
		p[n-1] = 'x'
		if n > 1 {
			p[n-2] = '\n'
		}
	}
	return n, nil
}

// However long a frame is, memory stays near the bound, and reading goes on.
func TestBoundedMemory(t *testing.T) {
	tests := map[string]struct {
		format string
		good   int
	}{"line": {"line", 1}, "values": {"values", 0}, "csv": {"csv", 0}, "file": {"file", 0}, "json": {"json", 0}}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := open(t, Config{Format: tt.format, Stdin: &zeros{100 << 20}, MaxRecord: 3 << 20})
			b, good, refused := NewBatch(), 0, 0
			for {
				err := in.ReadBatch(b)
				if good += len(b.Records); cap(b.window)+cap(b.made) > 10<<20 {
					t.Fatalf("a batch of %d bytes", cap(b.window)+cap(b.made))
				}
				var bad *BadRecord
				if errors.As(err, &bad) {
					refused++
				} else if err != nil {
					break
				}
			}
			if good != tt.good || refused == 0 {
				t.Errorf("%d records, %d refused", good, refused)
			}
		})
	}
}

// Reading lines allocates for batches, not for records.
func TestNoAllocationPerLine(t *testing.T) {
	text := strings.Repeat("key:value\n", 200_000)
	b := NewBatch()
	n := 0
	allocs := testing.AllocsPerRun(2, func() {
		in := open(t, Config{KeySeparator: []byte(":"), Stdin: strings.NewReader(text)})
		for err := error(nil); err == nil; n += len(b.Records) {
			err = in.ReadBatch(b)
		}
	})
	if allocs > 1000 || n != 600_000 {
		t.Errorf("%.0f allocations, %d records in 3 runs", allocs, n)
	}
}

func TestCloseUnblocks(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	for _, format := range []string{"line", "%V{big16}%v"} {
		in := open(t, Config{Format: format, Stdin: r})
		in.Close() // returns only when the reading goroutine has ended
		if err := in.ReadBatch(NewBatch()); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: have %v", format, err)
		}
	}
}

func TestWrappers(t *testing.T) {
	in := func() Reader {
		return open(t, Config{KeySeparator: []byte(":"), Stdin: strings.NewReader("a:1\nbad\nb:2\nc:3\n")})
	}
	a, b, c := `stdin:1@0: "a" = "1"`, `stdin:3@8: "b" = "2"`, `stdin:4@12: "c" = "3"`
	bad := "bad stdin:2: no key separator \":\" in this line <bad\n>"
	clock := &fakeClock{now: time.Unix(0, 0)}
	ended, end := context.WithCancel(context.Background())
	end()
	tests := map[string]struct {
		r    Reader
		want []string
	}{
		"limit 0":         {Limit(in(), 0), []string{}},
		"limit":           {Limit(in(), 2), []string{a, bad, b}},
		"limit, too many": {Limit(in(), 9), []string{a, bad, b, c}},
		"repeat":          {Repeat(in(), 2), []string{a, a, bad, b, b, c, c}},
		"repeat 0":        {Repeat(in(), 0), []string{bad}},
		"both":            {Limit(Repeat(in(), 3), 4), []string{a, a, a, bad, b}},
		"paced":           {Paced(context.Background(), in(), NewInterval(time.Hour, clock)), []string{a, bad, b, c}},
		"paced, ended":    {Paced(ended, in(), NewInterval(time.Hour, clock)), []string{a, bad, b, c}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, dump(t, tt.r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := clock.now.Sub(time.Unix(0, 0)); got < 2*time.Hour || got > 3*time.Hour {
		t.Errorf("three paced records took %v", got)
	}
	n := 0
	for range All(Repeat(open(t, Config{Stdin: strings.NewReader("x")}), 10_000)) {
		n++
	}
	if n != 10_000 {
		t.Errorf("repeated %d times", n)
	}
}
