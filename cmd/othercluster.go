package cmd

import (
	"strings"

	"github.com/spf13/pflag"

	"kstream/cmd/config"
)

// otherClusterFlags say where the second topic of a command is when it is not on the
// cluster of the first.
type otherClusterFlags struct {
	brokers, context string
}

// register adds --dst-brokers and --dst-context; what names the second topic as people
// know it, such as "the copy".
func (f *otherClusterFlags) register(flags *pflag.FlagSet, what string) {
	flags.StringVar(&f.brokers, "dst-brokers", "", what+" is on another cluster: bootstrap servers `HOST:PORT,…`")
	flags.StringVar(&f.context, "dst-context", "", what+" is on another cluster: `NAME` of the configuration file")
}

// given says whether another cluster was named.
func (f *otherClusterFlags) given() bool { return f.brokers != "" || f.context != "" }

// plan gives the cluster of the second topic: first itself, unless another one was named.
//
// Of another one counts what --dst-context says, with --dst-brokers instead of its
// brokers. What tells how to reach the first cluster never leaks there: neither -X,
// --properties, variables nor the current context, so that no password goes to brokers
// that it was not meant for. Only the configuration file and the timeout are those of
// first.
func (f *otherClusterFlags) plan(env *Env, first *clusterFlags) (*clusterFlags, error) {
	if !f.given() {
		return first, first.plan(env)
	}
	o := config.Options{Brokers: f.brokers, Context: f.context, FlagPrefix: "dst-", Timeout: first.timeout}
	keep := []string{"KSTREAM_TIMEOUT="}
	if f.context != "" {
		o.Config = first.config
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
	return &clusterFlags{brokers: f.brokers, context: f.context, config: o.Config, timeout: first.timeout, effective: effective}, nil
}
