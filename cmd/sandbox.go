package cmd

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kstream/kafka/embedded"
)

type sandboxFlags struct {
	shape shapeFlags
	load  []string
}

func newSandboxCmd(env *Env) *cobra.Command {
	var f sandboxFlags
	cmd := &cobra.Command{
		Use:   "sandbox [flags] -- COMMAND [ARG...]",
		Short: "Run a command with a throw-away broker",
		Long: `Run COMMAND with a broker of its own, in memory, on a free port of the loopback
address. COMMAND finds it in KSTREAM_BROKERS. No other cluster and no schema registry of
yours counts inside: variables that name one are taken away, and KSTREAM_CONFIG is an empty
file, so that no context is the current one; flags of COMMAND still count. Signals go to COMMAND, its exit
code becomes ours (128+N when signal N killed it), and the broker ends with it.`,
		Example: `  kstream sandbox -- make test
  kstream sandbox --topics orders:3 -- sh -c 'date | kstream produce orders'
  kstream sandbox --load orders.dump -- kstream consume orders -e`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, command []string) error {
			plan, err := f.plan(env, command)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	cmd.Flags().SetInterspersed(false) // what follows COMMAND is for COMMAND
	f.shape.register(cmd.Flags())
	cmd.Flags().StringArrayVar(&f.load, "load", nil, "first write the records of the dump `FILE` into topics like those it was made from; repeatable")
	return cmd
}

type sandboxPlan struct {
	config  embedded.Config
	path    string
	command []string
	loader  loader
}

func (f *sandboxFlags) plan(env *Env, command []string) (*sandboxPlan, error) {
	cfg, err := f.shape.config(embedded.Config{})
	if err != nil {
		return nil, err
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		var unfound *exec.Error
		if errors.As(err, &unfound) {
			err = unfound.Err
		}
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			return nil, faultf(codeNoSuchFile, "%s: no such command", command[0])
		}
		return nil, faultf(codeFailed, "%s: %w", command[0], err)
	}
	p := &sandboxPlan{cfg, path, command, loader{env, f.load}}
	return p, p.loader.check()
}

// run starts the broker, then the command, and ends when the command does. Signals
// are the command's to obey or not: ctx, which the first one ends, is not asked.
func (p *sandboxPlan) run(ctx context.Context, env *Env) (err error) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, forwarded()...) // before the broker: none may end us from here on
	defer signal.Stop(signals)
	env.deaths.forward()
	if context.Cause(ctx) != nil {
		return stopped(ctx)
	}
	if env.verbose > 0 {
		p.config.Log = func(line string) { env.notice("sandbox: %s", line) }
	}
	b, err := embedded.Start(p.config)
	if err != nil {
		return brokerError(err)
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if err := p.loader.load(ctx, b.Addr()); err != nil {
		return err
	}

	child := &exec.Cmd{
		Path: p.path, Args: p.command, Env: sandboxEnviron(os.Environ(), b.Addr()),
		Stdin: env.Stdin, Stdout: bareFile(env.Stdout), Stderr: env.Stderr,
	}
	group := ownGroup(child, env.StdinTerminal)
	if err := child.Start(); err != nil {
		return faultf(codeFailed, "%s: %w", p.command[0], pathCause(err))
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }() // ends with the command
	for {
		select {
		case s := <-signals:
			group.send(s)
		case err := <-ended:
			return passStatus(err)
		}
	}
}

// passStatus turns the end of the command into our own.
func passStatus(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &exitError{statusOf(exit.ProcessState)}
	}
	return err
}

// sandboxEnviron is environ with the sandbox as its only cluster: neither variables nor
// a configuration file say anything of another one.
func sandboxEnviron(environ []string, brokers string) []string {
	kept := slices.DeleteFunc(slices.Clone(environ), func(s string) bool {
		name, _, _ := strings.Cut(s, "=")
		switch name {
		case "KSTREAM_BROKERS", "KSTREAM_CONFIG", "KSTREAM_CONTEXT", "KSTREAM_PROPERTIES", "KSTREAM_REGISTRY":
			return true
		}
		return strings.HasPrefix(name, "KSTREAM_PROPERTY_")
	})
	return append(kept, "KSTREAM_BROKERS="+brokers, "KSTREAM_CONFIG="+os.DevNull)
}

// pathCause is what the system said, without the operation and the path before it.
func pathCause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
