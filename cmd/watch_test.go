//go:build unix

package cmd

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"kstream/kafka/embedded"
	"kstream/kafka/kafkatest/tmux"
)

// watchedTopic is what the tests of the live view read: ten partitions with as many
// records each.
const watchedTopic, watchedRecords = "orders", 1000

// startWatch starts a consume with the live view in a terminal, and gives the
// directory that it runs in. redirect says what the shell does with its streams; nobody
// reads the pipe pipe.
func startWatch(t *testing.T, redirect string, flags ...string) (term *tmux.Terminal, dir string) {
	t.Helper()
	broker, err := embedded.Start(embedded.Config{Topics: []embedded.Topic{{Name: watchedTopic, Partitions: 10}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	})
	produce := exec.Command("kstream", "produce", watchedTopic, "-b", broker.Addr(), "-q",
		"--generate", "{{seq}}", "-n", fmt.Sprint(watchedRecords), "--partitioner", "round-robin")
	if out, err := produce.CombinedOutput(); err != nil {
		t.Fatalf("produce: %v\n%s", err, out)
	}
	dir = t.TempDir()
	command := fmt.Sprintf("cd %s; stty -a >before; mkfifo pipe; sleep 600 <pipe & kstream consume %s -g watched -m 5 --watch -b %s %s %s; echo status $?; stty -a >after; echo over",
		dir, watchedTopic, broker.Addr(), strings.Join(flags, " "), redirect)
	return tmux.Start(t, 80, 24, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + dir}, command), dir
}

// memberRow is the row of a member in the live view: its number, its state, and its
// cells of the grid.
var memberRow = regexp.MustCompile(`(?m)^[▸ ] +([0-9]+) (running|joining|frozen|leaving) +([·■◆](?: [·■◆]){9}) `)

// holds returns how many partitions each member has on the screen, by number, the frozen
// ones with an f.
func holds(screen string) map[string]int {
	held := map[string]int{}
	for _, row := range memberRow.FindAllStringSubmatch(screen, -1) {
		number := row[1]
		if row[2] == "frozen" {
			number += "f"
		}
		held[number] = strings.Count(row[3], "■") + strings.Count(row[3], "◆")
	}
	return held
}

// awaitHolds waits until the members on the screen have so many partitions each.
func awaitHolds(t *testing.T, term *tmux.Terminal, want map[string]int) {
	t.Helper()
	term.Await(fmt.Sprint("members to own ", want), func(screen string) bool {
		return cmp.Equal(holds(screen), want) && !strings.Contains(screen, "not ours")
	})
}

// TestWatch watches a group through a real terminal: members leave, join, freeze, and
// the partitions follow. What is printed is complete and without a double, the summary
// comes at the end, and the terminal is as it was before.
func TestWatch(t *testing.T) {
	t.Parallel()
	term, dir := startWatch(t, ">out", "--assignor", "range", "-X", "max.poll.interval.ms=6000", "-X", "session.timeout.ms=6000")
	term.AwaitText("group watched · orders · classic range", "+ add  - remove  f freeze  q quit")
	awaitHolds(t, term, map[string]int{"1": 2, "2": 2, "3": 2, "4": 2, "5": 2})
	term.AwaitText("1000 records", "lag 0")

	term.Keys("5", "-")
	term.Await("four members with all partitions", func(screen string) bool {
		held := holds(screen)
		counts := []int{held["1"], held["2"], held["3"], held["4"]}
		slices.Sort(counts)
		return len(held) == 4 && slices.Equal(counts, []int{2, 2, 3, 3})
	})
	term.AwaitText("member 5  left", "1000 records")

	term.Keys("+")
	awaitHolds(t, term, map[string]int{"1": 2, "2": 2, "3": 2, "4": 2, "6": 2})

	term.Keys("6", "f")
	term.Await("the group to lose the frozen member", func(screen string) bool {
		held := holds(screen)
		return held["6f"] == 0 && held["1"]+held["2"]+held["3"]+held["4"] == 10
	})
	term.Keys("f")
	awaitHolds(t, term, map[string]int{"1": 2, "2": 2, "3": 2, "4": 2, "6": 2})

	term.Resize(44, 16)
	term.Await("44 columns", func(screen string) bool {
		return strings.Contains(screen, "5 members · 10 partitions") && strings.Contains(screen, "orders 0 ") && len(holds(screen)) == 0
	})
	term.Resize(80, 24)
	awaitHolds(t, term, map[string]int{"1": 2, "2": 2, "3": 2, "4": 2, "6": 2})

	term.Keys("q")
	screen := term.AwaitText("member 1: ", "member 6: ", "status 0", "over")
	if strings.Contains(screen, "group watched") {
		t.Errorf("the picture is still there:\n%s", screen)
	}
	wantSettings(t, dir)
	wantRecords(t, filepath.Join(dir, "out"))
}

// TestWatchHurry lets nobody read what is printed, so that the members cannot leave in
// order: a second Ctrl-C kills, and the terminal is as before.
func TestWatchHurry(t *testing.T) {
	t.Parallel()
	term, dir := startWatch(t, ">pipe", "-o", "'%v "+strings.Repeat("x", 200)+`\n'`)
	awaitFull(t, filepath.Join(dir, "pipe"))
	term.Keys("C-c")
	term.AwaitText("leaving…")
	term.Keys("C-c")
	term.AwaitText("status 130", "over")
	wantSettings(t, dir)
}

// awaitFull waits until a named pipe takes no more.
func awaitFull(t *testing.T, pipe string) {
	t.Helper()
	ctx, cancel := inTime()
	defer cancel()
	err := until(ctx, func() (bool, error) {
		file, err := os.OpenFile(pipe, os.O_WRONLY|unix.O_NONBLOCK, 0)
		if err != nil { // not made yet, or nobody has opened it for reading
			return false, nil
		}
		defer file.Close()
		writable := []unix.PollFd{{Fd: int32(file.Fd()), Events: unix.POLLOUT}}
		n, err := unix.Poll(writable, 0)
		return err == nil && n == 0, nil
	})
	if err != nil {
		t.Fatalf("%s is not full: %v", pipe, err)
	}
}

// TestWatchKeys reads keys from the terminal although stdin is something else.
func TestWatchKeys(t *testing.T) {
	t.Parallel()
	term, dir := startWatch(t, "</dev/null 2>&1 | cat >out", "--exit")
	term.AwaitText("status 0", "over") // stderr is no terminal here
	text, err := os.ReadFile(filepath.Join(dir, "out"))
	if want := "kstream: --watch draws on stderr, and that is no terminal that can show it\n"; err != nil || !bytes.HasPrefix(text, []byte(want)) {
		t.Errorf("got %q and %v, want %q", text, err, want)
	}
	term, dir = startWatch(t, "</dev/null | cat >out")
	awaitHolds(t, term, map[string]int{"1": 2, "2": 2, "3": 2, "4": 2, "5": 2})
	term.Keys("C-c")
	term.AwaitText("member 5: ", "status 0", "over")
	wantSettings(t, dir)
	wantRecords(t, filepath.Join(dir, "out"))
}

// TestWatchAlone prints nothing but the view when stdout is the terminal, and refuses
// what would.
func TestWatchAlone(t *testing.T) {
	t.Parallel()
	term, _ := startWatch(t, "", "-n", "1000")
	screen := term.AwaitText("member 5: ", "status 0", "over")
	if !strings.HasPrefix(screen, "member 1: ") {
		t.Errorf("more than the summary:\n%s", screen)
	}
	term, _ = startWatch(t, "", "-o", "csv")
	term.AwaitText("kstream: --watch draws on the terminal, where --output would print too", "status 8")
}

// wantSettings checks that the terminal has the settings that it had before.
func wantSettings(t *testing.T, dir string) {
	t.Helper()
	var settings []string
	for _, name := range []string{"before", "after"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		settings = append(settings, string(text))
	}
	if diff := cmp.Diff(settings[0], settings[1]); diff != "" {
		t.Errorf("settings of the terminal (-before +after):\n%s", diff)
	}
}

// wantRecords checks that every record was printed exactly once.
func wantRecords(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(text))
	slices.Sort(lines)
	if distinct := slices.Compact(slices.Clone(lines)); len(lines) != watchedRecords || len(distinct) != watchedRecords {
		t.Errorf("%d records, %d different ones, want %d", len(lines), len(distinct), watchedRecords)
	}
}
