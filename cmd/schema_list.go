package cmd

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/output"
	"kstream/serde/registry"
)

type schemaListFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	what    registry.Listing
}

func newSchemaListCmd(env *cli.Env) *cobra.Command {
	var f schemaListFlags
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the subjects of the schema registry",
		Example: `  kstream schema list
  kstream schema list --subject-prefix orders- --versions
  kstream schema list --subject-prefix :.eu:       the subjects of a context
  kstream schema list --deleted -o json            also what was deleted, but not for good`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan, err := f.plan(env)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.what.Prefix, "subject-prefix", "", "only subjects that begin with `TEXT`")
	flags.BoolVar(&f.what.Versions, "versions", false, "every version, not only the latest")
	flags.BoolVar(&f.what.Deleted, "deleted", false, "also what was deleted, but not permanently")
	registerListing(&f.listing, flags)
	registerRegistry(&f.cluster, flags)
	return cmd
}

type schemaListPlan struct {
	flags   *schemaListFlags
	listing *cli.Listing
}

func (f *schemaListFlags) plan(env *cli.Env) (*schemaListPlan, error) {
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	return &schemaListPlan{f, l}, f.cluster.PlanRegistry(env)
}

// schemaListItem is a version of a subject in `schema list`.
type schemaListItem struct {
	Subject string `json:"subject"`
	Version int    `json:"version"`
	ID      int    `json:"id"`
	Type    string `json:"type"`
	Deleted bool   `json:"deleted"`
}

func (p *schemaListPlan) run(ctx context.Context, env *cli.Env) error {
	client, err := p.flags.cluster.OpenRegistry(ctx, env)
	if err != nil {
		return err
	}
	listed, err := client.List(ctx, p.flags.what)
	if err != nil {
		return err
	}
	items := make([]schemaListItem, len(listed))
	for i, l := range listed {
		items[i] = schemaListItem{l.Subject, l.Version, l.ID, l.Type, l.Deleted}
	}
	return p.listing.Print("kstream.schema.list/v1", items, func() *output.Table { return p.table(items) })
}

// table has the column deleted only where deleted versions may be.
func (p *schemaListPlan) table(items []schemaListItem) *output.Table {
	t := &output.Table{Columns: schemaColumns()}
	if p.flags.what.Deleted {
		t.Columns = append(t.Columns, output.Column{Name: "deleted"})
	}
	for _, i := range items {
		t.Add(i.Subject, strconv.Itoa(i.Version), strconv.Itoa(i.ID), i.Type, strconv.FormatBool(i.Deleted))
	}
	return t
}

func schemaColumns() []output.Column {
	return []output.Column{{Name: "subject"}, {Name: "version", Right: true}, {Name: "id", Right: true}, {Name: "type"}}
}
