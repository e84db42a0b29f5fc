package cmd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/suggest"
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
		Short: "Show the configuration of brokers and where it is set, or set it",
		Long: `Show the settings of brokers, all or those with the given ids, that are not Kafka's
defaults, and where each is set: dynamic_broker_config for one broker,
dynamic_default_broker_config for all of them, static_broker_config in the broker's own file.
Values that brokers keep secret are shown as (hidden).`,
		Example: `  kstream cluster config
  kstream cluster config 2 --all-config -o json
  kstream cluster config set --config log.cleaner.threads=2`,
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	cmd.AddCommand(newClusterConfigSetCmd(env))
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
	if p.brokers, err = parseBrokers(args); err != nil {
		return nil, err
	}
	return p, f.cluster.Plan(env)
}

func parseBrokers(args []string) (ids []int32, err error) {
	for _, arg := range cli.Distinct(args) {
		id, err := strconv.ParseInt(arg, 10, 32)
		if err != nil || id < 0 {
			return nil, cli.Usagef("broker %q: want its id, a number", arg)
		}
		ids = append(ids, int32(id))
	}
	return ids, nil
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
		up := c.IDs()
		brokers := p.brokers
		if len(brokers) == 0 {
			brokers = up
		}
		items := []brokerSettingItem{}
		causes := make([]error, len(brokers))
		for i, id := range brokers {
			if causes[i] = brokerUp(id, up); causes[i] != nil {
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

// brokerUp is the error for a broker that is not among those that are up.
func brokerUp(id int32, up []int32) error {
	if slices.Contains(up, id) {
		return nil
	}
	return cli.Hint(cli.Errorf(cli.CodeFailed, "broker %d: no such broker is up", id), "those that are up: %s", strings.ReplaceAll(cli.JoinIDs(up), ",", ", "))
}

type clusterConfigSetFlags struct {
	cluster connect.Options
	listing cli.ListingOptions
	config  configFlags
	reset   []string
	dryRun  bool
}

func newClusterConfigSetCmd(env *cli.Env) *cobra.Command {
	var f clusterConfigSetFlags
	cmd := &cobra.Command{
		Use:   "set [BROKER...]",
		Short: "Set the configuration of all brokers, or of some",
		Long: `Set the configuration of brokers while they run: of those with the given ids, or the
default of all of them, which a broker's own setting outweighs. Only the settings that are
named change. It prints each change, old and new. Kafka allows it for some settings only;
the others are in the file with which a broker starts.`,
		Example: `  kstream cluster config set --config log.cleaner.threads=2 --dry-run
  kstream cluster config set 1 2 --config log.retention.ms=86400000
  kstream cluster config set --delete-config log.retention.ms`,
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.reset, "delete-config", nil, "take setting `NAME` back to what it is without; repeatable")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only let the brokers check it, and show what would change")
	registerListing(&f.listing, flags)
	f.config.register(flags, &f.cluster)
	flags.Lookup("config").Usage = "set `NAME=VALUE`; repeatable. Without =, and with a path, it is the configuration FILE"
	return cmd
}

type clusterConfigSetPlan struct {
	flags   *clusterConfigSetFlags
	listing *cli.Listing
	brokers []int32 // none: the default of all
	reset   []string
}

func (f *clusterConfigSetFlags) plan(env *cli.Env, args []string) (*clusterConfigSetPlan, error) {
	p := &clusterConfigSetPlan{flags: f, reset: cli.Distinct(f.reset)}
	if len(f.config.set)+len(p.reset) == 0 {
		return nil, cli.Usagef("what is to change? want --config or --delete-config")
	}
	for _, name := range p.reset {
		if _, both := f.config.set[name]; both || name == "" {
			return nil, cli.Usagef("--delete-config %s: --config sets it too", name)
		}
	}
	var err error
	if p.brokers, err = parseBrokers(args); err != nil {
		return nil, err
	}
	if p.listing, err = f.listing.Plan(env); err != nil {
		return nil, err
	}
	return p, f.cluster.Plan(env)
}

// brokerChangeItem is a setting of a broker, or of all, before and after. Old is null where
// it was not set there, or where a broker's own hides it; New where it is taken back.
type brokerChangeItem struct {
	Broker  *int32  `json:"broker"` // null: the default of all
	Name    string  `json:"name"`
	Old     *string `json:"old"`
	New     *string `json:"new"`
	Altered bool    `json:"altered"`
	cli.ItemError
}

func (p *clusterConfigSetPlan) run(ctx context.Context, env *cli.Env) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		if err := cluster.RefuseWrites(); err != nil && !p.flags.dryRun {
			return err
		}
		c, err := admin.Cluster(ctx)
		if err != nil {
			return err
		}
		targets := p.brokers
		if len(targets) == 0 {
			targets = []int32{-1}
		}
		var items []*brokerChangeItem
		for _, id := range targets {
			items = append(items, p.alter(ctx, env, admin, c.IDs(), id)...)
		}
		err = p.listing.Print("kstream.cluster.config.set/v1", items, func() *output.Table {
			t := &output.Table{Columns: []output.Column{{Name: "broker"}, {Name: "name"}, {Name: "old"}, {Name: "new"}, {Name: "altered"}, {Name: "error"}}}
			text := func(s *string) string {
				if s == nil {
					return "-"
				}
				return *s
			}
			for _, i := range items {
				broker := "all"
				if i.Broker != nil {
					broker = strconv.Itoa(int(*i.Broker))
				}
				t.Add(broker, i.Name, text(i.Old), text(i.New), strconv.FormatBool(i.Altered), i.Error)
			}
			return t
		})
		return cli.FirstOf(err, cli.SeveralErrors("settings", cli.CausesIn(items)))
	})
}

// alter changes the settings of one broker, all or none; of all of them with a negative id.
func (p *clusterConfigSetPlan) alter(ctx context.Context, env *cli.Env, admin *kafka.Admin, up []int32, id int32) []*brokerChangeItem {
	asked, source := up[0], kafka.SourceDefaultBroker
	var broker *int32
	if id >= 0 {
		asked, source, broker = id, kafka.SourceBroker, &id
	}
	var items []*brokerChangeItem
	for _, name := range slices.Sorted(maps.Keys(p.flags.config.set)) {
		items = append(items, &brokerChangeItem{Broker: broker, Name: name, New: new(p.flags.config.set[name])})
	}
	for _, name := range p.reset {
		items = append(items, &brokerChangeItem{Broker: broker, Name: name})
	}
	var found kafka.SettingsAnswer
	err := brokerUp(asked, up)
	if err == nil {
		found.Settings, err = admin.BrokerSettings(ctx, asked)
	}
	if err == nil {
		for _, item := range items {
			switch s := found.Find(item.Name); {
			case s == nil:
				p.tellUnknown(env, item.Name, found.Settings)
			case s.Source == source:
				item.Old = new(shownValue(settingItem{Value: s.Value, Sensitive: s.Sensitive}))
			}
		}
		err = admin.AlterBroker(ctx, id, p.flags.config.set, p.reset, p.flags.dryRun)
	}
	for _, item := range items {
		item.Fail(err)
		item.Altered = err == nil && !p.flags.dryRun
	}
	return items
}

// tellUnknown says that brokers do not know a setting, which they take all the same, for a
// plugin could.
func (p *clusterConfigSetPlan) tellUnknown(env *cli.Env, name string, settings []kafka.Setting) {
	known := make([]string, len(settings))
	for i, s := range settings {
		known[i] = s.Name
	}
	if near := suggest.Nearest(name, known); near != "" {
		env.Notice("%s: no broker shows such a setting; did you mean %s?", name, near)
		return
	}
	env.Notice("%s: no broker shows such a setting; kstream cluster config --all-config lists them", name)
}
