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

// compatibilityLevels lists what a registry may demand of new versions.
func compatibilityLevels() []string {
	return []string{"BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE", "NONE"}
}

func schemaModes() []string { return []string{"READWRITE", "READONLY", "IMPORT"} }

func newSchemaCompatibilityCmd(env *cli.Env) *cobra.Command {
	s := schemaSetting{registry.Compatibility(), "compatibility", compatibilityLevels()}
	cmd := &cobra.Command{
		Use:     "compatibility",
		Aliases: []string{"level"},
		Short:   "Show or set how compatible new versions must be",
		Example: `  kstream schema compatibility get orders-value
  kstream schema compatibility set orders-value FULL`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(newSchemaSettingGetCmd(env, s, &cobra.Command{
		Short: "Show how compatible new versions must be",
		Long: `Show the level of compatibility that a new version of SUBJECT must meet, and whether it
is the subject's own. --global is the level of all subjects that have none of their own.`,
		Example: `  kstream schema compatibility get orders-value
  kstream schema compatibility get --global -o json`,
	}), newSchemaSettingSetCmd(env, s, &cobra.Command{
		Use:   "set SUBJECT LEVEL | --global LEVEL | SUBJECT --unset",
		Short: "Set how compatible new versions must be",
		Long: `Set the level of compatibility that a new version of SUBJECT must meet. --global is the
level of all subjects that have none of their own.

BACKWARD: the new schema reads what the latest version wrote; FORWARD: the latest
version reads what the new schema writes; FULL: both; …_TRANSITIVE: so with all
versions; NONE: anything goes. A subject may get a level before its first schema.`,
		Example: `  kstream schema compatibility set orders-value FULL_TRANSITIVE
  kstream schema compatibility set orders-value --unset
  kstream schema compatibility set --global BACKWARD`,
	}))
	return cmd
}

func newSchemaModeCmd(env *cli.Env) *cobra.Command {
	s := schemaSetting{registry.Mode(), "mode", schemaModes()}
	cmd := &cobra.Command{
		Use:   "mode",
		Short: "Show or set whether schemas may be registered or imported",
		Example: `  kstream schema mode get orders-value
  kstream schema mode set orders-value READONLY`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(newSchemaSettingGetCmd(env, s, &cobra.Command{
		Short: "Show whether schemas may be registered or imported",
		Long: `Show the mode of SUBJECT, and whether it is the subject's own. --global is the mode of
all subjects that have none of their own.`,
		Example: `  kstream schema mode get orders-value
  kstream schema mode get --global -o json`,
	}), newSchemaSettingSetCmd(env, s, &cobra.Command{
		Use:   "set SUBJECT MODE | --global MODE | SUBJECT --unset",
		Short: "Set whether schemas may be registered or imported",
		Long: `Set the mode of SUBJECT. --global is the mode of all subjects that have none of their
own.

READWRITE: schemas are registered; READONLY: they are only read; IMPORT: they come with
their ids and numbers, as schema copy sends them, and nothing is checked. A subject may
get a mode before its first schema; most registries refuse IMPORT after it.`,
		Example: `  kstream schema mode set orders-value READONLY
  kstream schema mode set orders-value --unset
  kstream schema mode set --global IMPORT`,
	}))
	return cmd
}

type schemaSettingFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	global  bool
	unset   bool
}

// newSchemaSettingGetCmd makes cmd, whose texts are there, the command that shows s.
func newSchemaSettingGetCmd(env *cli.Env, s schemaSetting, cmd *cobra.Command) *cobra.Command {
	var f schemaSettingFlags
	cmd.Use = "get SUBJECT | --global"
	cmd.Args = cobra.MaximumNArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		plan, err := f.planGet(env, s, args)
		if err != nil {
			return err
		}
		return plan.get(cmd.Context(), env)
	}
	f.register(cmd)
	return cmd
}

// newSchemaSettingSetCmd makes cmd, whose texts are there, the command that sets s.
func newSchemaSettingSetCmd(env *cli.Env, s schemaSetting, cmd *cobra.Command) *cobra.Command {
	var f schemaSettingFlags
	cmd.Args = cobra.MaximumNArgs(2)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		plan, err := f.planSet(env, s, args)
		if err != nil {
			return err
		}
		return plan.set(cmd.Context(), env)
	}
	cmd.Flags().BoolVar(&f.unset, "unset", false, "take that of SUBJECT away, so that the global one holds")
	f.register(cmd)
	return cmd
}

func (f *schemaSettingFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.global, "global", false, "that of all subjects which have none of their own")
	registerListing(&f.listing, flags)
	registerRegistry(&f.cluster, flags)
}

type schemaSettingPlan struct {
	flags   *schemaSettingFlags
	listing *cli.Listing
	setting schemaSetting
	subject string // empty: the global one
	value   string // to set; empty: to show, or to take away
}

func (f *schemaSettingFlags) planGet(env *cli.Env, s schemaSetting, args []string) (*schemaSettingPlan, error) {
	if f.global == (len(args) > 0) {
		return nil, cli.Usagef("%s get: want SUBJECT or --global", s.name)
	}
	p := &schemaSettingPlan{setting: s}
	if !f.global {
		p.subject = args[0]
	}
	return p, p.finish(env, f)
}

func (f *schemaSettingFlags) planSet(env *cli.Env, s schemaSetting, args []string) (*schemaSettingPlan, error) {
	p := &schemaSettingPlan{setting: s}
	rest := args
	if !f.global && len(args) > 0 {
		p.subject, rest = args[0], args[1:]
	}
	valued := len(rest) == 1
	if !f.global && len(args) == 0 || f.global && f.unset || valued == f.unset || len(rest) > 1 {
		return nil, cli.Usagef("%s set: want SUBJECT or --global with a value such as %s, or SUBJECT with --unset", s.name, s.values[0])
	}
	if valued {
		p.value = strings.ToUpper(rest[0])
		if !slices.Contains(s.values, p.value) {
			return nil, cli.Usagef("%s %s: want %s", s.name, rest[0], strings.Join(s.values, ", "))
		}
	}
	return p, p.finish(env, f)
}

// finish plans what showing and setting have in common.
func (p *schemaSettingPlan) finish(env *cli.Env, f *schemaSettingFlags) (err error) {
	p.flags = f
	if p.listing, err = f.listing.Plan(env); err != nil {
		return err
	}
	return f.cluster.PlanRegistry(env)
}

// schemaSettingItem is what holds for a subject, or without one globally.
type schemaSettingItem struct {
	Subject string `json:"subject,omitempty"`
	Value   string `json:"value"`
	Own     bool   `json:"own"` // the subject has it itself
}

func (p *schemaSettingPlan) get(ctx context.Context, env *cli.Env) error {
	client, err := p.flags.cluster.OpenRegistry(ctx, env)
	if err != nil {
		return err
	}
	value, own, err := client.Get(ctx, p.setting.Setting, p.subject)
	if err != nil {
		return p.explain(err)
	}
	if !own {
		if err := p.known(ctx, client); err != nil {
			return err
		}
	}
	return p.print(value, own)
}

func (p *schemaSettingPlan) set(ctx context.Context, env *cli.Env) error {
	if err := p.flags.cluster.RefuseSchemaWrites(); err != nil {
		return err
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
	return p.print(value, own)
}

func (p *schemaSettingPlan) print(value string, own bool) error {
	item := schemaSettingItem{p.subject, value, own}
	return p.listing.Print("kstream.schema."+p.setting.name+"/v1", []schemaSettingItem{item}, func() *output.Table {
		t := &output.Table{Columns: []output.Column{{Name: "subject"}, {Name: p.setting.name}, {Name: "own"}}}
		t.Add(item.Subject, item.Value, strconv.FormatBool(item.Own))
		return t
	})
}

func (p *schemaSettingPlan) change(ctx context.Context, client *registry.Client) error {
	if p.value != "" {
		return p.explain(client.Set(ctx, p.setting.Setting, p.subject, p.value))
	}
	// Not all registries tell that there was none.
	if _, own, err := client.Get(ctx, p.setting.Setting, p.subject); err != nil {
		return p.explain(err)
	} else if !own {
		return p.known(ctx, client)
	}
	return p.explain(client.Unset(ctx, p.setting.Setting, p.subject))
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
