package cmd

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
)

// settled is what becomes of a property that a source sets, in a command.
type settled struct {
	err, said string
	property  string // what is left of it
	flag      string // what its flag says
}

// settleIn runs the settings of `kstream COMMAND T` without the command.
func settleIn(t *testing.T, command, source, name, value, flag string, more ...string) settled {
	t.Helper()
	env := &cli.Env{Environ: []string{"HOME=" + t.TempDir()}, Stderr: io.Discard, Stdout: io.Discard, Now: time.Now, Getenv: func(string) string { return "" }}
	args := append([]string{"-b", "localhost:1"}, more...)
	file := filepath.Join(t.TempDir(), "client.properties")
	switch source {
	case "-X":
		args = append(args, "-X", name+"="+value)
	case "file":
		args = append(args, "--properties", file)
		write(t, file, name+"="+value+"\n")
	case "environment":
		env.Environ = append(env.Environ, "KSTREAM_PROPERTY_"+strings.ToUpper(strings.ReplaceAll(name, ".", "_"))+"="+value)
	case "context":
		args = append(args, "--config", file)
		write(t, file, "current: c\ncontexts:\n  c:\n    librdkafka:\n      "+name+": \""+value+"\"\n")
	}
	cmd, _, err := newRoot(env).Find([]string{command})
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	f := cmd.Flags().Lookup("context").Value.(*clusterMark).cluster
	var got settled
	if err := f.Plan(env); err != nil {
		got.err = err.Error()
		if cli.CodeOf(err) != cli.CodeUsage {
			t.Errorf("%s of %s: code %s", name, source, cli.CodeOf(err))
		}
		return got
	}
	got.said = strings.Join(append(f.Effective.Warnings, f.Effective.Details...), "\n")
	got.property = f.Effective.Properties[name].Value
	if own := cmd.Flags().Lookup(flag); own != nil {
		got.flag = own.Value.String()
	}
	return got
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Each property that kstream sets, from each source: an identity never acts, what a
// promise rests on stays, a flag has it as its default, and the rest is the user's.
func TestPropertiesFromEverySource(t *testing.T) {
	values := map[string]string{ // of those that flags own
		"isolation.level": "read_uncommitted", "auto.offset.reset": "latest", "group.protocol": "consumer",
		"partition.assignment.strategy": "range", "group.remote.assignor": "range", "acks": "1",
		"enable.idempotence": "false", "compression.type": "zstd", "partitioner": "fnv1a",
	}
	rules, owned := kafka.PropertyRules(), connect.OwnedProperties()
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		if strings.HasPrefix(name, "go.") || name == "client.software.name" || name == "bootstrap.servers" {
			continue // nobody can name them, or resolve_test has them
		}
		rule, owner := rules[name], owned[name]
		if (rule.Kind == kafka.Argument || rule.Kind == kafka.Identity) != (owner.Flag != "") {
			t.Errorf("%s: kind %d and flag %q", name, rule.Kind, owner.Flag)
			continue
		}
		for _, source := range []string{"-X", "file", "environment", "context"} {
			command, value, more := "consume", "1", []string(nil)
			if owner.Command != "" {
				command = owner.Command
			}
			if v, ok := values[name]; ok {
				value = v
			}
			if name == "group.remote.assignor" {
				more = []string{"--protocol", "consumer"}
			}
			got := settleIn(t, command, source, name, value, owner.Flag, more...)
			switch rule.Kind {
			case kafka.Tunable:
				if got.property != value || got.err != "" {
					t.Errorf("%s by %s: %+v, want it kept", name, source, got)
				}
				continue
			case kafka.Fixed:
				if source == "-X" && !strings.Contains(got.err, rule.Reason) {
					t.Errorf("%s by -X: %+v, want it refused: %s", name, got, rule.Reason)
				}
				if source != "-X" && (got.err != "" || got.property != "" || !strings.Contains(got.said, rule.Reason)) {
					t.Errorf("%s by %s: %+v, want it left out: %s", name, source, got, rule.Reason)
				}
			case kafka.Identity:
				if source == "-X" && !strings.Contains(got.err, "an identity acts only through its flag") {
					t.Errorf("%s by -X: %+v, want it refused", name, got)
				}
				if source != "-X" && (got.err != "" || got.property != "" || got.flag != "" ||
					strings.Count(got.said, "an identity acts only through its flag: "+name+" (--"+owner.Flag+")") != 1) {
					t.Errorf("%s by %s: %+v, want one notice", name, source, got)
				}
			case kafka.Argument:
				if got.err != "" || got.property != "" || got.flag != value {
					t.Errorf("%s by %s: %+v, want --%s %s", name, source, got, owner.Flag, value)
				}
				cmd, _, _ := newRoot(&cli.Env{}).Find([]string{command})
				usual := cmd.Flags().Lookup(owner.Flag).DefValue
				if usual == "" {
					usual = owner.Value("range,lz4")
					if name == "compression.type" {
						usual = "lz4"
					}
				}
				got = settleIn(t, command, source, name, value, owner.Flag, append(more, "--"+owner.Flag+"="+usual)...)
				if got.err != "" || got.property != "" || got.flag != usual {
					t.Errorf("%s by %s, --%s %s: %+v, want the flag", name, source, owner.Flag, usual, got)
				}
				got = settleIn(t, "replay", source, name, "surely none", "no-flag")
				if source == "-X" && !strings.Contains(got.err, "has no such value") || source != "-X" && got.err != "" {
					t.Errorf("%s by %s, a bad value: %+v", name, source, got)
				}
			}
		}
	}
	for name := range owned {
		if k := rules[name].Kind; k != kafka.Argument && k != kafka.Identity {
			t.Errorf("%s has a flag, and is kind %d to package kafka", name, k)
		}
	}
}

func TestPropertiesThatDependOnOthers(t *testing.T) {
	pair := "org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor"
	for _, c := range []struct {
		source, name, value, flag string
		more                      []string
		want                      settled
	}{
		{"file", "partition.assignment.strategy", pair, "assignor", nil, settled{flag: "range"}},
		{"file", "partition.assignment.strategy", pair, "assignor", []string{"--protocol", "consumer"}, settled{said: "it is of --protocol classic"}},
		{"file", "group.remote.assignor", "range", "assignor", nil, settled{said: "it is of --protocol consumer"}},
		{"file", "session.timeout.ms", "6000", "assignor", []string{"--protocol", "consumer"}, settled{said: "it is of --protocol classic"}},
		{"-X", "session.timeout.ms", "6000", "assignor", []string{"--protocol", "consumer"}, settled{property: "6000"}},
		{"file", "heartbeat.interval.ms", "900", "assignor", []string{"--protocol", "consumer"}, settled{said: "it is of --protocol classic"}},
		{"file", "auto.offset.reset", "none", "offset-reset", nil, settled{flag: "error"}},
		{"file", "auto.offset.reset", "by_duration:PT1H", "offset-reset", nil, settled{flag: "earliest", said: "--offset-reset has no such value"}},
		{"context", "delivery.timeout.ms", "99", "timeout", nil, settled{property: "99"}},
		{"context", "delivery.timeout.ms", "99", "timeout", []string{"--timeout", "3s"}, settled{flag: "3s", said: "--timeout says it"}},
		{"-X", "request.timeout.ms", "99", "timeout", []string{"--timeout", "3s"}, settled{flag: "3s", said: "--timeout says it"}},
	} {
		got := settleIn(t, "consume", c.source, c.name, c.value, c.flag, c.more...)
		said := strings.Contains(got.said, c.want.said) && (got.said == "") == (c.want.said == "")
		if got.err != "" || got.property != c.want.property || got.flag != c.want.flag || !said {
			t.Errorf("%s of %s %v: %+v, want %+v", c.name, c.source, c.more, got, c.want)
		}
	}
}
