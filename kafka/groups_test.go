package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka/assign"
)

// testAdmin connects and disconnects at the end of the test.
func testAdmin(t *testing.T, cfg Config) *Admin {
	t.Helper()
	admin, err := OpenAdmin(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	return admin
}

// runGroup runs members until the test ends; they write nothing out.
func runGroup(t *testing.T, cfg Config, gc GroupConfig) *Group {
	t.Helper()
	g, err := OpenGroup(cfg, gc)
	if err != nil {
		t.Fatal(err)
	}
	polling, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- g.Run(polling, context.Background(), func(int) func(Event) error {
			return func(ev Event) error {
				if ev.Change != nil && ev.Change.Written != nil {
					ev.Change.Written()
				}
				return nil
			}
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return g
}

// awaitMembers waits until the group is stable with so many members, who have all of
// the partitions.
func awaitMembers(t *testing.T, admin *Admin, group string, members, partitions int) *GroupInfo {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var last GroupInfo
	for {
		infos, err := admin.Groups(ctx, group)
		if err != nil && !errors.Is(err, ErrUnknownGroup) {
			t.Fatal(err)
		}
		if err == nil {
			last = infos[0]
			if last.State == GroupStable && len(last.Members) == members && len(last.Owners()) == partitions {
				return &last
			}
		}
		if pause(ctx, pollInterval) != nil {
			t.Fatalf("want %d members with %d partitions, have %+v", members, partitions, last)
		}
	}
}

func assigned(g *GroupInfo) assign.Assignment {
	a := make(assign.Assignment, len(g.Members))
	for i, m := range g.Members {
		for _, tp := range m.Partitions {
			a[i] = append(a[i], assign.Partition{Topic: tp.Topic, Number: tp.Partition})
		}
	}
	return a
}

// TestPlanIsWhatHappens runs groups whose members come and go, and compares who has what
// with what package assign computes.
func TestPlanIsWhatHappens(t *testing.T) {
	cfg := testCluster(t)
	admin := testAdmin(t, cfg)
	topics := []string{testTopic(t, cfg, 7, 0), testTopic(t, cfg, 3, 0)}
	described := []assign.Topic{{Name: topics[0], Partitions: 7}, {Name: topics[1], Partitions: 3}}
	tests := map[string]struct {
		assignor assign.Assignor
		protocol string
	}{
		"range":              {assign.Range, "classic"},
		"roundrobin":         {assign.RoundRobin, "classic"},
		"cooperative-sticky": {assign.CooperativeSticky, "classic"},
		"uniform":            {assign.Uniform, "consumer"},
		"range of broker":    {assign.Range, "consumer"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.protocol == "consumer" && os.Getenv("KSTREAM_TEST_BROKERS") == "" {
				t.Skip("the embedded broker describes these groups without the names of topics")
			}
			group := fmt.Sprintf("plan-%d", time.Now().UnixNano())
			g := runGroup(t, cfg, GroupConfig{Name: group, Topics: topics, Members: 4, Assignor: string(tt.assignor), Protocol: tt.protocol})
			before := awaitMembers(t, admin, group, 4, 10)
			if before.Protocol != string(tt.assignor) || before.Type != tt.protocol {
				t.Errorf("%s group with assignor %s", before.Type, before.Protocol)
			}
			g.Add()
			joined := awaitMembers(t, admin, group, 5, 10)
			agree(t, tt.assignor, described, before, joined)
			g.Remove(1)
			g.Remove(2)
			left := awaitMembers(t, admin, group, 3, 10)
			agree(t, tt.assignor, described, joined, left)
		})
	}
}

// agree compares a group with the plan made from how it was before. Sticky assignors
// that run elsewhere than in librdkafka choose other partitions, but as many.
func agree(t *testing.T, a assign.Assignor, topics []assign.Topic, before, after *GroupInfo) {
	t.Helper()
	was := map[string]assign.Assignment{}
	for i, m := range before.Members {
		was[m.ID] = assigned(before)[i : i+1]
	}
	owned := make(assign.Assignment, len(after.Members))
	for i, m := range after.Members {
		if a := was[m.ID]; a != nil {
			owned[i] = a[0]
		}
	}
	plan, err := assign.Compute(a, topics, owned)
	if err != nil {
		t.Fatal(err)
	}
	got := assigned(after)
	if a == assign.Uniform {
		if want := len(assign.Moves(owned, plan)); len(assign.Moves(owned, got)) != want {
			t.Errorf("from %v\nto   %v\nmoved %d, planned %d", owned, got, len(assign.Moves(owned, got)), want)
		}
		plan, got = assign.Assignment(sizes(plan)), assign.Assignment(sizes(got))
	}
	if diff := cmp.Diff(plan, got); diff != "" {
		t.Errorf("from %v (-plan +group):\n%s", owned, diff)
	}
}

// sizes keeps how many partitions the members have, largest first.
func sizes(a assign.Assignment) [][]assign.Partition {
	blank := make([][]assign.Partition, len(a))
	for i, list := range a {
		blank[i] = make([]assign.Partition, len(list))
	}
	slices.SortFunc(blank, func(a, b []assign.Partition) int { return len(b) - len(a) })
	return blank
}

func TestGroupLag(t *testing.T) {
	cfg := testCluster(t)
	admin := testAdmin(t, cfg)
	ctx := t.Context()
	topic, group := testTopic(t, cfg, 4, 40), fmt.Sprintf("lag-%d", time.Now().UnixNano())
	at := func(n int32) TopicPartition { return TopicPartition{topic, n} }
	if _, err := admin.Groups(ctx, group); !errors.Is(err, ErrUnknownGroup) {
		t.Fatalf("before it exists: %v", err)
	}
	commits := map[TopicPartition]Commit{
		at(0): {Offset: 10, LeaderEpoch: -1}, at(1): {Offset: 4, LeaderEpoch: -1, Metadata: "mine"}, at(2): {Offset: 0, LeaderEpoch: -1},
	}
	if refused, err := admin.SetCommitted(ctx, group, commits); err != nil || refused != nil {
		t.Fatal(refused, err)
	}
	committed, err := admin.Committed(ctx, group)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(commits, committed); diff != "" {
		t.Error(diff)
	}
	infos, err := admin.Groups(ctx, group)
	if err != nil {
		t.Fatal(err)
	}
	lags, err := admin.GroupLag(ctx, &infos[0])
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		Lag, Position int64
		Reason        LagReason
	}
	var got []row
	for i := range lags {
		got = append(got, row{lags[i].Lag, lags[i].Position(), lags[i].Reason})
	}
	want := []row{{0, 10, LagReasonNil}, {6, 4, LagNoOwner}, {10, 0, LagNoOwner}, {10, 0, LagNoCommit}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := admin.DeleteGroup(ctx, group); err != nil {
		t.Fatal(err)
	}
	if err := admin.DeleteGroup(ctx, group); !errors.Is(err, ErrUnknownGroup) {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestLagReason(t *testing.T) {
	owner := &GroupMember{ID: "m"}
	tests := map[string]struct {
		lag    PartitionLag
		reason LagReason
	}{
		"read":             {PartitionLag{Watermarks: Watermarks{0, 9, 9}, Commit: &Commit{Offset: 9}}, LagReasonNil},
		"being read":       {PartitionLag{Watermarks: Watermarks{0, 9, 9}, Commit: &Commit{Offset: 5}, Lag: 4, Member: owner}, LagReasonNil},
		"nobody's":         {PartitionLag{Watermarks: Watermarks{0, 9, 9}, Commit: &Commit{Offset: 5}, Lag: 4}, LagNoOwner},
		"never":            {PartitionLag{Watermarks: Watermarks{0, 9, 9}, Lag: 9, Member: owner}, LagNoCommit},
		"held":             {PartitionLag{Watermarks: Watermarks{0, 5, 9}, Commit: &Commit{Offset: 5}, Lag: 4, Member: owner}, LagOpen},
		"deleted":          {PartitionLag{Watermarks: Watermarks{7, 9, 9}, Commit: &Commit{Offset: 5}, Lag: 2, Lost: 2, Member: owner}, LagLost},
		"deleted, nothing": {PartitionLag{Watermarks: Watermarks{9, 9, 9}, Commit: &Commit{Offset: 5}, Lost: 4}, LagLost},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.lag.reason(false); got != tt.reason {
				t.Errorf("got %s, want %s", got, tt.reason)
			}
			if got := tt.lag.reason(true); got == LagNoOwner {
				t.Error("nobody knows the owners while a group rebalances")
			}
		})
	}
}

func TestRefuseActive(t *testing.T) {
	cfg := testCluster(t)
	admin := testAdmin(t, cfg)
	topic, group := testTopic(t, cfg, 1, 1), fmt.Sprintf("active-%d", time.Now().UnixNano())
	runGroup(t, cfg, GroupConfig{Name: group, Topics: []string{topic}, Members: 1})
	info := awaitMembers(t, admin, group, 1, 1)
	var active *GroupActiveError
	for what, err := range map[string]error{
		"look":   info.RefuseActive(),
		"delete": admin.DeleteGroup(t.Context(), group),
		"set": func() error {
			_, err := admin.SetCommitted(t.Context(), group, map[TopicPartition]Commit{{topic, 0}: {Offset: 0, LeaderEpoch: -1}})
			return err
		}(),
	} {
		if !errors.As(err, &active) || len(active.Members) != 1 || active.Members[0].ID != info.Members[0].ID {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestRecordTimes(t *testing.T) {
	cfg := testCluster(t)
	admin := testAdmin(t, cfg)
	start := time.Now().UnixMilli()
	topic := testTopic(t, cfg, 3, 30)
	at := func(n int32) TopicPartition { return TopicPartition{topic, n} }
	times, err := admin.RecordTimes(t.Context(), []Span{
		{TopicPartition: at(0), From: 0, To: 10}, {TopicPartition: at(1), From: 7, To: 10}, {TopicPartition: at(2), From: 10, To: 10},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(times) != 2 || times[at(0)] < start || times[at(1)] < times[at(0)] {
		t.Errorf("got %v, written after %d", times, start)
	}
}

func TestGroupActiveErrorNamesMembers(t *testing.T) {
	member := func(n int) GroupMember {
		return GroupMember{ID: fmt.Sprint("m", n), ClientID: "c", Host: "127.0.0.1"}
	}
	tests := map[string]struct {
		members []GroupMember
		want    string
	}{
		"unseen": {nil, "g: the group has active members"},
		"one":    {[]GroupMember{member(1)}, "g: the group has 1 active member: m1 (client c at 127.0.0.1)"},
		"static": {[]GroupMember{{ID: "x", InstanceID: "i-0", ClientID: "c", Host: "h"}}, "g: the group has 1 active member: i-0 (client c at h)"},
		"many": {
			[]GroupMember{member(1), member(2), member(3), member(4), member(5), member(6)},
			"g: the group has 6 active members: m1 (client c at 127.0.0.1), m2 (client c at 127.0.0.1), m3 (client c at 127.0.0.1), m4 (client c at 127.0.0.1), and 2 more",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := &GroupActiveError{"g", tt.members}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
