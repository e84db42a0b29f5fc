package cmd

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/output"
	"kstream/serde"
	"kstream/serde/registry"
)

// schemaSetting is a setting that a registry has for all subjects and for each: `schema
// compatibility` and `schema mode` show and change one.
type schemaSetting struct {
	registry.Setting
	name   string // of the command
	values []string
}

func newSchemaCompatibilityCmd(env *cli.Env) *cobra.Command {
	s := schemaSetting{registry.Compatibility(), "compatibility", []string{
		"BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE", "NONE",
	}}
	return newSchemaSettingCmd(env, s, &cobra.Command{
		Use:     "compatibility SUBJECT [LEVEL] | --global [LEVEL]",
		Aliases: []string{"level"},
		Short:   "Show or set how compatible new versions must be",
		Long: `Show the level of compatibility that a new version of SUBJECT must meet, or set it.
--global is the level of all subjects that have none of their own.

BACKWARD: the new schema reads what the latest version wrote; FORWARD: the latest
version reads what the new schema writes; FULL: both; …_TRANSITIVE: so with all
versions; NONE: anything goes. A subject may get a level before its first schema.`,
		Example: `  kstream schema compatibility orders-value
  kstream schema compatibility orders-value FULL_TRANSITIVE
  kstream schema compatibility orders-value --unset
  kstream schema compatibility --global BACKWARD`,
	})
}

func newSchemaModeCmd(env *cli.Env) *cobra.Command {
	s := schemaSetting{registry.Mode(), "mode", []string{"READWRITE", "READONLY", "IMPORT"}}
	return newSchemaSettingCmd(env, s, &cobra.Command{
		Use:   "mode SUBJECT [MODE] | --global [MODE]",
		Short: "Show or set whether schemas may be registered or imported",
		Long: `Show the mode of SUBJECT, or set it. --global is the mode of all subjects that have
none of their own.

READWRITE: schemas are registered; READONLY: they are only read; IMPORT: they come with
their ids and numbers, as schema copy sends them, and nothing is checked. A subject may
get a mode before its first schema; most registries refuse IMPORT after it.`,
		Example: `  kstream schema mode orders-value
  kstream schema mode orders-value READONLY
  kstream schema mode orders-value --unset
  kstream schema mode --global IMPORT`,
	})
}

type schemaSettingFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	global  bool
	unset   bool
}

// newSchemaSettingCmd makes cmd, whose texts are there, the command of a setting.
func newSchemaSettingCmd(env *cli.Env, s schemaSetting, cmd *cobra.Command) *cobra.Command {
	var f schemaSettingFlags
	cmd.Args = cobra.MaximumNArgs(2)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		plan, err := f.plan(env, s, args)
		if err != nil {
			return err
		}
		return plan.run(cmd.Context(), env)
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.global, "global", false, "that of all subjects which have none of their own")
	flags.BoolVar(&f.unset, "unset", false, "take that of SUBJECT away, so that the global one holds")
	registerListing(&f.listing, flags)
	registerRegistry(&f.cluster, flags)
	return cmd
}

type schemaSettingPlan struct {
	flags   *schemaSettingFlags
	listing *cli.Listing
	setting schemaSetting
	subject string // empty: the global one
	value   string // to set; empty: none
}

func (f *schemaSettingFlags) plan(env *cli.Env, s schemaSetting, args []string) (*schemaSettingPlan, error) {
	p := &schemaSettingPlan{flags: f, setting: s}
	switch {
	case f.global && (len(args) > 1 || f.unset), !f.global && len(args) == 0, f.unset && len(args) > 1, !f.global && len(args) > 0 && args[0] == "":
		return nil, cli.Usagef("%s: want SUBJECT or --global, and at most one of a value such as %s and, for a subject, --unset", s.name, s.values[0])
	case !f.global:
		p.subject, args = args[0], args[1:]
	}
	if len(args) > 0 {
		p.value = strings.ToUpper(args[0])
		if !slices.Contains(s.values, p.value) {
			return nil, cli.Usagef("%s %s: want %s", s.name, args[0], strings.Join(s.values, ", "))
		}
	}
	var err error
	if p.listing, err = f.listing.Plan(env); err != nil {
		return nil, err
	}
	return p, f.cluster.PlanRegistry(env)
}

// schemaSettingItem is what holds for a subject, or without one globally.
type schemaSettingItem struct {
	Subject string `json:"subject,omitempty"`
	Value   string `json:"value"`
	Own     bool   `json:"own"` // the subject has it itself
}

func (p *schemaSettingPlan) run(ctx context.Context, env *cli.Env) error {
	if p.value != "" || p.flags.unset {
		if err := p.flags.cluster.RefuseSchemaWrites(); err != nil {
			return err
		}
	}
	client, err := p.flags.cluster.OpenRegistry(ctx, env)
	if err != nil {
		return err
	}
	if err := p.change(ctx, client); err != nil {
		return err
	}
	value, own, err := client.Get(ctx, p.setting.Setting, p.subject)
	if err != nil {
		return p.explain(err)
	}
	if p.value == "" && !p.flags.unset && !own {
		if err := p.known(ctx, client); err != nil {
			return err
		}
	}
	item := schemaSettingItem{p.subject, value, own}
	return p.listing.Print("kstream.schema."+p.setting.name+"/v1", []schemaSettingItem{item}, func() *output.Table {
		t := &output.Table{Columns: []output.Column{{Name: "subject"}, {Name: p.setting.name}, {Name: "own"}}}
		t.Add(item.Subject, item.Value, strconv.FormatBool(item.Own))
		return t
	})
}

func (p *schemaSettingPlan) change(ctx context.Context, client *registry.Client) error {
	switch {
	case p.value != "":
		return p.explain(client.Set(ctx, p.setting.Setting, p.subject, p.value))
	case p.flags.unset:
		// Not all registries tell that there was none.
		if _, own, err := client.Get(ctx, p.setting.Setting, p.subject); err != nil {
			return p.explain(err)
		} else if !own {
			return p.known(ctx, client)
		}
		return p.explain(client.Unset(ctx, p.setting.Setting, p.subject))
	}
	return nil
}

// explain says what err is about.
func (p *schemaSettingPlan) explain(err error) error {
	if err == nil || p.subject == "" {
		return err
	}
	return fmt.Errorf("%s: %w", p.subject, err)
}

// known is the error of a subject that the registry does not have: whoever asks for its
// setting has misspelt it.
func (p *schemaSettingPlan) known(ctx context.Context, client *registry.Client) error {
	subjects, err := client.Subjects(ctx)
	if err != nil || slices.Contains(subjects, p.subject) {
		return err
	}
	return connect.NearSubject(ctx, client, p.subject, 0, serde.ErrUnknownSchema)
}
