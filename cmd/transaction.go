package cmd

import (
	"time"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
)

func newTransactionCmd(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "transaction",
		Aliases: []string{"transactions", "txn"},
		Short:   "See which transactions are open, and abort one that hangs",
		Long: `Readers of committed records wait for transactions that are open. One that nobody ends,
because its producer is gone for good or its coordinator has lost it, holds them up
until it times out, or for ever.`,
		Example: `  kstream transaction list                       what is open, and since when
  kstream transaction list --topic orders        what holds up its readers
  kstream transaction describe billing-1
  kstream transaction abort orders --partition 3 --start-offset 4711`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(newTransactionListCmd(env), newTransactionDescribeCmd(env), newTransactionAbortCmd(env))
	return cmd
}

// ageOf is how long ago t was, in milliseconds, or nil when t is not known.
func ageOf(env *cli.Env, t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	age := max(0, env.Now().Sub(t).Milliseconds())
	return &age
}
