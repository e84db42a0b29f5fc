package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestImports holds the packages to the directions that ARCHITECTURE.md draws.
// Of each module on the left only the folders on the right may import it, test files included.
func TestImports(t *testing.T) {
	within := map[string][]string{
		"kstream/cmd":    {".", "cmd"},
		"kstream/kafka":  {"cmd", "kafka"},
		"kstream/serde":  {"cmd", "serde"},
		"kstream/output": {"cmd", "output"},

		"github.com/confluentinc/confluent-kafka-go": {"kafka"},
		"github.com/spf13/cobra":                     {"cmd"},
		"github.com/charmbracelet":                   {"output"},
		"charm.land":                                 {"output/live"},
		"github.com/twmb/franz-go":                   {"kafka", "serde/registry"},
	}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasPrefix(path, ".") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			for module, folders := range within {
				if strings.HasSuffix(path, "_test.go") && isIn(imported, "kstream/kafka/kafkatest") {
					continue // the harness
				}
				if isIn(imported, module) && !slices.ContainsFunc(folders, func(f string) bool { return isIn(dir, f) }) {
					t.Errorf("%s imports %s, which only %s may", path, imported, strings.Join(folders, ", "))
				}
			}
			if strings.HasPrefix(imported, "github.com/confluentinc/") && (spec.Name == nil || spec.Name.Name != "ck") {
				t.Errorf("%s imports %s under another name than ck", path, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// isIn reports whether path is parent or below it.
func isIn(path, parent string) bool {
	return path == parent || strings.HasPrefix(path, parent+"/")
}
