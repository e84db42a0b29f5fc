//go:build unix

// Command bench compares kstream with kcat, and kcat with jq, on a real broker: it writes and
// reads the same records through both, in turns, so that a busy moment of the machine
// hits both, and writes docs/benchmarks.md: medians, ranges, ratios and goals. Without kcat it
// measures kstream alone.
//
//	go run ./kafka/kafkatest/cluster run -- go run ./kafka/kafkatest/bench -kstream ./kstream
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"kstream/kafka/kafkatest"
	"kstream/kafka/witness"
)

// lineBytes is the length of each generated record without its newline.
const lineBytes = 113

const partitions = 10

// bench is one comparison on one cluster.
type bench struct {
	brokers, kstream, kcat string // kcat is "" when it is not installed
	records, rounds        int
	input                  string // a file of records lines
	prefix                 string // of topic names
	witness                *witness.Client
}

// sample is one run of one program.
type sample struct {
	wall, cpu time.Duration
	peak      int64 // resident bytes
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	b := bench{brokers: os.Getenv(kafkatest.BrokersVariable), prefix: "bench-" + strings.ToLower(rand.Text()[:6])}
	flag.StringVar(&b.kstream, "kstream", "./kstream", "the program to measure")
	flag.IntVar(&b.records, "n", 1_000_000, "records")
	flag.IntVar(&b.rounds, "rounds", 7, "rounds")
	var write string
	flag.StringVar(&write, "write", "", "write the page to a file instead of stdout")
	flag.Parse()
	if b.brokers == "" {
		return errors.New(kafkatest.BrokersVariable + " is not set: run me with make bench")
	}
	if b.kcat, err = exec.LookPath("kcat"); err != nil {
		fmt.Fprintln(os.Stderr, "kcat is not installed (Debian package kcat): measuring kstream alone")
	}
	dir, err := os.MkdirTemp("", "kstream-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b.input = filepath.Join(dir, "records.ndjson")
	if err := generate(b.input, b.records); err != nil {
		return err
	}
	if b.witness, err = witness.Open(b.brokers); err != nil {
		return err
	}
	defer b.witness.Close()
	defer func() { err = errors.Join(err, b.witness.DeleteTopics(context.WithoutCancel(ctx), b.prefix)) }()
	results, err := b.compare(ctx)
	if err != nil {
		return err
	}
	page := b.page(ctx, results)
	if write == "" {
		_, err = os.Stdout.Write(page)
		return err
	}
	return os.WriteFile(write, page, 0o644)
}

// generate writes n lines of NDJSON, each lineBytes long, that differ.
func generate(path string, n int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	colors := []string{"red", "green", "blue", "yellow", "violet"}
	for i := range n {
		line := fmt.Sprintf(`{"id":%d,"name":"user-%07d","favorite_color":%q,"favorite_number":%d,"note":"`,
			i, i*7919%n, colors[i%len(colors)], i%256)
		fmt.Fprintf(w, "%s%s\"}\n", line, strings.Repeat("x", max(0, lineBytes-2-len(line))))
	}
	return errors.Join(w.Flush(), f.Close()) // Flush returns the first error of all the writes
}

func (b *bench) compare(ctx context.Context) ([]result, error) {
	full := b.prefix + "-full"
	if err := b.fill(ctx, full); err != nil {
		return nil, err
	}
	var results []result
	for _, c := range b.contests() {
		r := result{contest: c}
		rounds := b.rounds
		if c.small {
			rounds = smallRounds
		}
		for round := range rounds {
			s, err := b.once(ctx, c, "kstream", c.ours, full, round)
			if err != nil {
				return nil, err
			}
			r.ours = append(r.ours, s)
			if c.theirs == nil {
				continue
			}
			if s, err = b.once(ctx, c, "peer", c.theirs, full, round); err != nil {
				return nil, err
			}
			r.theirs = append(r.theirs, s)
		}
		fmt.Fprintf(os.Stderr, "%s: %s\n", c.name, r.cells())
		results = append(results, r)
	}
	return results, nil
}

// fill makes the topic that is read, and checks on the way that kstream writes
// and reads every record, so that no ratio is won by doing less.
func (b *bench) fill(ctx context.Context, topic string) error {
	if err := b.witness.CreateTopic(ctx, topic, partitions); err != nil {
		return err
	}
	if _, err := measure(ctx, io.Discard, b.ours("produce", topic, b.input, "-q")); err != nil {
		return err
	}
	if err := b.stored(ctx, topic); err != nil {
		return err
	}
	var lines counter
	if _, err := measure(ctx, &lines, b.ours("consume", topic, "-e", "-q", "-o", "value")); err != nil {
		return err
	}
	if int(lines) != b.records {
		return fmt.Errorf("kstream printed %d lines of %d records", lines, b.records)
	}
	return nil
}

// stored checks that a topic holds every record once.
func (b *bench) stored(ctx context.Context, topic string) error {
	ends, err := b.witness.Ends(ctx, topic)
	if err != nil {
		return err
	}
	var total int64
	for _, end := range ends {
		total += end
	}
	if total != int64(b.records) {
		return fmt.Errorf("%s holds %d records, want %d", topic, total, b.records)
	}
	return nil
}

// once runs one side of a contest.
func (b *bench) once(ctx context.Context, c contest, side string, args func(string) []string, full string, round int) (sample, error) {
	if !c.writes {
		return measure(ctx, nil, args(full))
	}
	topic := fmt.Sprintf("%s-%s-%d", b.prefix, side, round)
	if err := b.witness.CreateTopic(ctx, topic, partitions); err != nil {
		return sample{}, err
	}
	s, err := measure(ctx, nil, args(topic))
	if err != nil {
		return s, err
	}
	return s, errors.Join(b.stored(ctx, topic), b.witness.DeleteTopics(ctx, topic))
}

// measure runs a program to its end. Its output goes to w, or, when w is nil, to the null device.
func measure(ctx context.Context, w io.Writer, args []string) (sample, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = w, &stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return sample{}, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, stderr.Bytes())
	}
	s := sample{wall: time.Since(began), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.peak = usage.Maxrss << 10 // KiB on Linux; macOS counts bytes
		if runtime.GOOS == "darwin" {
			s.peak >>= 10
		}
	}
	return s, nil
}

// counter counts the lines written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(bytes.Count(p, []byte{'\n'}))
	return len(p), nil
}
