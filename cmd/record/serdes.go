package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/suggest"
	"kstream/serde"
	"kstream/serde/formats"
	"kstream/serde/value"
)

// SerdeOptions say how keys and values are read and written; every command that looks
// into records has them.
type SerdeOptions struct {
	Key, Value string // SPECs; decode and encode take theirs as an argument
	JSONMode   string
	JSONInts   string
	AvroJSON   string
	Reader     string // --reader-schema
	ProtoPath  []string
	Message    string // --message, of Protobuf
	Validate   bool   // when reading, too
	Objects    bool   // --pickle-allow-objects

	Cluster      *connect.Options // whose schema registry is asked; nil for none
	SchemaID     string
	Strategy     string
	SchemaIDIn   string
	AutoRegister bool
	Ignore       bool // --ignore-unknown
}

// DefaultSerdes returns what holds where no flag says otherwise.
func DefaultSerdes() SerdeOptions {
	return SerdeOptions{
		Key: "text", Value: "text", JSONMode: "plain", JSONInts: "number", AvroJSON: "plain",
		Strategy: "topic", SchemaIDIn: "prefix",
	}
}

// Options returns what the flags mean to package serde.
func (f *SerdeOptions) Options(env *cli.Env) (serde.Options, error) {
	o := serde.Options{
		Files: os.ReadFile, Exec: startFilter(env), AvroJSON: f.AvroJSON, ReaderSchema: f.Reader, PickleAllowObjects: f.Objects,
		SchemaID: f.SchemaID, SubjectStrategy: f.Strategy, SchemaIDIn: f.SchemaIDIn, AutoRegister: f.AutoRegister,
		IgnoreUnknown: f.Ignore,
		ProtoPath:     f.ProtoPath, Message: f.Message, Validate: f.Validate,
	}
	if err := f.useRegistry(env, &o); err != nil {
		return o, err
	}
	if f.AvroJSON != "plain" && f.AvroJSON != "avro" {
		return o, cli.Usagef("--avro-json %s: want plain or avro", f.AvroJSON)
	}
	switch f.JSONMode {
	case "plain":
	case "lossless":
		o.JSONMode = value.Lossless
	default:
		return o, cli.Usagef("--json-mode %s: want plain or lossless", f.JSONMode)
	}
	switch f.JSONInts {
	case "number":
	case "string":
		o.JSONInts = value.IntStrings
	default:
		return o, cli.Usagef("--json-ints %s: want number or string", f.JSONInts)
	}
	return o, nil
}

// useRegistry hands in the registry of the cluster and checks the flags about it.
func (f *SerdeOptions) useRegistry(env *cli.Env, o *serde.Options) error {
	if f.Strategy != "topic" && f.Strategy != "record" && f.Strategy != "topic-record" {
		return cli.Usagef("--subject-strategy %s: want topic, record or topic-record", f.Strategy)
	}
	if f.SchemaIDIn != "prefix" && f.SchemaIDIn != "header" {
		return cli.Usagef("--schema-id-in %s: want prefix or header", f.SchemaIDIn)
	}
	if f.Cluster != nil {
		if err := f.Cluster.Plan(env); err != nil {
			return err
		}
		if s := f.Cluster.SchemaRegistry(); s != nil {
			o.Registry = s
			return nil
		}
	}
	if f.AutoRegister {
		return cli.Hint(cli.Usagef("--auto-register: %w", cli.ErrNoRegistryNamed), "--registry URL, KSTREAM_REGISTRY, or schema-registry in the context")
	}
	return nil
}

// ByRegistry reports whether the format of spec has its schemas in the registry.
func ByRegistry(spec string) bool {
	name, _, _ := strings.Cut(spec, ":")
	name, _, _ = strings.Cut(name, "?")
	return name == "avro" || name == "protobuf" || name == "jsonschema"
}

// HasSchema reports whether spec names the file of a schema, which can be registered.
func HasSchema(spec string) bool {
	_, file, _ := strings.Cut(spec, ":")
	return ByRegistry(spec) && strings.Trim(file, "?") != ""
}

// registering is o for one part of records: --auto-register is about the parts that
// name a file. Another one is written with what the registry has.
func registering(spec string, o serde.Options) serde.Options {
	o.AutoRegister = o.AutoRegister && HasSchema(spec)
	return o
}

// ErrNothingToRegister is for --auto-register without a file.
func ErrNothingToRegister() error {
	return cli.Hint(cli.Usagef("--auto-register: there is no schema to register"), "name its file: avro:FILE, protobuf:FILE or jsonschema:FILE")
}

// OpenSerde makes the serde of spec. Call closeSerde when done with it.
func OpenSerde(spec string, o serde.Options) (serde.Serde, error) {
	s, err := formats.Open(spec, o)
	var wrong *serde.SpecError
	if errors.As(err, &wrong) {
		if near := suggest.Nearest(wrong.Unknown, wrong.Known); near != "" {
			return nil, cli.Hint(err, "did you mean: %s", near)
		}
	}
	return s, err
}

// CloseSerde ends what s may have started.
func CloseSerde(s serde.Serde) {
	if c, ok := s.(io.Closer); ok {
		c.Close() // it has answered all that it was asked
	}
}

// Open makes the serdes of keys and values. closeAll ends what they may have started.
func (f *SerdeOptions) Open(env *cli.Env) (key, val serde.Serde, closeAll func(), err error) {
	o, err := f.Options(env)
	if err != nil {
		return nil, nil, nil, err
	}
	if f.AutoRegister && !HasSchema(f.Key) && !HasSchema(f.Value) {
		return nil, nil, nil, ErrNothingToRegister()
	}
	if key, err = OpenSerde(f.Key, registering(f.Key, o)); err != nil {
		return nil, nil, nil, fmt.Errorf("--key-serde: %w", err)
	}
	if val, err = OpenSerde(f.Value, registering(f.Value, o)); err != nil {
		CloseSerde(key)
		return nil, nil, nil, fmt.Errorf("--value-serde: %w", err)
	}
	return key, val, func() { CloseSerde(key); CloseSerde(val) }, nil
}

// OpenEncoders is Open for a command that only writes: a serde may start a command, and
// closeAll ends it.
func (f *SerdeOptions) OpenEncoders(env *cli.Env) (encoders [2]Encoding, closeAll func(), err error) {
	o, err := f.Options(env)
	if err != nil {
		return encoders, nil, err
	}
	key, val, closeBoth, err := f.Open(env)
	if err != nil {
		return encoders, nil, err
	}
	encoders, topics := NewEncoders(key, val, o.JSON()), f.byTopic(env, o)
	for i := range encoders {
		encoders[i].topics = topics
	}
	return encoders, func() { closeBoth(); topics.close() }, nil
}

// startFilter starts commands for exec: by the shell, in a process group of their own,
// so that Close ends all that the command started and a Ctrl-C reaches us first.
func startFilter(env *cli.Env) serde.ExecFunc {
	return func(command string) (io.ReadWriteCloser, error) {
		child := exec.Command("sh", "-c", command)
		child.Stderr, child.Env = env.Stderr, env.ChildEnviron()
		child.WaitDelay = time.Second // a process that left the group may keep stderr
		group := cli.OwnGroup(child, false)
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
		p.spared = env.Deaths.Add(p.kill)
		return p, nil
	}
}

type filterProcess struct {
	io.Reader
	io.Writer
	child  *exec.Cmd
	group  cli.ChildGroup
	spared func() // from then on a second signal need not kill it
}

// kill ends the command and what it started.
func (p *filterProcess) kill() {
	p.group.Send(syscall.SIGKILL)
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

// SerdeNames returns the formats as a SPEC names them, with a placeholder for an argument
// that is needed.
func SerdeNames() []string {
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
