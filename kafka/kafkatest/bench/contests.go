//go:build unix

package main

import (
	"crypto/rand"
	"os/exec"
	"time"
)

// contest is one task: kstream's command, and that of somebody else who does the same.
type contest struct {
	name   string
	ours   func(topic string) []string
	peer   string                      // who theirs is
	theirs func(topic string) []string // nil: nobody is here
	writes bool                        // each run needs an empty topic
	small  bool                        // it is about the time that a command takes at least

	faster float64       // the goal: so many times as fast as the peer; 0: none
	within time.Duration // the goal: the time that it may take; 0: none
	memory int64         // the goal: MB at most; 0: none
	why    string        // a goal is missed, where that is known
}

// smallRounds is how often a small command runs.
const smallRounds = 20

// ours is a command line of kstream.
func (b *bench) ours(args ...string) []string {
	return append(append([]string{b.kstream}, args...), "-b", b.brokers)
}

func (b *bench) contests() []contest {
	kstream := func(args ...string) func(string) []string {
		return func(topic string) []string { return b.ours(append([]string{args[0], topic}, args[1:]...)...) }
	}
	reads := func(args ...string) func(string) []string {
		return kstream(append([]string{"consume", "-e", "-q"}, args...)...)
	}
	fixed := func(args ...string) func(string) []string {
		return func(string) []string { return b.ours(args...) }
	}
	kcat := func(args ...string) func(string) []string {
		if b.kcat == "" {
			return nil
		}
		return func(topic string) []string {
			return append([]string{b.kcat, "-b", b.brokers, "-t", topic}, args...)
		}
	}
	jq := func(filter string) func(string) []string {
		if _, err := exec.LookPath("jq"); err != nil || b.kcat == "" {
			return nil
		}
		return func(topic string) []string {
			const script = `"$0" -C -b "$1" -t "$2" -o beginning -e -q | jq -c "select($3)"`
			return []string{"sh", "-c", script, b.kcat, b.brokers, topic, filter}
		}
	}
	all := []string{"-C", "-o", "beginning", "-e", "-q"}
	const (
		one   = `.favorite_number > 250`
		five  = `.value.favorite_number > 250 and .value.favorite_color == "red" and .value.id >= 0 and (.value.name | startswith("user")) and .partition < 8`
		bound = `.value.favorite_number as $n | $n > 250`
		ms    = time.Millisecond
	)
	group := func(string) []string {
		return b.ours("consume", b.prefix+"-full", "-e", "-q", "-o", "json", "--members", "5", "--group", b.prefix+rand.Text())
	}
	starting := "starting the program is most of it, and a fifth of that the metaschemas of JSON Schema"
	return []contest{
		{
			name: "produce, lz4 on both sides", ours: kstream("produce", b.input, "-q"),
			peer: "kcat, idempotent", theirs: kcat("-P", "-X", "enable.idempotence=true", "-z", "lz4", "-l", b.input), writes: true, faster: 1,
		},
		{
			name: "produce, uncompressed", ours: kstream("produce", b.input, "-q", "-z", "none"),
			peer: "kcat, idempotent", theirs: kcat("-P", "-X", "enable.idempotence=true", "-l", b.input), writes: true, faster: 1,
		},
		{
			name: "produce, each as it comes", ours: kstream("produce", b.input, "-q"),
			peer: "kcat", theirs: kcat("-P", "-l", b.input), writes: true, faster: 1.25,
		},
		{name: "consume, values", ours: reads("-o", "value"), peer: "kcat", theirs: kcat(all...), faster: 2.3, memory: 150},
		{name: "consume, JSON", ours: reads("-o", "json"), peer: "kcat -J", theirs: kcat(append(all, "-J")...), faster: 10, memory: 150},
		{name: "filter of one comparison", ours: reads("--filter", ".value"+one), peer: "kcat, jq", theirs: jq(one), faster: 6},
		{name: "the same", ours: reads("--filter", ".value"+one), peer: "kstream, values", theirs: reads("-o", "value"), faster: 1 / 1.5},
		{name: "filter of five conditions", ours: reads("--filter", five), peer: "kstream, values", theirs: reads("-o", "value"), faster: 1 / 2.5},
		{name: "filter that jq decides", ours: reads("--filter", bound), peer: "kcat, jq", theirs: jq(one)},
		{name: "five members, JSON", ours: group, memory: 300},
		{name: "topic list", ours: fixed("topic", "list"), peer: "kcat -L", theirs: kcat("-L"), small: true, within: 40 * ms, why: starting},
		{name: "topic describe", ours: func(topic string) []string { return b.ours("topic", "describe", topic) }, small: true, within: 40 * ms, why: starting},
		{name: "topic offsets", ours: func(topic string) []string { return b.ours("topic", "offsets", topic) }, small: true, within: 40 * ms, why: starting},
		{name: "group list", ours: fixed("group", "list"), small: true, within: 40 * ms, why: starting},
		{name: "group lag", ours: fixed("group", "lag"), small: true, within: 60 * ms, why: starting},
		{name: "consume -n 1", ours: kstream("consume", "-q", "-n", "1"), peer: "kcat -c 1", theirs: kcat("-C", "-q", "-c", "1"), small: true, within: 40 * ms, why: starting},
		{name: "consume --last 1", ours: kstream("consume", "-q", "--last", "1"), small: true, within: 40 * ms, why: starting},
		{name: "produce --value", ours: func(string) []string { return b.ours("produce", b.prefix+"-full", "-q", "--value", "x") }, small: true, within: 20 * ms, why: starting},
	}
}
