//go:build unix

package cmd

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"kstream/cmd/cli"
	"kstream/kafka/embedded"
	"kstream/kafka/kafkatest"
	"kstream/kafka/kafkatest/columnstest"
	"kstream/kafka/kafkatest/postgrestest"
	"kstream/kafka/kafkatest/registrytest"
	"kstream/kafka/witness"
)

// scriptLimit bounds each wait inside a script for something to happen.
const scriptLimit = 30 * time.Second

// raceOptions let a program that was built with the race detector end without a second
// of waiting for late reports; what is reported until then still fails it.
const raceOptions = "atexit_sleep_ms=0"

// TestMain lets the test binary stand in for kstream in scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"kstream":            func() { os.Exit(Main()) },
		"kstream-with-a-bug": func() { os.Exit(run(buggyEnv(), cli.Arguments())) },
	})
}

// TestScripts runs ../testdata/script/*.txtar, each with a cluster that it may
// treat as its own: a fresh embedded broker, or Apache Kafka when
// KSTREAM_TEST_BROKERS names one. CONTRIBUTING.md lists what a script can say.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "../testdata/script",
		Setup:              setupScript,
		Condition:          scriptCondition,
		RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"topic":       cmdTopic,
			"no-topic":    cmdNoTopic,
			"await-lag":   cmdAwaitLag,
			"settled":     cmdSettled,
			"committed":   cmdCommitted,
			"kafka-tool":  cmdKafkaTool,
			"exits":       cmdExits,
			"cmp-json":    cmdCmpJSON,
			"start":       cmdStart,
			"feed":        cmdFeed,
			"close-stdin": cmdCloseStdin,
			"signal":      cmdSignal,
			"await-file":  cmdAwaitFile,
			"await-exit":  cmdAwaitExit,

			"registry":       cmdRegistry,
			"registry-asked": cmdRegistryAsked,
			"registry-level": cmdRegistryLevel,
			"apicurio":       cmdApicurio,
			"confluent":      cmdConfluent,
			"descriptors":    cmdDescriptors,
			"columns":        cmdColumns,
			"postgres":       cmdPostgres,
			"psql":           cmdPsql,
		},
	})
}

// realBrokers returns the addresses of the Apache Kafka to test on, or "".
func realBrokers() string { return os.Getenv(kafkatest.BrokersVariable) }

// scriptKey is where a script keeps what its commands share.
type scriptKey struct{}

// script is the state of one running script.
type script struct {
	brokers   string
	witness   *witness.Client
	variables []string // names of the environment variables it was given
	jobs      map[string]*job
}

func scriptOf(ts *testscript.TestScript) *script { return ts.Value(scriptKey{}).(*script) }

// setupScript gives a script its broker and its environment. The variables T
// and T1…T4 are topic names, G and G1…G4 group names, that nobody else uses: T and G are
// the first parts of the others, so a script may make up more. NODES is the number of brokers.
func setupScript(env *testscript.Env) error {
	s := &script{brokers: realBrokers(), jobs: map[string]*job{}}
	if s.brokers == "" {
		b, err := embedded.Start(embedded.Config{})
		if err != nil {
			return err
		}
		env.Defer(func() {
			if err := b.Close(); err != nil {
				env.T().Log("embedded broker: ", err)
			}
		})
		s.brokers = b.Addr()
	}
	var err error
	if s.witness, err = witness.Open(s.brokers); err != nil {
		return err
	}
	ctx, cancel := inTime()
	defer cancel()
	nodes, err := s.witness.Nodes(ctx)
	if err != nil {
		return err
	}
	unique := strings.ToLower(rand.Text()[:6])
	topics, groups := "t-"+unique, "g-"+unique
	if realBrokers() != "" {
		if err := s.witness.Coordinated(ctx, groups); err != nil {
			return err
		}
	}
	env.Defer(func() { s.end(env, topics) })
	env.Values[scriptKey{}] = s
	env.Values[registryKey{}] = new(*registrytest.Fake)

	env.Setenv("T", topics)
	env.Setenv("G", groups)
	for i := 1; i <= 4; i++ {
		env.Setenv(fmt.Sprint("T", i), fmt.Sprint(topics, "-", i))
		env.Setenv(fmt.Sprint("G", i), fmt.Sprint(groups, "-", i))
	}
	env.Setenv("KSTREAM_BROKERS", s.brokers)
	env.Setenv("NODES", strconv.Itoa(nodes))
	env.Setenv("GORACE", raceOptions)
	env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "home", ".config"))
	env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "home", ".cache"))
	env.Setenv("LC_ALL", "C.UTF-8")
	env.Setenv("TZ", "UTC")
	for _, pair := range env.Vars {
		name, _, _ := strings.Cut(pair, "=")
		s.variables = append(s.variables, name)
	}
	return os.MkdirAll(env.Getenv("HOME"), 0o755)
}

// end kills what still runs and removes the script's topics from a cluster that others use too.
func (s *script) end(env *testscript.Env, topics string) {
	for _, j := range s.jobs {
		j.kill()
	}
	if realBrokers() != "" {
		ctx, cancel := context.WithTimeout(context.Background(), scriptLimit)
		defer cancel()
		if err := s.witness.DeleteTopics(ctx, topics); err != nil {
			env.T().Log("remove the script's topics: ", err)
		}
	}
	s.witness.Close()
}

// scriptCondition knows [kafka], [embedded], [authorizer], where the brokers keep ACLs,
// [python], [postgres], [apicurio], [confluent] and [columns], the last three where these can be fetched and run;
// testscript itself knows [linux], [exec:PROGRAM] and others.
func scriptCondition(name string) (bool, error) {
	switch name {
	case "kafka":
		return realBrokers() != "", nil
	case "embedded":
		return realBrokers() == "", nil
	case "authorizer":
		if realBrokers() == "" {
			return true, nil
		}
		ctx, cancel := inTime()
		defer cancel()
		w, err := witness.Open(realBrokers())
		if err != nil {
			return false, err
		}
		defer w.Close()
		return w.Authorizer(ctx)
	case "apicurio":
		return kafkatest.Available() == nil, nil
	case "confluent":
		return registrytest.ConfluentAvailable() == nil, nil
	case "columns":
		return columnstest.Available() == nil, nil
	case "postgres":
		return postgrestest.Available() == nil, nil
	case "python":
		_, err := exec.LookPath("python3")
		return err == nil, nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

// inTime returns a context for one wait of a script.
func inTime() (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(context.Background(), scriptLimit, fmt.Errorf("not within %v", scriptLimit))
}

// until calls done every few milliseconds until it says true or ctx ends.
func until(ctx context.Context, done func() (bool, error)) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// sortedByPartition lists the keys of m by topic and number.
func sortedByPartition(m map[witness.Partition]int64) []witness.Partition {
	keys := make([]witness.Partition, 0, len(m))
	for p := range m {
		keys = append(keys, p)
	}
	slices.SortFunc(keys, func(a, b witness.Partition) int {
		return cmp.Or(strings.Compare(a.Topic, b.Topic), cmp.Compare(a.Number, b.Number))
	})
	return keys
}
