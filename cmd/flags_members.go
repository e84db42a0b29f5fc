package cmd

import (
	"github.com/spf13/pflag"

	"kstream/cmd/record"
)

func registerMembers(f *record.MemberOptions, flags *pflag.FlagSet) {
	defer section(flags, flagsMembers, "yes", "assignor", "protocol", "instance-id", "join-every", "events", "offset-reset")()
	flags.StringVarP(&f.Group, "group", "g", "", "join the group `NAME`, and commit what was printed")
	flags.IntVarP(&f.Members, "members", "m", 1, "with --group: join as `N` members; each is a goroutine")
	flags.StringVar(&f.Assignor, "assignor", "", "how partitions are spread: `range|roundrobin|cooperative-sticky` (default); uniform or range with --protocol consumer")
	flags.StringVar(&f.Protocol, "protocol", "classic", "the group's protocol, `classic|consumer`; consumer is KIP-848, of Kafka 4")
	flags.StringVar(&f.InstanceID, "instance-id", "", "make the members static: `NAME`-0, NAME-1, …")
	flags.StringVar(&f.Reset, "offset-reset", "earliest", "where to start in a partition that the group has committed nothing of: `earliest|latest|error`")
	flags.StringVar(&f.Events, "events", "", "write assignments, revocations, losses and commits to `FILE` as JSON lines")
	flags.Var(&f.JoinEvery, "join-every", "let the members join one every `D`")
	flags.BoolVarP(&f.Yes, "yes", "y", false, "with --group and --from-offset: move a group that has committed already")
	f.Changed = flags.Changed
}

func registerExecMode(flags *pflag.FlagSet, mode *string) {
	defer section(flags, flagsOwn, "exec-mode")()
	flags.StringVar(mode, "exec-mode", "lines", "how the command of --exec answers, `lines|json`: one line a record, or objects with the number of their record")
}
