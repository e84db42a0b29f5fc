package cmd

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"kstream/cmd/cli"
)

// everyCommand calls do for all commands and pages below c.
func everyCommand(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		everyCommand(sub, do)
	}
}

func testRoot() *cobra.Command {
	env := cli.NewEnv()
	env.Stdout, env.Stderr, env.Getenv = io.Discard, io.Discard, func(string) string { return "" }
	env.Environ, env.Stdin = os.Environ(), strings.NewReader("")
	return newRoot(env)
}

func TestHelpFitsItsWidth(t *testing.T) {
	for _, width := range []int{80, 100} {
		everyCommand(testRoot(), func(c *cobra.Command) {
			if c.Name() == "completion" || c.HasParent() && c.Parent().Name() == "completion" {
				return // cobra's texts
			}
			for _, short := range []bool{true, false} {
				page := commandPage(c, width, short)
				if !c.HasParent() {
					page = rootPage(c, width)
				}
				for i, line := range strings.Split(page, "\n") {
					if n := utf8.RuneCountInString(line); n > width {
						t.Errorf("%s, line %d of %d columns for %d: %s", c.CommandPath(), i+1, n, width, line)
					}
					if strings.TrimRight(line, " ") != line {
						t.Errorf("%s, line %d ends with a blank: %q", c.CommandPath(), i+1, line)
					}
				}
			}
		})
	}
}

func TestHelpOfConsumeFitsThreeScreens(t *testing.T) {
	c, _, err := testRoot().Find([]string{"consume"})
	if err != nil {
		t.Fatal(err)
	}
	c.InitDefaultHelpFlag()
	if lines := strings.Count(commandPage(c, 80, true), "\n"); lines > 3*24 {
		t.Errorf("it has %d lines", lines)
	}
	if page := commandPage(c, 80, true); strings.Contains(page, "auto-register") || !strings.Contains(page, "--proto-path") {
		t.Errorf("it lists flags that only write, or lacks some that read:\n%s", page)
	}
}

// TestHelpNamesEveryFlag looks for each flag of a command on both of its pages.
func TestHelpNamesEveryFlag(t *testing.T) {
	everyCommand(testRoot(), func(c *cobra.Command) {
		if c.IsAdditionalHelpTopicCommand() {
			return
		}
		for _, row := range flagRows(c.LocalFlags(), c.InheritedFlags()) {
			for _, short := range []bool{true, false} {
				if !strings.Contains(commandPage(c, 80, short), row.name) && row.name != "--help" {
					t.Errorf("%s: %s is not in the help", c.CommandPath(), row.name)
				}
			}
		}
	})
}

func TestHelpExamples(t *testing.T) {
	got := examples(`  kstream topic list   all
  kstream replay orders orders-test --from-offset -1h --filter '.value.total > 100' --mask .value.email
  kstream topic describe orders   a comment that is far too long to stand behind its command`, 60)
	want := `  kstream topic list  all
  kstream replay orders orders-test --from-offset -1h \
      --filter '.value.total > 100' --mask .value.email
  # a comment that is far too long to stand behind its command
  kstream topic describe orders
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestReferenceIsCurrent compares docs/reference with the commands. UPDATE=1 writes it.
func TestReferenceIsCurrent(t *testing.T) {
	const kept = "../docs/reference"
	if os.Getenv("UPDATE") != "" {
		if err := writeMarkdown(testRoot(), kept); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	if err := writeMarkdown(testRoot(), dir); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(contents(t, dir), contents(t, kept)); diff != "" {
		t.Errorf("docs/reference is not what the commands say (-want +got); kstream docs markdown docs/reference writes it:\n%s", diff)
	}
}

// contents returns the texts of the files in dir by their names.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		texts[e.Name()] = string(text)
	}
	return texts
}
