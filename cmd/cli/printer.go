package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"kstream/kafka"
)

// Chunk is what one batch became: text for stdout, notices for stderr, and what is to
// be done once the text was written.
type Chunk struct {
	Text    []byte
	Ends    []RecordEnd  // of the records in text; none: each line is one
	Trail   *kafka.Trail // acknowledges records of which only some were written; may be nil
	Notices []string
	Done    func() // once text was written; nil: nothing
	Passed  func() // the same, but also when nothing is written any more
	// Count is told how many records of the batch were written, behind the first From, and
	// their bytes. Sizes are those of each record together with all before it.
	Count func(records, bytes int64)
	Sizes []int64
	From  int
}

// done is called when all of the chunk was written.
func (c *Chunk) done() {
	if c.Done != nil {
		c.Done()
	}
	c.count(len(c.Sizes))
}

// count tells Count that the records up to a number were written.
func (c *Chunk) count(to int) {
	if c.Count == nil || to <= c.From {
		return
	}
	bytes := c.Sizes[to-1]
	if c.From > 0 {
		bytes -= c.Sizes[c.From-1]
	}
	c.Count(int64(to-c.From), bytes)
}

// RecordEnd is where the text of a record ends, and how many records of its batch are
// done with then.
type RecordEnd struct{ Text, Records int }

// FlushAt is the amount of text at which the printer writes although more is coming.
const FlushAt = 256 << 10

// bufferKept is the largest buffer that is used again; a larger one, made for huge
// records, is given back.
const bufferKept = 4 << 20

// errBlocked is the error of a write that nobody took before it was given up.
var errBlocked = errors.New("nobody takes it")

// Printer is the only writer of stdout and stderr while records flow. It writes when
// no chunk is waiting, so that nobody waits for a record that is there, and when much
// has gathered, so that a call to the system carries a lot.
//
// When the reader has gone, or takes no more after a signal, the output ends behind a
// record: those that were written are acknowledged, and no others.
type Printer struct {
	Stdout, Stderr io.Writer
	Pending        []byte
	parts          []pendingChunk
	// free takes back the buffers of chunks, so that the members use them again.
	free sync.Pool
	// Hurry, when it closes, ends the output as soon as a write has to wait, and giveUp
	// ends a write whatever it leaves behind. Nil: writes may take for ever.
	Hurry, GiveUp <-chan struct{}
	// Gone is told when the reader has gone, which then is no error. May be nil.
	Gone func(error)
	// Notice says that stdout is blocked. May be nil.
	Notice func(format string, args ...any)

	over   bool // nothing is written any more
	Cut    bool // because nobody took it after a signal
	out    *patientFile
	writes chan []byte // to the goroutine that writes, without out; made by the first write
	wrote  chan error
}

// pendingChunk is a chunk whose text is pending, or is written by itself.
type pendingChunk struct {
	start int // of its text in pending
	Chunk
}

// chunkBuffers are what a chunk is made in.
type chunkBuffers struct {
	text  []byte
	ends  []RecordEnd
	sizes []int64
	trail kafka.Trail
}

// Buffer returns an empty buffer for a chunk's text.
func (p *Printer) Buffer() []byte { return p.Chunk().Text }

// Chunk returns an empty chunk.
func (p *Printer) Chunk() Chunk {
	b, ok := p.free.Get().(*chunkBuffers)
	if !ok {
		b = &chunkBuffers{text: make([]byte, 0, 64<<10)}
	}
	return Chunk{Text: b.text[:0], Ends: b.ends[:0], Sizes: b.sizes[:0], Trail: &b.trail}
}

// giveBack lets the buffers of a chunk be used again.
func (p *Printer) giveBack(c *Chunk) {
	if c.Text == nil || cap(c.Text) > bufferKept {
		return
	}
	b := &chunkBuffers{text: c.Text, ends: c.Ends, sizes: c.Sizes}
	if c.Trail != nil {
		b.trail = *c.Trail
	}
	p.free.Put(b)
}

// Print writes chunks until the channel is closed. After an error it writes nothing
// more, and no done of a chunk that was not written is called.
func (p *Printer) Print(chunks <-chan Chunk) error {
	p.out = openPatient(p.Stdout, p.Hurry)
	defer func() {
		p.out.close()
		if p.writes != nil {
			close(p.writes)
		}
	}()
	for {
		var c Chunk
		var more bool
		select {
		case c, more = <-chunks:
		default:
			if err := p.flush(); err != nil {
				return err
			}
			c, more = <-chunks
		}
		if !more {
			return p.flush()
		}
		if err := p.take(c); err != nil {
			return err
		}
	}
}

func (p *Printer) take(c Chunk) error {
	if len(c.Notices) > 0 {
		if err := p.flush(); err != nil { // so that a terminal shows them in order
			return err
		}
		for _, n := range c.Notices {
			fmt.Fprintf(p.Stderr, "%s\n", n)
		}
	}
	if p.over {
		p.pass(&c)
		return nil
	}
	alone := len(p.Pending) == 0 && len(p.parts) == 0 && len(c.Text) >= FlushAt
	p.parts = append(p.parts, pendingChunk{len(p.Pending), c})
	if alone {
		return p.settle(c.Text)
	}
	p.Pending = append(p.Pending, c.Text...)
	if len(p.Pending) >= FlushAt { // what is written is done, though more keeps coming
		return p.flush()
	}
	return nil
}

// flush writes what is pending.
func (p *Printer) flush() error { return p.settle(p.Pending) }

// settle writes the text of the parts and then calls their dones in order.
func (p *Printer) settle(text []byte) error {
	if len(text) > 0 && !p.over {
		if n, err := p.write(text); err != nil {
			return p.end(text, n, err)
		}
	}
	for i := range p.parts {
		c := &p.parts[i].Chunk
		c.done()
		p.pass(c)
	}
	clear(p.parts)
	p.parts, p.Pending = p.parts[:0], p.Pending[:0]
	return nil
}

// pass ends a chunk, written or not.
func (p *Printer) pass(c *Chunk) {
	if c.Passed != nil {
		c.Passed()
	}
	p.giveBack(c)
}

// end ends the output after a write that wrote n bytes of text and failed.
func (p *Printer) end(text []byte, n int, err error) error {
	p.over = true
	switch {
	case errors.Is(err, ErrGone) && p.Gone != nil:
		p.Gone(ErrGone)
	case errors.Is(err, os.ErrDeadlineExceeded):
		rest := text[n:p.recordEnd(text, n)]
		if err := p.out.finish(rest); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		n += len(rest)
		p.Cut = true
	default:
		return fmt.Errorf("write output: %w", err)
	}
	for i := range p.parts {
		p.acknowledge(&p.parts[i], n)
		p.pass(&p.parts[i].Chunk)
	}
	clear(p.parts)
	p.parts, p.Pending = p.parts[:0], p.Pending[:0]
	return nil
}

// recordEnd is where the record ends whose first n bytes of text were written: n where no
// record is begun.
func (p *Printer) recordEnd(text []byte, n int) int {
	if n == 0 {
		return 0
	}
	for _, part := range p.parts {
		for _, e := range part.Ends {
			if part.start+e.Text >= n {
				return part.start + e.Text
			}
		}
		if part.start+len(part.Text) >= n {
			break
		}
	}
	if end := bytes.IndexByte(text[n-1:], '\n'); end >= 0 {
		return n + end
	}
	return len(text)
}

// acknowledge does what is to be done when the first n bytes of the text were written.
func (p *Printer) acknowledge(c *pendingChunk, n int) {
	if c.start+len(c.Text) <= n {
		c.done()
		return
	}
	records := 0
	for _, e := range c.Ends {
		if c.start+e.Text > n {
			break
		}
		records = e.Records
	}
	if c.Trail != nil && records > 0 {
		c.Trail.Ack(records)
		c.count(records)
	}
}

// blockedAfter is how long stdout may take nothing until that is said, and then said
// again every blockedAgain.
const (
	blockedAfter = 5 * time.Second
	blockedAgain = time.Minute
)

// write writes all of text, or returns an error and how much was written before. After
// errBlocked the text still belongs to the write that was given up.
func (p *Printer) write(text []byte) (int, error) {
	if p.out != nil {
		return p.out.write(text, p.Notice)
	}
	defer sayBlocked(p.Notice)()
	if p.GiveUp == nil {
		return p.Stdout.Write(text)
	}
	return p.writeAside(text)
}

// sayBlocked says that stdout is blocked, while that lasts, until the function that it
// returns is called.
func sayBlocked(notice func(format string, args ...any)) (moves func()) {
	if notice == nil {
		return func() {}
	}
	began := time.Now()
	var mu sync.Mutex
	said := false
	var timer *time.Timer
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(blockedAfter, func() {
		mu.Lock()
		defer mu.Unlock()
		said = true
		notice("stdout is blocked: for %v nobody has taken what is printed", time.Since(began).Round(time.Second))
		timer.Reset(blockedAgain)
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		if said {
			notice("stdout is taken again after %v", time.Since(began).Round(time.Second))
		}
	}
}

// writeAside lets a goroutine do the write, so that it can be given up: a write to a
// pipe that is full cannot be interrupted.
func (p *Printer) writeAside(text []byte) (int, error) {
	if p.writes == nil {
		p.writes, p.wrote = make(chan []byte), make(chan error, 1)
		go func() { // ends with print, unless a write was given up: then with the process
			for text := range p.writes {
				_, err := p.Stdout.Write(text)
				p.wrote <- err
			}
		}()
	}
	p.writes <- text
	select {
	case err := <-p.wrote:
		if err != nil {
			return 0, err
		}
		return len(text), nil
	case <-p.GiveUp:
		return 0, errBlocked
	}
}
