//go:build unix

package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/cmd/cli"
	"kstream/kafka/kafkatest"
)

// listedItems runs a command that must end with code, and reads the items of its JSON.
func listedItems[T any](s *stage, code int, args ...string) (items []T, said string) {
	s.t.Helper()
	p := s.start(append(args, "-o", "json")...)
	said = p.wait(code)
	var document struct{ Items []T }
	if err := json.Unmarshal([]byte(p.printed()), &document); err != nil {
		s.t.Fatalf("%v: %v\n%s", args, err, p.printed())
	}
	return document.Items, said
}

// kafkaPartitions reads what TopicCommand --describe says of the partitions of a topic.
func kafkaPartitions(t *testing.T, c *kafkatest.Cluster, args ...string) map[string]string {
	t.Helper()
	out := c.MustTool(t, "TopicCommand", append([]string{"--describe"}, args...)...)
	line := regexp.MustCompile(`Topic: (\S+)\s+Partition: (\d+)\s+Leader: (\S+)\s+Replicas: (\S*)\s+Isr: (\S*)`)
	found := map[string]string{}
	for _, m := range line.FindAllStringSubmatch(out, -1) {
		isr := strings.Split(m[5], ",")
		slices.Sort(isr)
		found[m[1]+"["+m[2]+"]"] = fmt.Sprintf("leader %s, replicas %s, in sync %s", m[3], m[4], strings.Join(isr, ","))
	}
	return found
}

// ourPartitions returns the same of topics as kstream describes them, and their states.
func ourPartitions(topics []topicItem) (found, states map[string]string) {
	found, states = map[string]string{}, map[string]string{}
	for _, topic := range topics {
		for _, p := range topic.Partitions {
			leader := fmt.Sprint(p.Leader)
			if p.Leader < 0 {
				leader = "none"
			}
			isr := slices.Sorted(slices.Values(p.ISR))
			name := fmt.Sprintf("%s[%d]", topic.Topic, p.Partition)
			found[name] = fmt.Sprintf("leader %s, replicas %s, in sync %s", leader, cli.JoinIDs(p.Replicas), cli.JoinIDs(isr))
			states[name] = p.State
		}
	}
	return found, states
}

// Topics of three brokers, one of which is killed and comes back: what kstream shows is
// what Kafka's own tools show.
func TestTopicsOfThreeBrokers(t *testing.T) {
	s, c := clusterStage(t, kafkatest.Options{Nodes: 3, Heap: "320m"})
	safe, strict, lone := s.topic+"-safe", s.topic+"-strict", s.topic+"-lone"
	s.start("topic", "create", safe, "--partitions", "3", "--replication", "3", "--config", "min.insync.replicas=2", "--config", "segment.ms=60000").wait(0)
	s.start("topic", "create", strict, "--partitions", "1", "--replication", "3", "--config", "min.insync.replicas=3").wait(0)
	c.MustTool(t, "TopicCommand", "--create", "--topic", lone, "--replica-assignment", "2")
	p := s.start("produce", safe)
	p.feed("a\nb\nc\nd\n")
	p.closeInput()
	p.wait(0)

	describe := func(code int) (found, states map[string]string, topics []topicItem) {
		t.Helper()
		topics, _ = listedItems[topicItem](s, code, "topic", "describe", safe, strict, lone)
		found, states = ourPartitions(topics)
		return found, states, topics
	}
	wantSame := func(when string) {
		t.Helper()
		ours, _, _ := describe(0)
		if diff := cmp.Diff(kafkaPartitions(t, c, "--topic", s.topic+"-.*"), ours); diff != "" {
			t.Errorf("%s (-Kafka's tool +kstream):\n%s", when, diff)
		}
	}
	problems := func() map[string][2]int {
		t.Helper()
		p := s.start("topic", "list", "--problems", s.topic+"-*", "-o", "json")
		<-p.ended
		var document struct{ Items []topicListItem }
		if err := json.Unmarshal([]byte(p.printed()), &document); err != nil {
			return nil // who is asked may be the broker that has just gone
		}
		counts := map[string][2]int{}
		for _, i := range document.Items {
			counts[i.Topic] = [2]int{i.UnderReplicated, i.Offline}
		}
		return counts
	}
	awaitProblems := func(want map[string][2]int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 3*scriptLimit)
		defer cancel()
		var got map[string][2]int
		if err := until(ctx, func() (bool, error) { got = problems(); return cmp.Equal(want, got), nil }); err != nil {
			t.Fatalf("topics with problems %v, want %v: %v", got, want, err)
		}
	}
	awaitProblems(map[string][2]int{})
	wantSame("all brokers are up")
	wantTopicFormats(s, c, safe, strict, lone)
	wantClusterFormats(s, c)

	// settings: only what is named changes; the tool's change stays
	c.MustTool(t, "ConfigCommand", "--alter", "--entity-type", "topics", "--entity-name", safe, "--add-config", "retention.ms=777000")
	s.start("topic", "alter", safe, "--config", "max.message.bytes=54321", "--delete-config", "segment.ms").wait(0)
	_, _, topics := describe(0)
	config := map[string]string{}
	for _, setting := range topics[0].Config {
		if setting.Source == "dynamic_topic_config" {
			config[setting.Name] = setting.Value
		}
	}
	if diff := cmp.Diff(map[string]string{"min.insync.replicas": "2", "retention.ms": "777000", "max.message.bytes": "54321"}, config); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	out := c.MustTool(t, "ConfigCommand", "--describe", "--entity-type", "topics", "--entity-name", safe)
	for name, value := range config {
		if !strings.Contains(out, "  "+name+"="+value+" ") {
			t.Errorf("Kafka's tool does not show %s=%s:\n%s", name, value, out)
		}
	}
	if strings.Contains(out, "segment.ms") {
		t.Errorf("Kafka's tool still shows segment.ms:\n%s", out)
	}

	// a topic that does not exist does not hide the others
	items, said := listedItems[topicItem](s, 1, "topic", "describe", s.topic+"-none", safe)
	if len(items) != 1 || items[0].Topic != safe || !strings.Contains(said, "none: no such topic") {
		t.Errorf("described %v, said %s", items, said)
	}
	s.start("topic", "describe", s.topic+"-none").wait(3)

	if err := c.Kill(2); err != nil {
		t.Fatal(err)
	}
	awaitProblems(map[string][2]int{safe: {3, 0}, strict: {1, 0}, lone: {1, 1}})
	wantSame("one broker is away")
	_, states, _ := describe(0)
	want := map[string]string{
		safe + "[0]": "under_replicated", safe + "[1]": "under_replicated", safe + "[2]": "under_replicated",
		strict + "[0]": "under_min_isr", lone + "[0]": "offline",
	}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	for flag, state := range map[string][]string{
		"--unavailable-partitions":      {"offline"},
		"--under-min-isr-partitions":    {"offline", "under_min_isr"},
		"--under-replicated-partitions": {"offline", "under_min_isr", "under_replicated"},
	} {
		theirs := slices.Sorted(maps.Keys(kafkaPartitions(t, c, "--topic", s.topic+"-.*", flag)))
		var found []string
		for name := range states {
			if slices.Contains(state, states[name]) {
				found = append(found, name)
			}
		}
		slices.Sort(found)
		if diff := cmp.Diff(theirs, found); diff != "" {
			t.Errorf("%s (-Kafka's tool +kstream):\n%s", flag, diff)
		}
	}

	// offsets of what has a leader, and the reason for what has none
	offsets, said := listedItems[topicOffsetsItem](s, 1, "topic", "offsets", safe, lone)
	var ours strings.Builder
	for _, o := range offsets {
		fmt.Fprintf(&ours, "%s:%d:%d\n", o.Topic, o.Partition, o.End)
	}
	if diff := cmp.Diff(c.MustTool(t, "GetOffsetShell", "--topic", safe), ours.String()); diff != "" {
		t.Errorf("offsets (-Kafka's tool +kstream):\n%s", diff)
	}
	if !strings.Contains(said, lone+"[0]: no leader within ") {
		t.Errorf("of the partition without a leader it said %s", said)
	}
	brokers, _ := listedItems[clusterBrokerItem](s, 0, "cluster", "brokers")
	if len(brokers) != 2 {
		t.Errorf("brokers that are up: %v", brokers)
	}
	count := s.start("topic", "count", safe)
	count.wait(0)
	if got := count.printed(); got != "4\n" {
		t.Errorf("counted %q, want 4", got)
	}

	restart(t, c, 2)
	awaitProblems(map[string][2]int{})
	wantSame("the broker is back")
}

// Sizes on disk are those that Kafka's own tool tells; other replicas and leaders are those
// that were asked for.
func TestReplicasOfThreeBrokers(t *testing.T) {
	s, c := clusterStage(t, kafkatest.Options{Nodes: 3, Heap: "320m"})
	s.start("topic", "create", s.topic, "--partitions", "4", "--replication", "1").wait(0)
	p := s.start("produce", s.topic, "--generate", "{{seq}} a record of some length", "-n", "10000", "--partitioner", "round-robin")
	p.wait(0)

	kafkaSizes := func() map[string]int64 {
		t.Helper()
		out := c.MustTool(t, "LogDirsCommand", "--describe", "--topic-list", s.topic)
		var told struct {
			Brokers []struct {
				Broker  int
				LogDirs []struct {
					Partitions []struct {
						Partition string
						Size      int64
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(out[strings.Index(out, "{"):]), &told); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		sizes := map[string]int64{}
		for _, b := range told.Brokers {
			for _, d := range b.LogDirs {
				for _, p := range d.Partitions {
					sizes[fmt.Sprintf("%s on %d", p.Partition, b.Broker)] += p.Size
				}
			}
		}
		return sizes
	}
	compare := func() {
		t.Helper()
		topics, _ := listedItems[topicItem](s, 0, "topic", "describe", s.topic)
		ours, total := map[string]int64{}, int64(0)
		for _, p := range topics[0].Partitions {
			for i, id := range p.Replicas {
				ours[fmt.Sprintf("%s-%d on %d", s.topic, p.Partition, id)] = *p.ReplicaBytes[i]
				total += *p.ReplicaBytes[i]
			}
		}
		if d := cmp.Diff(kafkaSizes(), ours); d != "" {
			t.Errorf("sizes (-Kafka's +ours):\n%s", d)
		}
		listed, _ := listedItems[topicListItem](s, 0, "topic", "list", s.topic, "--sizes")
		if total == 0 || *topics[0].Bytes != total || *listed[0].Bytes != total {
			t.Errorf("described as %d, listed as %d bytes, want %d", *topics[0].Bytes, *listed[0].Bytes, total)
		}
	}
	compare()
	for _, replicas := range []int{3, 2} {
		s.start("topic", "alter", s.topic, "--replication", fmt.Sprint(replicas)).wait(0)
		topics, _ := listedItems[topicItem](s, 0, "topic", "describe", s.topic)
		for _, p := range topics[0].Partitions {
			if len(p.Replicas) != replicas || len(p.ISR) != replicas {
				t.Errorf("partition %d has replicas %v, %v in sync, want %d", p.Partition, p.Replicas, p.ISR, replicas)
			}
		}
		compare()
	}
	brokers, _ := listedItems[clusterBrokerItem](s, 0, "cluster", "brokers")
	for _, b := range brokers {
		if b.Bytes == nil || *b.Usable <= 0 || len(b.LogDirs) != 1 {
			t.Errorf("broker %d: %+v", b.Broker, b)
		}
	}

	// A broker that was away leads nothing, until its partitions elect it again.
	await := func(what string, done func(topicItem) bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 3*scriptLimit)
		defer cancel()
		var said string
		err := until(ctx, func() (bool, error) {
			p := s.start("topic", "describe", s.topic, "-o", "json")
			<-p.ended
			said = p.printed()
			var document struct{ Items []topicItem }
			return json.Unmarshal([]byte(said), &document) == nil && len(document.Items) == 1 && done(document.Items[0]), nil
		})
		if err != nil {
			t.Fatalf("%s: %v\n%s", what, err, said)
		}
	}
	if err := c.Kill(2); err != nil {
		t.Fatal(err)
	}
	await("another leader for each partition of a broker that is gone", func(topic topicItem) bool {
		return !slices.ContainsFunc(topic.Partitions, func(p topicPartitionItem) bool { return p.Leader == 2 || p.Leader < 0 })
	})
	if err := c.Restart(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	await("all replicas in sync", func(topic topicItem) bool { return topic.UnderReplicated == 0 })
	plan, _ := listedItems[clusterElectItem](s, 0, "cluster", "elect", s.topic, "--dry-run")
	elected, _ := listedItems[clusterElectItem](s, 0, "cluster", "elect", s.topic)
	if len(plan) == 0 || len(plan) != len(elected) {
		t.Fatalf("%d to elect, %d elected", len(plan), len(elected))
	}
	for _, e := range elected {
		if e.New == nil || *e.New != e.Replicas[0] {
			t.Errorf("%s[%d] has leader %v, want %d", e.Topic, e.Partition, e.New, e.Replicas[0])
		}
	}
}
