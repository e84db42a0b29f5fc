package protocol

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// errRetired says that a connection takes no more requests.
var errRetired = errors.New("the connection takes no more requests")

var errClosed = errors.New("the broker has closed the connection")

// conn is a connection to one broker. Requests may overlap on it; the broker answers them
// in their order, so one that got no answer in time holds up all that follow: then the
// connection takes no more, and closes once the others have theirs.
type conn struct {
	net.Conn
	client   *Client
	address  string
	versions map[int16]versions // by key
	expires  time.Time          // of the login; zero: never
	writing  chan struct{}      // holds one value while somebody writes
	ended    chan struct{}

	mu      sync.Mutex
	last    int32 // number of a request
	waiting map[int32]chan []byte
	retired bool
	err     error // why it has ended
}

type versions struct{ least, most int16 }

// call is a request that waits for its answer.
type call struct {
	number int32
	answer chan []byte
}

func newConn(client *Client, raw net.Conn, address string) *conn {
	return &conn{
		Conn: raw, client: client, address: address,
		writing: make(chan struct{}, 1), ended: make(chan struct{}), waiting: map[int32]chan []byte{},
	}
}

// begin makes place for a request.
func (c *conn) begin() (call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.expires.IsZero() && time.Now().After(c.expires) {
		c.retire()
	}
	switch {
	case c.err != nil:
		return call{}, c.err
	case c.retired:
		return call{}, errRetired
	}
	c.last++
	one := call{c.last, make(chan []byte, 1)}
	c.waiting[one.number] = one.answer
	return one, nil
}

// forget gives up a call that was not sent.
func (c *conn) forget(one call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, one.number)
	if c.retired {
		c.retire()
	}
}

// abandon gives up a call that may still be answered.
func (c *conn) abandon(one call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, one.number)
	c.retire()
}

// retire lets no more requests in. It is called with mu held.
func (c *conn) retire() {
	c.retired = true
	if len(c.waiting) == 0 {
		c.endLocked(errRetired)
	}
}

// end closes the connection. The first cause holds.
func (c *conn) end(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endLocked(cause)
}

func (c *conn) endLocked(cause error) {
	if c.err != nil {
		return
	}
	c.err = cause
	close(c.ended)
	c.Close()
}

func (c *conn) cause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// request sends r in its version and reads the answer.
func (c *conn) request(ctx context.Context, one call, r kmsg.Request) (kmsg.Response, error) {
	body, err := c.exchange(ctx, one, r)
	if err != nil {
		return nil, err
	}
	answer, err := decode(r, body)
	if err != nil {
		return nil, fmt.Errorf("%s: answer to %s: %w", c.address, nameOf(r), err)
	}
	return answer, nil
}

// exchange sends r and returns the answer behind its number.
func (c *conn) exchange(ctx context.Context, one call, r kmsg.Request) ([]byte, error) {
	err := c.write(ctx, c.client.formatter.AppendRequest(nil, r, one.number))
	if err == nil {
		select {
		case body := <-one.answer:
			return body, nil
		case <-c.ended:
			select {
			case body := <-one.answer: // it came before the end
				return body, nil
			default:
			}
			err = c.cause()
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	c.abandon(one)
	return nil, fmt.Errorf("%s: no answer to %s: %w", c.address, nameOf(r), err)
}

// write sends a message whole, or ends the connection.
func (c *conn) write(ctx context.Context, message []byte) error {
	select {
	case c.writing <- struct{}{}:
		defer func() { <-c.writing }()
	case <-c.ended:
		return c.cause()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = c.SetWriteDeadline(time.Unix(1, 0)) // without one the write waits on
		close(over)
	})
	_, err := c.Write(message)
	if !stop() {
		<-over
		if err != nil {
			err = context.Cause(ctx)
		} else {
			err = c.SetWriteDeadline(time.Time{})
		}
	}
	if err != nil {
		c.end(err)
	}
	return err
}

// read hands on answers until the connection ends.
func (c *conn) read() {
	err := c.readAnswers()
	var op *net.OpError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = errClosed
	case errors.As(err, &op) && op.Op == "remote error": // the broker refuses our certificate only now (TLS 1.3)
		err = fmt.Errorf("%w: %w", ErrTLS, err)
	}
	c.end(err)
	c.client.mu.Lock()
	defer c.client.mu.Unlock()
	delete(c.client.conns, c)
}

func (c *conn) readAnswers() error {
	in := bufio.NewReader(c.Conn)
	for {
		var head [8]byte // size and number
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return err
		}
		size := int64(int32(binary.BigEndian.Uint32(head[:])))
		if size < 4 || size > int64(c.client.cfg.MaxAnswer) {
			return fmt.Errorf("%q begins no answer of Kafka, or one of %d bytes, where 4 to %d are taken", head, size, c.client.cfg.MaxAnswer)
		}
		body, err := readBody(in, size-4)
		if err != nil {
			return err
		}
		if err := c.handOn(int32(binary.BigEndian.Uint32(head[4:])), body); err != nil {
			return err
		}
	}
}

// readBody reads n bytes, and has no memory for them before they come.
func readBody(in io.Reader, n int64) ([]byte, error) {
	var body bytes.Buffer
	body.Grow(int(min(n, 1<<20)) + bytes.MinRead)
	if _, err := io.CopyN(&body, in, n); err != nil {
		return nil, err
	}
	return body.Bytes(), nil
}

func (c *conn) handOn(number int32, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer, ok := c.waiting[number]
	switch {
	case ok:
		delete(c.waiting, number)
		answer <- body // has room
	case !c.retired:
		return fmt.Errorf("answer %d, for which nothing waits", number)
	}
	if c.retired {
		c.retire()
	}
	return nil
}

// decode reads the answer to r.
func decode(r kmsg.Request, body []byte) (kmsg.Response, error) {
	answer := r.ResponseKind()
	if answer.IsFlexible() && answer.Key() != kmsg.ApiVersions.Int16() { // whose header is the old one always (KIP-511)
		in := kbin.Reader{Src: body}
		for tags := in.Uvarint(); tags > 0 && in.Ok(); tags-- {
			in.Uvarint()
			in.Span(int(in.Uvarint()))
		}
		if err := in.Complete(); err != nil {
			return nil, err
		}
		body = in.Src
	}
	return answer, answer.ReadFrom(body)
}

func nameOf(r kmsg.Request) string { return kmsg.NameForKey(r.Key()) }

// version returns the newest version of r, up to most, that the broker answers.
func (c *conn) version(r kmsg.Request, most int16) (int16, error) {
	most = min(most, r.MaxVersion())
	known, ok := c.versions[r.Key()]
	switch {
	case !ok:
		return 0, fmt.Errorf("%s: %s: %w", c.address, nameOf(r), ErrVersion)
	case most < known.least:
		return 0, fmt.Errorf("%s: %s in version %d: %w: it knows %d to %d", c.address, nameOf(r), most, ErrVersion, known.least, known.most)
	}
	return min(most, known.most), nil
}

// ask sends a request of the connection itself.
func (c *conn) ask(ctx context.Context, r kmsg.Request) (kmsg.Response, error) {
	one, err := c.begin()
	if err != nil {
		return nil, err
	}
	return c.request(ctx, one, r)
}

// greet asks which requests the broker knows.
func (c *conn) greet(ctx context.Context) error {
	r := kmsg.NewPtrApiVersionsRequest()
	r.Version, r.ClientSoftwareName, r.ClientSoftwareVersion = 3, "kstream", "0"
	one, err := c.begin()
	if err != nil {
		return err
	}
	body, err := c.exchange(ctx, one, r)
	if err != nil {
		return err
	}
	var answer kmsg.Response
	if len(body) >= 2 && int16(binary.BigEndian.Uint16(body)) == kerr.UnsupportedVersion.Code {
		r.Version = 0 // which is that of the refusal, and known to all
		answer, err = c.ask(ctx, r)
	} else {
		answer, err = decode(r, body)
	}
	if err != nil {
		return fmt.Errorf("%s: answer to %s: %w", c.address, nameOf(r), err)
	}
	told := answer.(*kmsg.ApiVersionsResponse)
	if err := kerr.ErrorForCode(told.ErrorCode); err != nil {
		return fmt.Errorf("%s: %s: %w", c.address, nameOf(r), err)
	}
	c.versions = make(map[int16]versions, len(told.ApiKeys))
	for _, k := range told.ApiKeys {
		c.versions[k.ApiKey] = versions{k.MinVersion, k.MaxVersion}
	}
	return nil
}
