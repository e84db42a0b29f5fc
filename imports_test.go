package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// guarded are the modules, and parts of them, that only the packages whose row has the
// name on the right may import. The longest path counts.
func guarded() map[string]string {
	return map[string]string{
		"github.com/confluentinc/confluent-kafka-go": "confluent-kafka-go",
		"github.com/spf13/cobra":                     "cobra",
		"github.com/spf13/pflag":                     "pflag",
		"github.com/charmbracelet":                   "lipgloss",
		"charm.land":                                 "bubbletea",
		"github.com/twmb/franz-go":                   "kgo", // the client, and all that is for it
		"github.com/twmb/franz-go/pkg/kfake":         "kfake",
		"github.com/twmb/franz-go/pkg/kmsg":          "kmsg",
		"github.com/twmb/franz-go/pkg/kbin":          "kmsg",
		"github.com/twmb/franz-go/pkg/kerr":          "kmsg",
		"github.com/twmb/franz-go/pkg/kversion":      "kmsg",
		"github.com/twmb/franz-go/pkg/sr":            "sr",
		"github.com/xdg-go":                          "scram",
		"github.com/linkedin/goavro":                 "goavro",
		"github.com/parquet-go":                      "parquet-go",
		"github.com/mattn/go-sqlite3":                "go-sqlite3",
		"github.com/jackc/pgx":                       "pgx",
	}
}

// guardOf returns the name under which rows allow the import of path, or "".
func guardOf(path string) string {
	longest, name := "", ""
	for module, short := range guarded() {
		if (path == module || strings.HasPrefix(path, module+"/")) && len(module) > len(longest) {
			longest, name = module, short
		}
	}
	return name
}

// row is what the table of ARCHITECTURE.md says of a package.
type row struct {
	name string
	may  []string // packages, "name/..." for those below one, and guarded modules
	all  bool     // any package of kstream
}

func (r row) allows(name string) bool {
	return r.all || slices.ContainsFunc(r.may, func(may string) bool {
		below, tree := strings.CutSuffix(may, "/...")
		return may == name || tree && (name == below || strings.HasPrefix(name, below+"/"))
	})
}

// readTable reads the table of packages.
func readTable(t *testing.T) map[string]row {
	t.Helper()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	names := func(cell string) (found []string) {
		for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
			found = append(found, m[1])
		}
		return found
	}
	table := map[string]row{}
	inside := false
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		switch {
		case strings.HasPrefix(line, "| package |"):
			inside = true
			continue
		case len(cells) != 5:
			inside = false
			continue
		case !inside || strings.HasPrefix(line, "|---"):
			continue
		}
		for _, name := range names(cells[1]) {
			if _, twice := table[name]; twice {
				t.Errorf("ARCHITECTURE.md has two rows for %s", name)
			}
			table[name] = row{name, names(cells[3]), strings.Contains(cells[3], "all of kstream")}
		}
	}
	if len(table) == 0 {
		t.Fatal("ARCHITECTURE.md has no table of packages")
	}
	return table
}

// imports returns what the files of each package import, those of its tests apart.
func imports(t *testing.T) (program, tests map[string]map[string]string) {
	t.Helper()
	program, tests = map[string]map[string]string{}, map[string]map[string]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		name, into := filepath.ToSlash(filepath.Dir(path)), program
		if name == "." {
			name = "main.go"
		}
		if strings.HasSuffix(path, "_test.go") {
			into = tests
		}
		if into[name] == nil {
			into[name] = map[string]string{}
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			into[name][imported] = path
			if strings.HasPrefix(imported, "github.com/confluentinc/") && (spec.Name == nil || spec.Name.Name != "ck") {
				t.Errorf("%s imports %s under another name than ck", path, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return program, tests
}

// TestImports holds the packages to the table of ARCHITECTURE.md: each has a row, or one
// that ends in /* for those of a folder, and imports what its row names. Tests may also import what only tests use: the harness, the
// embedded broker, the suite of the formats, and other implementations as witnesses.
func TestImports(t *testing.T) {
	table := readTable(t)
	program, tests := imports(t)
	rowOf := func(name string) (row, bool) {
		own, ok := table[name]
		if !ok {
			own, ok = table[path.Dir(name)+"/*"]
		}
		return own, ok
	}
	used := map[string]bool{}
	for name := range program {
		own, _ := rowOf(name)
		used[own.name] = true
	}
	for name := range table {
		if !used[name] {
			t.Errorf("ARCHITECTURE.md has a row for %s, which is no package", name)
		}
	}
	harness := row{may: []string{
		"kafka/kafkatest/...", "kafka/chaostest", "kafka/witness", "kafka/embedded", "serde/serdetest", "kfake", "kgo", "kmsg", "sr", "goavro",
	}}
	client := row{may: append(harness.may, "confluent-kafka-go")}
	check := func(name string, imported map[string]string, also row) {
		own, ok := rowOf(name)
		if !ok {
			t.Errorf("ARCHITECTURE.md has no row for %s", name)
			return
		}
		for _, path := range slices.Sorted(maps.Keys(imported)) {
			what, ours := strings.CutPrefix(path, "kstream/")
			if !ours {
				what = guardOf(path)
			}
			if what != "" && what != name && !own.allows(what) && !also.allows(what) {
				t.Errorf("%s imports %s, which the row of %s in ARCHITECTURE.md does not name", imported[path], path, name)
			}
		}
	}
	for name, imported := range program {
		check(name, imported, row{})
	}
	for name, imported := range tests {
		if strings.HasPrefix(name, "kafka/") {
			check(name, imported, client)
		} else {
			check(name, imported, harness)
		}
	}
}
