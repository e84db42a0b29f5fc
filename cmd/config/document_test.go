package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
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
	if f = d.File(); f.Current != "" || len(f.Contexts) != 0 {
		t.Errorf("after deleting: %+v", f)
	}
	if err = d.Save(); err != nil {
		t.Error(err)
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
  local: {brokers: [localhost:9092]} # mine
current: local
`
	if diff := cmp.Diff(want, readText(t, path)); diff != "" {
		t.Error(diff)
	}
}

// Whatever a value is, it is written so that it is read again, in every layout, and gone
// again afterwards.
func TestDocumentWritesEveryValue(t *testing.T) {
	values := []string{
		"x\ny", "0123", "yes", "null", "true", "~", "- a", "a: b", "#x", "x #y", "x:", "[", "{}", "a,b", "%", "*a", "!x", "&a", "'", "\"", "a\\b", "\\n",
		"@env:X", "~/x", "1e3", "  x ", "é", "a\tb", "a\r\nb", "\x01", "\u202ex", "x\n", "\nx", "x\n\n", " x\ny", "-----BEGIN\nabc\n\n-----END\n",
	}
	layouts := map[string]string{
		"contexts:\n    c: {brokers: [a:1]} # mine\n":                   "contexts:\n    c: {brokers: [\"q:1\", \"b:2\"], tls: {}} # mine\n",
		"contexts:\n\n    # it\n    c:\n        brokers: [a:1] # one\n": "contexts:\n\n    # it\n    c:\n        brokers:\n          - q:1\n          - b:2\n        tls: {}\n",
		"contexts: {c: {}}\n": "contexts: {c: {brokers: [\"q:1\", \"b:2\"], tls: {}}}\n",
		"":                    "contexts:\n  c:\n    brokers:\n      - q:1\n      - b:2\n    tls: {}\n",
		"# hello\n":           "# hello\ncontexts:\n  c:\n    brokers:\n      - q:1\n      - b:2\n    tls: {}\n",
	}
	for layout, want := range layouts {
		for _, v := range values {
			path := writeFile(t, "config.yaml", layout, 0o600)
			for _, c := range []Context{
				{Brokers: List{"a:1"}, Auth: &Auth{Password: Scalar(v)}, Librdkafka: map[string]Scalar{"a.b": Scalar(v)}},
				{Brokers: List{"q:1", "b:2"}, TLS: &TLS{}},
			} {
				d, err := OpenDocument(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(d.Set("c", c), d.Save()); err != nil {
					t.Fatalf("%q in %q: %v\n%s", v, layout, err, d.tree)
				}
				if got := mustLoad(t, path).Contexts["c"]; !cmp.Equal(got, c) {
					t.Errorf("%q in %q: %s", v, layout, cmp.Diff(c, got))
				}
			}
			if diff := cmp.Diff(want, readText(t, path)); diff != "" {
				t.Errorf("%q in %q: %s", v, layout, diff)
			}
		}
	}
}

// What a merge says cannot be taken out of one context alone.
func TestDocumentLeavesMergesAlone(t *testing.T) {
	const text = "contexts:\n  a: &base {tls: {}, readonly: true}\n  b:\n    <<: *base\n    brokers: b:1\n"
	path := writeFile(t, "config.yaml", text, 0o600)
	d, err := OpenDocument(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.Context("b")
	if err != nil {
		t.Fatal(err)
	}
	b.ReadOnly = false
	if err := d.Set("b", b); err != nil {
		t.Fatal(err)
	}
	if got := errText(d.Save()); got != path+": kstream cannot change this without changing more, as it is written" {
		t.Error(got)
	}
	if got := readText(t, path); got != text {
		t.Error(got)
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

func mustLoad(t *testing.T, path string) *File {
	t.Helper()
	f, _, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Of processes that edit the file at once none undoes what another has written.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	var all sync.WaitGroup
	const edits = 20
	for i := range edits {
		all.Go(func() {
			release, err := Lock(path) // a file description of its own, as that of a process
			if err != nil {
				t.Error(err)
				return
			}
			defer release()
			d, err := OpenDocument(path)
			if err != nil {
				t.Error(err)
				return
			}
			if _, _, err = d.Apply(fmt.Sprint("c", i), Change{Brokers: "b:1"}); err != nil {
				t.Error(err)
				return
			}
			if err := d.Save(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	file, _, err := Load(path)
	if err != nil || len(file.Contexts) != edits {
		t.Errorf("%d contexts of %d, %v", len(file.Contexts), edits, err)
	}
	release, err := Lock(filepath.Join(t.TempDir(), "nowhere", "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	release()
}
