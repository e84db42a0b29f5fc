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
		Short:   "Look at the schema registry, register, check and delete schemas",
		Example: `  kstream schema list                              every subject with its latest version
  kstream schema get orders-value > order.avsc     the text of the latest version
  kstream schema check orders-value order.avsc     exit 7 when it is not compatible
  kstream schema check orders-value order.avsc --records orders --last 1000
  kstream schema register orders-value order.avsc`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(
		newSchemaListCmd(env),
		newSchemaGetCmd(env),
		newSchemaRegisterCmd(env),
		newSchemaCheckCmd(env),
		newSchemaDeleteCmd(env),
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
