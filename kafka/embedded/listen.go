package embedded

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// ErrPortInUse is returned if another program listens on the address.
var ErrPortInUse = errors.New("the port is in use")

// listeners are the ports of one broker, opened before the broker exists so
// that a port in use is found before anything is written.
type listeners struct {
	nodes []*listener
	given int

	joins *joins

	mu    sync.Mutex
	conns map[net.Conn]struct{} // nil once closed
}

// listener is one node's port. Its address is the one that clients are told.
type listener struct {
	net.Listener
	all  *listeners
	addr address
	tls  *tls.Config

	accepted chan accepted
	inside   chan net.Conn // connections of the insider
	closing  chan struct{}
	close    func()
}

// accepted is what the port gave.
type accepted struct {
	conn net.Conn
	err  error
}

// address is HOST:PORT as clients shall dial it, resolved by them.
type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

// checkAddresses refuses addresses that cannot be read, and ports past the last.
func (c Config) checkAddresses() error {
	_, port, err := splitAddress(c.Listen)
	if err == nil && port+c.Nodes-1 > maxPort {
		err = fmt.Errorf("%d nodes need the ports that follow, up to %d", c.Nodes, maxPort)
	}
	if err != nil {
		return fmt.Errorf("listen %s: %w", c.Listen, err)
	}
	if c.Advertise == "" {
		return nil
	}
	host, port, err := splitAdvertise(c.Advertise)
	switch {
	case err != nil:
	case host == "" || port == 0 && strings.HasSuffix(c.Advertise, ":0"):
		err = errors.New("want HOST or HOST:PORT")
	case port+c.Nodes-1 > maxPort:
		err = fmt.Errorf("%d nodes need the ports that follow, up to %d", c.Nodes, maxPort)
	}
	if err != nil {
		return fmt.Errorf("advertise %s: %w", c.Advertise, err)
	}
	return nil
}

const maxPort = 1<<16 - 1

// listen opens a port for each node of cfg, or none.
func listen(cfg Config) (*listeners, error) {
	host, port, err := splitAddress(cfg.Listen)
	if err != nil {
		return nil, err
	}
	ls := &listeners{conns: make(map[net.Conn]struct{}), joins: newJoins()}
	for i := range cfg.Nodes {
		at := net.JoinHostPort(host, "0")
		if port != 0 {
			at = net.JoinHostPort(host, strconv.Itoa(port+i))
		}
		ln, err := net.Listen("tcp", at)
		if err != nil {
			ls.close()
			return nil, listenError(at, err)
		}
		one := &listener{
			Listener: ln, all: ls, addr: cfg.advertised(host, ln, i), tls: cfg.TLS,
			accepted: make(chan accepted), inside: make(chan net.Conn), closing: make(chan struct{}),
		}
		one.close = sync.OnceFunc(func() { close(one.closing) })
		ls.nodes = append(ls.nodes, one)
		go one.take() // ends with the port
	}
	return ls, nil
}

// advertised is what node i, which listens by ln on host, tells its clients.
func (c Config) advertised(host string, ln net.Listener, i int) address {
	port := ln.Addr().(*net.TCPAddr).Port
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	if h, p, err := splitAdvertise(c.Advertise); err == nil && h != "" {
		host = h
		if p != 0 {
			port = p + i
		}
	}
	return address(net.JoinHostPort(host, strconv.Itoa(port)))
}

// splitAdvertise reads HOST or HOST:PORT; port is 0 where there is none.
func splitAdvertise(s string) (host string, port int, err error) {
	if strings.HasSuffix(s, "]") || !strings.Contains(s, ":") {
		return strings.Trim(s, "[]"), 0, nil
	}
	return splitAddress(s)
}

// splitAddress reads HOST:PORT; the host may be empty.
func splitAddress(s string) (host string, port int, err error) {
	host, digits, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, errors.New("want HOST:PORT")
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("port %q: want 0 to 65535", digits)
	}
	return host, int(n), nil
}

func listenError(at string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listen %s: %w", at, ErrPortInUse)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err // it repeats the address
	}
	return fmt.Errorf("listen %s: %w", at, err)
}

// next hands the ports to the broker, node by node.
func (ls *listeners) next(_, _ string) (net.Listener, error) {
	if ls.given == len(ls.nodes) {
		return nil, errors.New("no port is left")
	}
	ls.given++
	return ls.nodes[ls.given-1], nil
}

// advertised is the bootstrap list.
func (ls *listeners) advertised() string {
	addrs := make([]string, len(ls.nodes))
	for i, ln := range ls.nodes {
		addrs[i] = ln.addr.String()
	}
	return strings.Join(addrs, ",")
}

func (ls *listeners) loopback() bool {
	for _, ln := range ls.nodes {
		if !ln.Listener.Addr().(*net.TCPAddr).IP.IsLoopback() {
			return false
		}
	}
	return true
}

// close closes the ports and every connection that is open.
func (ls *listeners) close() {
	for _, ln := range ls.nodes {
		_ = ln.Close() // nothing depends on it
	}
	ls.mu.Lock()
	conns := ls.conns
	ls.conns = nil
	ls.mu.Unlock()
	for c := range conns {
		c.Close()
	}
}

// Addr is the advertised address: the broker tells clients what this says.
func (ln *listener) Addr() net.Addr { return ln.addr }

// take hands on what connects to the port until that is closed.
func (ln *listener) take() {
	for {
		raw, err := ln.Listener.Accept()
		select {
		case ln.accepted <- accepted{raw, err}:
		case <-ln.closing:
			if err == nil {
				raw.Close()
			}
			return
		}
	}
}

// Close closes the port.
func (ln *listener) Close() error {
	ln.close()
	return ln.Listener.Close()
}

// Accept waits for the next connection, and keeps it so that close can end it.
func (ln *listener) Accept() (net.Conn, error) {
	c := &conn{all: ln.all}
	select {
	case a := <-ln.accepted:
		if a.err != nil {
			return nil, a.err
		}
		c.Conn = a.conn
		if ln.tls != nil {
			c.Conn = tls.Server(a.conn, ln.tls)
		}
	case c.Conn = <-ln.inside:
	case <-ln.closing:
		return nil, net.ErrClosed
	}
	ln.all.mu.Lock()
	defer ln.all.mu.Unlock()
	if ln.all.conns == nil {
		c.Conn.Close()
		return nil, net.ErrClosed
	}
	ln.all.conns[c] = struct{}{}
	return c, nil
}

// connect returns a connection to the node of an advertised address that uses no port.
func (ls *listeners) connect(ctx context.Context, addr string) (net.Conn, error) {
	for _, ln := range ls.nodes {
		if ln.addr.String() != addr {
			continue
		}
		ours, theirs := net.Pipe()
		select {
		case ln.inside <- theirs:
			return ours, nil
		case <-ln.closing:
			return nil, net.ErrClosed
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return nil, fmt.Errorf("%s is no node", addr)
}
