package config

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const commented = `# who we are
version: 1
current: local # the safe one

contexts:
  # on this machine
  local:
    brokers: [localhost:9092]
  prod:
    brokers:
      - b1:9093
      # the second rack
      - b2:9093
    auth:
      mechanism: SCRAM-SHA-512 # since May
      username: svc
      password: "@keyring:prod"
    tls: {}
    readonly: true
    librdkafka:
      socket.timeout.ms: 10000
      client.id: "007"
`

func writeFile(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func readText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestDocumentKeepsComments(t *testing.T) {
	path := writeFile(t, "config.yaml", commented, 0o644)
	d, err := OpenDocument(path)
	if err != nil {
		t.Fatal(err)
	}
	if err = d.Use("prod"); err != nil {
		t.Fatal(err)
	}
	if err = d.Set("new", Context{Brokers: List{"b3:9092"}, TLS: &TLS{}, Librdkafka: map[string]Scalar{"client.id": "8"}}); err != nil {
		t.Fatal(err)
	}
	if err = d.Delete("local"); err != nil {
		t.Fatal(err)
	}
	if err = d.Save(); err != nil {
		t.Fatal(err)
	}
	const want = `# who we are
version: 1
current: prod # the safe one
contexts:
  prod:
    brokers:
      - b1:9093
      # the second rack
      - b2:9093
    auth:
      mechanism: SCRAM-SHA-512 # since May
      username: svc
      password: "@keyring:prod"
    tls: {}
    readonly: true
    librdkafka:
      socket.timeout.ms: 10000
      client.id: "007"
  new:
    brokers:
      - b3:9092
    tls: {}
    librdkafka:
      client.id: "8"
`
	if diff := cmp.Diff(want, readText(t, path)); diff != "" {
		t.Error(diff)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v", info.Mode())
	}
	f, warnings, err := Load(path)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if diff := cmp.Diff(Scalar("007"), f.Contexts["prod"].Librdkafka["client.id"]); diff != "" {
		t.Error(diff)
	}
}

func TestDocumentFromNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "config.yaml")
	d, err := OpenDocument(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(path+`: there is no context "x"`, errText(d.Use("x"))); diff != "" {
		t.Error(diff)
	}
	if err = d.Set("x: #", Context{Brokers: List{"localhost:1"}, Auth: &Auth{Password: "a: #b\n\"@'"}}); err != nil {
		t.Fatal(err)
	}
	if err = d.Use("x: #"); err != nil {
		t.Fatal(err)
	}
	if err = d.Save(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v", info.Mode())
	}
	f, _, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	want := &File{Version: 1, Current: "x: #", Contexts: map[string]Context{
		"x: #": {Brokers: List{"localhost:1"}, Auth: &Auth{Password: "a: #b\n\"@'"}},
	}}
	if diff := cmp.Diff(want, f); diff != "" {
		t.Error(diff)
	}
	if d, err = OpenDocument(path); err != nil {
		t.Fatal(err)
	}
	if err = d.Delete("x: #"); err != nil {
		t.Fatal(err)
	}
	if f, err = d.File(); err != nil || f.Current != "" || len(f.Contexts) != 0 {
		t.Errorf("after deleting: %+v, %v", f, err)
	}
}

func TestDocumentKeepsBrokersInBraces(t *testing.T) {
	path := writeFile(t, "config.yaml", "contexts:\n  local: {brokers: [localhost:9092]} # mine\n", 0o600)
	d, err := OpenDocument(path)
	if err != nil {
		t.Fatal(err)
	}
	if err = d.Use("local"); err != nil {
		t.Fatal(err)
	}
	if err = d.Save(); err != nil {
		t.Fatal(err)
	}
	const want = `contexts:
  local: # mine
    brokers:
      - localhost:9092
current: local
`
	if diff := cmp.Diff(want, readText(t, path)); diff != "" {
		t.Error(diff)
	}
}

// hintOf returns the hint of an *Error, whatever wraps it.
func hintOf(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Hint
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
