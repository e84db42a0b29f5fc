package cmd

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"kstream/cmd/suggest"
	"kstream/serde"
	"kstream/serde/registry"
)

func newSchemaCmd(env *Env) *cobra.Command {
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

// openRegistry connects to the registry that the settings name; needRegistry must have
// come before.
func (f *clusterFlags) openRegistry(ctx context.Context, env *Env) (*registry.Client, error) {
	if err := f.connectRegistry(ctx, env); err != nil {
		return nil, err
	}
	return f.schemas.Client, nil
}

// planRegistry is plan for a command that cannot do without a registry.
func (f *clusterFlags) planRegistry(env *Env) error {
	if err := f.plan(env); err != nil {
		return err
	}
	return f.needRegistry()
}

// refuseSchemaWrites is the error of a command that changes the registry when the
// context is read-only.
func (f *clusterFlags) refuseSchemaWrites() error {
	var c cluster
	if f.effective.ReadOnly {
		c.readOnly = f.effective.Context
	}
	return c.refuseWrites()
}

// nearSubject explains that a subject, or a version of it, is not there, with what is.
func nearSubject(ctx context.Context, client *registry.Client, subject string, version int, err error) error {
	if !errors.Is(err, serde.ErrUnknownSchema) {
		return err
	}
	subjects, failed := client.Subjects(ctx)
	if failed != nil {
		return failed
	}
	if slices.Contains(subjects, subject) && version > 0 {
		versions, failed := client.Versions(ctx, subject, false)
		if failed != nil {
			return failed
		}
		return hint(faultf(codeUnknownSubject, "%s: no version %d", subject, version), "it has %v", versions)
	}
	err = faultf(codeUnknownSubject, "%s: no such subject", subject)
	if near := suggest.Nearest(subject, subjects); near != "" {
		return hint(err, "did you mean %s?", near)
	}
	if len(subjects) == 0 {
		return hint(err, "the registry at %s has none; kstream schema register makes one", client.URL())
	}
	return hint(err, "kstream schema list shows the subjects")
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
