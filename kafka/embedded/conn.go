package embedded

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// maxRequest is Kafka's default for socket.request.max.bytes.
const maxRequest = 100 << 20

// conn is a client's connection. It reads whole requests and lets only those
// through that the broker can take: the library would crash on an unknown API
// key, and allocate whatever size the first four bytes claim, which for a stray
// HTTP request is over a gigabyte.
type conn struct {
	net.Conn
	all  *listeners
	head [6]byte // the size and the API key of the request at hand
	have int     // how much of head is left to hand out
	rest int     // how much of the request follows head

	whole  []byte // the rest of a request that was read whole and is to be handed out
	synced string // the member that has asked last what it is assigned
}

// Read is called by one goroutine, as the broker does.
func (c *conn) Read(p []byte) (int, error) {
	if c.have == 0 && c.rest == 0 {
		if _, err := io.ReadFull(c.Conn, c.head[:]); err != nil {
			return 0, err
		}
		size := binary.BigEndian.Uint32(c.head[:])
		key := int16(binary.BigEndian.Uint16(c.head[4:]))
		if size < 2 || size > maxRequest || kmsg.RequestForKey(key) == nil {
			return 0, fmt.Errorf("%v sent %q, which starts no Kafka request", c.RemoteAddr(), c.head)
		}
		c.have, c.rest = len(c.head), int(size)-2
		if err := c.lookAt(kmsg.Key(key)); err != nil {
			return 0, err
		}
	}
	if c.have > 0 {
		n := copy(p, c.head[len(c.head)-c.have:])
		c.have -= n
		return n, nil
	}
	if len(c.whole) > 0 {
		n := copy(p, c.whole)
		c.whole, c.rest = c.whole[n:], c.rest-n
		return n, nil
	}
	n, err := c.Conn.Read(p[:min(len(p), c.rest)])
	c.rest -= n
	return n, err
}

// lookAt reads requests whole that may wait long for their answers, see joins.
func (c *conn) lookAt(key kmsg.Key) error {
	if key != kmsg.JoinGroup && key != kmsg.SyncGroup || c.rest > largestJoin {
		return nil
	}
	request := make([]byte, 2+c.rest)
	copy(request, c.head[4:])
	if _, err := io.ReadFull(c.Conn, request[2:]); err != nil {
		return err
	}
	c.whole = request[2:]
	if j := readJoin(request); j != nil {
		c.all.joins.asked(c, j)
		c.all.joins.hold(j)
	}
	return nil
}

// Write is called with whole answers.
func (c *conn) Write(answer []byte) (int, error) {
	c.all.joins.answered(c, answer)
	return c.Conn.Write(answer)
}

// Close closes the connection and forgets it.
func (c *conn) Close() error {
	c.all.joins.ended(c)
	c.all.mu.Lock()
	delete(c.all.conns, c)
	c.all.mu.Unlock()
	return c.Conn.Close()
}
