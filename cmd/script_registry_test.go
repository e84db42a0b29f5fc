//go:build unix

package cmd

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"kstream/kafka/kafkatest/registrytest"
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
// address, and says how it answers from now on: good, incompatible, page, broken, cut,
// locked, silent.
func cmdRegistry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: registry %s, registry STATUS TEXT", strings.Join(registrytest.Moods(), "|"))
	}
	ts.Check(registryOf(ts).SetMood(strings.Join(args, " ")))
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

// apicurio starts Apicurio Registry for the script and sets KSTREAM_REGISTRY and
// REGISTRY to its address. Guard it with [kafka] and [apicurio].
func cmdApicurio(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: apicurio")
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
	defer cancel()
	a, err := registrytest.StartApicurio(ctx)
	ts.Check(err)
	ts.Defer(a.Stop)
	ts.Setenv("KSTREAM_REGISTRY", a.URL())
	ts.Setenv("REGISTRY", a.URL())
}

// registry-level LEVEL sets the compatibility that the registry demands of every subject.
func cmdRegistryLevel(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: registry-level NONE|BACKWARD|FORWARD|FULL|…")
	}
	ctx, cancel := inTime()
	defer cancel()
	ts.Check(registrytest.SetLevel(ctx, ts.Getenv("REGISTRY"), args[0]))
}

// fetchLimit bounds what may have to fetch a server or a client first.
const fetchLimit = 5 * time.Minute

// confluent write FORMAT TOPIC SCHEMA INPUT [NAME=SUBJECT:VERSION…] writes the JSON lines
// of the file INPUT with Confluent's Python client; confluent read FORMAT TOPIC SCHEMA
// COUNT prints what it reads as JSON lines. FORMAT is avro, protobuf or json. It needs
// [confluent].
func cmdConfluent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 5 || args[0] != "write" && args[0] != "read" {
		ts.Fatalf("usage: confluent write FORMAT TOPIC SCHEMA INPUT [NAME=SUBJECT:VERSION…], confluent read FORMAT TOPIC SCHEMA COUNT")
	}
	verb, format, topic, schema, rest := args[0], args[1], args[2], args[3], args[4:]
	var input []byte
	if verb == "write" {
		input, rest = []byte(ts.ReadFile(rest[0])), rest[1:]
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
	defer cancel()
	cmd, err := registrytest.Confluent(ctx, append([]string{
		verb, format, scriptOf(ts).brokers, ts.Getenv("REGISTRY"), topic, ts.MkAbs(schema),
	}, rest...)...)
	ts.Check(err)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), ts.Stdout(), &stderr
	if err := cmd.Run(); err != nil {
		ts.Fatalf("confluent %s: %v\n%s", verb, err, stderr.Bytes())
	}
}

// descriptors FILE.proto OUT compiles a .proto file into a descriptor set.
func cmdDescriptors(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: descriptors FILE.proto OUT")
	}
	set, err := registrytest.DescriptorSet(context.Background(), ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), set, 0o644))
}
