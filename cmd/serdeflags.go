package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/serde"
	"kstream/serde/formats"
	"kstream/serde/value"
)

// serdeFlags say how keys and values are read and written; every command that looks
// into records has them.
type serdeFlags struct {
	key, value string // SPECs; decode and encode take theirs as an argument
	jsonMode   string
	jsonInts   string
	avroJSON   string
	reader     string // --reader-schema
	protoPath  []string
	message    string // --message, of Protobuf
	validate   bool   // when reading, too
	objects    bool   // --pickle-allow-objects

	cluster      *clusterFlags // whose schema registry is asked; nil for none
	schemaID     string
	strategy     string
	schemaIDIn   string
	autoRegister bool
	ignore       bool // --ignore-unknown
}

// register adds --key-serde, --value-serde and what they share.
func (f *serdeFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.key, "key-serde", "text", "the format of keys: `SPEC`, see kstream help serdes")
	flags.StringVarP(&f.value, "value-serde", "s", "text", "the format of values: `SPEC`, see kstream help serdes")
	f.registerShared(flags)
}

// registerShared adds the flags that hold for every SPEC.
func (f *serdeFlags) registerShared(flags *pflag.FlagSet) {
	flags.StringVar(&f.jsonMode, "json-mode", "plain", "how decoded values look: `plain|lossless`; lossless can be encoded again, equal")
	flags.StringVar(&f.jsonInts, "json-ints", "number", "integers beyond 2^53 as `number|string`")
	flags.StringVar(&f.avroJSON, "avro-json", "plain", "unions, bytes and logical types as `plain|avro`; avro is the JSON of the specification")
	flags.StringVar(&f.reader, "reader-schema", "", "read Avro as the schema in `FILE` says, by the rules of schema resolution; or of the registry: N, SUBJECT:VERSION")
	flags.StringVar(&f.schemaID, "schema-id", "", "write with this schema of the registry: `N|latest|SUBJECT:VERSION` (default latest of the subject)")
	flags.StringVar(&f.strategy, "subject-strategy", "topic", "the subject of a schema is named by `topic|record|topic-record`")
	flags.StringVar(&f.schemaIDIn, "schema-id-in", "prefix", "write the id of the schema into the `prefix|header`; both are read")
	flags.BoolVar(&f.autoRegister, "auto-register", false, "register the schema at hand when writing, and frame the records with its id")
	flags.StringArrayVar(&f.protoPath, "proto-path", nil, "look for .proto files, and for what they and schemas of the registry import, in `DIR`; repeatable")
	flags.StringVar(&f.message, "message", "", "the Protobuf message, by its full `NAME`, whatever the record says; a #NAME in a SPEC goes before it")
	flags.BoolVar(&f.ignore, "ignore-unknown", false, "when writing Avro or Protobuf, leave out fields that the schema lacks, instead of refusing the value")
	flags.BoolVar(&f.validate, "validate", false, "check against the JSON Schema when reading, too")
	flags.BoolVar(&f.objects, "pickle-allow-objects", false, "write pickles that call functions where they are loaded")
}

// options gives the flags their meaning.
func (f *serdeFlags) options(env *Env) (serde.Options, error) {
	o := serde.Options{
		Files: os.ReadFile, Exec: startFilter(env), AvroJSON: f.avroJSON, ReaderSchema: f.reader, PickleAllowObjects: f.objects,
		SchemaID: f.schemaID, SubjectStrategy: f.strategy, SchemaIDIn: f.schemaIDIn, AutoRegister: f.autoRegister,
		IgnoreUnknown: f.ignore,
		ProtoPath:     f.protoPath, Message: f.message, Validate: f.validate,
	}
	if err := f.useRegistry(env, &o); err != nil {
		return o, err
	}
	if f.avroJSON != "plain" && f.avroJSON != "avro" {
		return o, usagef("--avro-json %s: want plain or avro", f.avroJSON)
	}
	switch f.jsonMode {
	case "plain":
	case "lossless":
		o.JSONMode = value.Lossless
	default:
		return o, usagef("--json-mode %s: want plain or lossless", f.jsonMode)
	}
	switch f.jsonInts {
	case "number":
	case "string":
		o.JSONInts = value.IntStrings
	default:
		return o, usagef("--json-ints %s: want number or string", f.jsonInts)
	}
	return o, nil
}

// useRegistry hands in the registry of the cluster and checks the flags about it.
func (f *serdeFlags) useRegistry(env *Env, o *serde.Options) error {
	if f.strategy != "topic" && f.strategy != "record" && f.strategy != "topic-record" {
		return usagef("--subject-strategy %s: want topic, record or topic-record", f.strategy)
	}
	if f.schemaIDIn != "prefix" && f.schemaIDIn != "header" {
		return usagef("--schema-id-in %s: want prefix or header", f.schemaIDIn)
	}
	if f.cluster != nil {
		if err := f.cluster.plan(env); err != nil {
			return err
		}
		if s := f.cluster.schemaRegistry(); s != nil {
			o.Registry = s
			return nil
		}
	}
	if f.autoRegister {
		return hint(usagef("--auto-register: %w", errNoRegistryNamed), "--registry URL, KSTREAM_REGISTRY, or schema-registry in the context")
	}
	return nil
}

// byRegistry says whether the format of spec has its schemas in the registry.
func byRegistry(spec string) bool {
	name, _, _ := strings.Cut(spec, ":")
	name, _, _ = strings.Cut(name, "?")
	return name == "avro" || name == "protobuf" || name == "jsonschema"
}

// hasSchema says whether spec names the file of a schema, which can be registered.
func hasSchema(spec string) bool {
	_, file, _ := strings.Cut(spec, ":")
	return byRegistry(spec) && strings.Trim(file, "?") != ""
}

// registering is o for one part of records: --auto-register is about the parts that
// name a file. Another one is written with what the registry has.
func registering(spec string, o serde.Options) serde.Options {
	o.AutoRegister = o.AutoRegister && hasSchema(spec)
	return o
}

// errNothingToRegister is for --auto-register without a file.
func errNothingToRegister() error {
	return hint(usagef("--auto-register: there is no schema to register"), "name its file: avro:FILE, protobuf:FILE or jsonschema:FILE")
}

// openSerde makes the serde of spec. Call closeSerde when done with it.
func openSerde(spec string, o serde.Options) (serde.Serde, error) {
	s, err := formats.Open(spec, o)
	var wrong *serde.SpecError
	if errors.As(err, &wrong) && wrong.Nearest != "" {
		return nil, hint(err, "did you mean: %s", wrong.Nearest)
	}
	return s, err
}

// closeSerde ends what s may have started.
func closeSerde(s serde.Serde) {
	if c, ok := s.(io.Closer); ok {
		c.Close() // it has answered all that it was asked
	}
}

// open makes the serdes of keys and values. closeAll ends what they may have started.
func (f *serdeFlags) open(env *Env) (key, val serde.Serde, closeAll func(), err error) {
	o, err := f.options(env)
	if err != nil {
		return nil, nil, nil, err
	}
	if f.autoRegister && !hasSchema(f.key) && !hasSchema(f.value) {
		return nil, nil, nil, errNothingToRegister()
	}
	if key, err = openSerde(f.key, registering(f.key, o)); err != nil {
		return nil, nil, nil, fmt.Errorf("--key-serde: %w", err)
	}
	if val, err = openSerde(f.value, registering(f.value, o)); err != nil {
		closeSerde(key)
		return nil, nil, nil, fmt.Errorf("--value-serde: %w", err)
	}
	return key, val, func() { closeSerde(key); closeSerde(val) }, nil
}

// startFilter starts commands for exec: by the shell, in a process group of their own,
// so that Close ends all that the command started and a Ctrl-C reaches us first.
func startFilter(env *Env) serde.ExecFunc {
	return func(command string) (io.ReadWriteCloser, error) {
		child := exec.Command("sh", "-c", command)
		child.Stderr = env.Stderr
		child.WaitDelay = time.Second // a process that left the group may keep stderr
		group := ownGroup(child, false)
		in, err := child.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := child.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := child.Start(); err != nil {
			return nil, err
		}
		p := &filterProcess{Writer: in, Reader: out, child: child, group: group}
		p.spared = env.deaths.add(p.kill)
		return p, nil
	}
}

type filterProcess struct {
	io.Reader
	io.Writer
	child  *exec.Cmd
	group  childGroup
	spared func() // from then on a second signal need not kill it
}

// kill ends the command and what it started.
func (p *filterProcess) kill() {
	p.group.send(syscall.SIGKILL)
	_ = p.child.Process.Kill() // where there are no groups; it may have ended
}

// Close kills the command and what it started, and waits for it. How it ended is not
// told: it was asked to.
func (p *filterProcess) Close() error {
	p.kill()
	_ = p.child.Wait()
	p.spared()
	return nil
}

// serdeArg is the error of a command whose SPEC argument is missing, with the list.
func serdeArg(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return cobra.MaximumNArgs(2)(cmd, args)
	}
	return errors.New("want a SPEC: " + strings.Join(serdeNames(), " "))
}

func serdeNames() []string {
	var names []string
	for _, f := range formats.List() {
		name := f.Name
		if f.NeedsArgument {
			name += ":" + f.Argument
		}
		names = append(names, name)
	}
	return names
}

// newSerdesHelp is `kstream help serdes`.
func newSerdesHelp() *cobra.Command {
	var text strings.Builder
	text.WriteString("SPEC is name[:argument][?param=value&…]. The formats:\n\n")
	for _, f := range formats.List() {
		name := f.Name
		switch {
		case f.NeedsArgument:
			name += ":" + f.Argument
		case f.Argument != "":
			name += "[:" + f.Argument + "]"
		}
		fmt.Fprintf(&text, "  %-16s %s\n", name, f.Help)
		for _, p := range f.Params {
			fmt.Fprintf(&text, "  %-16s   ?%s=%s: %s\n", "", p.Name, p.Values, p.Help)
		}
	}
	return &cobra.Command{
		Use:   "serdes",
		Short: "The formats of keys and values",
		Long:  text.String(),
	}
}
