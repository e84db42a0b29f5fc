//go:build unix

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// result is what the runs of a contest took.
type result struct {
	contest
	ours, theirs []sample
}

func (s sample) seconds() float64 { return s.wall.Seconds() }

// median is the middle of what of says about samples.
func median[T cmp.Ordered](samples []sample, of func(sample) T) T {
	values := sorted(samples, of)
	return values[len(values)/2]
}

func sorted[T cmp.Ordered](samples []sample, of func(sample) T) []T {
	var values []T
	for _, s := range samples {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return values
}

// times shows a median and its range, in seconds or, of a small command, milliseconds.
func (r *result) times(samples []sample) string {
	if len(samples) == 0 {
		return "–"
	}
	scale, unit, format := 1.0, "s", "%.2f %s (%.2f–%.2f)"
	if r.small {
		scale, unit, format = 1000, "ms", "%.0f %s (%.0f–%.0f)"
	}
	values := sorted(samples, sample.seconds)
	return fmt.Sprintf(format, scale*median(samples, sample.seconds), unit, scale*values[0], scale*values[len(values)-1])
}

// ratio is how many times as fast as the peer kstream is, by something that was measured.
func (r *result) ratio(of func(sample) float64) float64 {
	return median(r.theirs, of) / median(r.ours, of)
}

func cpuSeconds(s sample) float64 { return s.cpu.Seconds() }

func megabytes(s sample) int64 { return s.peak >> 20 }

// goal shows what is wanted and whether it is so.
func (r *result) goal() string {
	var wanted []string
	met := true
	want := func(what string, is bool) {
		wanted = append(wanted, what)
		met = met && is
	}
	if r.faster > 0 && len(r.theirs) > 0 {
		want(fmt.Sprintf("≥ %.2g ×", r.faster), r.ratio(sample.seconds) >= r.faster)
	}
	if r.within > 0 {
		want(fmt.Sprintf("≤ %d ms", r.within.Milliseconds()), median(r.ours, sample.seconds) <= r.within.Seconds())
	}
	if r.memory > 0 {
		want(fmt.Sprintf("≤ %d MB", r.memory), median(r.ours, megabytes) <= r.memory)
	}
	switch text := strings.Join(wanted, ", "); {
	case text == "":
		return ""
	case met:
		return text + ": met"
	case r.why != "":
		return text + ": missed; " + r.why
	default:
		return text + ": missed"
	}
}

// cells is the row of a result, behind its name.
func (r *result) cells() string {
	ratio, cpu := "–", "–"
	if len(r.theirs) > 0 {
		ratio = fmt.Sprintf("%.2f", r.ratio(sample.seconds))
		cpu = fmt.Sprintf("%.2f", r.ratio(cpuSeconds))
	}
	return fmt.Sprintf("%s | %s | %s | %s | %s | %d | %s", r.times(r.ours), cmp.Or(r.peer, "–"), r.times(r.theirs), ratio, cpu,
		median(r.ours, megabytes), r.goal())
}

// page is docs/benchmarks.md.
func (b *bench) page(ctx context.Context, results []result) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, `# Benchmarks

`+"`make bench`"+` measures this anew and writes this page: each command and its peer in turns, against Apache
Kafka on the same machine, the output to the null device. A time is the median, with the range;
what the machine does besides is in all of them, so the ratios say more than the times, and those
of processor time most.

%s: %d processors, load %s at the end; %s, %s; %s; %s; %s.
%d records of %d bytes (JSON), %d partitions, %d rounds; small commands %d.

| | kstream | peer | the peer's time | times as fast | by processor time | MB | goal |
|---|---|---|---|---|---|---|---|
`, time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), load(), runtime.GOOS, runtime.GOARCH,
		version(ctx, b.kstream, "version"), version(ctx, "kcat", "-V"), version(ctx, "jq", "--version"),
		b.records, lineBytes, partitions, b.rounds, smallRounds)
	for i := range results {
		fmt.Fprintf(&out, "| %s | %s |\n", results[i].name, results[i].cells())
	}
	return out.Bytes()
}

// load is the load of the last minute, where the system tells.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// version is how a program names its version.
func version(ctx context.Context, program string, args ...string) string {
	text, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil && len(text) == 0 {
		return filepath.Base(program) + " is not here"
	}
	found := regexp.MustCompile(`(?m)^(?:Version +|kstream +|jq-)([^ \n]+)`).FindSubmatch(text)
	if found == nil {
		return filepath.Base(program) + " of an unknown version"
	}
	return filepath.Base(program) + " " + string(found[1])
}
