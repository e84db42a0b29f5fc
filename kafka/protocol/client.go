// Package protocol sends single requests of Kafka's protocol to brokers and reads their
// answers, for what librdkafka does not ask for. Requests and answers are those of kmsg:
//
//	client := protocol.New(protocol.Config{Seeds: []string{"localhost:9092"}})
//	defer client.Close()
//	leader, err := client.Leader(ctx, "orders", 3)
//	…
//	answer, err := kmsg.NewPtrFetchRequest().RequestWith(ctx, client.Broker(leader))
//
// A request is sent once, in the newest version that both sides know. Contexts bound it,
// with the connection and the login that it may need. What goes wrong is returned, and an
// error code in an answer is left to the caller.
package protocol

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Errors that callers tell apart; all others are of the network or of ctx.
var (
	ErrTLS     = errors.New("TLS")
	ErrLogin   = errors.New("SASL")
	ErrVersion = errors.New("not supported by the broker")
)

// DefaultMaxAnswer is Kafka's limit of requests, socket.request.max.bytes.
const DefaultMaxAnswer = 100 << 20

// Config says how to connect.
type Config struct {
	// Seeds are the HOST:PORT of brokers to ask for the others.
	Seeds []string
	// Dial connects to the HOST:PORT of a broker. Default: TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// TLS encrypts with this configuration; the server's name is added to it.
	TLS *tls.Config
	// Login is how to log in by SASL; nil if it is not needed.
	Login *Login
	// ClientID names the client in the brokers' logs and quotas.
	ClientID string
	// MaxAnswer bounds the bytes of one answer. Default DefaultMaxAnswer.
	MaxAnswer int
}

// Client has at most one connection to each broker that it is asked for, which opens with
// the first request to it. Its methods may be called from any goroutine.
type Client struct {
	cfg       Config
	formatter *kmsg.RequestFormatter
	closing   context.Context // ends what opens
	close     context.CancelFunc
	reading   sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	nodes     map[int32]*node
	addresses map[int32]string
	conns     map[*conn]struct{} // all that are open
}

// node is a broker, or any for the number anyBroker.
type node struct {
	turn chan struct{} // holds one value while somebody takes or opens conn
	conn *conn
}

const anyBroker = -1

// New returns a client that has not connected yet. Whoever makes one closes it.
func New(cfg Config) *Client {
	if cfg.Dial == nil {
		cfg.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", address)
		}
	}
	if cfg.MaxAnswer == 0 {
		cfg.MaxAnswer = DefaultMaxAnswer
	}
	closing, cancel := context.WithCancel(context.Background())
	return &Client{
		cfg: cfg, formatter: kmsg.NewRequestFormatter(kmsg.FormatterClientID(cfg.ClientID)), closing: closing, close: cancel,
		nodes: map[int32]*node{}, addresses: map[int32]string{}, conns: map[*conn]struct{}{},
	}
}

// Close closes all connections. What waits for answers gets net.ErrClosed.
func (c *Client) Close() {
	c.close()
	c.mu.Lock()
	c.closed = true
	conns := make([]*conn, 0, len(c.conns))
	for open := range c.conns {
		conns = append(conns, open)
	}
	c.mu.Unlock()
	for _, open := range conns {
		open.end(net.ErrClosed)
	}
	c.reading.Wait()
}

// Target is where requests go to. It is a [kmsg.Requestor].
type Target struct {
	client *Client
	id     int32
	most   int16
}

// Any is the broker of a seed that answers.
func (c *Client) Any() Target { return Target{c, anyBroker, math.MaxInt16} }

// Broker is the broker with that number, such as [Client.Leader] returns.
func (c *Client) Broker(id int32) Target { return Target{c, id, math.MaxInt16} }

// AtMost is t for requests in this version or an older one.
func (t Target) AtMost(version int16) Target {
	t.most = version
	return t
}

// Request sends a request and waits for the answer to it, until ctx ends. It sets the
// request's version. Requests that have no answer, such as Produce without
// acknowledgements, are not for it.
func (t Target) Request(ctx context.Context, r kmsg.Request) (kmsg.Response, error) {
	used, one, err := t.client.take(ctx, t.id)
	if err != nil {
		return nil, err
	}
	version, err := used.version(r, t.most)
	if err != nil {
		used.forget(one)
		return nil, err
	}
	r.SetVersion(version)
	return used.request(ctx, one, r)
}

// take returns a connection to a broker and the place of one request in it.
func (c *Client) take(ctx context.Context, id int32) (*conn, call, error) {
	c.mu.Lock()
	n := c.nodes[id]
	if n == nil {
		n = &node{turn: make(chan struct{}, 1)}
		c.nodes[id] = n
	}
	c.mu.Unlock()
	select {
	case n.turn <- struct{}{}:
		defer func() { <-n.turn }()
	case <-ctx.Done():
		return nil, call{}, context.Cause(ctx)
	}
	if n.conn != nil {
		if one, err := n.conn.begin(); err == nil {
			return n.conn, one, nil
		}
		n.conn = nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.closing, cancel)()
	var err error
	if id == anyBroker {
		n.conn, err = c.openAny(ctx)
	} else {
		n.conn, err = c.openBroker(ctx, id)
	}
	if err != nil {
		if c.closing.Err() != nil {
			err = net.ErrClosed
		}
		return nil, call{}, err
	}
	one, err := n.conn.begin()
	return n.conn, one, err
}

// openLimit bounds the attempt at one of several addresses.
const openLimit = 10 * time.Second

// openAny connects to the first address that answers. Each has an equal part of the time
// that is left.
func (c *Client) openAny(ctx context.Context) (*conn, error) {
	addresses := slices.Clone(c.cfg.Seeds)
	c.mu.Lock()
	for _, a := range c.addresses {
		if !slices.Contains(addresses, a) {
			addresses = append(addresses, a)
		}
	}
	c.mu.Unlock()
	var failed failures
	for i, address := range addresses {
		limit := openLimit
		if end, ok := ctx.Deadline(); ok {
			limit = min(limit, time.Until(end)/time.Duration(len(addresses)-i))
		}
		bounded, cancel := context.WithTimeout(ctx, limit)
		open, err := c.open(bounded, address)
		cancel()
		if err == nil {
			return open, nil
		}
		failed = append(failed, err)
		if ctx.Err() != nil || errors.Is(err, ErrLogin) {
			break
		}
	}
	if failed == nil {
		return nil, errors.New("no brokers named")
	}
	return nil, failed
}

// failures are errors in one line.
type failures []error

func (f failures) Unwrap() []error { return f }

func (f failures) Error() string {
	texts := make([]string, len(f))
	for i, err := range f {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// openBroker connects to a broker, for whose address any other is asked if need be.
func (c *Client) openBroker(ctx context.Context, id int32) (*conn, error) {
	address, ok := c.address(id)
	if !ok {
		if _, err := c.metadata(ctx, nil); err != nil {
			return nil, err
		}
		if address, ok = c.address(id); !ok {
			return nil, fmt.Errorf("broker %d is not in the cluster", id)
		}
	}
	open, err := c.open(ctx, address)
	if err != nil { // it may have moved
		c.mu.Lock()
		delete(c.addresses, id)
		c.mu.Unlock()
	}
	return open, err
}

func (c *Client) address(id int32) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	address, ok := c.addresses[id]
	return address, ok
}

// open connects to an address and logs in.
func (c *Client) open(ctx context.Context, address string) (*conn, error) {
	raw, err := c.cfg.Dial(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	if c.cfg.TLS != nil {
		secure := tls.Client(raw, serverName(c.cfg.TLS, address))
		if err := secure.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, fmt.Errorf("%s: %w: %w", address, ErrTLS, err)
		}
		raw = secure
	}
	open := newConn(c, raw, address)
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		raw.Close()
		return nil, net.ErrClosed
	}
	c.conns[open] = struct{}{}
	c.reading.Go(open.read) // ends with the connection
	c.mu.Unlock()
	err = open.greet(ctx)
	if err == nil && c.cfg.Login != nil {
		err = open.login(ctx, c.cfg.Login)
	}
	if err != nil {
		open.end(err)
		return nil, err
	}
	return open, nil
}

// serverName adds whom to expect at an address.
func serverName(cfg *tls.Config, address string) *tls.Config {
	host, _, err := net.SplitHostPort(address)
	if cfg.ServerName != "" || err != nil {
		return cfg
	}
	cfg = cfg.Clone()
	cfg.ServerName = host
	return cfg
}
