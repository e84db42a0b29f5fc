//go:build unix

package cmd

import (
	"bytes"
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"kstream/kafka/embedded"
	"kstream/kafka/kafkatest/registrytest"
)

// exampleRun says how an example of the help is run where that is not as it stands, with
// all that its words name in place.
type exampleRun struct {
	empty  bool   // on a broker without topics, in an empty configuration
	nodes  int    // how many brokers there are, if not one
	before string // what is done before
	more   string // further words, without which it does not end, or asks
	left   string // why it is not run
}

// exampleRuns has the examples that need one, by their command lines.
func exampleRuns() map[string]exampleRun {
	const (
		port    = "it listens on a port that others may have, or has no end; the script broker runs its like"
		endless = "it has no end; the script group runs its like"
		members = "it waits for members of a group; the script wait runs its like"
		hangs   = "it is about a transaction that hangs; the script transaction runs its like"
		foreign = "it names a cluster of its own; othercluster_test.go runs its like"
	)
	const avro = `kstream produce framed --create --auto-register -s avro:order.avsc --value '{"id":1,"color":"red"}'
kstream topic delete orders --yes && kstream replay framed orders --create`
	versions := exampleRun{before: `for name in A B C; do
	echo '{"type":"record","name":"'$name'","fields":[]}' > v.avsc; kstream schema register orders-value v.avsc; done`}
	three := exampleRun{nodes: 3}
	fresh := exampleRun{empty: true}
	end, yes := exampleRun{more: "-e"}, exampleRun{more: "--yes"}
	return map[string]exampleRun{
		"kstream broker":                                                                                          {left: port},
		"kstream broker --registry":                                                                               {left: port},
		"kstream broker --data ~/kafka --topics orders:3":                                                         {left: port},
		"kstream broker --listen 127.0.0.1:0 -o json":                                                             {left: port},
		"kstream bench produce bench-1 --create --records 1000000":                                                {more: "--records 100"},
		"kstream bench produce bench-3 --create --partitions 12 -z zstd -o json":                                  {more: "--records 100"},
		"kstream bench produce bench-2 --create --rate 5000/s --for 30s --size 1000":                              {more: "--for 1s"},
		"kstream bench consume bench-2 --follow --for 30s":                                                        {before: "kstream bench produce bench-2 --create --records 100", more: "--for 1s"},
		"kstream schema get orders-value > order.avsc":                                                            versions,
		"kstream schema get orders-value":                                                                         versions,
		"kstream schema get orders-value:3":                                                                       versions,
		"kstream schema get --id 17 -o json":                                                                      {left: "the ids of the registry are its own; the script schema runs its like"},
		"kstream schema copy 'orders-*' --to http://localhost:8081 --dry-run":                                     versions,
		"kstream schema copy orders-value --to http://localhost:8081 --dry-run":                                   versions,
		"kstream schema copy '*' --to http://localhost:8081 --yes":                                                versions,
		"kstream schema copy '*' -c prod --to-context test --yes":                                                 {left: "it names registries of its own; the script schema_copy runs its like"},
		"kstream schema compatibility get orders-value":                                                           versions,
		"kstream schema compatibility set orders-value --unset":                                                   versions,
		"kstream schema mode set orders-value --unset":                                                            versions,
		"kstream schema mode get orders-value":                                                                    versions,
		"kstream schema delete orders-value:3 --dry-run":                                                          versions,
		"kstream schema delete orders-value --permanent --yes":                                                    versions,
		"kstream schema register orders-value order.proto --reference common.proto=common:1":                      {before: "kstream schema register common common.proto"},
		"kstream schema check orders-value order.avsc --records orders --last 1000":                               {before: avro},
		"kstream replay orders orders-copy --create --exactly-once":                                               {before: "kstream topic delete orders-copy --yes"},
		"kubectl get kafka/my secret/ada -o yaml > my.yaml; kstream context import my my.yaml --cluster external": {left: "it needs Kubernetes; the script context_import reads such a file"},
		"kstream demo": {more: "--count 2"},
		"kstream demo --members 3 --partitions 7 --interval 200ms":                                                               {more: "--count 2"},
		"kstream cluster config 2":                                                                                               three,
		"kstream cluster config 2 --all-config -o json":                                                                          three,
		"kstream wait broker --brokers-up 3":                                                                                     three,
		"kstream wait broker --brokers-up 3 --within 2m":                                                                         three,
		"kstream topic create orders --partitions 6 --replication 3":                                                             {empty: true, nodes: 3},
		"kstream topic create orders --partitions 6 --config cleanup.policy=compact":                                             fresh,
		"kstream context import team client.properties":                                                                          fresh,
		"kstream context import team client.properties --use":                                                                    fresh,
		"kstream context import prod ~/.kaf/config --cluster production":                                                         fresh,
		"kstream context import dev dev.properties --brokers dev:9092":                                                           fresh,
		"kstream context delete old":                                                                                             yes,
		"kstream group reset billing --shift -100":                                                                               yes,
		"kstream topic truncate orders --before 0=1000,3=-500":                                                                   yes,
		"kstream consume orders -o '%p %o %k %v\\n'":                                                                             end,
		"kstream consume orders --tail 10":                                                                                       {left: endless},
		"kstream consume --group g --no-commit -e":                                                                               {before: "kstream consume orders --group g -e -n 1"},
		"kstream consume orders --group g --members 5":                                                                           end,
		"kstream pipe orders orders-copy --group copy --members 3":                                                               end,
		"kstream pipe orders paid --group paid --filter '.value.state == \"paid\"' --map '.value | {id, total}'":                 end,
		"kstream pipe orders postgres://ada:@env:PGPASSWORD@db/shop --table orders --mode upsert --primary-key key --group shop": {left: "it names a database; the script sink_postgres runs its like"},
		"kstream pipe sqlite:app.db changes --table customers --cursor updated_at,id --group app -e":                             {left: "it names a database; the script source runs its like"},
		"kstream pipe orders https://search:9200/orders/_bulk --format elasticsearch --group search":                             {left: "it names a server; TestSinkOfHTTP runs its like"},
		"kstream pipe orders enriched --group enrich --exec ./enrich.py --exactly-once":                                          end,
		"kstream pipe events - --group split --route '\"events-\" + .value.country' --on-error dlq:events-odd":                   end,
		"kstream group lag --listen :9308":                                                                                       {left: port},
		"kstream transaction describe billing-1":                                                                                 {left: hangs},
		"kstream transaction abort orders --partition 3 --start-offset 4711":                                                     {left: hangs},
		"kstream transaction abort orders --partition 3 --start-offset 4711 --dry-run":                                           {left: hangs},
		"kstream group describe billing --watch":                                                                                 {left: endless},
		"kstream group describe billing --watch -o json | jq 'select(.event==\"assigned\")'":                                     {left: endless},
		"kstream user set alice":                                                                                                 {more: "< alice.txt"},
		"kstream expect orders --count 3 --filter '.value.color==\"red\"' --within 10s --report junit:out.xml":                   {more: "-- sh -c './place-order a; ./place-order b; ./place-order c'"},
		"kstream expect dead-letters --count 0 --exactly --within 30s -- make integration-test":                                  {left: "it takes 30 s; the script expect runs its like"},
		"kstream wait broker -b kafka:9092 --within 2m":                                                                          {left: foreign},
		"kstream replay orders orders --dst-brokers other:9092 --verify":                                                         {left: foreign},
		"kstream wait group billing":                                                                                             {left: members},
		"kstream wait group billing --members 2":                                                                                 {left: members},
		"kstream wait group billing --members 3 --within 30s":                                                                    {left: members},
		"kstream group offsets billing --delete --topic orders":                                                                  yes,
		"kstream group delete 'console-consumer-*' --dry-run":                                                                    {before: "kstream consume orders --group console-consumer-1 -e -n 1"},
		"kstream group offsets billing --export billing.csv":                                                                     {before: "rm billing.csv"},
		"kstream replay orders file:orders.dump":                                                                                 {before: "rm orders.dump"},
		"kstream pipe orders revenue --group revenue --create --aggregate 'n=count, sum=sum(.value.total)'":                      end,
		"kstream pipe events busy --group busy --create --aggregate n=count --window 1m --map 'select(.state.n > 5)'":            end,
		"kstream topic alter orders --replication 3":                                                                             {left: "an embedded broker copies no records to others; topic_cluster_test.go runs its like"},
		"kstream cluster config set 1 2 --config log.retention.ms=86400000":                                                      three,
	}
}

// helpExample is a command line in the help of a command or a page.
type helpExample struct{ of, command string }

// helpExamples returns those of all commands, and of the pages.
func helpExamples() []helpExample {
	var list []helpExample
	everyCommand(testRoot(), func(c *cobra.Command) {
		if c.Name() == "completion" || c.HasParent() && c.Parent().Name() == "completion" {
			return // cobra's
		}
		for line := range strings.SplitSeq(c.Example, "\n") {
			if command, _ := splitExample(line); command != "" {
				list = append(list, helpExample{c.CommandPath(), command})
			}
		}
		for _, command := range regexp.MustCompile(`(?m)^ +(kstream (?:[^\n\\]|\\.|\\\n)*)$`).FindAllStringSubmatch(c.Long, -1) {
			list = append(list, helpExample{c.CommandPath(), command[1]})
		}
	})
	return list
}

// TestExamplesOfHelp runs what the help shows, each on a broker of its own that has what
// the examples name.
func TestExamplesOfHelp(t *testing.T) {
	onceForAll(t)
	examples, runs := helpExamples(), exampleRuns()
	if len(examples) < 100 {
		t.Fatalf("%d examples", len(examples))
	}
	world := makeExampleWorld(t)
	used := map[string]bool{}
	t.Run("run", func(t *testing.T) {
		for _, e := range examples {
			r := runs[e.command]
			used[e.command] = true
			if r.left != "" {
				continue
			}
			t.Run(strings.ReplaceAll(e.of, " ", "_"), func(t *testing.T) {
				t.Parallel()
				world.run(t, e, r)
			})
		}
	})
	for command := range maps.Keys(runs) {
		if !used[command] {
			t.Errorf("no help has %s", command)
		}
	}
}

// exampleWorld is what the examples name: a folder of files, and one that a broker kept.
type exampleWorld struct{ files, data string }

// makeExampleWorld makes it by what the examples begin with.
func makeExampleWorld(t *testing.T) *exampleWorld {
	t.Helper()
	w := &exampleWorld{files: t.TempDir(), data: t.TempDir()}
	files := map[string]string{
		"orders.ndjson":     `{"id":1,"color":"red"}` + "\n",
		"orders.csv":        "id,color\n1,red\n",
		"orders.tsv":        "k1\tv1\n",
		"order.avsc":        `{"type":"record","name":"Order","fields":[{"name":"id","type":"int"},{"name":"color","type":"string"}]}`,
		"order.proto":       "syntax = \"proto3\";\nimport \"common.proto\";\nmessage Order { Common c = 1; }\n",
		"common.proto":      "syntax = \"proto3\";\nmessage Common { int32 id = 1; }\n",
		"client.properties": "bootstrap.servers=localhost:9092\n",
		"dev.properties":    "bootstrap.servers=other:9092\n",
		"home/.kaf/config":  "current-cluster: production\nclusters:\n- name: production\n  brokers: [localhost:9092]\n",
		"home/.config/kstream/config.yaml": "current: local\ncontexts:\n  local: {brokers: [\"BROKER\"]}\n  prod: {brokers: [\"BROKER\"]}\n" +
			"  backup: {brokers: [\"BROKER\"]}\n  team: {brokers: [\"BROKER\"]}\n  old: {brokers: [old:9092]}\n  older: {brokers: [old:9092]}\n",
		"alice.txt":   "secret\n",
		"enrich.py":   "#!/bin/sh\nexec jq -c --unbuffered .value\n",
		"place-order": "#!/bin/sh\necho '{\"color\":\"red\"}' | kstream produce orders -q -k \"$1\"\n",
		"bin/deploy":  "#!/bin/sh\n",
		"bin/make":    "#!/bin/sh\n",
	}
	sh := &shell{dir: w.files, environ: exampleEnviron(w.files)}
	for name, text := range files {
		sh.write(t, name, text)
	}
	for _, name := range []string{"enrich.py", "place-order", "bin/deploy", "bin/make"} {
		if err := os.Chmod(filepath.Join(w.files, name), 0o755); err != nil { //nolint:gosec // a program of the test
			t.Fatal(err)
		}
	}
	broker, err := embedded.Start(embedded.Config{Dir: w.data})
	if err != nil {
		t.Fatal(err)
	}
	const made = `set -e
kstream topic create orders orders-2 traffic events customers results dead-letters events-odd a b test-1 --partitions 6
printf '%s\n' 'k1:{"id":1,"color":"red","state":"paid","email":"a@example.com","items":[{"sku":"x"}],"total":150}' \
	'k2:{"id":2,"color":"blue","state":"open","email":"b@example.com","items":[{"sku":"y"}],"total":50}' > records
kstream produce orders --generate-key 'k{{seq}}' --generate '{"id":{{seq}},"color":"{{pick "red" "blue"}}","state":"paid","email":"a@example.com","items":[{"sku":"x"}],"total":150}' --seed 1 -n 100
kstream produce orders -K : records --repeat 10
kstream replay orders orders-copy --create
kstream produce traffic -K : records
kstream topic create orders.dlq load-test orders-test enriched paid copy --partitions 6
kstream consume orders --group billing -e
kstream consume orders --group refunds -n 3
kstream consume orders --group dead --on-error dlq:orders.dlq --filter '.value.id | error("no")' -e
kstream replay orders file:orders.dump
kstream group offsets billing --export billing.csv
printf '\007' > value.bin
kstream user set alice --password-file alice.txt
kstream user set bob --password-file alice.txt
kstream user set alice --password-file alice.txt --mechanism scram-sha-256
kstream acl create --principal User:alice --operation write --topic orders
kstream acl create --principal User:alice --operation write --topic etl- --prefix
`
	ctx, cancel := context.WithTimeout(t.Context(), exampleLimit)
	defer cancel()
	command := exec.CommandContext(ctx, "/bin/sh", "-c", made)
	command.Dir, command.Env = w.files, append(sh.environ, "KSTREAM_BROKERS="+broker.Addr())
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := broker.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

// exampleEnviron returns the environment of examples that run in dir.
func exampleEnviron(dir string) []string {
	home := filepath.Join(dir, "home")
	environ := slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "KSTREAM_") })
	return append(environ, "HOME="+home, "XDG_CONFIG_HOME="+filepath.Join(home, ".config"), "TZ=UTC", "LC_ALL=C.UTF-8")
}

// run runs one example in a copy of the world.
func (w *exampleWorld) run(t *testing.T, e helpExample, r exampleRun) {
	dir, data := t.TempDir(), t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(w.files)); err != nil {
		t.Fatal(err)
	}
	if r.empty {
		if err := os.RemoveAll(filepath.Join(dir, "home/.config")); err != nil {
			t.Fatal(err)
		}
	} else if err := os.CopyFS(data, os.DirFS(w.data)); err != nil {
		t.Fatal(err)
	}
	broker, err := embedded.Start(embedded.Config{Dir: data, Nodes: r.nodes})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	}()
	settings := filepath.Join(dir, "home/.config/kstream/config.yaml")
	if text, err := os.ReadFile(settings); err == nil {
		if err := os.Chmod(settings, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(settings, bytes.ReplaceAll(text, []byte("BROKER"), []byte(broker.Addr())), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	environ := append(exampleEnviron(dir), "KSTREAM_BROKERS="+broker.Addr(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "ALICE_PASSWORD=secret")
	line := e.command
	ctx, cancel := context.WithTimeout(t.Context(), exampleLimit)
	defer cancel()
	if strings.Contains(line, "registry") || strings.Contains(line, "schema") {
		registry := registrytest.NewFake()
		defer registry.Close()
		line = strings.ReplaceAll(line, "http://localhost:8081", registry.URL())
		environ = append(environ, "KSTREAM_REGISTRY="+registry.URL())
	}
	command := exec.CommandContext(ctx, "/bin/sh", "-c", strings.TrimSpace(r.before+"\n"+line+" "+r.more))
	command.Dir, command.Env, command.WaitDelay = dir, environ, time.Second
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
}
