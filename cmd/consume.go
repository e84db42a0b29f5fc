package cmd

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// consumeFlags holds the command line as typed; plan gives it meaning.
type consumeFlags struct {
	selectionFlags
	output      recordOutputFlags
	order       orderFlags
	members     memberFlags
	live        liveFlags
	onError     string
	exec        string
	exit        bool
	count       int64
	perPart     int64
	idle, limit durationFlag
	failEmpty   bool
	execMode    string
}

func newConsumeCmd(env *Env) *cobra.Command {
	var f consumeFlags
	cmd := &cobra.Command{
		Use:     "consume TOPIC...",
		Aliases: []string{"read"},
		Short:   "Print records as they arrive",
		Long: `Print records from the beginning, and then as they arrive, until Ctrl-C.

Reading without a group changes nothing on the cluster and creates nothing. With
--group the members share the partitions with all others of the group, and commit
what was printed.

file:PATH in place of the topics, or file:- for stdin, reads a dump that kstream replay has
written. -o parquet:DIR and -o avro:FILE write files that other programs read as tables.`,
		Example: `  kstream consume orders                          from the beginning, and then as they arrive
  kstream consume orders -e -o json               all there is, lossless, one line a record
  kstream consume orders --from-offset -1h -e     of the last hour
  kstream consume orders --last 10                the newest ten
  kstream consume orders --filter '.value.color=="red"' -n 10
  kstream consume orders -o '%p %o %k %v\n'       in a format of your own
  kstream consume orders --group g --members 5    as five members of a group
  kstream consume orders -e -o parquet:orders     files for DuckDB, Spark and others
  kstream consume file:orders.dump -o json        records of a dump`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, topics []string) error {
			plan, err := f.plan(env, topics)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func (f *consumeFlags) register(flags *pflag.FlagSet) {
	flags.BoolVarP(&f.exit, "exit", "e", false, "stop at the end as it is at the start")
	flags.Int64VarP(&f.count, "count", "n", 0, "stop after exactly `N` printed records")
	flags.Int64Var(&f.perPart, "count-per-partition", 0, "print at most `N` records of each partition, and stop when every one has them")
	flags.Var(&f.idle, "idle-timeout", "stop when nothing has come for `D`")
	flags.Var(&f.limit, "for", "stop after `D`")
	registerExecMode(flags, &f.execMode)
	flags.BoolVar(&f.failEmpty, "fail-empty", false, "exit with 7 when nothing was printed")
	flags.StringVar(&f.onError, "on-error", "keep", "records that cannot be decoded, filtered or mapped: `keep|skip|stop|dlq:TOPIC`; keep shows their bytes, and takes what cannot be filtered as no match")
	flags.StringVar(&f.exec, "exec", "", "each member gives record lines to the command `CMD`, prints its answers, a line a record, and commits what was answered")
	f.selectionFlags.register(flags)
	f.reading.registerPatterns(flags)
	f.order.register(flags)
	f.members.register(flags)
	f.live.register(flags)
	f.output.register(flags)
	f.cluster.register(flags)
}

// consumePlan is consumeFlags with a meaning.
type consumePlan struct {
	*selection
	flags   *consumeFlags
	order   *orderPlan  // nil: as the records come
	members *memberPlan // nil: without a group
	watch   *aside      // stderr under --watch; nil without
	limits  limits
	output  *recordOutput
}

func (f *consumeFlags) plan(env *Env, topics []string) (*consumePlan, error) {
	p := &consumePlan{flags: f, selection: newSelection()}
	if err := f.checkBounds(); err != nil {
		return nil, err
	}
	var err error
	if p.reading, err = f.reading.plan(env, topics); err != nil {
		return nil, err
	}
	if p.file, err = f.planFile(topics); err != nil {
		return nil, err
	}
	p.reading.toEnd = f.exit || p.file != ""
	if p.order, err = f.order.plan(f, p.reading); err != nil {
		return nil, err
	}
	if p.members, err = f.members.plan(p.reading, f.batchSize()); err != nil {
		return nil, err
	}
	if err := p.reading.refuseStored(); err != nil && p.file == "" {
		return nil, hint(errors.Unwrap(err), "--group GROUP reads on where a group is, stored:GROUP only looks")
	}
	if p.watch, err = f.live.plan(env, f); err != nil {
		return nil, err
	}
	if p.filters, err = f.filters.plan(env); err != nil {
		return nil, err
	}
	if p.output, err = f.output.plan(env); err != nil {
		return nil, err
	}
	if err := p.output.files.check(f); err != nil {
		return nil, err
	}
	if err := checkExec(f.exec, f.execMode, f.changed); err != nil {
		return nil, err
	}
	if f.exec != "" && (f.changed("output") || f.changed("kcat-format") || f.changed("key-separator") || p.order != nil) {
		return nil, usagef("--exec prints the answers of the command: -o and what arranges records do not go with it")
	}
	if p.failures, err = planFailures(f.onError, "keep", "skip", "stop", "dlq"); err != nil {
		return nil, err
	}
	p.outlives = p.failures.keeps() && p.members == nil && f.exec == ""
	p.tellsErrors, p.answered = p.output.tellsErrors, f.exec != ""
	p.limits = limits{
		count: f.count, idle: f.idle.d, within: f.limit.d, failEmpty: f.failEmpty,
		endless: !p.reading.bounded() && f.count == 0 && f.perPart == 0,
	}
	if err := f.checkForeign(); err != nil {
		return nil, err
	}
	if err := f.cluster.plan(env); err != nil {
		return nil, err
	}
	if s := f.cluster.schemaRegistry(); s != nil {
		s.rests = p.outlives
	}
	return p, p.openSerdes(env, &f.serdes)
}

// batchSize is how many records are fetched at once; 0 is the default.
func (f *consumeFlags) batchSize() int {
	if f.exec != "" {
		return execBatch
	}
	return 0
}

// checkBounds refuses numbers and times that would read nothing.
func (f *consumeFlags) checkBounds() error {
	return checkPositive(f.changed, flagValue{"count", f.count}, flagValue{"count-per-partition", f.perPart}, flagValue{"last", f.order.last},
		flagValue{"idle-timeout", int64(f.idle.d)}, flagValue{"for", int64(f.limit.d)})
}

// flagValue is a flag and its value.
type flagValue struct {
	name string
	n    int64
}

// checkPositive refuses the flags that were given and are not above 0.
func checkPositive(changed func(name string) bool, flags ...flagValue) error {
	for _, flag := range flags {
		if changed(flag.name) && flag.n <= 0 {
			return usagef("--%s: want more than 0", flag.name)
		}
	}
	return nil
}
