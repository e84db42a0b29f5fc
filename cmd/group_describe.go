package cmd

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/kafka"
	"kstream/output"
)

type groupDescribeFlags struct {
	cluster clusterFlags
	listing listingFlags
	watch   watchFlags
}

func newGroupDescribeCmd(env *Env) *cobra.Command {
	var f groupDescribeFlags
	cmd := &cobra.Command{
		Use:   "describe GROUP...",
		Short: "Show a group's members, their partitions and how far they are",
		Long: `Show a group's members, their partitions and how far they are.

With --watch it looks again and again without joining: on a terminal the picture is
drawn anew, in a pipe and with -o json each change is a line. The events are snapshot
(the first look at a group), state, joined, left, assigned, revoked and lag.`,
		Example: `  kstream group describe billing
  kstream group describe billing --watch -o json | jq 'select(.event=="assigned")'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, groups []string) error {
			plan, err := f.plan(env, groups)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	f.watch.register(cmd.Flags())
	f.listing.register(cmd.Flags())
	f.cluster.register(cmd.Flags())
	return cmd
}

type groupDescribePlan struct {
	flags   *groupDescribeFlags
	listing *listing
	groups  []string
}

func (f *groupDescribeFlags) plan(env *Env, groups []string) (*groupDescribePlan, error) {
	if err := f.watch.plan(); err != nil {
		return nil, err
	}
	l, err := f.listing.plan(env)
	if err != nil {
		return nil, err
	}
	if f.watch.watch && f.listing.output == "yaml" {
		return nil, usagef("--watch -o yaml: want table or json")
	}
	return &groupDescribePlan{f, l, distinct(groups)}, f.cluster.plan(env)
}

// groupItem is a group with its members and partitions.
type groupItem struct {
	Group       string             `json:"group"`
	State       string             `json:"state"`
	Type        string             `json:"type"`
	Protocol    string             `json:"protocol"`
	Coordinator string             `json:"coordinator"`
	Lag         int64              `json:"lag"`
	Members     []groupMemberItem  `json:"members"`
	Partitions  []partitionLagItem `json:"partitions"`
}

// groupMemberItem is a member and what it has. Target is where a consumer group
// (KIP-848) wants it to be, when that is something else.
type groupMemberItem struct {
	MemberID   string            `json:"member_id"`
	ClientID   string            `json:"client_id"`
	InstanceID string            `json:"instance_id"`
	Host       string            `json:"host"`
	Partitions []topicPartitions `json:"partitions"`
	Target     []topicPartitions `json:"target,omitempty"`
}

// topicPartitions are partitions of one topic, ascending.
type topicPartitions struct {
	Topic      string  `json:"topic"`
	Partitions []int32 `json:"partitions"`
}

// byTopic groups partitions, which are sorted.
func byTopic(tps []kafka.TopicPartition) []topicPartitions {
	list := []topicPartitions{}
	for _, tp := range tps {
		if n := len(list); n == 0 || list[n-1].Topic != tp.Topic {
			list = append(list, topicPartitions{Topic: tp.Topic})
		}
		last := &list[len(list)-1]
		last.Partitions = append(last.Partitions, tp.Partition)
	}
	return list
}

// shortPartitions writes partitions as a person would: orders[0-3,7] refunds[1].
func shortPartitions(list []topicPartitions) string {
	var b strings.Builder
	for i, t := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.Topic + "[")
		for j := 0; j < len(t.Partitions); j++ {
			first := j
			for j+1 < len(t.Partitions) && t.Partitions[j+1] == t.Partitions[j]+1 {
				j++
			}
			if first > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.Itoa(int(t.Partitions[first])))
			if j > first {
				b.WriteString("-" + strconv.Itoa(int(t.Partitions[j])))
			}
		}
		b.WriteByte(']')
	}
	return b.String()
}

func itemOf(s *groupSnapshot) groupItem {
	item := groupItem{
		Group: s.info.Name, State: string(s.info.State), Type: s.info.Type, Protocol: s.info.Protocol,
		Coordinator: s.info.Coordinator, Lag: s.lag(), Members: []groupMemberItem{}, Partitions: s.partitions,
	}
	if item.Partitions == nil {
		item.Partitions = []partitionLagItem{}
	}
	for _, m := range s.info.Members {
		member := groupMemberItem{
			MemberID: m.ID, ClientID: m.ClientID, InstanceID: m.InstanceID,
			Host: m.Host, Partitions: byTopic(m.Partitions),
		}
		if target := byTopic(m.Target); shortPartitions(target) != shortPartitions(member.Partitions) && m.Target != nil {
			member.Target = target
		}
		item.Members = append(item.Members, member)
	}
	return item
}

func (p *groupDescribePlan) run(ctx context.Context, env *Env) error {
	return withAdmin(ctx, env, &p.flags.cluster, func(_ *cluster, admin *kafka.Admin) error {
		show := p.show(env)
		return p.flags.watch.run(ctx, p.flags.watch.observer(env, admin), p.groups, show)
	})
}

// show gives what becomes of each look.
func (p *groupDescribePlan) show(env *Env) func([]groupSnapshot) error {
	if p.flags.watch.watch && (p.listing.format == "json" || !env.StdoutTerminal) {
		changes := &groupChanges{listing: p.listing}
		return changes.show
	}
	display := &screen{env: env}
	return func(snapshots []groupSnapshot) error {
		items := make([]groupItem, len(snapshots))
		for i := range snapshots {
			items[i] = itemOf(&snapshots[i])
		}
		var text []byte
		var err error
		if p.listing.format == "table" {
			text = p.appendTables(nil, items)
		} else {
			text, err = p.listing.append(nil, "kstream.group.describe/v1", items, nil)
		}
		switch {
		case err != nil:
		case p.flags.watch.watch:
			err = display.draw(text)
		default:
			_, err = env.Stdout.Write(text)
		}
		return err
	}
}

// appendTables appends three tables for each group, with an empty line between them:
// the group, its members, its partitions.
func (p *groupDescribePlan) appendTables(dst []byte, items []groupItem) []byte {
	for i := range items {
		g := &items[i]
		if i > 0 {
			dst = append(dst, '\n')
		}
		head := &output.Table{Columns: []output.Column{
			{Name: "group"}, {Name: "state"}, {Name: "type"}, {Name: "protocol"}, {Name: "members", Right: true}, {Name: "lag", Right: true}, {Name: "coordinator"},
		}}
		head.Add(g.Group, g.State, g.Type, g.Protocol, strconv.Itoa(len(g.Members)), strconv.FormatInt(g.Lag, 10), g.Coordinator)
		dst = append(p.listing.appendTable(dst, head), '\n')
		members := &output.Table{Columns: []output.Column{
			{Name: "member_id"}, {Name: "client_id"}, {Name: "instance_id"}, {Name: "host"}, {Name: "partitions"},
		}}
		for _, m := range g.Members {
			has := shortPartitions(m.Partitions)
			if m.Target != nil {
				has = fmt.Sprintf("%s -> %s", has, shortPartitions(m.Target))
			}
			members.Add(m.MemberID, m.ClientID, m.InstanceID, m.Host, has)
		}
		dst = append(p.listing.appendTable(dst, members), '\n')
		dst = p.listing.appendTable(dst, lagTable(p.listing, g.Partitions, false))
	}
	return dst
}
