package input

import (
	"context"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

const (
	chunkBytes = 256 << 10
	chunkCount = 3
)

// chunk is one read: bytes, or the end of a file (io.EOF), or a failure. It is
// given back with pump.free once its bytes have been taken.
type chunk struct {
	file int // index in the list of files
	buf  []byte
	n    int
	err  error
}

// pump reads the files one after the other into chunks, so that the parser can see
// whether more is there right now, and so that a blocked read does not keep the
// command from ending.
//
// Its goroutine is started by the first next, so that nothing is read of an input that
// nobody will take, and owned by the Reader. It ends after the last file, or before its next read once halt was called, and closes full then. A
// read of a pipe or terminal is woken up; one of any other blocking io.Reader, or
// an open of a named pipe without a writer, lasts until the other side moves.
type pump struct {
	ctx   context.Context // its end calls halt
	files []inputFile
	full  chan chunk  // closed by run
	free  chan []byte // never closed; holds what full does not

	start    sync.Once
	stop     chan struct{} // closed by halt
	stopOnce sync.Once
	detach   func() bool
	stuck    atomic.Bool // in a read that halt cannot end

	wakeMu sync.Mutex // guards the two ends of the pipe that ends a wait
	wakeR  *os.File
	wakeW  *os.File
}

func newPump(ctx context.Context, files []inputFile) *pump {
	p := &pump{
		ctx:   ctx,
		files: files,
		full:  make(chan chunk, chunkCount),
		free:  make(chan []byte, chunkCount),
		stop:  make(chan struct{}),
	}
	for range chunkCount {
		p.free <- nil
	}
	p.detach = context.AfterFunc(ctx, p.halt)
	return p
}

// halt lets no further read begin. What has been read stays in full.
func (p *pump) halt() {
	p.stopOnce.Do(func() {
		close(p.stop)
		p.wakeMu.Lock()
		defer p.wakeMu.Unlock()
		if p.wakeW != nil {
			p.wakeW.Close()
		}
	})
}

func (p *pump) stopped() bool {
	select {
	case <-p.stop:
		return true
	default:
		return false
	}
}

func (p *pump) run() {
	defer close(p.full)
	defer func() {
		p.wakeMu.Lock()
		defer p.wakeMu.Unlock()
		if p.wakeR != nil {
			p.wakeR.Close()
			p.wakeR = nil
		}
	}()
	for i := range p.files {
		if !p.readFile(i) {
			return
		}
	}
}

// readFile reports whether the next file is to be read.
func (p *pump) readFile(i int) bool {
	f := &p.files[i]
	r := f.r
	if r == nil {
		file, ok := p.open(i)
		if !ok {
			return false
		}
		defer file.Close()
		r = file
	}
	read := p.reading(f, r)
	for {
		var buf []byte
		select {
		case buf = <-p.free:
		case <-p.stop:
			return false
		}
		if buf == nil {
			buf = make([]byte, chunkBytes)
		}
		n, err, ok := read(buf)
		if !ok {
			return false
		}
		p.full <- chunk{file: i, buf: buf, n: n, err: err} // never blocks: a buffer is one place
		p.stuck.Store(false)
		if err != nil {
			return err == io.EOF
		}
	}
}

func (p *pump) open(i int) (*os.File, bool) {
	f := &p.files[i]
	if !f.plain {
		p.stuck.Store(true)
	}
	if p.stopped() {
		p.stuck.Store(false)
		return nil, false
	}
	file, err := os.Open(f.path)
	if err != nil {
		select {
		case buf := <-p.free:
			p.full <- chunk{file: i, buf: buf, err: err}
		case <-p.stop:
		}
		return nil, false
	}
	p.stuck.Store(false)
	return file, true
}

// reading chooses how r is read: at once, after waiting for data, or blindly. The
// function it returns reports false, having read nothing, once halt was called.
func (p *pump) reading(f *inputFile, r io.Reader) func([]byte) (int, error, bool) {
	plainly := func(buf []byte) (int, error, bool) {
		if p.stopped() {
			return 0, nil, false
		}
		n, err := readSome(r, buf)
		return n, err, true
	}
	if f.plain {
		return plainly
	}
	blindly := func(buf []byte) (int, error, bool) {
		p.stuck.Store(true) // before the look at stop: see next
		return plainly(buf)
	}
	file, ok := r.(*os.File)
	if !ok || !p.makeWake() {
		return blindly
	}
	return func(buf []byte) (int, error, bool) {
		ready, err := waitReadable(file, p.wakeR)
		switch {
		case err != nil:
			return blindly(buf)
		case !ready || p.stopped():
			return 0, nil, false
		}
		n, err := readSome(file, buf)
		return n, err, true
	}
}

// makeWake makes the pipe whose closing by halt ends a wait.
func (p *pump) makeWake() bool {
	p.wakeMu.Lock()
	defer p.wakeMu.Unlock()
	if p.wakeR != nil {
		return true
	}
	r, w, err := os.Pipe()
	if err != nil {
		return false
	}
	p.wakeR, p.wakeW = r, w
	if p.stopped() { // halt has been here already
		w.Close()
	}
	return true
}

// readSome reads once, but does not believe in "nothing, and no error" for ever.
func readSome(r io.Reader, buf []byte) (int, error) {
	for range 100 {
		n, err := r.Read(buf)
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// What next has to say.
type pumped uint8

const (
	gotChunk  pumped = iota
	notReady         // nothing right now, and the caller did not want to wait
	pumpEnded        // all files were read, or halt was called and all is taken
)

// next returns the next chunk, waiting for it when wait is set and the context has
// not ended. After the end of the context it returns what had been read by then.
func (p *pump) next(wait bool) (chunk, pumped) {
	p.start.Do(func() { go p.run() })
	select {
	case c, ok := <-p.full:
		return taken(c, ok)
	default:
	}
	if !wait && p.ctx.Err() == nil {
		return chunk{}, notReady
	}
	select {
	case c, ok := <-p.full:
		return taken(c, ok)
	case <-p.ctx.Done():
	}
	p.halt()
	// Either the pump saw stop before its read, or stuck is set by now.
	if !p.stuck.Load() {
		c, ok := <-p.full
		return taken(c, ok)
	}
	select {
	case c, ok := <-p.full:
		return taken(c, ok)
	default:
		return chunk{}, pumpEnded
	}
}

func taken(c chunk, ok bool) (chunk, pumped) {
	if !ok {
		return chunk{}, pumpEnded
	}
	return c, gotChunk
}

// giveBack returns the buffer of a chunk that was used up, if there is one, and
// says what ended the file behind it.
func (p *pump) giveBack(c *chunk) error {
	err := c.err
	if c.buf != nil {
		p.free <- c.buf
	}
	*c = chunk{}
	return err
}

// close ends the goroutine and waits for it, unless it is in a read that cannot be
// ended.
func (p *pump) close() {
	p.detach()
	p.halt()
	p.start.Do(func() { close(p.full) })
	for !p.stuck.Load() {
		if _, ok := <-p.full; !ok {
			return
		}
	}
}
