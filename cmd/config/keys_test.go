package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each key of the table is read from a file as its example says, can be set and shown by
// its name, and is gone again when it is unset.
func TestKeysAreRead(t *testing.T) {
	names := strings.NewReplacer("PATTERN", "orders.v1-*", "FLAG", "consume.output", "PROPERTY", "linger.ms")
	for _, k := range ContextKeys() {
		example := strings.Trim(k.Example, `"`)
		if name, value, ok := strings.Cut(example, ": "); ok { // of a mapping: its key too
			example = value
			if !strings.HasSuffix(names.Replace(k.Name), name) {
				t.Errorf("%s: the example is %s", k.Name, k.Example)
			}
		}
		example = strings.Trim(example, "[]")
		var set Context
		if err := set.Put(names.Replace(k.Name), strings.ReplaceAll(example, ", ", ",")); err != nil {
			t.Errorf("%s: %v", k.Name, err)
			continue
		}
		if k.Default == example { // version
			continue
		}
		shown := set.List()
		if len(shown) != 1 || shown[0].Key != names.Replace(k.Name) {
			t.Errorf("%s is shown as %v", k.Name, shown)
		}
		path := writeFile(t, "config.yaml", "", 0o600)
		d, err := OpenDocument(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Set("c", set); err != nil {
			t.Fatal(err)
		}
		if err := d.Save(); err != nil {
			t.Errorf("%s: %v", k.Name, err)
			continue
		}
		if diff := cmp.Diff(set, mustLoad(t, path).Contexts["c"]); diff != "" {
			t.Errorf("%s: %s", k.Name, diff)
		}
		if err := set.Put(names.Replace(k.Name), ""); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
		if list := set.List(); len(list) != 0 && list[0].Value != "{}" {
			t.Errorf("%s is left as %v", k.Name, list)
		}
	}
}

// Each secret of a context is masked where contexts are shown.
func TestKeysMaskSecrets(t *testing.T) {
	for _, k := range ContextKeys() {
		if !strings.HasPrefix(k.Example, `"@`) {
			continue // the table shows references for what is secret
		}
		var c Context
		if err := c.Put(k.Name, "Canary-s3cret"); err != nil {
			t.Fatal(err)
		}
		if got := c.List()[0].Value; got != hidden {
			t.Errorf("%s is shown: %s", k.Name, got)
		}
	}
}
