// Package chaostest is a proxy that stands between a Kafka client and one broker
// and misbehaves on demand: it refuses, freezes, cuts, drops, delays and
// corrupts. It understands the framing of Kafka's protocol, so a fault can be limited
// to the responses of one kind of request. It works on connections without TLS.
//
// A client talks to the addresses that brokers advertise, so the broker must
// advertise the proxy: make the proxy first and pass its Addr to
// embedded.Config.Advertise (with FreeAddr as the address to listen on), or
// make it in kafkatest.Options.Advertise.
//
//	listen := chaos.FreeAddr()
//	p, err := chaos.New(listen)
//	broker, err := embedded.Start(embedded.Config{Listen: listen, Advertise: p.Addr()})
//	p.Set(chaos.Fault{API: chaos.Produce, DropResponses: true, Times: 1})
//	… produce …
//	p.AwaitFaults(ctx, 1)
package chaostest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// API is the kind of a request, Kafka's API key.
type API int16

// The requests that tests of faults care about. Any matches all.
const (
	Any             API = -1
	Produce         API = 0
	Fetch           API = 1
	ListOffsets     API = 2
	Metadata        API = 3
	OffsetCommit    API = 8
	FindCoordinator API = 10
	JoinGroup       API = 11
	Heartbeat       API = 12
	APIVersions     API = 18
	InitProducerID  API = 22
	TxnOffsetCommit API = 28
	EndTxn          API = 26
)

// Fault is what goes wrong. The zero value is a faithful proxy.
type Fault struct {
	// Freeze lets nothing pass in either direction; connections are accepted and
	// stay open without an answer. What waits passes when the fault ends.
	Freeze bool
	// Latency is added to every response. Responses still overlap, as on a long wire.
	Latency time.Duration

	// The faults below happen to the responses of requests of this API. It must
	// be set with any of them: the zero value means Produce.
	API API
	// DropResponses discards the response: the broker has done what it was asked
	// for, and the client never learns it.
	DropResponses bool
	// Cut, unless nil, breaks the connection in the middle of a response: *Cut
	// bytes of it pass, at most all but one.
	Cut *int
	// Corrupt may change a response, given without its size and correlation id,
	// and returns whether it did. It must not call the proxy. See Flip and FlipAt.
	Corrupt func(body []byte) bool
	// Times ends these faults after so many responses; 0 means never.
	Times int
}

// Proxy forwards connections to one broker. Its methods may be called from any
// goroutine.
type Proxy struct {
	addr, target string

	mu       sync.Mutex
	listener net.Listener // nil while refusing
	fault    Fault
	changed  chan struct{} // closed, and made anew, when anything below or fault changes
	done     int           // faults of the current Fault.Times
	faults   int
	requests map[API]int
	conns    map[*link]bool
	closed   bool
	running  sync.WaitGroup
}

// New returns a proxy that listens on a loopback port of its own choice and
// forwards to target. Nobody needs to listen there yet.
func New(target string) (*Proxy, error) {
	l, err := listenLow()
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		addr: l.Addr().String(), target: target, listener: l,
		changed: make(chan struct{}), requests: map[API]int{}, conns: map[*link]bool{},
	}
	p.running.Go(func() { p.accept(l) })
	return p, nil
}

// FreeAddr returns a loopback address that nobody listens on.
func FreeAddr() (string, error) {
	l, err := listenLow()
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// listenLow listens below the range of ports that kernels hand out to outgoing
// connections: while the proxy refuses, a client that dials again and again
// must not connect to itself.
func listenLow() (l net.Listener, err error) {
	for range 100 {
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))); err == nil {
			return l, nil
		}
	}
	return nil, err
}

// Addr returns the address that clients connect to.
func (p *Proxy) Addr() string { return p.addr }

// Set replaces the fault, for connections that are open too, and starts
// counting its Times anew.
func (p *Proxy) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.done = f, 0
	p.announce()
}

// Heal ends every fault but Refuse.
func (p *Proxy) Heal() { p.Set(Fault{}) }

// Refuse makes the port refuse new connections, as if no broker ran, and cuts
// the open ones.
func (p *Proxy) Refuse() error {
	p.mu.Lock()
	l := p.listener
	p.listener = nil
	p.mu.Unlock()
	p.Cut()
	if l == nil {
		return nil
	}
	return l.Close()
}

// Accept ends Refuse.
func (p *Proxy) Accept() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil || p.closed {
		return nil
	}
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		return err
	}
	p.listener = l
	p.running.Go(func() { p.accept(l) })
	return nil
}

// Cut breaks all open connections; new ones are welcome.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.close()
	}
}

// Close cuts all connections, stops listening and returns when every goroutine
// of the proxy has ended.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.announce()
	p.mu.Unlock()
	err := p.Refuse()
	p.running.Wait()
	return err
}

// Faults returns how many responses have been dropped, cut or corrupted so far.
func (p *Proxy) Faults() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults
}

// Requests returns how many requests of an API, or of Any, have been read from
// clients, whether they have passed or not.
func (p *Proxy) Requests(api API) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[api]
}

// AwaitFaults waits until Faults is at least n.
func (p *Proxy) AwaitFaults(ctx context.Context, n int) error {
	return p.await(ctx, func() bool { return p.faults >= n })
}

// AwaitRequests waits until Requests(api) is at least n.
func (p *Proxy) AwaitRequests(ctx context.Context, api API, n int) error {
	return p.await(ctx, func() bool { return p.requests[api] >= n })
}

// await waits until done, called under the lock, says true.
func (p *Proxy) await(ctx context.Context, done func() bool) error {
	for {
		p.mu.Lock()
		ok, changed := done(), p.changed
		p.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("chaos proxy %s: %w", p.addr, context.Cause(ctx))
		}
	}
}

// announce wakes whoever waits for a change. The caller holds the lock.
func (p *Proxy) announce() {
	close(p.changed)
	p.changed = make(chan struct{})
}
