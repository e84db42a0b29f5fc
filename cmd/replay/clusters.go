package replay

import (
	"context"
	"slices"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/kafka"
)

// clusters are those that a run copies between. A file is on none.
type clusters struct {
	source, target     *connect.Cluster
	sourceAdmin, admin *kafka.Admin // admin is of the target; nil without one
	sourceID           string
	same               bool // SRC and DST are on one cluster
}

// connectBoth opens a connection to each cluster that is needed, once. close must follow,
// also after an error.
func connectBoth(ctx context.Context, env *cli.Env, p *Plan) (*clusters, error) {
	c := &clusters{}
	var err error
	if p.src.topic != "" {
		if c.source, err = p.Cluster.Connect(ctx, env); err != nil {
			return c, err
		}
		if c.sourceAdmin, err = kafka.OpenAdmin(ctx, c.source.Config); err != nil {
			return c, err
		}
	}
	if p.dst.file != "" {
		return c, nil
	}
	c.target, c.admin = c.source, c.sourceAdmin
	if p.target != p.Cluster || c.target == nil {
		if c.target, err = p.target.Connect(ctx, env); err != nil {
			return c, err
		}
		if c.admin, err = kafka.OpenAdmin(ctx, c.target.Config); err != nil {
			return c, err
		}
	}
	if !p.dryRun {
		if err := c.target.RefuseWrites(); err != nil {
			return c, err
		}
	}
	return c, c.compare(ctx)
}

// compare finds out whether SRC and DST are on one cluster, under whatever addresses.
func (c *clusters) compare(ctx context.Context) error {
	if c.sourceAdmin == nil {
		return nil
	}
	source, err := c.sourceAdmin.Cluster(ctx)
	if err != nil {
		return err
	}
	c.sourceID = source.ID
	if c.same = c.admin == c.sourceAdmin; c.same {
		return nil
	}
	target, err := c.admin.Cluster(ctx)
	if err != nil {
		return err
	}
	c.same = source.ID == target.ID && slices.ContainsFunc(source.Brokers, func(a kafka.Broker) bool {
		return slices.ContainsFunc(target.Brokers, func(b kafka.Broker) bool { return a.Address() == b.Address() })
	})
	return nil
}

// close closes the connections; the end of the command need not wait for it.
func (c *clusters) close() {
	if c == nil {
		return
	}
	if c.admin != nil && c.admin != c.sourceAdmin {
		go c.admin.Close() // ends with its connections, or the process
	}
	if c.sourceAdmin != nil {
		go c.sourceAdmin.Close() // as this one does
	}
}
