package serde

import (
	"io"

	"kstream/serde/value"
)

// Options are what a format may need beside its SPEC. The zero value suits every
// format that needs neither a registry nor a file nor a process.
type Options struct {
	Registry Registry                          // nil without one
	Files    func(name string) ([]byte, error) // reads schemas; nil refuses them
	Exec     ExecFunc                          // starts processes; nil refuses exec:

	JSONMode value.Mode // of the JSON that values become, and are read from
	JSONInts value.Ints // in the JSON that values become
	AvroJSON string     // "plain" or "avro": how unions and bytes look; empty is plain

	SchemaID        string // to write with: N, "latest", "SUBJECT:VERSION"; empty is latest
	SubjectStrategy string // "topic", "record", "topic-record"; empty is topic
	SchemaIDIn      string // "prefix" or "header" when writing; empty is prefix
	AutoRegister    bool   // register the schema at hand when writing
	IgnoreUnknown   bool   // when writing, leave out fields that the schema lacks

	ReaderSchema string   // file, id or SUBJECT:VERSION to resolve to when reading Avro
	ProtoPath    []string // directories of imports
	Message      string   // full name of the Protobuf message

	Validate           bool // check against a JSON Schema when reading, too
	PickleAllowObjects bool // write what could harm who loads it

	Limits Limits
}

// ExecFunc starts a user's command. Write writes to its stdin and Read reads from its
// stdout; Close ends the process, waits for it, and makes Write and Read return.
type ExecFunc func(command string) (io.ReadWriteCloser, error)

// Limits bound what a decoder may do with hostile input. Fields that are zero or less mean
// those of DefaultLimits.
type Limits struct {
	Bytes  int // of input
	Depth  int // of nesting
	Items  int // elements in total
	Output int // bytes of JSON that one value may become
}

// DefaultLimits returns limits that are far above what records need, and small compared to
// the memory of a machine.
func DefaultLimits() Limits {
	return Limits{Bytes: 256 << 20, Depth: value.DefaultDepth, Items: 16 << 20, Output: value.DefaultOutput}
}

// OrDefaults returns l with the defaults for fields that are zero or less.
func (l Limits) OrDefaults() Limits {
	d := DefaultLimits()
	for _, f := range []struct {
		field *int
		def   int
	}{{&l.Bytes, d.Bytes}, {&l.Depth, d.Depth}, {&l.Items, d.Items}, {&l.Output, d.Output}} {
		if *f.field <= 0 {
			*f.field = f.def
		}
	}
	return l
}

// JSON returns the options of value.AppendJSON for values read under o.
func (o Options) JSON() value.JSONOptions {
	l := o.Limits.OrDefaults()
	return value.JSONOptions{Mode: o.JSONMode, Ints: o.JSONInts, Depth: l.Depth, Bytes: l.Output}
}
