package record

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kstream/cmd/cli"
)

// NewWorker makes the command of --exec for one member, or nil without one.
func (r *Run) NewWorker(command, mode string, member int) *cli.Worker {
	if command == "" {
		return nil
	}
	w := &cli.Worker{Command: command, JSON: mode == "json", Env: r.Env}
	w.Vars = func() []string { return r.execVars(member) }
	r.workers.Add(w)
	return w
}

// execVars tells the command of --exec whom it works for. Partitions come and go while it
// lives: it is told those of its start.
func (r *Run) execVars(member int) []string {
	vars := []string{
		"KSTREAM_EXEC_TOPIC=" + strings.Join(r.Range.Topics, ","),
		"KSTREAM_EXEC_MEMBER=" + strconv.Itoa(member),
	}
	if r.Members == nil {
		return vars
	}
	return append(vars, "KSTREAM_EXEC_GROUP="+r.Members.Config.Name, "KSTREAM_EXEC_PARTITIONS="+strings.Join(r.Stats.held(member), ","))
}

// held lists the partitions of a member, as TOPIC:PARTITION.
func (c *MemberStats) held(member int) []string {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	var names []string
	if m := c.Members[member]; m != nil {
		for tp := range m.partitions {
			names = append(names, fmt.Sprintf("%s:%d", tp.Topic, tp.Partition))
		}
	}
	slices.Sort(names)
	return names
}
