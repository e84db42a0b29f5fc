package embedded

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kstream/kafka/protocol"
)

// The library keeps requests to join a classic group, and those for what a member is
// assigned, until all members are there. Its member may get lost meanwhile, in ways that
// Apache Kafka does not know:
//
//   - While a request waits, the member's session goes on to count. When it is over the
//     member is removed, and nobody answers the request any more.
//   - A member whose connection has ended when it is answered has no session at all, and
//     may be the leader for whom all others wait, as long as a rebalance may take.
//
// So joins looks after the requests that wait: their members have heartbeats, those whose
// connections end leave their groups, and a connection ends whose request will not be
// answered: its client asks again.
type joins struct {
	mu      sync.Mutex
	waiting map[*conn]*join
	wake    chan struct{} // something waits

	delay time.Duration     // see Config.JoinDelay
	empty func(string) bool // whether a group has no members
	end   <-chan struct{}   // of the broker
	doors map[string]*door  // of groups whose first members are kept waiting
}

// door is closed while further members of a new group may come.
type door struct {
	opens, latest time.Time
	waiting       int
	passed        chan struct{} // closed when the last of them is through
}

// join is a request that waits. Of one connection there is one: the library answers them
// one after the other.
type join struct {
	correlation  int32
	group        string
	member       string
	instance     *string
	syncs        bool // it asks what the member is assigned
	asksID       bool // it is answered at once, with an id for the member (KIP-394)
	gone         bool // the connection has ended
	missed       int  // looks at which the group did not know the member
	held         bool // it waits for other members, and the library has not seen it
	hasHeartbeat bool // the member was assigned something before, so that its session counts
}

func newJoins() *joins {
	return &joins{waiting: map[*conn]*join{}, wake: make(chan struct{}, 1), doors: map[string]*door{}}
}

// holdNew makes members of groups that are empty wait for each other, until end.
func (js *joins) holdNew(delay time.Duration, empty func(string) bool, end <-chan struct{}) {
	js.mu.Lock()
	defer js.mu.Unlock()
	js.delay, js.empty, js.end = delay, empty, end
}

// most is how many times its delay a group is held that more and more members join.
const most = 10

// hold returns when the group of a request to join is to be rebalanced: at once, unless it
// has no members yet. The library rebalances a group with its first member; the others would
// get their share one or two heartbeats later.
func (js *joins) hold(j *join) {
	js.mu.Lock()
	defer js.mu.Unlock()
	if js.delay <= 0 || j.asksID {
		return
	}
	d := js.doors[j.group]
	if j.syncs { // of one that was through first; the others are to be counted as members by now
		if d != nil {
			j.held = true
			js.mu.Unlock()
			<-d.passed
			js.mu.Lock()
			j.held = false
		}
		return
	}
	if d == nil {
		js.mu.Unlock()
		empty := js.empty(j.group)
		js.mu.Lock()
		if d = js.doors[j.group]; d == nil && !empty {
			return
		}
	}
	now := time.Now()
	if d == nil {
		d = &door{latest: now.Add(most * js.delay), passed: make(chan struct{})}
		js.doors[j.group] = d
	}
	if d.opens = now.Add(js.delay); d.opens.After(d.latest) {
		d.opens = d.latest
	}
	d.waiting++
	j.held = true
	for wait := js.delay; wait > 0; wait = time.Until(d.opens) {
		js.mu.Unlock()
		select {
		case <-time.After(wait):
		case <-js.end:
		}
		js.mu.Lock()
		select {
		case <-js.end:
			d.opens = now
		default:
		}
	}
	j.held = false
	if d.waiting--; d.waiting == 0 {
		delete(js.doors, j.group)
		close(d.passed)
	}
}

// largestJoin bounds the requests that are looked at.
const largestJoin = 1 << 20

// readJoin returns what a request, without its size, asks for, or nil.
func readJoin(request []byte) *join {
	r := kbin.Reader{Src: request}
	key, version := r.Int16(), r.Int16()
	j := &join{correlation: r.Int32()}
	r.NullableString() // the client's name
	parsed := kmsg.RequestForKey(key)
	parsed.SetVersion(version)
	if parsed.IsFlexible() {
		kmsg.SkipTags(&r)
	}
	if !r.Ok() || parsed.ReadFrom(r.Src) != nil {
		return nil
	}
	switch parsed := parsed.(type) {
	case *kmsg.JoinGroupRequest:
		j.group, j.member, j.instance = parsed.Group, parsed.MemberID, parsed.InstanceID
		j.asksID = version >= 4 && j.member == "" && j.instance == nil
	case *kmsg.SyncGroupRequest:
		j.group, j.member, j.instance, j.syncs = parsed.Group, parsed.MemberID, parsed.InstanceID, true
	default:
		return nil
	}
	return j
}

// asked notes a request of a connection.
func (js *joins) asked(c *conn, j *join) {
	js.mu.Lock()
	defer js.mu.Unlock()
	j.hasHeartbeat = j.syncs || j.member != "" && c.synced == j.member
	if j.syncs {
		c.synced = j.member
	}
	js.waiting[c] = j
	select {
	case js.wake <- struct{}{}:
	default:
	}
}

// answered notes an answer, which begins with its size and the number of its request.
func (js *joins) answered(c *conn, answer []byte) {
	js.mu.Lock()
	defer js.mu.Unlock()
	if j := js.waiting[c]; j != nil && len(answer) >= 8 && int32(binary.BigEndian.Uint32(answer[4:])) == j.correlation {
		delete(js.waiting, c)
	}
}

// ended notes that a connection has ended.
func (js *joins) ended(c *conn) {
	js.mu.Lock()
	defer js.mu.Unlock()
	if j := js.waiting[c]; j != nil {
		j.gone = true
	}
}

// forget drops what was noted of a connection.
func (js *joins) forget(c *conn) {
	js.mu.Lock()
	defer js.mu.Unlock()
	delete(js.waiting, c)
}

// look returns copies of the joins that wait, by group.
func (js *joins) look() map[string]map[*conn]join {
	js.mu.Lock()
	defer js.mu.Unlock()
	groups := map[string]map[*conn]join{}
	for c, j := range js.waiting {
		if groups[j.group] == nil {
			groups[j.group] = map[*conn]join{}
		}
		groups[j.group][c] = *j
	}
	return groups
}

// missing counts how often in a row the group of a waiting request did not know its
// member.
func (js *joins) missing(c *conn, unknown bool) int {
	js.mu.Lock()
	defer js.mu.Unlock()
	j := js.waiting[c]
	switch {
	case j == nil:
		return 0
	case unknown:
		j.missed++
	default:
		j.missed = 0
	}
	return j.missed
}

// joinsEvery is how often waiting requests are looked after: well below the shortest
// session, of a second or more.
const joinsEvery = 200 * time.Millisecond

// joinsMissed is how often in a row a member must be unknown for its request to count as
// lost: one that has just come may not have been looked at.
const joinsMissed = 3

// tend looks after waiting requests until ctx ends.
func (b *Broker) tend(ctx context.Context) {
	client := b.insider()
	defer client.Close()
	js := b.listeners.joins
	for {
		groups := js.look()
		if len(groups) == 0 {
			select {
			case <-js.wake:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-time.After(joinsEvery):
		case <-ctx.Done():
			return
		}
		for name, waiting := range js.look() {
			b.tendGroup(ctx, client, b.cluster.GroupInfo(name), name, waiting)
		}
	}
}

func (b *Broker) tendGroup(ctx context.Context, client *protocol.Client, info *kfake.GroupInfo, name string, waiting map[*conn]join) {
	js := b.listeners.joins
	known := map[string]bool{}
	state, generation := "", int32(-1)
	if info != nil {
		state, generation = info.State, info.Epoch
		for _, m := range info.Members {
			known[m.MemberID] = true
		}
	}
	var asking sync.WaitGroup
	ask := func(r kmsg.Request) {
		asking.Go(func() { // ends within a second
			bounded, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			for range 2 { // a connection may have ended
				coordinator, err := client.Coordinator(bounded, protocol.GroupCoordinator, name)
				if err == nil {
					_, err = client.Broker(coordinator).Request(bounded, r)
				}
				if err == nil { // a group that refuses it has no need of it
					return
				}
			}
		})
	}
	again := map[string]bool{} // members that wait on another connection than one that ended
	for _, j := range waiting {
		again[j.member] = again[j.member] || !j.gone && j.member != ""
	}
	for c, j := range waiting {
		switch {
		case j.held:
			continue
		case j.gone && again[j.member]:
			js.forget(c)
			continue
		case j.gone && !j.syncs:
			js.forget(c)
			ask(leave(name, j))
			continue
		case j.gone && state != "CompletingRebalance":
			js.forget(c)
			continue
		case !j.gone && j.member != "" && js.missing(c, !known[j.member]) >= joinsMissed:
			js.forget(c)
			_ = c.Close() // it may be closed
			continue
		}
		if j.hasHeartbeat {
			r := kmsg.NewPtrHeartbeatRequest()
			r.Group, r.Generation, r.MemberID = name, generation, j.member
			r.InstanceID = j.instance
			ask(r)
		}
	}
	asking.Wait()
}

// leave is the request by which the member of a waiting one leaves.
func leave(group string, j join) kmsg.Request {
	r := kmsg.NewPtrLeaveGroupRequest()
	m := kmsg.NewLeaveGroupRequestMember()
	m.MemberID, m.InstanceID = j.member, j.instance
	r.Group, r.MemberID, r.Members = group, j.member, append(r.Members, m)
	return r
}

// insider is a client that connects without a port and without TLS. With users it logs in
// as one of them that may do all; where there is none, what it asks is refused.
func (b *Broker) insider() *protocol.Client {
	return protocol.New(protocol.Config{
		ClientID: "embedded", Seeds: []string{b.listeners.nodes[0].addr.String()}, Dial: b.listeners.connect, Login: b.login,
	})
}

// insiderLogin is how the insider logs in: as a user who may do all, if there is one.
func (c Config) insiderLogin() (*protocol.Login, error) {
	for _, u := range c.Users {
		switch {
		case c.ACLs && !u.Super:
			continue
		case u.Mechanism == "PLAIN":
			return protocol.Plain(u.Name, u.Password), nil
		}
		login, err := protocol.SCRAM(u.Mechanism, u.Name, u.Password)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", u.Name, err)
		}
		return login, nil
	}
	return nil, nil
}
