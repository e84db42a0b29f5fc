package embedded_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"kstream/kafka/embedded"
)

// session is how long the groups of these tests wait for a heartbeat; a rebalance may take
// far longer than a test.
const session = time.Second

// joiner is a member of group "g" that asks by hand.
type joiner struct {
	t          *testing.T
	client     *kgo.Client
	id         string
	generation int32
	leads      bool
}

func newJoiner(t *testing.T, b *embedded.Broker, more ...kgo.Opt) *joiner {
	t.Helper()
	client, err := kgo.NewClient(append(more, kgo.SeedBrokers(b.Addr()), kgo.DisableClientMetrics())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &joiner{t: t, client: client}
}

// meet gets the member's id.
func (j *joiner) meet() {
	j.t.Helper()
	if err := j.join(bounded(j.t)); !errors.Is(err, kerr.MemberIDRequired) {
		j.t.Fatalf("%v, want %v", err, kerr.MemberIDRequired)
	}
}

// join waits until all members of the group have joined.
func (j *joiner) join(ctx context.Context) error {
	r := kmsg.NewPtrJoinGroupRequest()
	r.Group, r.MemberID, r.ProtocolType = "g", j.id, "consumer"
	r.SessionTimeoutMillis, r.RebalanceTimeoutMillis = int32(session.Milliseconds()), 300_000
	r.Protocols = []kmsg.JoinGroupRequestProtocol{{Name: "range"}}
	answer, err := r.RequestWith(ctx, j.client)
	if err != nil {
		return err
	}
	j.id, j.generation, j.leads = answer.MemberID, answer.Generation, answer.LeaderID == answer.MemberID
	return kerr.ErrorForCode(answer.ErrorCode)
}

// sync asks what the member is assigned: as the leader it says so for members.
func (j *joiner) sync(ctx context.Context, members ...*joiner) ([]byte, error) {
	r := kmsg.NewPtrSyncGroupRequest()
	r.Group, r.MemberID, r.Generation = "g", j.id, j.generation
	for _, m := range members {
		r.GroupAssignment = append(r.GroupAssignment, kmsg.SyncGroupRequestGroupAssignment{MemberID: m.id, MemberAssignment: []byte("part of " + m.id)})
	}
	answer, err := r.RequestWith(ctx, j.client)
	if err != nil {
		return nil, err
	}
	return answer.MemberAssignment, kerr.ErrorForCode(answer.ErrorCode)
}

func (j *joiner) heartbeat(ctx context.Context) error {
	r := kmsg.NewPtrHeartbeatRequest()
	r.Group, r.MemberID, r.Generation = "g", j.id, j.generation
	answer, err := r.RequestWith(ctx, j.client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(answer.ErrorCode)
}

// beat sends heartbeats until done is closed or d is over.
func (j *joiner) beat(done <-chan error, d time.Duration) (ended bool) {
	j.t.Helper()
	tick := time.NewTicker(session / 10)
	defer tick.Stop()
	for deadline := time.Now().Add(d); time.Now().Before(deadline); {
		if err := j.heartbeat(bounded(j.t)); err != nil && !errors.Is(err, kerr.RebalanceInProgress) {
			j.t.Fatal(err)
		}
		select {
		case err := <-done:
			j.t.Logf("ended: %v", err)
			return true
		case <-tick.C:
		}
	}
	return false
}

// alone lets one member have the group to itself.
func alone(t *testing.T, b *embedded.Broker, more ...kgo.Opt) *joiner {
	t.Helper()
	j := newJoiner(t, b, more...)
	j.meet()
	if err := j.join(bounded(t)); err != nil || !j.leads {
		t.Fatalf("%v; leads: %v", err, j.leads)
	}
	if _, err := j.sync(bounded(t), j); err != nil {
		t.Fatal(err)
	}
	return j
}

func groupBroker(t *testing.T) *embedded.Broker {
	return start(t, embedded.Config{Configs: map[string]string{"group.min.session.timeout.ms": "1000"}})
}

// A member that dies while it waits for the others to join is not waited for.
func TestMemberDiesInJoin(t *testing.T) {
	b := groupBroker(t)
	first, second := alone(t, b), newJoiner(t, b)
	second.meet()
	joining := make(chan error, 1)
	go func() { joining <- second.join(bounded(t)) }() // ends with its client
	awaitRebalance(t, first)
	second.client.Close()
	<-joining
	for {
		if err := first.join(bounded(t)); err != nil {
			t.Fatal(err)
		}
		if _, err := first.sync(bounded(t), first); err == nil {
			break
		} else if !errors.Is(err, kerr.RebalanceInProgress) {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(bounded(t))
	alive := make(chan struct{})
	go func() { // ends with stop
		defer close(alive)
		for ctx.Err() == nil {
			if errors.Is(first.heartbeat(ctx), kerr.RebalanceInProgress) && first.join(ctx) == nil {
				_, _ = first.sync(ctx, first) // the heartbeat tells
			}
		}
	}()
	err := b.WaitGroup(ctx, "g", 1)
	stop()
	<-alive
	if err != nil {
		t.Fatalf("the group does not get rid of the dead member: %v", err)
	}
}

// awaitRebalance sends heartbeats until the group is in a rebalance.
func awaitRebalance(t *testing.T, j *joiner) {
	t.Helper()
	for ctx := bounded(t); ; {
		switch err := j.heartbeat(ctx); {
		case errors.Is(err, kerr.RebalanceInProgress):
			return
		case err != nil:
			t.Fatal(err)
		}
	}
}

// Members that wait for the leader, or for others to join, stay members for longer than
// their sessions: they cannot send heartbeats meanwhile.
func TestMembersWaitLongerThanASession(t *testing.T) {
	for name, test := range map[string]struct {
		config embedded.Config
		login  []kgo.Opt
	}{
		"open":   {config: embedded.Config{}},
		"logins": {config: embedded.Config{Users: []embedded.User{{Mechanism: "SCRAM-SHA-512", Name: "u", Password: "p", Super: true}}, ACLs: true}, login: []kgo.Opt{kgo.SASL(scramLogin("u", "p"))}},
	} {
		t.Run(name, func(t *testing.T) {
			test.config.Configs = map[string]string{"group.min.session.timeout.ms": "1000"}
			b := start(t, test.config)
			first, second := alone(t, b, test.login...), newJoiner(t, b, test.login...)
			second.meet()
			joined := make(chan error, 1)
			go func() { joined <- second.join(bounded(t)) }() // ends with the answer
			awaitRebalance(t, first)
			if first.beat(joined, 2*session) {
				t.Fatal("the second member joined without the first")
			}
			if err := first.join(bounded(t)); err != nil {
				t.Fatal(err)
			}
			if err := <-joined; err != nil {
				t.Fatal(err)
			}
			if !first.leads {
				t.Fatal("the first leads no more")
			}
			synced := make(chan error, 1)
			go func() { // ends with the answer
				_, err := second.sync(bounded(t))
				synced <- err
			}()
			if first.beat(synced, 3*session) {
				t.Fatal("the second was told something before the leader had decided")
			}
			if _, err := first.sync(bounded(t), first, second); err != nil {
				t.Fatal(err)
			}
			if err := <-synced; err != nil {
				t.Fatalf("the second was forgotten: %v", err)
			}
		})
	}
}

func scramLogin(user, password string) sasl.Mechanism {
	return scram.Auth{User: user, Pass: password}.AsSha512Mechanism()
}

// Members that join a new group one after the other share its partitions from the first
// assignment on, when the group waits for them.
func TestMembersOfANewGroupAreAwaited(t *testing.T) {
	const delay = 500 * time.Millisecond
	b := start(t, embedded.Config{JoinDelay: delay, Topics: []embedded.Topic{{Name: "three", Partitions: 3}}})
	first := make(chan int, 3)
	for range 3 {
		var once sync.Once
		client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.ConsumerGroup("g"), kgo.ConsumeTopics("three"), kgo.DisableClientMetrics(),
			kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, assigned map[string][]int32) {
				once.Do(func() { first <- len(assigned["three"]) })
			}))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		select {
		case n := <-first:
			t.Fatalf("the first member did not wait: it has %d partitions", n)
		case <-time.After(delay / 5): // the next one comes later, in time
		}
	}
	for range 3 {
		select {
		case n := <-first:
			if n != 1 {
				t.Errorf("a member has %d partitions at first, want 1", n)
			}
		case <-bounded(t).Done():
			t.Fatal("the members got nothing")
		}
	}
}
