package connect

import (
	"context"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// WithAdmin connects, runs do and disconnects. Errors about unknown groups and topics
// get the nearest name.
func WithAdmin(ctx context.Context, env *cli.Env, f *Options, do func(*Cluster, *kafka.Admin) error) error {
	cluster, err := f.Connect(ctx, env)
	if err != nil {
		return err
	}
	admin, err := kafka.OpenAdmin(ctx, cluster.Config)
	if err != nil {
		return err
	}
	defer admin.Close()
	return NearTopic(nearGroup(do(cluster, admin)))
}
