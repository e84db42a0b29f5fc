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
	"kstream/kafka"
	"kstream/output"
)

type clusterConfigFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	all     bool
}

func newClusterConfigCmd(env *cli.Env) *cobra.Command {
	var f clusterConfigFlags
	cmd := &cobra.Command{
		Use:   "config [BROKER...]",
		Short: "Show the configuration of brokers, and where it is set",
		Long: `Show the settings of brokers, all or those with the given ids, that are not Kafka's
defaults, and where each is set: dynamic_broker_config for one broker,
dynamic_default_broker_config for all of them, static_broker_config in the broker's own file.
Values that brokers keep secret are shown as (hidden).`,
		Example: `  kstream cluster config
  kstream cluster config 2 --all-config -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.all, "all-config", false, "settings that nobody has set too")
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

type clusterConfigPlan struct {
	flags   *clusterConfigFlags
	listing *cli.Listing
	brokers []int32 // none: all
}

func (f *clusterConfigFlags) plan(env *cli.Env, args []string) (*clusterConfigPlan, error) {
	l, err := f.listing.Plan(env)
	if err != nil {
		return nil, err
	}
	p := &clusterConfigPlan{flags: f, listing: l}
	for _, arg := range cli.Distinct(args) {
		id, err := strconv.ParseInt(arg, 10, 32)
		if err != nil || id < 0 {
			return nil, cli.Usagef("broker %q: want its id, a number", arg)
		}
		p.brokers = append(p.brokers, int32(id))
	}
	return p, f.cluster.Plan(env)
}

// brokerSettingItem is a setting of a broker.
type brokerSettingItem struct {
	Broker int32 `json:"broker"`
	settingItem
}

func (p *clusterConfigPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(_ *connect.Cluster, admin *kafka.Admin) error {
		c, err := admin.Cluster(ctx)
		if err != nil {
			return err
		}
		var up []int32
		for _, b := range c.Brokers {
			up = append(up, b.ID)
		}
		brokers := p.brokers
		if len(brokers) == 0 {
			brokers = up
		}
		items := []brokerSettingItem{}
		causes := make([]error, len(brokers))
		for i, id := range brokers {
			if !slices.Contains(up, id) {
				causes[i] = cli.Hint(cli.Errorf(cli.CodeFailed, "broker %d: no such broker is up", id), "those that are up: %s", strings.ReplaceAll(cli.JoinIDs(up), ",", ", "))
				continue
			}
			settings, err := admin.BrokerSettings(ctx, id)
			if err != nil {
				causes[i] = fmt.Errorf("broker %w", err)
			}
			for _, s := range settingItems(settings, p.flags.all) {
				items = append(items, brokerSettingItem{id, s})
			}
		}
		err = p.listing.Print("kstream.cluster.config/v1", items, func() *output.Table {
			t := &output.Table{Columns: []output.Column{{Name: "broker", Right: true}, {Name: "config"}, {Name: "value"}, {Name: "source"}}}
			for _, i := range items {
				t.Add(strconv.Itoa(int(i.Broker)), i.Name, shownValue(i.settingItem), i.Source)
			}
			return t
		})
		if err != nil {
			return err
		}
		return cli.SeveralErrors("brokers", causes)
	})
}
