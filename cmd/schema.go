package cmd

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/check"
	"kstream/cmd/cli"
	"kstream/serde"
)

func newSchemaCmd(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "schema",
		Aliases: []string{"schemas", "registry", "sr"},
		Short:   "Look at the schema registry, register, check, copy and delete schemas",
		Example: `  kstream schema list                              every subject with its latest version
  kstream schema get orders-value > order.avsc     the text of the latest version
  kstream schema check orders-value order.avsc     exit 7 when it is not compatible
  kstream schema check orders-value order.avsc --records orders --last 1000
  kstream schema register orders-value order.avsc
  kstream schema copy 'orders-*' --to http://localhost:8081 --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(
		newSchemaListCmd(env),
		newSchemaGetCmd(env),
		newSchemaRegisterCmd(env),
		newSchemaCheckCmd(env),
		newSchemaDeleteCmd(env),
		newSchemaCopyCmd(env),
		newSchemaCompatibilityCmd(env),
		newSchemaModeCmd(env),
	)
	return cmd
}

// schemaReference is a reference in documents.
type schemaReference struct {
	Name    string `json:"name"`
	Subject string `json:"subject"`
	Version int    `json:"version"`
}

func schemaReferences(list []serde.Reference) []schemaReference {
	refs := make([]schemaReference, len(list))
	for i, r := range list {
		refs[i] = schemaReference(r)
	}
	return refs
}

func registerSchemaFile(f *check.FileOptions, flags *pflag.FlagSet) {
	flags.StringVar(&f.Kind, "type", "", "`AVRO|PROTOBUF|JSON` (default by the name: .proto, .json; else AVRO)")
	flags.StringArrayVar(&f.References, "reference", nil, "the schema imports a registered one: `NAME=SUBJECT:VERSION`; repeatable")
}

func newSchemaCheckCmd(env *cli.Env) *cobra.Command {
	var f check.Options
	cmd := &cobra.Command{
		Use:   "check SUBJECT FILE",
		Short: "Is a schema compatible with the registry, and with real records?",
		Long: `Ask the registry whether the schema in FILE (- is stdin) may become the next version of
SUBJECT, in the way that the subject demands (BACKWARD, FULL, …). Nothing is changed.
A schema that is not compatible ends with 7 and the registry's reasons.

With --records the newest records of a topic are read with the schema, too: Avro by
the rules of schema resolution, Protobuf and JSON Schema as if it were theirs. Records
that cannot be read so are named, and end with 7.`,
		Example: `  kstream schema check orders-value order.avsc
  kstream schema check orders-value order.avsc --against all -o json
  kstream schema check orders-value order.avsc --records orders --last 1000`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.Plan(env, args[0], args[1])
			if err != nil {
				return err
			}
			_, err = check.Run(cmd.Context(), env, plan)
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Against, "against", "latest", "compare with the `latest|all` versions")
	registerRecordCheck(&f.Records, flags)
	registerSchemaFile(&f.File, flags)
	registerListing(&f.Listing, flags)
	registerCluster(&f.Cluster, flags)
	return cmd
}

func registerRecordCheck(f *check.RecordOptions, flags *pflag.FlagSet) {
	flags.StringVar(&f.Topic, "records", "", "also read the newest records of `TOPIC` with the schema")
	flags.IntVar(&f.Last, "last", 100, "with --records: how many, `N`")
	f.Changed = flags.Changed
}
