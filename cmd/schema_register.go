package cmd

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"kstream/cmd/check"
	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/output"
	"kstream/serde/registry"
)

type schemaRegisterFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	file    check.FileOptions
}

func newSchemaRegisterCmd(env *cli.Env) *cobra.Command {
	var f schemaRegisterFlags
	cmd := &cobra.Command{
		Use:     "register SUBJECT FILE",
		Aliases: []string{"create"},
		Short:   "Register a schema as the next version of a subject",
		Long: `Register the schema in FILE (- is stdin) as the next version of SUBJECT, and print its
version and id. A schema that the subject has already is found there, and nothing
changes. The subject of the values of a topic is TOPIC-value, of its keys TOPIC-key.`,
		Example: `  kstream schema register orders-value order.avsc
  kstream schema register orders-value order.proto --reference common.proto=common:1`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args[0], args[1])
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	registerSchemaFile(&f.file, cmd.Flags())
	registerListing(&f.listing, cmd.Flags())
	registerRegistry(&f.cluster, cmd.Flags())
	return cmd
}

type schemaRegisterPlan struct {
	flags   *schemaRegisterFlags
	listing *cli.Listing
	subject string
	file    *check.File
}

func (f *schemaRegisterFlags) plan(env *cli.Env, subject, path string) (*schemaRegisterPlan, error) {
	p := &schemaRegisterPlan{flags: f, subject: subject}
	var err error
	if p.file, err = f.file.Plan(path); err != nil {
		return nil, err
	}
	if p.listing, err = f.listing.Plan(env); err != nil {
		return nil, err
	}
	return p, f.cluster.PlanRegistry(env)
}

// schemaRegisterItem is the outcome of `schema register`.
type schemaRegisterItem struct {
	Subject    string            `json:"subject"`
	Version    int               `json:"version"`
	ID         int               `json:"id"`
	GUID       string            `json:"guid,omitempty"`
	Type       string            `json:"type"`
	References []schemaReference `json:"references"`
}

func (p *schemaRegisterPlan) run(ctx context.Context, env *cli.Env) error {
	if err := p.flags.cluster.RefuseSchemaWrites(); err != nil {
		return err
	}
	client, err := p.flags.cluster.OpenRegistry(ctx, env)
	if err != nil {
		return err
	}
	schema, err := p.file.Read(ctx, env, client)
	if err != nil {
		return err
	}
	s, err := client.Register(ctx, p.subject, schema)
	if err != nil {
		err = fmt.Errorf("%s: %w", p.subject, err)
		if errors.Is(err, registry.ErrIncompatible) && !errors.Is(err, registry.ErrRefused) {
			return cli.Hint(err, "kstream schema check %s %s says why", p.subject, p.file.Path)
		}
		return err
	}
	item := schemaRegisterItem{p.subject, s.Version, s.ID, s.GUID, s.Type, schemaReferences(s.References)}
	return p.listing.Print("kstream.schema.register/v1", []schemaRegisterItem{item}, func() *output.Table {
		t := &output.Table{Columns: schemaColumns()}
		t.Add(item.Subject, strconv.Itoa(item.Version), strconv.Itoa(item.ID), item.Type)
		return t
	})
}
