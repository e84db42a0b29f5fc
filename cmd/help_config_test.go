package cmd

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/cmd/config"
)

// TestConfigPage compares docs/config.md and `kstream help config` with the table that
// reads the file. UPDATE=1 writes the part of the page that is made from it.
func TestConfigPage(t *testing.T) {
	const path = "../docs/config.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("<!-- keys -->\n| key | type | default | example | meaning |\n|---|---|---|---|---|\n")
	code := func(text string) string {
		if text == "" {
			return ""
		}
		return "`" + text + "`"
	}
	help := strings.Join(strings.Fields(configPage()), " ")
	keys := config.FileKeys()
	for _, k := range config.ContextKeys() {
		k.Name = "contexts.NAME." + k.Name
		keys = append(keys, k)
	}
	for _, k := range keys {
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n", code(k.Name), k.Type, code(k.Default), code(k.Example), k.About)
		if k.About == "" || k.Example == "" || k.Type == "" {
			t.Errorf("%s: the table lacks something: %+v", k.Name, k)
		}
		row := strings.TrimPrefix(k.Name, "contexts.NAME.") + " " + k.About + " (" + k.Type
		if !strings.Contains(help, row) {
			t.Errorf("help has no %q", row)
		}
	}
	part := regexp.MustCompile(`(?s)<!-- keys -->\n.*?(<!-- end -->)`)
	want := part.ReplaceAllString(string(page), strings.ReplaceAll(table.String(), "$", "$$")+"$1")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("the table of docs/config.md is not that of cmd/config; UPDATE=1 go test ./cmd -run %s writes it:\n%s", t.Name(), diff)
	}
}

// What the pages show as YAML is a configuration file.
func TestConfigExamples(t *testing.T) {
	page, err := os.ReadFile("../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	_, skeleton, _ := strings.Cut(configPage(), "\n\n")
	skeleton, _, _ = strings.Cut(skeleton, "\n\n")
	blocks := []string{strings.ReplaceAll("\n"+skeleton, "\n  ", "\n")}
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		blocks = append(blocks, m[1])
	}
	if len(blocks) < 3 {
		t.Fatalf("%d blocks", len(blocks))
	}
	for _, text := range blocks {
		if _, err := config.Parse("page", []byte(text)); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
}
