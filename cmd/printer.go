package cmd

import (
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

// printer is the only writer of stdout and stderr while records flow. It writes when
// no chunk is waiting, so that nobody waits for a record that is there, and when much
// has gathered, so that a call to the system carries a lot.
type printer struct {
	stdout, stderr io.Writer
	pending        []byte
	done           []func()
	// free takes back the buffers of chunks, so that the members use them again.
	free sync.Pool
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
	if len(p.pending) == 0 && len(c.text) >= flushAt {
		if err := p.write(c.text); err != nil {
			return err
		}
	} else {
		p.pending = append(p.pending, c.text...)
	}
	if c.text != nil {
		p.free.Put(&c.text)
	}
	if c.done != nil {
		p.done = append(p.done, c.done)
	}
	if len(p.pending) >= flushAt {
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

func (p *printer) write(text []byte) error {
	if _, err := p.stdout.Write(text); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}
