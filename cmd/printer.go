package cmd

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// chunk is what one batch became: text for stdout, notices for stderr, and what is to
// be done once the text was written.
type chunk struct {
	text    []byte
	notices []string
	done    func() // nil: nothing
}

// flushAt is the amount of text at which the printer writes although more is coming.
const flushAt = 256 << 10

// bufferKept is the largest buffer that is used again; a larger one, made for huge
// records, is given back.
const bufferKept = 4 << 20

// errBlocked is the error of a write that nobody took before it was given up.
var errBlocked = errors.New("nobody takes it")

// printer is the only writer of stdout and stderr while records flow. It writes when
// no chunk is waiting, so that nobody waits for a record that is there, and when much
// has gathered, so that a call to the system carries a lot.
type printer struct {
	stdout, stderr io.Writer
	pending        []byte
	done           []func()
	// free takes back the buffers of chunks, so that the members use them again.
	free sync.Pool
	// giveUp, when it closes, ends a write that blocks. Nil: writes may take for ever.
	giveUp <-chan struct{}
	writes chan []byte // to the goroutine that writes; made by the first write
	wrote  chan error
}

// buffer gives an empty buffer for a chunk's text.
func (p *printer) buffer() []byte {
	if b, ok := p.free.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, 64<<10)
}

// print writes chunks until the channel is closed. After an error it writes nothing
// more, and no done of a chunk that was not written is called.
func (p *printer) print(chunks <-chan chunk) error {
	defer func() {
		if p.writes != nil {
			close(p.writes)
		}
	}()
	for {
		var c chunk
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

func (p *printer) take(c chunk) error {
	if len(c.notices) > 0 {
		if err := p.flush(); err != nil { // so that a terminal shows them in order
			return err
		}
		for _, n := range c.notices {
			fmt.Fprintf(p.stderr, "%s\n", n)
		}
	}
	written := len(p.pending) == 0 && len(c.text) >= flushAt
	if written {
		if err := p.write(c.text); err != nil {
			return err
		}
	} else {
		p.pending = append(p.pending, c.text...)
	}
	if c.text != nil && cap(c.text) <= bufferKept {
		p.free.Put(&c.text)
	}
	if c.done != nil {
		p.done = append(p.done, c.done)
	}
	if written || len(p.pending) >= flushAt { // what is written is done, though more keeps coming
		return p.flush()
	}
	return nil
}

// flush writes what is pending and then calls the dones in order.
func (p *printer) flush() error {
	if len(p.pending) > 0 {
		if err := p.write(p.pending); err != nil {
			return err
		}
		p.pending = p.pending[:0]
	}
	for i, done := range p.done {
		done()
		p.done[i] = nil
	}
	p.done = p.done[:0]
	return nil
}

// write writes all of text, or returns an error. After errBlocked the text still
// belongs to the write that was given up.
func (p *printer) write(text []byte) error {
	var err error
	if p.giveUp == nil {
		_, err = p.stdout.Write(text)
	} else {
		err = p.writeAside(text)
	}
	if err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// writeAside lets a goroutine do the write, so that it can be given up: a write to a
// pipe that is full cannot be interrupted.
func (p *printer) writeAside(text []byte) error {
	if p.writes == nil {
		p.writes, p.wrote = make(chan []byte), make(chan error, 1)
		go func() { // ends with print, unless a write was given up: then with the process
			for text := range p.writes {
				_, err := p.stdout.Write(text)
				p.wrote <- err
			}
		}()
	}
	p.writes <- text
	select {
	case err := <-p.wrote:
		return err
	case <-p.giveUp:
		return errBlocked
	}
}
