package cmd

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// place decides which brokers are to have the replicas of the topics, and adds what changes
// to the items.
func (p *topicAlterPlan) place(ctx context.Context, env *cli.Env, admin *kafka.Admin, items []*topicAlterItem) error {
	cluster, err := admin.Cluster(ctx)
	if err != nil {
		return err
	}
	want := p.flags.replicas
	if len(cluster.Brokers) < want {
		return cli.Usagef("--replication %d: %s up, and a broker keeps one replica of a partition", want, cli.Count(int64(len(cluster.Brokers)), "broker"))
	}
	load := map[int32]int{}
	for _, item := range items {
		for _, part := range item.topic.Partitions {
			for _, id := range part.Replicas {
				load[id]++
			}
		}
	}
	for _, item := range items {
		if item.Cause != nil {
			continue
		}
		for _, part := range item.topic.Partitions {
			replicas := placed(&part, want, cluster.Brokers, load)
			if slices.Equal(replicas, part.Replicas) {
				continue
			}
			if item.replicas == nil {
				item.replicas = map[int32][]int32{}
			}
			item.replicas[part.ID] = replicas
			item.Changes = append(item.Changes, topicChange{fmt.Sprintf("replicas[%d]", part.ID), cli.JoinIDs(part.Replicas), new(cli.JoinIDs(replicas))})
		}
		if item.replicas == nil {
			env.Notice("%s: it has %s of each partition already", item.Topic, cli.Count(int64(want), "replica"))
		}
	}
	return nil
}

// placed returns the brokers that are to have a partition: as many as wanted of those that
// have it, the preferred one and those in sync before others; then those with the fewest
// replicas, in racks that have the fewest of this partition. load counts along.
func placed(part *kafka.Partition, want int, brokers []kafka.Broker, load map[int32]int) []int32 {
	racks := map[string]int{}
	rackOf := map[int32]string{}
	for _, b := range brokers {
		rackOf[b.ID] = b.Rack
	}
	kept := slices.Clone(part.Replicas)
	if len(kept) > want {
		behind := func(id int32) int {
			if id == part.Replicas[0] && slices.Contains(part.ISR, id) || id == part.Leader {
				return 0
			}
			if slices.Contains(part.ISR, id) {
				return 1
			}
			return 2
		}
		ranked := slices.Clone(kept)
		slices.SortStableFunc(ranked, func(a, b int32) int { return cmp.Compare(behind(a), behind(b)) })
		kept = slices.DeleteFunc(kept, func(id int32) bool { return !slices.Contains(ranked[:want], id) })
	}
	for _, id := range kept {
		racks[rackOf[id]]++
	}
	for len(kept) < want {
		free := slices.DeleteFunc(slices.Clone(brokers), func(b kafka.Broker) bool { return slices.Contains(kept, b.ID) })
		next := slices.MinFunc(free, func(a, b kafka.Broker) int {
			return cmp.Or(cmp.Compare(racks[a.Rack], racks[b.Rack]), cmp.Compare(load[a.ID], load[b.ID]), cmp.Compare(a.ID, b.ID))
		})
		kept = append(kept, next.ID)
		load[next.ID]++
		racks[next.Rack]++
	}
	return kept
}

// reassign has the replicas moved, and waits for that up to the timeout.
func (p *topicAlterPlan) reassign(ctx context.Context, env *cli.Env, admin *kafka.Admin, item *topicAlterItem) error {
	if err := admin.Reassign(ctx, item.Topic, item.replicas); err != nil {
		return err
	}
	done, err := admin.AwaitReplicas(ctx, item.Topic, item.replicas)
	if err == nil && !done {
		env.Notice("%s: its replicas are still being copied; kstream topic describe %s shows how far they are", item.Topic, item.Topic)
	}
	return err
}
