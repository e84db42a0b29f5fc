package cmd

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/output"
	"kstream/serde/registry"
)

type schemaDeleteFlags struct {
	cluster   connect.Options
	listing   cli.ListingOptions
	confirm   cli.Confirmation
	permanent bool
}

func newSchemaDeleteCmd(env *cli.Env) *cobra.Command {
	var f schemaDeleteFlags
	cmd := &cobra.Command{
		Use:     "delete SUBJECT[:VERSION]",
		Aliases: []string{"rm"},
		Short:   "Delete a subject or one of its versions",
		Long: `Delete a subject or one of its versions. It shows what it would delete and asks.
Records keep the ids of their schemas: these are still answered, until a subject is
deleted permanently. Then records that were written with it cannot be read any more.`,
		Example: `  kstream schema delete orders-value:3 --dry-run
  kstream schema delete orders-value --permanent --yes`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args[0])
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	cmd.Flags().BoolVar(&f.permanent, "permanent", false, "for good: the ids are no longer known")
	registerConfirmation(&f.confirm, cmd.Flags())
	registerListing(&f.listing, cmd.Flags())
	registerRegistry(&f.cluster, cmd.Flags())
	return cmd
}

type schemaDeletePlan struct {
	flags   *schemaDeleteFlags
	listing *cli.Listing
	subject string
	version int // 0: all of them; -1: the latest
}

func (f *schemaDeleteFlags) plan(env *cli.Env, target string) (*schemaDeletePlan, error) {
	p := &schemaDeletePlan{flags: f, subject: target}
	if subject, version := splitSubject(target); subject != target {
		p.subject, p.version = subject, version
	}
	if err := f.confirm.Plan(); err != nil {
		return nil, err
	}
	var err error
	if p.listing, err = f.listing.Plan(env); err != nil {
		return nil, err
	}
	return p, f.cluster.PlanRegistry(env)
}

// schemaDeleteItem is a version in the plan and in the outcome of `schema delete`.
type schemaDeleteItem struct {
	Subject      string `json:"subject"`
	Version      int    `json:"version"`
	ReferencedBy []int  `json:"referenced_by,omitempty"` // ids of schemas that import it
	Permanent    bool   `json:"permanent"`
	Deleted      bool   `json:"deleted"`
}

func (p *schemaDeletePlan) run(ctx context.Context, env *cli.Env) error {
	if !p.flags.confirm.DryRun {
		if err := p.flags.cluster.RefuseSchemaWrites(); err != nil {
			return err
		}
	}
	client, err := p.flags.cluster.OpenRegistry(ctx, env)
	if err != nil {
		return err
	}
	items, err := p.look(ctx, client)
	if err != nil {
		return err
	}
	table := func() *output.Table { return schemaDeleteTable(items) }
	if p.flags.confirm.DryRun {
		return p.listing.Print("kstream.schema.delete/v1", items, table)
	}
	if err := p.flags.confirm.Ask(ctx, env, table(), p.action(len(items))); err != nil {
		return err
	}
	if _, err := client.Delete(ctx, p.subject, p.version, p.flags.permanent); err != nil {
		return fmt.Errorf("%s: %w", p.subject, err)
	}
	for i := range items {
		items[i].Deleted = true
	}
	return p.listing.Print("kstream.schema.delete/v1", items, table)
}

// action says in words what is about to happen.
func (p *schemaDeletePlan) action(versions int) string {
	what := fmt.Sprintf("%s with its versions (%d)", p.subject, versions)
	if p.version > 0 {
		what = fmt.Sprintf("%s version %d", p.subject, p.version)
	}
	if p.flags.permanent {
		return "delete " + what + " for good"
	}
	return "delete " + what
}

// look finds the versions that would be deleted, and turns the latest into a number.
func (p *schemaDeletePlan) look(ctx context.Context, client *registry.Client) ([]schemaDeleteItem, error) {
	if p.version < 0 {
		s, err := client.BySubject(ctx, p.subject, -1)
		if err != nil {
			return nil, connect.NearSubject(ctx, client, p.subject, 0, err)
		}
		p.version = s.Version
	}
	versions, err := client.Versions(ctx, p.subject, p.flags.permanent)
	if err != nil {
		return nil, connect.NearSubject(ctx, client, p.subject, 0, err)
	}
	var items []schemaDeleteItem
	for _, v := range versions {
		if p.version > 0 && v != p.version {
			continue
		}
		users, err := client.Users(ctx, p.subject, v)
		if err != nil {
			return nil, err
		}
		items = append(items, schemaDeleteItem{Subject: p.subject, Version: v, ReferencedBy: users, Permanent: p.flags.permanent})
	}
	if len(items) == 0 {
		return nil, cli.Hint(cli.Errorf(cli.CodeUnknownSubject, "%s: no version %d", p.subject, p.version), "it has %v", versions)
	}
	return items, nil
}

func schemaDeleteTable(items []schemaDeleteItem) *output.Table {
	t := &output.Table{Columns: []output.Column{{Name: "subject"}, {Name: "version", Right: true}, {Name: "referenced_by"}, {Name: "permanent"}, {Name: "deleted"}}}
	for _, i := range items {
		users := make([]string, len(i.ReferencedBy))
		for j, id := range i.ReferencedBy {
			users[j] = strconv.Itoa(id)
		}
		t.Add(i.Subject, strconv.Itoa(i.Version), strings.Join(users, ","), strconv.FormatBool(i.Permanent), strconv.FormatBool(i.Deleted))
	}
	return t
}
