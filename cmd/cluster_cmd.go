package cmd

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/output"
)

func newClusterCmd(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Show a cluster and its brokers, configure them, elect leaders",
		Example: `  kstream cluster info
  kstream cluster brokers -o json
  kstream cluster config 2              what is set on broker 2, and where
  kstream cluster elect --dry-run       which partitions are not led by whom they should be?`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(newClusterInfoCmd(env), newClusterBrokersCmd(env), newClusterConfigCmd(env), newClusterElectCmd(env))
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
func (p *clusterShowPlan) look(ctx context.Context, env *cli.Env, show func(*connect.Cluster, *kafka.Admin, *kafka.Cluster) error) error {
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(connection *connect.Cluster, admin *kafka.Admin) error {
		c, err := admin.Cluster(ctx)
		if err != nil {
			return err
		}
		return show(connection, admin, c)
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

// clusterBrokerItem is a broker that is up. What it keeps on disk is null where that may not
// be asked; the space of its disks also where the broker is older than Kafka 3.3.
type clusterBrokerItem struct {
	Broker     int32            `json:"broker"`
	Host       string           `json:"host"`
	Port       int              `json:"port"`
	Rack       string           `json:"rack"`
	Controller bool             `json:"controller"`
	Replicas   *int64           `json:"replicas"`
	Bytes      *int64           `json:"bytes"`
	Usable     *int64           `json:"usable_bytes"`
	LogDirs    []clusterLogDirs `json:"log_dirs"`
}

// clusterLogDirs is a directory of a broker's.
type clusterLogDirs struct {
	Path     string `json:"path"`
	Replicas int64  `json:"replicas"`
	Bytes    int64  `json:"bytes"`
	Usable   *int64 `json:"usable_bytes"`
	Total    *int64 `json:"total_bytes"`
}

// add counts a directory in.
func (i *clusterBrokerItem) add(d *kafka.LogDir) {
	known := func(n int64) *int64 {
		if n < 0 {
			return nil
		}
		return &n
	}
	dir := clusterLogDirs{d.Path, int64(len(d.Replicas)), d.Bytes, known(d.Usable), known(d.Total)}
	if i.LogDirs = append(i.LogDirs, dir); len(i.LogDirs) == 1 {
		i.Replicas, i.Bytes, i.Usable = new(dir.Replicas), new(dir.Bytes), known(d.Usable)
		return
	}
	*i.Replicas += dir.Replicas
	*i.Bytes += dir.Bytes
	if i.Usable != nil && dir.Usable != nil {
		*i.Usable += *dir.Usable
	}
}

func newClusterBrokersCmd(env *cli.Env) *cobra.Command {
	cmd := newClusterShowCmd(env, "brokers", "List the brokers that are up, and what they keep on disk", func(p *clusterShowPlan, ctx context.Context) error {
		return p.look(ctx, env, func(_ *connect.Cluster, admin *kafka.Admin, c *kafka.Cluster) error {
			dirs, err := admin.LogDirs(ctx, c.IDs())
			if err != nil && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil && !errors.Is(err, kafka.ErrDenied) {
				env.Notice("what is on disk is not known everywhere: %v", err)
			}
			items := make([]clusterBrokerItem, 0, len(c.Brokers))
			for _, b := range c.Brokers {
				item := clusterBrokerItem{Broker: b.ID, Host: b.Host, Port: b.Port, Rack: b.Rack, Controller: b.ID == c.Controller, LogDirs: []clusterLogDirs{}}
				for i := range dirs {
					if dirs[i].Broker == b.ID {
						item.add(&dirs[i])
					}
				}
				items = append(items, item)
			}
			return p.listing.Print("kstream.cluster.brokers/v1", items, func() *output.Table { return brokerTable(p.listing, items) })
		})
	})
	cmd.Long = `List the brokers that are up, at the addresses they advertise, with the number of replicas
that they keep, the bytes of these on disk, and those that are left on these disks. Only who
may describe the cluster may ask for the last three.`
	return cmd
}

func brokerTable(l *cli.Listing, items []clusterBrokerItem) *output.Table {
	t := &output.Table{Columns: []output.Column{
		{Name: "broker", Right: true},
		{Name: "host"},
		{Name: "port", Right: true},
		{Name: "rack"},
		{Name: "controller"},
		{Name: "replicas", Right: true},
		{Name: "bytes", Right: true},
		{Name: "usable_bytes", Right: true},
	}}
	for _, i := range items {
		t.Add(strconv.Itoa(int(i.Broker)), i.Host, strconv.Itoa(i.Port), i.Rack, strconv.FormatBool(i.Controller),
			orUnknown(i.Replicas), shownBytes(l, i.Bytes), shownBytes(l, i.Usable))
	}
	return t
}

// clusterInfoItem is what a cluster says about itself.
type clusterInfoItem struct {
	ID         string   `json:"id"`
	Controller int32    `json:"controller"` // where clients send what is for it (KIP-590); -1: none is known
	Brokers    []string `json:"brokers"`    // HOST:PORT as they advertise themselves
	Operations []string `json:"operations"` // that the user may do to the cluster as a whole
	// Features follow from the requests that the brokers answer.
	Features []string     `json:"features"`
	APIs     []clusterAPI `json:"apis"`
}

// clusterAPI is a kind of request that the brokers answer.
type clusterAPI struct {
	Key  int    `json:"key"`
	Name string `json:"name"` // empty where the client knows none
	Min  int    `json:"min"`
	Max  int    `json:"max"`
}

// features names what brokers can do that answer these requests. That they may still
// have it switched off, as new kinds of groups are at first, no request tells.
func features(apis []kafka.API) []string {
	names := []string{}
	for _, f := range []struct {
		key, version int
		name         string
	}{
		{22, 0, "transactions"},       // KIP-98
		{26, 5, "transactions_v2"},    // KIP-890
		{44, 0, "incremental_config"}, // KIP-339
		{45, 0, "reassignments"},      // KIP-455
		{51, 0, "scram_users"},        // KIP-554
		{1, 13, "topic_ids"},          // KIP-516
		{68, 0, "consumer_protocol"},  // KIP-848
		{71, 0, "client_metrics"},     // KIP-714
		{76, 0, "share_groups"},       // KIP-932
		{88, 0, "streams_protocol"},   // KIP-1071
	} {
		for _, a := range apis {
			if a.Key == f.key && a.Max >= f.version {
				names = append(names, f.name)
			}
		}
	}
	return names
}

func newClusterInfoCmd(env *cli.Env) *cobra.Command {
	cmd := newClusterShowCmd(env, "info", "Show a cluster's id, controller, brokers and features, and what you may do to it", func(p *clusterShowPlan, ctx context.Context) error {
		return p.look(ctx, env, func(connection *connect.Cluster, _ *kafka.Admin, c *kafka.Cluster) error {
			apis, err := kafka.APIs(ctx, connection.Config)
			if err != nil {
				return err
			}
			item := clusterInfoOf(c, apis)
			return p.listing.Print("kstream.cluster.info/v1", []clusterInfoItem{item}, func() *output.Table { return infoTable(item) })
		})
	})
	cmd.Long = `Show a cluster's id, controller and brokers, what you may do to it as a whole, and features
that follow from the requests its brokers answer; whether one is switched on is not known.
-o json also has these requests with their versions. The controller is the broker to which
clients send what is for it: in KRaft mode brokers name any of themselves, another one each
time, and hand it on.`
	return cmd
}

func clusterInfoOf(c *kafka.Cluster, apis []kafka.API) clusterInfoItem {
	item := clusterInfoItem{
		ID: c.ID, Controller: c.Controller, Brokers: []string{}, Operations: []string{},
		Features: features(apis), APIs: []clusterAPI{},
	}
	for _, b := range c.Brokers {
		item.Brokers = append(item.Brokers, b.Address())
	}
	item.Operations = append(item.Operations, c.Operations...)
	for _, a := range apis {
		item.APIs = append(item.APIs, clusterAPI(a))
	}
	return item
}

func infoTable(item clusterInfoItem) *output.Table {
	controller := "none"
	if item.Controller >= 0 {
		controller = strconv.Itoa(int(item.Controller))
	}
	t := &output.Table{Columns: []output.Column{{Name: "name"}, {Name: "value"}}}
	t.Add("id", item.ID)
	t.Add("controller", controller)
	t.Add("brokers", strings.Join(item.Brokers, ","))
	t.Add("operations", strings.Join(item.Operations, ","))
	t.Add("features", strings.Join(item.Features, ","))
	return t
}
