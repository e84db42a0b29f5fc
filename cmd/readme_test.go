//go:build unix

package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/cmd/cli"
	"kstream/kafka/embedded"
)

// readmeLimit bounds one command line of the README.
const readmeLimit = 20 * time.Second

// example is a line of a console block, and what it prints.
type example struct {
	line    int // in the file
	command string
	want    []string
}

// readBlocks returns the examples of each console block of a page, and the text of each
// other block by its language.
func readBlocks(text string) (console [][]example, others map[string]string) {
	others = map[string]string{}
	language, inside := "", false
	for i, line := range strings.Split(text, "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && inside:
			inside = false
		case isFence:
			language, inside = fence, true
			if language == "console" {
				console = append(console, nil)
			}
		case !inside:
		case language != "console":
			others[language] += line + "\n"
		default:
			block := &console[len(console)-1]
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				*block = append(*block, example{line: i + 1, command: command})
			} else if n := len(*block); n > 0 {
				(*block)[n-1].want = append((*block)[n-1].want, line)
			}
		}
	}
	return console, others
}

// TestReadme runs every console line of the README, in order, against one embedded
// broker, and compares what it prints: times, ids and addresses aside, and the order of
// lines too, as partitions are read side by side.
func TestReadme(t *testing.T) {
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(page), "\n"); n > 260 {
		t.Errorf("%d lines", n)
	}
	blocks, others := readBlocks(string(page))
	if len(blocks) < 8 {
		t.Fatalf("%d console blocks", len(blocks))
	}
	broker, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	}()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("home/.config/kstream/config.yaml", strings.ReplaceAll(others["yaml"], "localhost:9092", broker.Addr()))
	for _, e := range slices.Concat(blocks...) {
		if name, ok := strings.CutPrefix(e.command, "cat "); ok {
			write(name, strings.Join(e.want, "\n")+"\n")
		}
	}
	environ := slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "KSTREAM_") })
	environ = append(environ, "HOME="+filepath.Join(dir, "home"), "XDG_CONFIG_HOME="+filepath.Join(dir, "home/.config"), "TZ=UTC", "LC_ALL=C.UTF-8")

	demo, tasks := blocks[0], blocks[1:]
	t.Run("blocks", func(t *testing.T) { // side by side, as the demo takes seconds
		t.Run("demo", func(t *testing.T) {
			t.Parallel()
			for _, e := range demo {
				e.run(t, dir, environ)
			}
		})
		t.Run("tasks", func(t *testing.T) {
			t.Parallel()
			for _, e := range slices.Concat(tasks...) {
				environ := slices.Clip(environ)
				if !strings.Contains(e.command, " -c local") { // the variable would count before the context
					environ = append(environ, "KSTREAM_BROKERS="+broker.Addr())
				}
				e.run(t, dir, environ)
			}
		})
	})
}

// run runs the command by the shell and compares what it prints.
func (e example) run(t *testing.T, dir string, environ []string) {
	t.Helper()
	for _, program := range []string{"jq", "python3"} {
		if _, err := exec.LookPath(program); err != nil && regexp.MustCompile(`(^|')`+program+" ").MatchString(e.command) {
			t.Skipf("README.md:%d and all after it: no %s", e.line, program)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), readmeLimit)
	defer cancel()
	shell := exec.CommandContext(ctx, "sh", "-c", e.command)
	shell.Dir, shell.Env, shell.WaitDelay = dir, environ, time.Second
	out, err := shell.CombinedOutput()
	var status *exec.ExitError
	if err != nil && (!errors.As(err, &status) || ctx.Err() != nil) {
		t.Fatalf("README.md:%d: %s: %v\n%s", e.line, e.command, err, out)
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(out) == 0 {
		got = nil
	}
	ofDemo := strings.HasPrefix(e.command, "kstream demo")
	if diff := cmp.Diff(comparable(e.want, ofDemo), comparable(got, ofDemo)); diff != "" {
		t.Errorf("README.md:%d: %s\n-README +now\n%s\nIt printed:\n%s", e.line, e.command, diff, out)
	}
}

// comparable is lines in which all that differs from run to run has a name instead, sorted.
func comparable(lines []string, ofDemo bool) []string {
	text := strings.Join(lines, "\n")
	for _, r := range varying() {
		if ofDemo || !r.ofDemo {
			text = r.pattern.ReplaceAllString(text, r.name)
		}
	}
	sorted := slices.Sorted(strings.SplitSeq(text, "\n"))
	for i := range sorted {
		sorted[i] = strings.TrimSpace(sorted[i])
	}
	if ofDemo {
		sorted = slices.Compact(sorted) // how often the members take turns depends on who comes first
	}
	return sorted
}

// variation is text that differs from run to run. ofDemo is for the records of the demo,
// which are random, and which member owns what there.
type variation struct {
	pattern *regexp.Regexp
	name    string
	ofDemo  bool
}

func varying() []variation {
	return []variation{
		{regexp.MustCompile(`\b1[0-9]{12}\b`), "MILLISECONDS", false},
		{regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)`), "TIME", false},
		{regexp.MustCompile(`[0-9a-f]{32}`), "ID", false},
		{regexp.MustCompile(`(127\.0\.0\.1|localhost):\d+`), "ADDRESS", false},
		{regexp.MustCompile(`(?m)[ \t][A-Za-z0-9_+/-]{22}$`), " TOPIC-ID", false},
		{regexp.MustCompile(`-[0-9a-f]{8} where`), "-NAME where", false},
		{regexp.MustCompile(` in [0-9.]+s \([^)]*/s\)`), "", false},
		{regexp.MustCompile(`[ \t]+`), " ", false},
		{regexp.MustCompile(`"(version|revision|time|go|librdkafka|platform)":"[^"]*"`), `"$1":"…"`, false},
		{regexp.MustCompile(`"modified":(true|false)`), `"modified":…`, false},
		{regexp.MustCompile(`kstream-demo-[A-Z0-9]+`), "TOPIC", true},
		{regexp.MustCompile(`\[\d+(,\d+)*\](@\d+)?`), "[P]", true},
		{regexp.MustCompile(`owns \d+`), "owns N", true},
		{regexp.MustCompile(`member \d`), "member N", true},
		{regexp.MustCompile(`kstream-\d-`), "kstream-N-", true},
		{regexp.MustCompile(`key \d+`), "key K", true},
		{regexp.MustCompile(`"name":"[^"]*","favorite_color":"[^"]*","favorite_number":\d+`), "FIELDS", true},
	}
}

// TestScriptingPage holds the table of docs/scripting.md against the code: every exit
// code has its row, and every error code stands in the row of the exit code it ends with.
func TestScriptingPage(t *testing.T) {
	page, err := os.ReadFile("../docs/scripting.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("cli/exit.go")
	if err != nil {
		t.Fatal(err)
	}
	row := func(exit int) string {
		return regexp.MustCompile(fmt.Sprintf(`(?m)^\| %d \|.*$`, exit)).FindString(string(page))
	}
	for _, s := range cli.ExitStatuses() {
		if !strings.HasPrefix(row(s.Code), fmt.Sprintf("| %d | %s | ", s.Code, s.Name)) {
			t.Errorf("no row for exit code %d, %s", s.Code, s.Name)
		}
	}
	codes := regexp.MustCompile(`(?m)^\t[Cc]ode\w+\s+Code = "([a-z_]+)"`).FindAllSubmatch(source, -1)
	if len(codes) < 20 {
		t.Fatalf("cli/exit.go has %d error codes", len(codes))
	}
	for _, c := range codes {
		code := cli.Code(c[1])
		if !strings.Contains(row(cli.ExitOf(code)), "`"+string(code)+"`") {
			t.Errorf("%s is not in the row of exit code %d", code, cli.ExitOf(code))
		}
	}
}
