package cmd

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/output"
)

type contextListFlags struct {
	file    configFile
	listing cli.ListingOptions
}

func newContextListCmd(env *cli.Env) *cobra.Command {
	var f contextListFlags
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the contexts of the configuration file",
		Example: `  kstream context list
  kstream context list -o json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			plan, err := f.plan(env)
			if err != nil {
				return err
			}
			return plan.run(env)
		},
	}
	registerListing(&f.listing, cmd.Flags())
	f.file.register(cmd.Flags())
	return cmd
}

type contextListPlan struct {
	path    string
	listing *cli.Listing
}

func (f *contextListFlags) plan(env *cli.Env) (*contextListPlan, error) {
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	path, err := f.file.find(env)
	return &contextListPlan{path, l}, err
}

func (p *contextListPlan) run(env *cli.Env) error {
	items, warnings, err := config.Summaries(p.path, env.Getenv)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		env.Notice("%s", w)
	}
	if len(items) == 0 {
		env.Notice("%s: no contexts yet; kstream context import and kstream context set make them", p.path)
	}
	return p.listing.Print("kstream.context.list/v1", items, func() *output.Table { return contextTable(items) })
}

func contextTable(items []config.Summary) *output.Table {
	t := &output.Table{Columns: []output.Column{
		{Name: "name"}, {Name: "current"}, {Name: "brokers"}, {Name: "tls"}, {Name: "mechanism"}, {Name: "registry"}, {Name: "readonly"},
	}}
	for _, i := range items {
		t.Add(i.Name, strconv.FormatBool(i.Current), strings.Join(i.Brokers, ","), strconv.FormatBool(i.TLS), i.Mechanism, i.Registry, strconv.FormatBool(i.ReadOnly))
	}
	return t
}
