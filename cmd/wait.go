package cmd

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/output"
)

// waitEvery is the pause between two looks at what is waited for.
const waitEvery = 200 * time.Millisecond

// waitTell is how often, at most, a wait prints what is still missing.
const waitTell = 5 * time.Second

func newWaitCmd(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "wait",
		Short: "Wait until brokers, a topic, a group or the registry are there",
		Long: `Wait until something is there, for scripts and CI. What is not up, or whose name does not
resolve yet, is waited for; a wrong password or a missing permission ends at once with 4.
Nothing is ever created.

When --within passes first, it ends with 124 and says what was still missing.`,
		Example: `  kstream wait broker --brokers-up 3 --within 2m
  kstream wait topic orders --partitions 6
  kstream wait group billing --members 2
  kstream wait group billing --lag 0 --within 30s
  kstream wait registry --registry http://localhost:8081`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(newWaitBrokerCmd(env), newWaitTopicCmd(env), newWaitGroupCmd(env), newWaitRegistryCmd(env))
	return cmd
}

// waitFlags are those of every wait.
type waitFlags struct {
	cluster connect.Options
	within  cli.Duration
	output  string
}

func (f *waitFlags) register(flags *pflag.FlagSet) {
	f.within.D = time.Minute
	flags.Var(&f.within, "within", "give up after `D`, with 124")
	flags.StringVarP(&f.output, "output", "o", "none", "what stdout gets when it is there: `none|json`, one line")
}

func (f *waitFlags) plan(env *cli.Env) error {
	if f.within.D <= 0 {
		return cli.Usagef("--within: want more than 0")
	}
	if f.output != "none" && f.output != "json" {
		return cli.Usagef("-o %s: want none or json", f.output)
	}
	return f.cluster.Plan(env)
}

// look returns what is still missing, in words that end an error message; none: nothing
// is. A limit on how long it takes is its own affair, but not more than the timeout.
type look func(context.Context) (missing string, err error)

// waited is the line that -o json prints.
type waited struct {
	Schema string   `json:"schema"`
	For    string   `json:"waited_for"` // broker, topic, group, registry
	Names  []string `json:"names"`
	Millis int64    `json:"waited_ms"`
}

// await looks until nothing is missing, and says so. kind and names are what is waited
// for.
func (f *waitFlags) await(ctx context.Context, env *cli.Env, kind string, names []string, look look) error {
	began := env.Now()
	limit, cancel := context.WithTimeoutCause(ctx, f.within.D, cli.ErrTimeUp)
	defer cancel()
	missing, told, toldAt := "it has not answered yet", "", began
	for {
		now, err := lookAside(limit, look)
		if cause := context.Cause(limit); cause != nil {
			return f.gaveUp(cause, missing)
		}
		if err != nil && !comes(err) {
			return err
		}
		if err == nil && now == "" {
			return f.there(env, kind, names, env.Now().Sub(began))
		}
		missing = now
		if err != nil {
			missing = err.Error()
		}
		if missing != told && (told == "" || env.Now().Sub(toldAt) >= waitTell) {
			env.Notice("waiting up to %s: %s", output.Duration(f.within.D), missing)
			told, toldAt = missing, env.Now()
		}
		select {
		case <-limit.Done():
			return f.gaveUp(context.Cause(limit), missing)
		case <-time.After(waitEvery):
		}
	}
}

// lookAside looks on a goroutine of its own, for some questions of the client cannot be
// interrupted. One that is abandoned ends within the timeout, or with the process.
func lookAside(ctx context.Context, look look) (string, error) {
	type answer struct {
		missing string
		err     error
	}
	answers := make(chan answer, 1)
	go func() { // ends with look
		missing, err := look(ctx)
		answers <- answer{missing, err}
	}()
	select {
	case a := <-answers:
		return a.missing, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// comes reports whether what failed with err may be there a moment later.
func comes(err error) bool {
	switch cli.CodeOf(err) {
	case cli.CodeUsage, cli.CodeAuthFailed, cli.CodeDenied:
		return false
	}
	return true
}

func (f *waitFlags) gaveUp(cause error, missing string) error {
	var interrupted *cli.InterruptedError
	if errors.As(cause, &interrupted) {
		return interrupted
	}
	return cli.Errorf(cli.CodeTimeout, "%s; waited %s", missing, output.Duration(f.within.D))
}

// there reports the end of a wait.
func (f *waitFlags) there(env *cli.Env, kind string, names []string, after time.Duration) error {
	if f.output != "json" {
		return nil
	}
	line, err := output.MarshalLine(waited{"kstream.wait/v1", kind, append([]string{}, names...), after.Milliseconds()})
	if err != nil {
		return err
	}
	if env.StdoutTerminal {
		line = output.AppendEscapedJSON(nil, line)
	}
	_, err = env.Stdout.Write(append(line, '\n'))
	return err
}
