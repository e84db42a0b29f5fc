package cmd

import (
	"github.com/spf13/pflag"

	"kstream/cmd/record"
)

// registerSerdes adds --key-serde, --value-serde and what they share.
func registerSerdes(f *record.SerdeOptions, flags *pflag.FlagSet) {
	defer section(flags, flagsSerdes)()
	defaults := record.DefaultSerdes()
	flags.StringVar(&f.Key, "key-serde", defaults.Key, "the format of keys; `SPEC`, see kstream help serdes")
	flags.StringVarP(&f.Value, "value-serde", "s", defaults.Value, "the format of values: `SPEC`, see kstream help serdes")
	registerSerdeOptions(f, flags)
}

// registerSerdeOptions adds the flags that hold for every SPEC.
func registerSerdeOptions(f *record.SerdeOptions, flags *pflag.FlagSet) {
	defer section(flags, flagsSerdes, "json-mode", "json-ints", "avro-json", "reader-schema", "schema-id", "subject-strategy", "schema-id-in", "auto-register", "proto-path", "message", "ignore-unknown", "validate", "pickle-allow-objects")()
	defaults := record.DefaultSerdes()
	flags.StringVar(&f.JSONMode, "json-mode", defaults.JSONMode, "how decoded values look: `plain|lossless`; lossless can be encoded again, equal")
	flags.StringVar(&f.JSONInts, "json-ints", defaults.JSONInts, "integers beyond 2^53 as `number|string`")
	flags.StringVar(&f.AvroJSON, "avro-json", defaults.AvroJSON, "unions, bytes and logical types as `plain|avro`; avro is the JSON of the specification")
	flags.StringVar(&f.Reader, "reader-schema", "", "read Avro as the schema in `FILE` says, by the rules of schema resolution; or of the registry: N, SUBJECT:VERSION")
	flags.StringVar(&f.SchemaID, "schema-id", "", "write with this schema of the registry: `N|latest|SUBJECT:VERSION` (default latest of the subject)")
	flags.StringVar(&f.Strategy, "subject-strategy", defaults.Strategy, "the subject of a schema is named by `topic|record|topic-record`")
	flags.StringVar(&f.SchemaIDIn, "schema-id-in", defaults.SchemaIDIn, "write the id of the schema into the `prefix|header`; both are read")
	flags.BoolVar(&f.AutoRegister, "auto-register", false, "register the schema at hand when writing, and frame the records with its id")
	flags.StringArrayVar(&f.ProtoPath, "proto-path", nil, "look for .proto files, and for what they and schemas of the registry import, in `DIR`; repeatable")
	flags.StringVar(&f.Message, "message", "", "the Protobuf message, by its full `NAME`, whatever the record says; a #NAME in a SPEC goes before it")
	flags.BoolVar(&f.Ignore, "ignore-unknown", false, "when writing Avro or Protobuf, leave out fields that the schema lacks, instead of refusing the value")
	flags.BoolVar(&f.Validate, "validate", false, "check against the JSON Schema when reading, too")
	flags.BoolVar(&f.Objects, "pickle-allow-objects", false, "write pickles that call functions where they are loaded")
}
