package cmd

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/output"
)

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
		return p.look(ctx, env, func(connection *connect.Cluster, c *kafka.Cluster) error {
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
