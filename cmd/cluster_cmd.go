package cmd

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/output"
)

func newClusterCmd(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Show a cluster, its brokers and their configuration",
		Example: `  kstream cluster info
  kstream cluster brokers -o json
  kstream cluster config 2              what is set on broker 2, and where`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(newClusterInfoCmd(env), newClusterBrokersCmd(env), newClusterConfigCmd(env))
	return cmd
}

// clusterShowFlags are those of the commands that show a cluster.
type clusterShowFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
}

// clusterShowPlan is clusterShowFlags, checked.
type clusterShowPlan struct {
	flags   *clusterShowFlags
	listing *cli.Listing
}

func (f *clusterShowFlags) plan(env *cli.Env) (*clusterShowPlan, error) {
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	return &clusterShowPlan{f, l}, f.cluster.Plan(env)
}

// look describes the cluster and hands it to show.
func (p *clusterShowPlan) look(ctx context.Context, env *cli.Env, show func(*connect.Cluster, *kafka.Cluster) error) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(connection *connect.Cluster, admin *kafka.Admin) error {
		c, err := admin.Cluster(ctx)
		if err != nil {
			return err
		}
		return show(connection, c)
	})
}

// newClusterShowCmd makes a command without arguments of its own.
func newClusterShowCmd(env *cli.Env, use, short string, run func(*clusterShowPlan, context.Context) error) *cobra.Command {
	var f clusterShowFlags
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan, err := f.plan(env)
			if err != nil {
				return err
			}
			return run(plan, cmd.Context())
		},
	}
	registerListing(&f.listing, cmd.Flags())
	registerCluster(&f.cluster, cmd.Flags())
	return cmd
}

// clusterBrokerItem is a broker that is up.
type clusterBrokerItem struct {
	Broker     int32  `json:"broker"`
	Host       string `json:"host"`
	Port       int    `json:"port"`
	Rack       string `json:"rack"`
	Controller bool   `json:"controller"`
}

func newClusterBrokersCmd(env *cli.Env) *cobra.Command {
	return newClusterShowCmd(env, "brokers", "List the brokers that are up, at the addresses they advertise", func(p *clusterShowPlan, ctx context.Context) error {
		return p.look(ctx, env, func(_ *connect.Cluster, c *kafka.Cluster) error {
			items := make([]clusterBrokerItem, 0, len(c.Brokers))
			for _, b := range c.Brokers {
				items = append(items, clusterBrokerItem{b.ID, b.Host, b.Port, b.Rack, b.ID == c.Controller})
			}
			return p.listing.Print("kstream.cluster.brokers/v1", items, func() *output.Table {
				t := &output.Table{Columns: []output.Column{
					{Name: "broker", Right: true}, {Name: "host"}, {Name: "port", Right: true}, {Name: "rack"}, {Name: "controller"},
				}}
				for _, i := range items {
					t.Add(strconv.Itoa(int(i.Broker)), i.Host, strconv.Itoa(i.Port), i.Rack, strconv.FormatBool(i.Controller))
				}
				return t
			})
		})
	})
}
