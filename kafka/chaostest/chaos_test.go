package chaostest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// patience is how long a test waits for bytes that must not come.
const patience = 50 * time.Millisecond

// mirror is a broker that answers every request with its own body, and counts them.
func mirror(t *testing.T) (addr string, served func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	count := make(chan int, 1)
	count <- 0
	serve := func(conn net.Conn) {
		defer conn.Close()
		for {
			request, err := readFrame(conn)
			if err != nil {
				return
			}
			count <- 1 + <-count
			answer := binary.BigEndian.AppendUint32(nil, uint32(len(request)-8))
			if _, err := conn.Write(append(answer, request[8:]...)); err != nil {
				return
			}
		}
	}
	go func() { // ends when the test closes the listener
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn) // ends with the proxy's connection
		}
	}()
	return l.Addr().String(), func() int { n := <-count; count <- n; return n }
}

// request returns a frame of the given kind.
func request(api API, correlation byte, body string) []byte {
	frame := binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))
	frame = append(frame, 0, byte(api), 0, 0, 0, 0, 0, correlation)
	return append(frame, body...)
}

func response1(correlation byte, body string) []byte {
	frame := binary.BigEndian.AppendUint32(nil, uint32(4+len(body)))
	return append(append(frame, 0, 0, 0, correlation), body...)
}

func open(t *testing.T) (*Proxy, func() int) {
	t.Helper()
	addr, served := mirror(t)
	p, err := New(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p, served
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func send(t *testing.T, conn net.Conn, frame []byte) {
	t.Helper()
	if _, err := conn.Write(frame); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, conn net.Conn, frame []byte) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	got := make([]byte, len(frame))
	n, err := io.ReadFull(conn, got)
	if d := cmp.Diff(frame, got[:n]); d != "" || err != nil {
		t.Fatalf("read %d bytes, %v (-want +got):\n%s", n, err, d)
	}
}

func wantSilence(t *testing.T, conn net.Conn) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(patience))
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read %d bytes, %v, want silence", n, err)
	}
}

func wantEnd(t *testing.T, conn net.Conn) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := conn.Read(make([]byte, 1))
	if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("read %d bytes, %v, want the end of the connection", n, err)
	}
}

func TestFaithful(t *testing.T) {
	p, _ := open(t)
	conn := dial(t, p)
	send(t, conn, append(request(Fetch, 1, "one"), request(Produce, 2, "two")...))
	want(t, conn, append(response1(1, "one"), response1(2, "two")...))
	got := []int{p.Requests(Fetch), p.Requests(Produce), p.Requests(Metadata), p.Requests(Any), p.Faults()}
	if d := cmp.Diff([]int{1, 1, 0, 2, 0}, got); d != "" {
		t.Error(d)
	}
}

func TestFreeze(t *testing.T) {
	p, served := open(t)
	conn := dial(t, p)
	send(t, conn, request(Fetch, 1, "before"))
	want(t, conn, response1(1, "before"))
	p.Set(Fault{Freeze: true})
	send(t, conn, request(Fetch, 2, "during"))
	other := dial(t, p)
	send(t, other, request(Fetch, 3, "new"))
	wantSilence(t, conn)
	wantSilence(t, other)
	if served() != 1 {
		t.Errorf("%d requests reached the broker, want 1", served())
	}
	p.Heal()
	want(t, conn, response1(2, "during"))
	want(t, other, response1(3, "new"))
}

func TestDropResponses(t *testing.T) {
	p, served := open(t)
	p.Set(Fault{API: Produce, DropResponses: true, Times: 1})
	conn := dial(t, p)
	send(t, conn, request(Produce, 1, "lost"))
	if err := p.AwaitFaults(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if served() != 1 {
		t.Errorf("%d requests reached the broker, want 1", served())
	}
	send(t, conn, append(request(Fetch, 2, "other"), request(Produce, 3, "second")...))
	want(t, conn, append(response1(2, "other"), response1(3, "second")...))
}

func TestCut(t *testing.T) {
	for name, c := range map[string]struct{ cut, want int }{
		"nothing passes": {0, 0}, "half of the size": {2, 2}, "inside the body": {10, 10}, "never whole": {100, 12},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := open(t)
			p.Set(Fault{API: Any, Cut: &c.cut, Times: 1})
			conn := dial(t, p)
			send(t, conn, request(Fetch, 1, "hello"))
			want(t, conn, response1(1, "hello")[:c.want])
			wantEnd(t, conn)
			again := dial(t, p)
			send(t, again, request(Fetch, 2, "hello"))
			want(t, again, response1(2, "hello"))
		})
	}
}

func TestCorrupt(t *testing.T) {
	for name, c := range map[string]struct {
		corrupt func([]byte) bool
		want    string
		faults  int
	}{
		"the needle":              {Flip([]byte("cd")), "abbd", 1},
		"a needle that is absent": {Flip([]byte("x")), "abcd", 0},
		"the first byte":          {FlipAt(0), "`bcd", 1},
		"the last byte":           {FlipAt(-1), "abce", 1},
		"behind the end":          {FlipAt(4), "abcd", 0},
		"before the start":        {FlipAt(-5), "abcd", 0},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := open(t)
			p.Set(Fault{API: Fetch, Corrupt: c.corrupt})
			conn := dial(t, p)
			send(t, conn, append(request(Fetch, 1, "abcd"), request(Metadata, 2, "abcd")...))
			want(t, conn, append(response1(1, c.want), response1(2, "abcd")...))
			if p.Faults() != c.faults {
				t.Errorf("%d faults, want %d", p.Faults(), c.faults)
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	p, _ := open(t)
	conn := dial(t, p)
	send(t, conn, request(Fetch, 1, "a"))
	want(t, conn, response1(1, "a"))
	if err := errors.Join(p.Refuse(), p.Refuse()); err != nil {
		t.Fatal(err)
	}
	wantEnd(t, conn)
	if _, err := net.Dial("tcp", p.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("dial: %v, want connection refused", err)
	}
	if err := errors.Join(p.Accept(), p.Accept()); err != nil {
		t.Fatal(err)
	}
	conn = dial(t, p)
	send(t, conn, request(Fetch, 1, "a"))
	want(t, conn, response1(1, "a"))
	p.Cut()
	wantEnd(t, conn)
}

func TestLatencyOverlaps(t *testing.T) {
	p, _ := open(t)
	const latency, n = 60 * time.Millisecond, 10
	p.Set(Fault{Latency: latency})
	conn := dial(t, p)
	began := time.Now()
	var sent, answers []byte
	for i := range byte(n) {
		sent = append(sent, request(Fetch, i, "x")...)
		answers = append(answers, response1(i, "x")...)
	}
	send(t, conn, sent)
	want(t, conn, answers)
	if took := time.Since(began); took < latency || took > n*latency {
		t.Errorf("%d responses took %v, want at least %v and far less than %v", n, took, latency, n*latency)
	}
}

func TestNoBroker(t *testing.T) {
	addr, err := FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(addr)
	if err != nil {
		t.Fatal(err)
	}
	wantEnd(t, dial(t, p))
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestCloseEndsFrozenConnections(t *testing.T) {
	p, _ := open(t)
	conn := dial(t, p)
	p.Set(Fault{Freeze: true})
	send(t, conn, request(Fetch, 1, "a"))
	if err := p.AwaitRequests(t.Context(), Fetch, 0); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	wantEnd(t, conn)
	if err := p.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestAwaitNamesTheProxy(t *testing.T) {
	p, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := p.AwaitFaults(ctx, 1)
	if wanted := "chaos proxy " + p.Addr() + ": context canceled"; err == nil || err.Error() != wanted {
		t.Errorf("got %v, want %s", err, wanted)
	}
}

func TestHugeFrame(t *testing.T) {
	if _, err := readFrame(bytes.NewReader([]byte{0xff, 0, 0, 0, 1})); err == nil || err.Error() != "frame of 4278190080 bytes" {
		t.Errorf("got %v", err)
	}
}
