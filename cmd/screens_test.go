//go:build unix

package cmd

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"kstream/kafka/embedded"
	"kstream/kafka/kafkatest/tmux"
)

// On terminals of any size no table is wider than the terminal, and no view that is drawn
// anew scrolls it: with many partitions, long names, and characters of two columns.
func TestScreens(t *testing.T) {
	t.Parallel()
	wide := "wide-" + strings.Repeat("x", 190) + "-end"
	group := "グループ-😀-" + strings.Repeat("g", 170) + "-終わり"
	broker, err := embedded.Start(embedded.Config{Topics: []embedded.Topic{{Name: wide, Partitions: 60}, {Name: "short", Partitions: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	})
	kstream := func(args ...string) {
		t.Helper()
		cmd := exec.Command("kstream", args...)
		cmd.Env = append(os.Environ(), "KSTREAM_BROKERS="+broker.Addr())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	kstream("produce", wide, "-q", "--generate", "{{seq}}", "-n", "600", "--partitioner", "round-robin")
	kstream("consume", wide, "-g", group, "-n", "60", "-o", "none")

	type screen struct {
		args  string
		shows []string // at the end
		keys  []string // that are pressed then, in a view that stays
		then  []string // shown after that
	}
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 50}} {
		width, height := size[0], size[1]
		for _, s := range []screen{
			{args: "topic list --sizes", shows: []string{"wide-x", "x-end", "short"}},
			{args: "topic describe " + wide, shows: []string{"59 "}},
			{args: "group list", shows: []string{"グループ-😀", "終わり"}},
			{args: "group lag", shows: []string{"グループ-😀", "終わり", "540"}},
			{args: "group lag '" + group + "'", shows: []string{"x-end", "no_commit"}},
			{args: "group describe '" + group + "'", shows: []string{"x-end", "no_commit"}},
			{args: "group lag --watch", shows: []string{"グループ-😀", "540", "q quit"}, keys: []string{"q"}},
			{args: "group lag --by partition --watch", shows: []string{"グループ-", "no_commit", "lines 1–", "of 6"}, keys: []string{"G"}, then: []string{" 59 "}},
			{args: "group describe '" + group + "' --watch", shows: []string{"グループ-😀", "lines 1–", "q quit"}, keys: []string{"/", "5", "9", "Enter"}, then: []string{" 59 ", "filter: 59"}},
			{args: "consume short -g other -m 3 --watch", shows: []string{"other", "q quit"}},
		} {
			t.Run(fmt.Sprintf("%dx%d %.24s", width, height, s.args), func(t *testing.T) {
				t.Parallel()
				environ := []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + t.TempDir(), "KSTREAM_BROKERS=" + broker.Addr()}
				term := tmux.Start(t, width, height, environ, "clear; kstream "+s.args+"; echo status $?")
				watches := strings.Contains(s.args, "--watch")
				shows := s.shows
				if !watches {
					shows = append(shows, "status 0")
				}
				term.AwaitText(shows...)
				if len(s.keys) > 0 {
					term.Keys(s.keys...)
					term.AwaitText(s.then...)
				}
				if wrapped := term.Wrapped(); wrapped != nil {
					t.Errorf("wider than the terminal:\n%s", strings.Join(wrapped, "\n"))
				}
				if n := term.Scrolled(); watches && n > 0 {
					t.Errorf("scrolled by %d lines", n)
				}
				if watches {
					term.Keys("q")
					term.AwaitText("status 0")
				}
			})
		}
	}

	// A pipe gets all of it.
	t.Run("pipe", func(t *testing.T) {
		cmd := exec.Command("kstream", "group", "lag", "--by", "partition", "-b", broker.Addr())
		out, err := cmd.Output()
		if err != nil || strings.Count(string(out), wide) != 60 || strings.Count(string(out), group) != 60 {
			t.Errorf("%v; the pipe has\n%s", err, out)
		}
	})
}
