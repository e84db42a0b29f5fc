package cmd

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/compare"
)

func newTopicDiffCmd(env *cli.Env) *cobra.Command {
	var f compare.Options
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Say what differs between two topics",
		Long: `Compare the records that are in two topics now: their keys, values and headers. Topics may
have different numbers of partitions, and B may be on another cluster. file:PATH is a dump
that kstream replay has written, in place of either.

By key, the last record of each key counts, and a key that ends with a tombstone is not
there; records without a key are compared as a set. By offset, the records at the same
offset of the same partition belong together. As a set, the same record must be there as
often, wherever. Without --by it is by key when every record of both has one, else as a
set; the summary says which. The offsets of an exactly-once copy are never those of its
source, for commits take offsets too: compare it by key or as a set.

Timestamps, partitions and offsets are not compared. --ignore leaves more out: key, value,
headers, header.NAME, or parts of values that are JSON, as jq names them: .updated_at,
.items[].price, ."a name", .[0]. With such a path, and with a serde that decodes (-s json),
values are compared as JSON: the order of members and white space do not count. Else the
bytes must be the same.

What differs is missing (in B), extra (in B) or changed. With -o json each difference is a
line with a and b as record lines, or null, and the summary is the last line. Exit code 0
means equal, 7 different. Records that do not fit in memory lie compressed in a temporary
file ($TMPDIR).`,
		Example: `  kstream topic diff orders orders-copy
  kstream topic diff orders orders --dst-context backup --ignore .updated_at
  kstream topic diff orders file:orders.dump --by offset
  kstream topic diff a b -o json | jq -r 'select(.difference == "missing").key'`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.Plan(env, args)
			if err != nil {
				return err
			}
			_, err = compare.Run(cmd.Context(), env, plan)
			return err
		},
	}
	registerTopicDiff(&f, cmd.Flags())
	return cmd
}

func registerTopicDiff(f *compare.Options, flags *pflag.FlagSet) {
	flags.StringVar(&f.By, "by", "", "what belongs together: `key|offset|set` (default key when all records have one, else set)")
	flags.StringArrayVar(&f.Ignore, "ignore", nil, "leave `PARTS` out, with commas: key, value, headers, header.NAME, .path.in.value; repeatable")
	flags.IntVar(&f.Most, "max-differences", 20, "print the first `N` differences; all are counted")
	flags.StringVarP(&f.Output, "output", "o", "table", "`FORMAT`: table, json")
	flags.BoolVar(&f.Headers, "headers", false, "in a pipe, write the names of the columns too")
	registerOtherCluster(&f.Other, flags, "B")
	r := &f.Reading
	registerSelection(r, flags, "map", "sample", "key-equals") // what they do depends on offsets or partitions, or on nothing
	registerLooking(&f.Looking, flags)
	registerCluster(&r.Cluster, flags)
	flags.Lookup("to-offset").Usage = "stop before position `P`, or at the end if that comes first"
}
