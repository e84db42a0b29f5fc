//go:build unix

package cmd

import (
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"kstream/testdata/kafka/registrytest"
)

// registryKey is where a script keeps its schema registry.
type registryKey struct{}

// registryOf is the registry of a script, started when it is first used.
func registryOf(ts *testscript.TestScript) *registrytest.Fake {
	holder := ts.Value(registryKey{}).(**registrytest.Fake)
	if *holder == nil {
		fake := registrytest.NewFake()
		*holder = fake
		ts.Defer(fake.Close)
		ts.Setenv("KSTREAM_REGISTRY", fake.URL())
		ts.Setenv("REGISTRY", fake.URL())
	}
	return *holder
}

// registry MOOD starts a schema registry, sets KSTREAM_REGISTRY and REGISTRY to its
// address, and says how it answers from now on: good, incompatible, page, broken, silent.
func cmdRegistry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: registry %s", strings.Join(registrytest.Moods(), "|"))
	}
	ts.Check(registryOf(ts).SetMood(args[0]))
}

// registry-asked prints the requests since it was last called, a line for each; the
// command stdout can match them.
func cmdRegistryAsked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: registry-asked")
	}
	var text strings.Builder
	for _, line := range registryOf(ts).Asked() {
		text.WriteString(line + "\n")
	}
	_, err := io.WriteString(ts.Stdout(), text.String())
	ts.Check(err)
}
