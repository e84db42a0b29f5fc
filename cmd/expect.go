package cmd

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/expect"
)

func newExpectCmd(env *cli.Env) *cobra.Command {
	var f expect.Options
	cmd := &cobra.Command{
		Use:   "expect TOPIC --count N --within D [flags] [-- COMMAND [ARG...]]",
		Short: "Check that records arrive, and exit 7 when they do not",
		Long: `Wait for records in TOPIC that meet every condition (--filter, --grep, --key-equals, --since,
--until), and exit 0 when there are --count of them, or more, --within a time. With --exactly
or --at-most the time is waited out, for one more would be too many. Otherwise it exits 7 and
shows the nearest misses on stderr: records that came and met most of the conditions.

It starts at the end offsets seen at startup, unless --from-offset says otherwise.
COMMAND starts when this end is known, so whatever it writes is seen; --within counts from
then on. What it prints goes to stderr. expect ends when COMMAND has ended, too:

  - when COMMAND fails, expect fails with its exit code (128+N when signal N
    killed it);
  - when COMMAND still runs as the time is over, or as one record too many
    comes, it is stopped, which is no failure.

The topic must exist (3): kstream wait topic waits for one. --report junit:FILE writes a test
suite with one test case, json:FILE all that is known; a FILE of - is stdout.`,
		Example: `  kstream expect orders --count 3 --filter '.value.color=="red"' --within 10s --report junit:out.xml
  kstream expect orders --count 1 --key-equals k1 --within 5s -- ./place-order k1
  kstream expect dead-letters --count 0 --exactly --within 30s -- make integration-test
  kstream expect orders --count 100 --from-offset beginning --within 1m`,
		Args: expectArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.Plan(env, args[0], args[1:])
			if err != nil {
				return err
			}
			_, err = expect.Run(cmd.Context(), env, plan)
			return err
		},
	}
	registerExpect(&f, cmd.Flags())
	return cmd
}

// expectArgs wants one topic, and a command only behind a --.
func expectArgs(cmd *cobra.Command, args []string) error {
	named := len(args)
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		named = dash
		if dash == len(args) {
			return errors.New("no command behind --")
		}
	}
	if named != 1 {
		return fmt.Errorf("want one topic, have %d; a command stands behind --", named)
	}
	return nil
}

func registerExpect(f *expect.Options, flags *pflag.FlagSet) {
	flags.Int64VarP(&f.Count, "count", "n", 0, "expect `N` records, at least")
	flags.BoolVar(&f.Exactly, "exactly", false, "no more than that, either, until the time is over")
	flags.BoolVar(&f.AtMost, "at-most", false, "that many or fewer until the time is over")
	flags.Var(&f.Within, "within", "for how long to wait: `D`")
	flags.StringArrayVar(&f.Reports, "report", nil, "write the outcome: `junit:FILE|json:FILE`; repeatable")
	f.Set = flags.Changed
	registerSelection(&f.Reading, flags, "map", "sample") // they say nothing about what came
	flags.Lookup("key-equals").Usage = "only records with the key `KEY`, in whatever partition"
	registerLooking(&f.Looking, flags)
	registerCluster(&f.Reading.Cluster, flags)
	flags.Lookup("from-offset").Usage += " (default end)"
	flags.Lookup("to-offset").Hidden = true // records that are to come have no end
}
