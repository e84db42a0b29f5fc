//go:build unix

package cmd

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"kstream/kafka/kafkatest"
)

// topic NAME PARTITIONS [CONFIG=VALUE…] creates a topic.
func cmdTopic(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: topic NAME PARTITIONS [CONFIG=VALUE…]")
	}
	partitions, err := strconv.ParseInt(args[1], 10, 32)
	ts.Check(err)
	ctx, cancel := inTime()
	defer cancel()
	ts.Check(scriptOf(ts).witness.CreateTopic(ctx, args[0], int32(partitions), args[2:]...))
}

// no-topic NAME… fails when one of the topics exists.
func cmdNoTopic(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: no-topic NAME…")
	}
	ctx, cancel := inTime()
	defer cancel()
	there, err := scriptOf(ts).witness.Topics(ctx)
	ts.Check(err)
	for _, name := range args {
		if slices.Contains(there, name) {
			ts.Fatalf("topic %s exists", name)
		}
	}
}

// await-lag GROUP N waits until the group has committed something and its lag
// over all partitions of the topics it committed to is N.
func cmdAwaitLag(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await-lag GROUP N")
	}
	want, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ctx, cancel := inTime()
	defer cancel()
	var total int64
	var partitions int
	err = until(ctx, func() (bool, error) {
		lag, err := scriptOf(ts).witness.Lag(ctx, args[0])
		total, partitions = 0, len(lag)
		for _, n := range lag {
			total += n
		}
		return partitions > 0 && total == want, err
	})
	if err != nil {
		ts.Fatalf("group %s: lag %d over %d partitions, want %d: %v", args[0], total, partitions, want, err)
	}
}

// settled TOPIC waits until no transaction is open in the topic.
func cmdSettled(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: settled TOPIC")
	}
	ctx, cancel := inTime()
	defer cancel()
	if err := until(ctx, func() (bool, error) { return scriptOf(ts).witness.Settled(ctx, args[0]) }); err != nil {
		ts.Fatalf("topic %s: a transaction is open: %v", args[0], err)
	}
}

// committed GROUP prints the committed offsets of a group, a line for each
// partition: TOPIC PARTITION OFFSET. The command stdout can match them.
func cmdCommitted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: committed GROUP")
	}
	ctx, cancel := inTime()
	defer cancel()
	offsets, err := scriptOf(ts).witness.Committed(ctx, args[0])
	ts.Check(err)
	var text strings.Builder
	for _, p := range sortedByPartition(offsets) {
		fmt.Fprintf(&text, "%s %d %d\n", p.Topic, p.Number, offsets[p])
	}
	_, err = io.WriteString(ts.Stdout(), text.String()) // also when empty: it replaces what an earlier command printed
	ts.Check(err)
}

// kafka-tool CLASS ARGS… runs an admin class of Apache Kafka against the
// script's cluster; the command stdout can match what it prints. It needs the
// real tier: guard it with [kafka].
func cmdKafkaTool(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: kafka-tool CLASS ARGS…")
	}
	if realBrokers() == "" {
		ts.Fatalf("kafka-tool needs Apache Kafka: write [kafka] before it")
	}
	ctx, cancel := inTime()
	defer cancel()
	out, err := kafkatest.Tool(ctx, args[0], append([]string{"--bootstrap-server", scriptOf(ts).brokers}, args[1:]...)...)
	_, printed := io.WriteString(ts.Stdout(), out)
	ts.Check(printed)
	switch {
	case neg && err == nil:
		ts.Fatalf("%s went well", args[0])
	case !neg && err != nil:
		ts.Fatalf("%v", err)
	}
}
