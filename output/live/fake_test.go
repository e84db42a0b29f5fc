package live

import (
	"fmt"
	"slices"
	"time"
)

// fakeGroup is a group whose members share the partitions at once.
type fakeGroup struct {
	Snapshot
	newest int
}

func newFakeGroup(members, partitions int) *fakeGroup {
	return &fakeGroup{sample(members, partitions), members}
}

// share gives each partition to one of the members that run.
func (g *fakeGroup) share() {
	var running []*Member
	for i := range g.Members {
		g.Members[i].Partitions = 0
		if g.Members[i].State == Running {
			running = append(running, &g.Members[i])
		}
	}
	for i := range g.Partitions {
		p, owner := &g.Partitions[i], 0
		if len(running) > 0 {
			m := running[i%len(running)]
			m.Partitions++
			owner = m.Number
		}
		if p.Owner != owner {
			p.Owner, p.Moved = owner, g.Time
		}
	}
}

// options are calls that change the group; each is noted in calls.
func (g *fakeGroup) options(calls *[]string) Options {
	note := func(format string, args ...any) {
		*calls = append(*calls, fmt.Sprintf(format, args...))
		g.share()
	}
	state := func(number int, s State) {
		i := slices.IndexFunc(g.Members, func(m Member) bool { return m.Number == number })
		g.Members[i].State = s
	}
	return Options{
		FPS: maxFPS,
		Snapshots: func() Snapshot {
			g.Time = g.Time.Add(100 * time.Millisecond)
			s := g.Snapshot
			s.Members = slices.Clone(s.Members)
			return s
		},
		Add: func() {
			g.newest++
			g.Members = append(g.Members, Member{Number: g.newest})
			note("add")
		},
		Remove: func(number int) { state(number, Leaving); note("remove %d", number) },
		Freeze: func(number int, frozen bool) {
			state(number, Running)
			if frozen {
				state(number, Frozen)
			}
			note("freeze %d %v", number, frozen)
		},
		Quit: func() { note("quit") },
	}
}
