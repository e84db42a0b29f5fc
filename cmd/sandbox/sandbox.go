package sandbox

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"

	"kstream/cmd/cli"
	"kstream/kafka/embedded"
	registry "kstream/serde/registry/embedded"
)

// Options are the flags of sandbox, as typed.
type Options struct {
	Shape ShapeOptions
	Load  []string
}

// Plan is a valid command line of sandbox.
type Plan struct {
	config  embedded.Config
	path    string
	command []string
	loader  loader
}

// Plan finds the command and checks what is to be loaded; it starts nothing.
func (f *Options) Plan(env *cli.Env, command []string) (*Plan, error) {
	cfg, err := f.Shape.Config(embedded.Config{})
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
			return nil, cli.Errorf(cli.CodeNoSuchFile, "%s: no such command", command[0])
		}
		return nil, cli.Errorf(cli.CodeFailed, "%s: %w", command[0], err)
	}
	p := &Plan{cfg, path, command, loader{env, f.Load}}
	return p, p.loader.check()
}

// Run starts the broker, then the command, and ends when the command does. Signals
// are the command's to obey or not: ctx, which the first one ends, is not asked.
func Run(ctx context.Context, env *cli.Env, p *Plan) (err error) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, cli.Forwarded()...) // before the broker: none may end us from here on
	defer signal.Stop(signals)
	env.Deaths.Forward()
	if context.Cause(ctx) != nil {
		return cli.Stopped(ctx)
	}
	if env.Verbose > 0 {
		p.config.Log = func(line string) { env.Notice("sandbox: %s", line) }
	}
	b, err := embedded.Start(p.config)
	if err != nil {
		return BrokerError(err)
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if err := p.loader.load(ctx, b.Addr()); err != nil {
		return err
	}

	schemas, err := registry.Start("127.0.0.1:0", "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, schemas.Close()) }()

	child := &exec.Cmd{
		Path: p.path, Args: p.command, Env: sandboxEnviron(os.Environ(), b.Addr(), schemas.URL()),
		Stdin: env.Stdin, Stdout: cli.BareFile(env.Stdout), Stderr: env.Stderr,
	}
	group := cli.OwnGroup(child, env.StdinTerminal)
	if err := child.Start(); err != nil {
		return cli.Errorf(cli.CodeFailed, "%s: %w", p.command[0], cli.PathCause(err))
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }() // ends with the command
	for {
		select {
		case s := <-signals:
			group.Send(s)
		case err := <-ended:
			return passStatus(err)
		}
	}
}

// passStatus turns the end of the command into our own.
func passStatus(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &cli.ExitError{Status: cli.StatusOf(exit.ProcessState)}
	}
	return err
}

// sandboxEnviron is environ with the sandbox as its only cluster: neither variables nor
// a configuration file say anything of another one.
func sandboxEnviron(environ []string, brokers, registry string) []string {
	kept := slices.DeleteFunc(slices.Clone(environ), func(s string) bool {
		name, _, _ := strings.Cut(s, "=")
		switch name {
		case "KSTREAM_BROKERS", "KSTREAM_CONFIG", "KSTREAM_CONTEXT", "KSTREAM_PROPERTIES", "KSTREAM_REGISTRY", "KSTREAM_TOKEN":
			return true
		}
		return strings.HasPrefix(name, "KSTREAM_PROPERTY_")
	})
	return append(kept, "KSTREAM_BROKERS="+brokers, "KSTREAM_REGISTRY="+registry, "KSTREAM_CONFIG="+os.DevNull)
}
