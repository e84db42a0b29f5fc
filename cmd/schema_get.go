package cmd

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/output"
	"kstream/serde"
	"kstream/serde/registry"
	"kstream/serde/wire"
)

type schemaGetFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	id      int
}

func newSchemaGetCmd(env *cli.Env) *cobra.Command {
	var f schemaGetFlags
	cmd := &cobra.Command{
		Use:     "get SUBJECT[:VERSION] | --id N",
		Aliases: []string{"show", "describe"},
		Short:   "Print a schema",
		Long: `Print the text of a schema as the registry has it: the latest version of a subject,
another one, or that of an id. With -o json or yaml also its id, type and references.`,
		Example: `  kstream schema get orders-value
  kstream schema get orders-value:3
  kstream schema get --id 17 -o json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args, cmd.Flags().Changed("id"))
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.id, "id", 0, "the schema with id `N`")
	registerListing(&f.listing, flags, "text")
	f.listing.Output = "text"
	flags.Lookup("output").DefValue = "text"
	registerRegistry(&f.cluster, flags)
	return cmd
}

type schemaGetPlan struct {
	flags   *schemaGetFlags
	listing *cli.Listing
	subject string // empty: by id
	version int    // -1: the latest
}

func (f *schemaGetFlags) plan(env *cli.Env, args []string, byID bool) (*schemaGetPlan, error) {
	p := &schemaGetPlan{flags: f}
	switch {
	case byID == (len(args) > 0):
		return nil, cli.Usagef("get: want SUBJECT[:VERSION] or --id N")
	case byID && f.id <= 0:
		return nil, cli.Usagef("--id %d: ids are above 0", f.id)
	case !byID:
		p.subject, p.version = splitSubject(args[0])
	}
	var err error
	if p.listing, err = f.listing.Plan(env); err != nil {
		return nil, err
	}
	return p, f.cluster.PlanRegistry(env)
}

// splitSubject takes SUBJECT[:VERSION] apart; without a version it is -1, the latest.
// What follows the last colon is a version when it is a number or "latest", so that
// :.context:subject is a subject.
func splitSubject(text string) (subject string, version int) {
	if subject, version, ok := wire.SplitVersion(text); ok {
		return subject, version
	}
	return text, -1
}

// schemaGetItem is the schema in `schema get`.
type schemaGetItem struct {
	Subject    string            `json:"subject,omitempty"` // of the version; the first one with the schema, by id
	Version    int               `json:"version,omitempty"`
	ID         int               `json:"id"`
	GUID       string            `json:"guid,omitempty"`
	Type       string            `json:"type"`
	Schema     string            `json:"schema"`
	References []schemaReference `json:"references"`
	UsedBy     []schemaUse       `json:"used_by,omitempty"` // by id: all versions with the schema
}

type schemaUse struct {
	Subject string `json:"subject"`
	Version int    `json:"version"`
}

func (p *schemaGetPlan) run(ctx context.Context, env *cli.Env) error {
	client, err := p.flags.cluster.OpenRegistry(ctx, env)
	if err != nil {
		return err
	}
	var s serde.Schema
	var uses []registry.Use
	if p.subject != "" {
		s, err = client.BySubject(ctx, p.subject, p.version)
		if err != nil {
			return connect.NearSubject(ctx, client, p.subject, p.version, err)
		}
	} else if s, uses, err = p.byID(ctx, client); err != nil {
		return err
	}
	item := schemaGetItem{s.Subject, s.Version, s.ID, s.GUID, s.Type, s.Text, schemaReferences(s.References), nil}
	for _, u := range uses {
		item.UsedBy = append(item.UsedBy, schemaUse(u))
	}
	if p.listing.Format == "text" {
		text := strings.TrimSuffix(s.Text, "\n") + "\n"
		if env.StdoutTerminal {
			text = escapedLines(text)
		}
		_, err = env.Stdout.Write([]byte(text))
		return err
	}
	return p.listing.Print("kstream.schema.get/v1", []schemaGetItem{item}, func() *output.Table {
		t := &output.Table{Columns: schemaColumns()}
		t.Add(item.Subject, strconv.Itoa(item.Version), strconv.Itoa(item.ID), item.Type)
		return t
	})
}

func (p *schemaGetPlan) byID(ctx context.Context, client *registry.Client) (serde.Schema, []registry.Use, error) {
	s, err := client.ByID(ctx, p.flags.id, "")
	if errors.Is(err, serde.ErrUnknownSchema) {
		return s, nil, cli.Hint(cli.Errorf(cli.CodeUnknownSubject, "id %d: no such schema", p.flags.id), "kstream schema list shows the ids")
	}
	if err != nil || p.listing.Format == "text" {
		return s, nil, err
	}
	uses, err := client.Uses(ctx, p.flags.id)
	if s.Subject == "" && len(uses) > 0 {
		s.Subject, s.Version = uses[0].Subject, uses[0].Version
	}
	return s, uses, err
}

// escapedLines keeps the lines of a stranger's text and escapes what could act on a
// terminal.
func escapedLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		fields := strings.Split(line, "\t")
		for j := range fields {
			fields[j] = output.Escaped(fields[j])
		}
		lines[i] = strings.Join(fields, "\t")
	}
	return strings.Join(lines, "\n")
}

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
