package cmd

import (
	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/doctor"
)

func newDoctorCmd(env *cli.Env) *cobra.Command {
	var f doctor.Options
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Why does it not connect? Check each step from the settings to the cluster",
		Long: `Check each step on the way to the cluster: the configuration and who can read it, secrets,
DNS, TCP, TLS (authority, validity, host name), the protocol, the login, the addresses that
brokers advertise, the rights on a topic and a group, the schema registry, the clock and the
terminal. Nothing is changed.

Each row has a check, its status (ok, warn, fail, skip), details and a remedy. The exit code is
that of the first check that failed.`,
		Example: `  kstream doctor
  kstream doctor -c prod --topic orders --group billing
  kstream doctor -o json | jq '.items[] | select(.status == "fail")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan, err := f.Plan(env)
			if err != nil {
				return err
			}
			return plan.Run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Topic, "topic", "", "check the rights on `TOPIC` too")
	flags.StringVar(&f.Group, "group", "", "check the rights on `GROUP` too")
	registerListing(&f.Listing, flags)
	registerCluster(&f.Cluster, flags)
	return cmd
}
