package cmd

import (
	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/cmd/connect"
	"kstream/output"
)

type contextShowFlags struct {
	cluster   connect.Options
	listing   cli.ListingOptions
	effective bool
}

func newContextShowCmd(env *cli.Env) *cobra.Command {
	var f contextShowFlags
	cmd := &cobra.Command{
		Use:   "show [CONTEXT]",
		Short: "Show a context, or with --effective what counts and where it is from",
		Long: `Show what the configuration file says of a context, by default the current one. With
--effective show every setting that a command with the same flags would connect with, and
where it is from: a flag, a variable, a file, the context, or a default. Secrets are shown
as ***, references to them as they are; none is looked up.`,
		Example: `  kstream context show
  kstream context show prod --effective
  kstream context show --effective --properties client.properties -X linger.ms=5`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			plan, err := f.plan(env, args)
			if err != nil {
				return err
			}
			return plan.run(env)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.effective, "effective", false, "every setting with its origin, of all sources together")
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

type contextShowPlan struct {
	flags   *contextShowFlags
	path    string
	listing *cli.Listing
}

func (f *contextShowFlags) plan(env *cli.Env, args []string) (*contextShowPlan, error) {
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	if len(args) > 0 {
		if f.cluster.Context != "" && f.cluster.Context != args[0] {
			return nil, cli.Usagef("%s and -c %s: want one of them", args[0], f.cluster.Context)
		}
		f.cluster.Context = args[0]
	}
	if !f.effective && (f.cluster.Brokers != "" || len(f.cluster.Properties) > 0 || f.cluster.File != "" || f.cluster.Registry != "" || f.cluster.Timeout != "") {
		return nil, cli.Usagef("flags that connect count with --effective only")
	}
	file := configFile{f.cluster.Config}
	path, err := file.find(env)
	if f.effective { // a context is not needed
		err = nil
	}
	return &contextShowPlan{f, path, l}, err
}

func (p *contextShowPlan) run(env *cli.Env) error {
	if p.flags.effective {
		return p.showEffective(env)
	}
	items, warnings, err := config.ShowContext(p.path, p.flags.cluster.Context, env.Getenv)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		env.Notice("%s", w)
	}
	return p.listing.Print("kstream.context.show/v1", items, func() *output.Table {
		t := &output.Table{Columns: []output.Column{{Name: "key"}, {Name: "value"}}}
		for _, i := range items {
			t.Add(i.Key, i.Value)
		}
		return t
	})
}

func (p *contextShowPlan) showEffective(env *cli.Env) error {
	effective, err := p.flags.cluster.Resolve(env)
	if err != nil {
		return err
	}
	for _, w := range effective.Warnings {
		env.Notice("%s", w)
	}
	items := effective.List()
	return p.listing.Print("kstream.context.effective/v1", items, func() *output.Table {
		t := &output.Table{Columns: []output.Column{{Name: "name"}, {Name: "value"}, {Name: "origin"}}}
		for _, i := range items {
			t.Add(i.Name, i.Value, i.Origin)
		}
		return t
	})
}
