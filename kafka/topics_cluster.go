package kafka

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Cluster is the description of a cluster.
type Cluster struct {
	ID         string
	Controller int32 // -1 while there is none
	Brokers    []Broker
	// Operations are those that the user may do to the cluster as a whole, in the names
	// of ACLs; nil when the broker does not tell.
	Operations []string
}

// Broker is a node of a cluster, at the address that it tells its clients.
type Broker struct {
	ID   int32
	Host string
	Port int
	Rack string // empty when it has none
}

// Address returns HOST:PORT.
func (b *Broker) Address() string { return net.JoinHostPort(b.Host, strconv.Itoa(b.Port)) }

// Cluster returns the description of the cluster. The brokers are those that are up, sorted
// by id.
func (a *Admin) Cluster(ctx context.Context) (*Cluster, error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	d, err := a.client.DescribeCluster(ctx,
		requestWithin(a.cfg.timeout()), ck.SetAdminOptionIncludeAuthorizedOperations(true))
	if err != nil {
		return nil, fmt.Errorf("describe the cluster: %w", explain(a.cfg, a.logs, err))
	}
	c := &Cluster{Controller: -1}
	if d.ClusterID != nil {
		c.ID = *d.ClusterID
	}
	if d.Controller != nil {
		c.Controller = int32(d.Controller.ID)
	}
	for _, n := range d.Nodes {
		b := Broker{ID: int32(n.ID), Host: n.Host, Port: n.Port}
		if n.Rack != nil {
			b.Rack = *n.Rack
		}
		c.Brokers = append(c.Brokers, b)
	}
	slices.SortFunc(c.Brokers, func(a, b Broker) int { return cmp.Compare(a.ID, b.ID) })
	c.Operations = operationNames(d.AuthorizedOperations)
	return c, nil
}
