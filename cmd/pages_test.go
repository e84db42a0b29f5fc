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
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/cmd/cli"
	"kstream/kafka/embedded"
)

// exampleLimit bounds one command line of a page.
const exampleLimit = 60 * time.Second

// page is a page of documentation with console blocks: lines that begin with $ are commands,
// and what follows them is what they print.
type page struct {
	path   string
	lines  []string
	blocks []consoleBlock
	others map[string]string // the text of the other blocks, by language

	mu      sync.Mutex
	printed map[int][]string // what examples print that is not on the page, by their lines
}

// consoleBlock is a console block below a heading.
type consoleBlock struct {
	heading  string
	examples []example
}

// example is a command, and what it prints.
type example struct {
	line    int // in the file, from 1
	command string
	want    []string
}

func readPage(t *testing.T, path string) *page {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := &page{path: strings.TrimPrefix(path, "../"), lines: strings.Split(string(text), "\n"), others: map[string]string{}, printed: map[int][]string{}}
	heading, language, inside := "", "", false
	for i, line := range p.lines {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && inside:
			inside = false
		case isFence:
			language, inside = fence, true
			if language == "console" {
				p.blocks = append(p.blocks, consoleBlock{heading: heading})
			}
		case !inside:
			if strings.HasPrefix(line, "#") {
				heading = strings.TrimLeft(line, "# ")
			}
		case language != "console":
			p.others[language] += line + "\n"
		default:
			examples := &p.blocks[len(p.blocks)-1].examples
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				*examples = append(*examples, example{line: i + 1, command: command})
			} else if n := len(*examples); n > 0 {
				(*examples)[n-1].want = append((*examples)[n-1].want, line)
			}
		}
	}
	return p
}

// update writes the page anew with what its examples print, if UPDATE is set.
func (p *page) update(t *testing.T) {
	t.Helper()
	if os.Getenv("UPDATE") == "" {
		return
	}
	for _, b := range slices.Backward(p.blocks) {
		for _, e := range slices.Backward(b.examples) {
			if got, ok := p.printed[e.line]; ok {
				p.lines = slices.Replace(p.lines, e.line, e.line+len(e.want), got...)
			}
		}
	}
	if err := os.WriteFile("../"+p.path, []byte(strings.Join(p.lines, "\n")), 0o644); err != nil { //nolint:gosec // as git has it
		t.Fatal(err)
	}
}

// shell is where the examples of a page are run: a folder, and variables.
type shell struct {
	page    *page
	dir     string
	environ []string
}

// shell returns a shell in a new folder, with the files in it that the examples show by cat.
func (p *page) shell(t *testing.T, examples []example) *shell {
	t.Helper()
	sh := &shell{page: p, dir: t.TempDir()}
	for _, e := range examples {
		if name, ok := strings.CutPrefix(e.command, "cat "); ok {
			sh.write(t, name, strings.Join(e.want, "\n")+"\n")
		}
	}
	home := filepath.Join(sh.dir, "home")
	sh.environ = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "KSTREAM_") })
	sh.environ = append(sh.environ, "HOME="+home, "XDG_CONFIG_HOME="+filepath.Join(home, ".config"), "TZ=UTC", "LC_ALL=C.UTF-8")
	return sh
}

func (sh *shell) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(sh.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// startBroker starts an embedded broker that ends with the test, and returns its address.
func startBroker(t *testing.T) string {
	t.Helper()
	broker, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	})
	return broker.Addr()
}

// run runs an example with variables besides those of the shell, and compares what it prints.
// One that fails must show why.
func (sh *shell) run(t *testing.T, e example, vars ...string) {
	t.Helper()
	for _, program := range []string{"jq", "python3"} {
		if _, err := exec.LookPath(program); err != nil && regexp.MustCompile(`(^|['|] ?)`+program+" ").MatchString(e.command) {
			t.Skipf("%s:%d and all after it: no %s", sh.page.path, e.line, program)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), exampleLimit)
	defer cancel()
	command := exec.CommandContext(ctx, "/bin/sh", "-c", e.command)
	command.Dir, command.Env, command.WaitDelay = sh.dir, slices.Concat(sh.environ, vars), time.Second
	out, err := command.CombinedOutput()
	var status *exec.ExitError
	if err != nil && (!errors.As(err, &status) || ctx.Err() != nil || len(e.want) == 0) {
		t.Fatalf("%s:%d: %s: %v\n%s", sh.page.path, e.line, e.command, err, out)
	}
	var got []string
	if len(out) > 0 {
		got = strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	}
	if diff := cmp.Diff(e.comparable(e.want), e.comparable(got)); diff != "" {
		t.Errorf("%s:%d: %s\n-page +now\n%s\nIt printed:\n%s", sh.page.path, e.line, e.command, diff, out)
		for i := range got {
			got[i] = strings.TrimRight(got[i], " \t")
		}
		sh.page.mu.Lock()
		defer sh.page.mu.Unlock()
		sh.page.printed[e.line] = got
	}
}

// onceForAll lets a test run beside others, and only where the others have the embedded
// broker: it starts brokers of its own, and would do the same again on Apache Kafka.
func onceForAll(t *testing.T) {
	t.Helper()
	if realBrokers() != "" {
		t.Skip("it runs on embedded brokers, with make test")
	}
	t.Parallel()
}

// TestReadme runs every console line of the README, in order, against one embedded broker.
func TestReadme(t *testing.T) {
	onceForAll(t)
	p := readPage(t, "../README.md")
	if n := len(p.lines) - 1; n > 250 {
		t.Errorf("%d lines", n)
	}
	if len(p.blocks) < 8 {
		t.Fatalf("%d console blocks", len(p.blocks))
	}
	broker := startBroker(t)
	var examples []example
	for _, b := range p.blocks[1:] {
		examples = append(examples, b.examples...)
	}
	sh := p.shell(t, examples)
	sh.write(t, "home/.config/kstream/config.yaml", strings.ReplaceAll(p.others["yaml"], "localhost:9092", broker))
	t.Run("blocks", func(t *testing.T) { // side by side, as the demo takes seconds
		t.Run("demo", func(t *testing.T) {
			t.Parallel()
			for _, e := range p.blocks[0].examples {
				sh.run(t, e)
			}
		})
		t.Run("tasks", func(t *testing.T) {
			t.Parallel()
			for _, e := range examples {
				var vars []string
				if !strings.Contains(e.command, " -c local") { // the variable would count before the context
					vars = append(vars, "KSTREAM_BROKERS="+broker)
				}
				sh.run(t, e, vars...)
			}
		})
	})
	p.update(t)
}

// TestCookbook and TestStreams run each recipe against a broker of its own, on which the
// first block of the page was run.
func TestCookbook(t *testing.T) { testRecipes(t, "../docs/cookbook.md", 30) }

func TestStreams(t *testing.T) { testRecipes(t, "../docs/streams.md", 8) }

func testRecipes(t *testing.T, path string, least int) {
	onceForAll(t)
	p := readPage(t, path)
	if n := len(p.blocks) - 1; n < least {
		t.Errorf("%d recipes", n)
	}
	t.Run("recipes", func(t *testing.T) {
		for _, b := range p.blocks[1:] {
			t.Run(b.heading, func(t *testing.T) {
				t.Parallel()
				examples := slices.Concat(p.blocks[0].examples, b.examples)
				sh, broker := p.shell(t, examples), startBroker(t)
				for _, e := range examples {
					sh.run(t, e, "KSTREAM_BROKERS="+broker)
				}
			})
		}
	})
	p.update(t)
}

// comparable is lines that e printed, with names in the place of all that differs from run
// to run. Records of several partitions, and lines of several members, have no order unless
// the command sorts them. How often those of the demo take turns
// depends on who comes first.
func (e example) comparable(lines []string) []string {
	ofDemo := strings.HasPrefix(e.command, "kstream demo")
	named := make([]string, len(lines))
	for i, line := range lines {
		for _, v := range varying() {
			if ofDemo || !v.ofDemo {
				line = v.pattern.ReplaceAllString(line, v.name)
			}
		}
		named[i] = strings.TrimRight(line, " ")
	}
	if strings.Contains(e.command, " --members ") || strings.Contains(e.command, "kstream consume ") && !strings.Contains(e.command, "--sort") {
		slices.Sort(named)
	}
	if ofDemo {
		named = slices.Compact(named)
	}
	return named
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
		{regexp.MustCompile(`-[0-9a-f]{8} where`), "-NAME where", false},
		{regexp.MustCompile(` in [0-9.]+s \([^)]*/s\)`), "", false},
		{regexp.MustCompile(`[ \t]+`), " ", false},
		{regexp.MustCompile(`\d+ no_owner$`), "MILLISECONDS no_owner", false},
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

// TestReadmeLinksEveryPage looks for each page of docs in the README, and for each link's file.
func TestReadmeLinksEveryPage(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) < 8 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(pages, "../docs/reference/README.md") {
		if name := strings.TrimPrefix(path, "../"); !strings.Contains(string(text), "]("+name+")") {
			t.Errorf("README.md has no link to %s", name)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(([^):#]+)\)`).FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat("../" + link[1]); err != nil {
			t.Errorf("README.md: %v", err)
		}
	}
}
