package connect

import (
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/config"
)

// OtherOptions say where the second topic of a command is when it is not on the
// cluster of the first.
type OtherOptions struct {
	Brokers, Context string
}

// Given reports whether another cluster was named.
func (f *OtherOptions) Given() bool { return f.Brokers != "" || f.Context != "" }

// Plan returns the cluster of the second topic: first itself, unless another one was named.
//
// Of another one counts what --dst-context says, with --dst-brokers instead of its
// brokers. What tells how to reach the first cluster never leaks there: neither -X,
// --properties, variables nor the current context, so that no password goes to brokers
// that it was not meant for. Only the configuration file and the timeout are those of
// first.
func (f *OtherOptions) Plan(env *cli.Env, first *Options) (*Options, error) {
	if !f.Given() {
		return first, first.Plan(env)
	}
	return f.resolve(env, first, config.Options{Brokers: f.Brokers, FlagPrefix: "dst-"})
}

// PlanRegistry returns where a second registry is: at url, or the one of the context that
// --to-context names. Nothing of the first one leaks there, as in Plan.
func (f *OtherOptions) PlanRegistry(env *cli.Env, first *Options, url string) (*Options, error) {
	other, err := f.resolve(env, first, config.Options{Registry: url, FlagPrefix: "to-", ToRegistry: true})
	if err != nil {
		return nil, err
	}
	if other.SchemaRegistry() == nil {
		return nil, cli.Hint(cli.Usagef("--to-context %s: it names no schema registry", f.Context), "--to URL names one")
	}
	return other, nil
}

// resolve finds the settings that o, f.Context and the timeout of first say.
func (f *OtherOptions) resolve(env *cli.Env, first *Options, o config.Options) (*Options, error) {
	o.Context, o.Timeout = f.Context, first.Timeout
	keep := []string{"KSTREAM_TIMEOUT="}
	if f.Context != "" {
		o.Config = first.Config
		keep = append(keep, "KSTREAM_CONFIG=", "XDG_CONFIG_HOME=", "HOME=", "USERPROFILE=")
	}
	for _, entry := range env.Environ {
		for _, name := range keep {
			if strings.HasPrefix(entry, name) {
				o.Environ = append(o.Environ, entry)
			}
		}
	}
	effective, err := config.Resolve(o)
	if err == nil {
		err = settle(effective, nil)
	}
	if err != nil {
		return nil, err
	}
	return &Options{Brokers: f.Brokers, Context: f.Context, Config: o.Config, Timeout: first.Timeout, AllowWrite: first.AllowWrite, Effective: effective}, nil
}
