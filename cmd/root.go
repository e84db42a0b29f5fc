// Package cmd is the command line of kstream: it turns flags into plans and runs them
// on the packages kafka, serde and output.
//
// Each command is one file with three parts, from top to bottom: the flags as typed,
// plan, which checks them or refuses, and run. Main is the only entry; Env
// holds all that comes from outside; cli/exit.go turns every error into text and a code.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/suggest"
)

// Main runs the command that the arguments of the process name and returns its exit code.
func Main() int { return run(cli.NewEnv(), cli.Arguments()) }

func run(env *cli.Env, args []string) (status int) {
	// A reader that leaves is an EPIPE and ends us in order. Ignoring the signal would
	// do the same, but the commands that we start would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(env.Stderr, "kstream: bug: %s\n%s\nhint: please report this with the command line and the lines above; remove what is secret\n", cli.OneLine(env.Scrub(fmt.Sprint(r))), debug.Stack())
			status = cli.ExitOf(cli.CodeBug)
		}
	}()
	ctx, release := cli.WithSignals(context.Background(), env)
	defer release()
	root := newRoot(env)
	help := &helpOutput{to: env.Stdout}
	root.SetOut(help)
	completeLine(root, env, args)
	root.SetArgs(args)
	if err := unknownCommand(root, args); err != nil {
		return cli.Finish(env.Stderr, err, wantsJSON(nil, args))
	}
	ran, err := root.ExecuteContextC(ctx)
	if errors.Is(err, context.Canceled) { // some call was cut short
		err = cli.FirstOf(cli.Stopped(ctx), err)
	}
	if err == nil {
		err = help.failed
	}
	return cli.Finish(env.Stderr, asTyped(ran, args, err), wantsJSON(ran, args))
}

// helpOutput is where cobra prints help. It keeps the error that cobra does not look at.
type helpOutput struct {
	to     io.Writer
	failed error
}

func (h *helpOutput) Write(p []byte) (int, error) {
	n, err := h.to.Write(p)
	if h.failed == nil {
		h.failed = err
	}
	return n, err
}

// wantsJSON reports whether errors are to be JSON: -o json was given, even when the rest
// of the command line could not be read.
func wantsJSON(ran *cobra.Command, args []string) bool {
	if ran != nil {
		if flag := ran.Flags().Lookup("output"); flag != nil && flag.Value.String() == "json" {
			return true
		}
	}
	for i, arg := range args {
		switch {
		case arg == "--":
			return false
		case arg == "-ojson" || arg == "-o=json" || arg == "--output=json":
			return true
		case (arg == "-o" || arg == "--output") && i+1 < len(args) && args[i+1] == "json":
			return true
		}
	}
	return false
}

// newRoot builds the tree of commands. It opens nothing.
func newRoot(env *cli.Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "kstream",
		Short: "Produce, consume and inspect Apache Kafka records",
		Example: `  kstream demo                                  five members share ten partitions
  kstream broker                                an embedded broker on port 9092
  kstream produce orders --create --value hi    write one record
  kstream consume orders -e -o json             read all there is, losslessly`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"auto", "always", "never"}, env.Color) {
				return cli.Usagef("--color %s: want auto, always or never", env.Color)
			}
			if err := refuseEmpty(cmd, args); err != nil {
				return err
			}
			return adoptProperties(cmd, env, args)
		},
	}
	root.Version = currentVersion().text()
	root.SetVersionTemplate("{{.Version}}")
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetIn(env.Stdin)
	root.SetFlagErrorFunc(flagError)
	root.SetGlobalNormalizationFunc(sameFlags)
	flags := root.PersistentFlags()
	end := section(flags, flagsAll, "color", "quiet", "verbose")
	flags.StringVar(&env.Color, "color", "auto", "colour: `auto|always|never`")
	flags.BoolVarP(&env.Quiet, "quiet", "q", false, "no notices on stderr, only errors")
	flags.CountVarP(&env.Verbose, "verbose", "v", "log what the client does; twice for its debug log")
	end()
	root.AddGroup(commandGroups()...)
	root.SetHelpCommandGroupID(groupProgram)
	root.SetCompletionCommandGroupID(groupProgram)
	setHelp(root, env)
	addTo(root, groupTry, newDemoCmd(env), newBrokerCmd(env))
	addTo(root, groupRecords, newProduceCmd(env), newConsumeCmd(env), newReplayCmd(env), newPipeCmd(env), newDecodeCmd(env), newEncodeCmd(env))
	addTo(root, groupCluster, newTopicCmd(env), newGroupCmd(env), newClusterCmd(env), newSchemaCmd(env), newACLCmd(env), newUserCmd(env), newTransactionCmd(env))
	addTo(root, groupProgram, newContextCmd(env), newDoctorCmd(env))
	addTo(root, groupScripts, newSandboxCmd(env), newWaitCmd(env), newExpectCmd(env), newBenchCmd(env))
	addTo(root, groupProgram, newVersionCmd(env), newDocsCmd(), newTranslateCmd(env))
	root.DisableAutoGenTag = true
	root.AddCommand(newExitCodesHelp(), newSerdesHelp())
	root.AddCommand(helpTopics()...)
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "completion": // as the other commands that have commands
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		case "help":
			c.Run, c.RunE = nil, helpFor(env)
			c.ValidArgsFunction = completeHelp
		}
	}
	refuseUnknown(root)
	return root
}

// refuseUnknown makes an unknown subcommand or a stray argument a usage error that
// names the nearest command, throughout the tree.
func refuseUnknown(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return argumentError(c, args, err)
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		refuseUnknown(sub)
	}
}

func argumentError(c *cobra.Command, args []string, err error) error {
	if c.HasSubCommands() && len(args) > 0 {
		return noCommand(c, args[0])
	}
	return cli.Hint(cli.Usagef("%s: %w", c.Name(), err), "usage: %s", c.UseLine())
}

// flagError explains a flag that cannot be read, in our words where it is another
// tool's flag.
func flagError(c *cobra.Command, err error) error {
	if remedy := foreignFlag(c, err.Error()); remedy != "" {
		return cli.Hint(cli.Usagef("%s: %w", c.Name(), err), "%s", remedy)
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		err := cli.Usagef("--%s %s: %w", invalid.GetFlag().Name, invalid.GetValue(), wantedValue(invalid))
		return cli.Hint(err, "%s --help lists the flags", c.CommandPath())
	}
	return cli.Hint(cli.Usagef("%s: %w", c.Name(), err), "%s --help lists the flags", c.CommandPath())
}

// wantedValue is what is wrong with the value of a flag, without the words of strconv.
func wantedValue(invalid *pflag.InvalidValueError) error {
	var number *strconv.NumError
	switch cause := invalid.Unwrap(); {
	case !errors.As(cause, &number):
		return cause
	case errors.Is(number, strconv.ErrRange):
		return errors.New("the number is too large")
	case invalid.GetFlag().Value.Type() == "bool":
		return errors.New("want true or false")
	}
	return errors.New("want a whole number")
}

// sameFlags maps names that other tools have for a flag, and that can mean nothing else,
// to ours.
func sameFlags(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "bootstrap-server", "bootstrap-servers":
		name = "brokers"
	case "replication-factor":
		name = "replication"
	}
	return pflag.NormalizedName(name)
}

// foreignFlags returns our ways of writing what kcat, kaf, rpk, kcl and Kafka's scripts
// write with flags that c does not have: a letter, or a name.
func foreignFlags(c *cobra.Command) map[string]string {
	topic := "kstream consume TOPIC"
	if strings.Contains(c.Use, "TOPIC") {
		topic = c.CommandPath() + " TOPIC"
	}
	return map[string]string{
		"f":              "-o FORMAT prints in a format: -o '%k %v\\n'",
		"t":              "the topic is an argument: " + topic,
		"C":              "use: kstream consume TOPIC",
		"P":              "use: kstream produce TOPIC",
		"L":              "use: kstream topic list",
		"J":              "use: -o json",
		"Z":              "use: --null-value '' or --tombstones",
		"G":              "use: kstream consume TOPIC --group GROUP",
		"l":              "files are arguments: kstream produce TOPIC FILE",
		"D":              "use: -d SEP",
		"u":              "output is flushed whenever no record is ready: leave it out",
		"r":              "use: --registry URL, or --regex",
		"offset":         "use: --from-offset P",
		"format":         "use: -o FORMAT",
		"topic":          "the topic is an argument: " + topic,
		"follow":         "reading goes on as records arrive unless -e is given: leave it out",
		"tail":           "use: --last N, or --from-offset=-N to go on from there",
		"from-beginning": "reading starts at the beginning unless --from-offset says otherwise",
		"max-messages":   "use: -n N",
	}
}

// foreignFlag returns a remedy for a flag that c does not have, or "": our way of writing
// another tool's flag, or the nearest of c's own. message is the parser's.
func foreignFlag(c *cobra.Command, message string) string {
	foreign := foreignFlags(c)
	if rest, ok := strings.CutPrefix(message, "unknown shorthand flag: '"); ok {
		letter, _, _ := strings.Cut(rest, "'")
		return foreign[letter]
	}
	name, ok := strings.CutPrefix(message, "unknown flag: --")
	if !ok {
		return ""
	}
	if remedy, ok := foreign[name]; ok {
		return remedy
	}
	var own []string
	for _, row := range flagRows(c.LocalFlags(), c.InheritedFlags()) {
		own = append(own, strings.TrimPrefix(row.name, "--"))
	}
	if near := suggest.Nearest(name, own); near != "" {
		return "did you mean: --" + near
	}
	return foreign[suggest.Nearest(name, slices.Sorted(maps.Keys(foreign)))]
}

// newExitCodesHelp is `kstream help exit-codes`.
func newExitCodesHelp() *cobra.Command {
	var text strings.Builder
	text.WriteString("Exit codes:\n\n")
	for _, s := range cli.ExitStatuses() {
		form := fmt.Sprintf("  %3d  %s", s.Code, s.Name)
		text.WriteString(flagLines(flagRow{form: form, usage: s.Meaning}, 18, 80))
	}
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean",
		Long:  text.String(),
	}
}
