package cmd

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"kstream/cmd/cli"
	"kstream/cmd/consume"
	"kstream/cmd/generate"
	"kstream/cmd/input"
	"kstream/kafka/position"
	"kstream/output"
	"kstream/output/format"
)

func TestHelpTopicsFitAScreen(t *testing.T) {
	for _, c := range helpTopics() {
		lines := strings.Split(commandPage(c, 80, false), "\n")
		if len(lines) > 60 && c.Name() != "config" { // which has a line or two for each of its keys
			t.Errorf("%s has %d lines", c.Name(), len(lines))
		}
		for i, line := range lines {
			if n := utf8.RuneCountInString(line); n > 80 {
				t.Errorf("%s:%d has %d columns", c.Name(), i+1, n)
			}
			if strings.TrimRight(line, " \t") != line {
				t.Errorf("%s:%d ends with a blank", c.Name(), i+1)
			}
		}
		if !c.IsAdditionalHelpTopicCommand() {
			t.Errorf("%s is no help topic", c.Name())
		}
	}
}

func TestHelpPositionsAreUnderstood(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	same := func(forms string) {
		var first position.Position
		for i, form := range strings.Split(forms, "|") {
			got, err := position.Parse(form, now)
			if err != nil {
				t.Error(err)
			} else if i == 0 {
				first = got
			} else if got.String() != first.String() {
				t.Errorf("%s is %s, unlike the first of %s", form, got, forms)
			}
		}
	}
	for _, p := range positionForms() {
		same(strings.ReplaceAll(p.form, "TIME", "-1h"))
	}
	for _, p := range timeForms() {
		for form := range strings.SplitSeq(p.form, "|") {
			if _, err := position.ParseTime(form, now); err != nil {
				t.Error(err)
			}
			same(form)
		}
	}
	for _, unit := range strings.Fields("ms s m h d w") {
		if _, err := position.ParseDuration("1" + unit); err != nil {
			t.Error(err)
		}
	}
}

func TestHelpFormatIsUnderstood(t *testing.T) {
	for _, v := range outputNames() {
		f := consume.OutputOptions{Output: v.form, Delimiter: `\n`, Set: func(string) bool { return false }}
		if _, err := f.Plan(&cli.Env{Getenv: func(string) string { return "" }}, false); err != nil {
			t.Error(err)
		}
	}
	for _, v := range inputNames() {
		files := map[bool][]string{true: {"help_topics.go"}}[v.form == "file"]
		c := input.Config{Format: v.form, Files: files}
		if err := c.Check(); err != nil {
			t.Error(err)
		}
	}
	for _, v := range formatVerbs() {
		if _, err := format.Parse(v.form, format.Options{}); err != nil {
			t.Error(err)
		}
	}
	modifier := regexp.MustCompile(`\{[^}]*\}`)
	for i, verb := range []string{"%o", "%v"} {
		for _, m := range modifier.FindAllString(formatModifiers()[i].meaning, -1) {
			if _, err := format.Parse(verb+m, format.Options{}); err != nil {
				t.Error(err)
			}
		}
	}
	quoted := regexp.MustCompile(`-([io]) '([^']*)'`)
	for _, m := range quoted.FindAllStringSubmatch(formatPage(), -1) {
		var err error
		if m[1] == "o" {
			_, err = format.Parse(m[2], format.Options{})
		} else {
			_, err = format.NewReader(m[2], strings.NewReader(""), format.ReaderOptions{})
		}
		if err != nil {
			t.Error(err)
		}
	}
	page := formatPage()
	for letter := range strings.SplitSeq("tTkKvVhHpodia", "") { // all that format.Parse knows
		if !strings.Contains(page, "%"+letter) {
			t.Errorf("%%%s is not on the page", letter)
		}
	}
}

// TestHelpGenerateNamesEveryFunction compares the page with the functions in the source.
func TestHelpGenerateNamesEveryFunction(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "generate/functions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	ast.Inspect(file, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if kind, ok := lit.Type.(*ast.SelectorExpr); !ok || kind.Sel.Name != "FuncMap" {
			return true
		}
		for _, e := range lit.Elts {
			name, err := strconv.Unquote(e.(*ast.KeyValueExpr).Key.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, name)
		}
		return false
	})
	calls := []string{"seq 100"}
	for _, f := range generateFunctions() {
		calls = append(calls, strings.Split(f.form, "|")...)
	}
	for _, names := range generateFacts() {
		calls = append(calls, strings.Fields(names)...)
	}
	var got []string
	templates := []string{generateExample}
	for _, call := range calls {
		got = append(got, strings.Fields(call)[0])
		templates = append(templates, "{{"+call+"}}")
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Errorf("the page against the source (-source +page):\n%s", diff)
	}
	for _, template := range templates {
		g, err := generate.New(context.Background(), generate.Config{Value: template, Count: 1, Seed: 1, Now: time.Now})
		if err != nil {
			t.Error(err)
			continue
		}
		b := input.NewBatch()
		_ = g.ReadBatch(b) // io.EOF, or an error that leaves no record
		if len(b.Records) != 1 || len(b.Records[0].Value.Bytes) == 0 {
			t.Errorf("%s makes no value", template)
		}
	}
}

func TestHelpRecordLineIsOne(t *testing.T) {
	var decoder output.Decoder
	line, err := decoder.Decode([]byte(recordLineExample()))
	if err != nil {
		t.Fatal(err)
	}
	if line.Topic != "orders" || string(line.Value.Bytes) != `{"a": 1}` || len(line.Headers) != 1 {
		t.Errorf("it reads as %+v", line)
	}
	if !strings.Contains(strings.ReplaceAll(recordLinePage(), "\n  ", ""), recordLineExample()) {
		t.Error("the page lacks it")
	}
}

// TestHelpEnvironmentNamesEveryVariable compares the page with the variables that stand
// in the source.
func TestHelpEnvironmentNamesEveryVariable(t *testing.T) {
	variable := regexp.MustCompile(`^(KSTREAM_[A-Z_]*|[A-Z]*_?COLOR|CLICOLOR_FORCE|XDG_[A-Z_]*)$`)
	found := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || path == "help_topics.go" {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && variable.MatchString(text) {
					found[text] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 8 {
		t.Fatalf("only %v are in the source", found)
	}
	page := environmentPage()
	for name := range found {
		if !strings.Contains(page, name) {
			t.Errorf("%s is not on the page", name)
		}
	}
	for _, v := range environmentVariables() {
		if name := strings.TrimSuffix(v.form, "NAME"); !found[name] {
			t.Errorf("%s is on the page, and nothing reads it", v.form)
		}
	}
}
