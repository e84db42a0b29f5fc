package cmd

import (
	"bytes"
	"encoding/json"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kstream/cmd/cli"
	"kstream/kafka"
)

func TestVersionFrom(t *testing.T) {
	for name, c := range map[string]struct {
		version  string
		settings []debug.BuildSetting
		want     programVersion
		line     string
	}{
		"a release":     {version: "v1.2.3", want: programVersion{Version: "v1.2.3"}, line: "kstream     v1.2.3"},
		"a tree":        {version: "(devel)", want: programVersion{Version: "devel"}, line: "kstream     devel"},
		"nothing known": {want: programVersion{Version: "devel"}, line: "kstream     devel"},
		"a tree with changes": {
			version: "(devel)",
			settings: []debug.BuildSetting{
				{Key: "vcs", Value: "git"},
				{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"},
				{Key: "vcs.time", Value: "2026-11-22T10:00:00Z"},
				{Key: "vcs.modified", Value: "true"},
			},
			want: programVersion{
				Version: "devel", Revision: "0123456789abcdef0123456789abcdef01234567", Time: "2026-11-22T10:00:00Z", Modified: true,
			},
			line: "kstream     devel 0123456789ab, modified",
		},
		"a short revision": {
			version: "v1.0.0", settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "7"}},
			want: programVersion{Version: "v1.0.0", Revision: "7"}, line: "kstream     v1.0.0 7",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := versionFrom(&debug.BuildInfo{Main: debug.Module{Version: c.version}, Settings: c.settings})
			if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(got, "Go", "Librdkafka", "Platform")); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if line, _, _ := strings.Cut(got.text(), "\n"); line != c.line {
				t.Errorf("text begins with %q, want %q", line, c.line)
			}
		})
	}
}

// runAlone runs a command that needs no cluster and gives what it printed.
func runAlone(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot(&cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }})
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestVersionCommand(t *testing.T) {
	text, err := runAlone(t, "version", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var got programVersion
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := programVersion{
		Go: strings.TrimPrefix(runtime.Version(), "go"), Librdkafka: kafka.LibraryVersion(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(got, "Version", "Revision", "Time", "Modified")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if strings.Count(got.Librdkafka, ".") < 2 || got.Version == "" {
		t.Errorf("got librdkafka %q, version %q", got.Librdkafka, got.Version)
	}

	command, err := runAlone(t, "version")
	if err != nil {
		t.Fatal(err)
	}
	flag, err := runAlone(t, "--version")
	if err != nil {
		t.Fatal(err)
	}
	if command != flag || strings.Count(command, "\n") != 4 {
		t.Errorf("version prints\n%s--version prints\n%s", command, flag)
	}
	if _, err := runAlone(t, "version", "-o", "yaml"); err == nil || err.Error() != "--output yaml: want text or json" {
		t.Errorf("-o yaml: %v", err)
	}
}

func TestCompletionForEveryShell(t *testing.T) {
	for shell, sign := range map[string]string{
		"bash":       "complete -o default -F __start_kstream kstream",
		"zsh":        "#compdef kstream",
		"fish":       "complete -c kstream",
		"powershell": "Register-ArgumentCompleter -CommandName 'kstream'",
	} {
		text, err := runAlone(t, "completion", shell)
		if err != nil {
			t.Errorf("%s: %v", shell, err)
		} else if !strings.Contains(text, sign) {
			t.Errorf("%s: no %q in its %d bytes", shell, sign, len(text))
		}
	}
	text, err := runAlone(t, "__complete", "con")
	if err != nil || !strings.Contains(text, "consume\tPrint records as they arrive\n") {
		t.Errorf("con is completed as %q, %v", text, err)
	}
}

func TestRootHelpIsOneScreen(t *testing.T) {
	text, err := runAlone(t, "--help")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) > 54 {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > 120 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	example, group := strings.Index(text, "  kstream demo "), strings.Index(text, "\nTry it\n")
	if example < 0 || group < 0 || group < example {
		t.Errorf("the examples are not first:\n%s", text)
	}

	root := newRoot(&cli.Env{Getenv: func(string) string { return "" }})
	ids := []string{}
	for _, g := range root.Groups() {
		ids = append(ids, g.ID)
	}
	for _, c := range root.Commands() {
		if !c.IsAdditionalHelpTopicCommand() && !slices.Contains(ids, c.GroupID) {
			t.Errorf("%s is in no group of the help", c.Name())
		}
		if !strings.Contains(text, c.Name()) {
			t.Errorf("%s is not in the help", c.Name())
		}
	}
}
