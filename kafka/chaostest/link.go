package chaostest

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// maxFrame bounds a request or response; a peer that declares more does not
// speak Kafka's protocol in the clear.
const maxFrame = 256 << 20

// link is one connection of a client and its twin to the broker.
type link struct {
	p              *Proxy
	client, broker net.Conn
	ended          chan struct{}
	once           sync.Once

	mu      sync.Mutex
	pending map[int32]API // requests without a response, by correlation id
}

// response is a frame on its way to the client.
type response struct {
	frame []byte // size, correlation id, body
	due   time.Time
}

func (p *Proxy) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return // the listener was closed
		}
		c := &link{p: p, client: conn, ended: make(chan struct{}), pending: map[int32]API{}}
		p.mu.Lock()
		if p.closed || p.listener != l {
			p.mu.Unlock()
			conn.Close()
			continue
		}
		p.conns[c] = true
		p.running.Go(c.run)
		p.mu.Unlock()
	}
}

// close ends both connections and whoever works on them. It may be called twice.
func (c *link) close() {
	c.once.Do(func() {
		close(c.ended)
		c.client.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.broker != nil {
			c.broker.Close()
		}
	})
}

// run owns the link: it returns when all its goroutines have ended.
func (c *link) run() {
	defer func() {
		c.close()
		c.p.mu.Lock()
		defer c.p.mu.Unlock()
		delete(c.p.conns, c)
	}()
	if !c.pass() || !c.dial() {
		return
	}
	responses := make(chan response, 64) // closed by readResponses
	var working sync.WaitGroup
	working.Go(func() { defer c.close(); c.forwardRequests() })
	working.Go(func() { defer c.close(); c.writeResponses(responses) })
	working.Go(func() { c.readResponses(responses) })
	working.Wait()
}

func (c *link) dial() bool {
	broker, err := net.DialTimeout("tcp", c.p.target, 5*time.Second)
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broker = broker
	select {
	case <-c.ended: // close came first and has not seen it
		broker.Close()
		return false
	default:
		return true
	}
}

// pass waits while the proxy is frozen and returns false when the link ended meanwhile.
func (c *link) pass() bool {
	for {
		c.p.mu.Lock()
		frozen, changed := c.p.fault.Freeze && !c.p.closed, c.p.changed
		c.p.mu.Unlock()
		if !frozen {
			return true
		}
		select {
		case <-c.ended:
			return false
		case <-changed:
		}
	}
}

func (c *link) forwardRequests() {
	for {
		frame, err := readFrame(c.client)
		if err != nil {
			return
		}
		if len(frame) >= 12 { // size, api key, api version, correlation id
			c.expect(API(binary.BigEndian.Uint16(frame[4:])), int32(binary.BigEndian.Uint32(frame[8:])))
		}
		if !c.pass() {
			return
		}
		if _, err := c.broker.Write(frame); err != nil {
			return
		}
	}
}

func (c *link) expect(api API, correlation int32) {
	c.mu.Lock()
	c.pending[correlation] = api
	c.mu.Unlock()
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	c.p.requests[api]++
	c.p.requests[Any]++
	c.p.announce()
}

// readResponses takes responses from the broker until it hangs up, and then
// lets what is on its way reach the client.
func (c *link) readResponses(out chan<- response) {
	defer close(out)
	for {
		frame, err := readFrame(c.broker)
		if err != nil {
			return
		}
		c.p.mu.Lock()
		due := time.Now().Add(c.p.fault.Latency)
		c.p.mu.Unlock()
		select {
		case out <- response{frame, due}:
		case <-c.ended:
			return
		}
	}
}

func (c *link) writeResponses(in <-chan response) {
	for r := range in {
		if !c.delay(r.due) || !c.pass() {
			return
		}
		frame, cut := c.harm(r.frame)
		if _, err := c.client.Write(frame); err != nil || cut {
			return
		}
	}
}

// delay waits until due and returns false when the link has ended.
func (c *link) delay(due time.Time) bool {
	wait := time.Until(due)
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ended:
		return false
	}
}

// harm applies the current fault to a response and returns what is left of it,
// and whether the connection is to be cut after that.
func (c *link) harm(frame []byte) (rest []byte, cut bool) {
	api := Any
	if len(frame) >= 8 {
		correlation := int32(binary.BigEndian.Uint32(frame[4:]))
		c.mu.Lock()
		if known, ok := c.pending[correlation]; ok {
			api = known
			delete(c.pending, correlation)
		}
		c.mu.Unlock()
	}
	p := c.p
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.fault
	if f.API != Any && f.API != api || f.Times > 0 && p.done >= f.Times {
		return frame, false
	}
	switch {
	case f.DropResponses:
		frame = nil
	case f.Cut != nil:
		frame, cut = frame[:min(*f.Cut, len(frame)-1)], true
	case f.Corrupt != nil && len(frame) > 8 && f.Corrupt(frame[8:]):
	default:
		return frame, false
	}
	p.done++
	p.faults++
	p.announce()
	return frame, cut
}

// readFrame reads one request or response with its size.
func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > maxFrame {
		return nil, fmt.Errorf("frame of %d bytes", size)
	}
	frame := make([]byte, 4+size)
	copy(frame, head[:])
	_, err := io.ReadFull(r, frame[4:])
	return frame, err
}
