package cmd

import (
	"github.com/spf13/pflag"

	"kstream/cmd/connect"
)

func registerCluster(f *connect.Options, flags *pflag.FlagSet) {
	defer section(flags, flagsCluster, "token")()
	flags.StringVarP(&f.Brokers, "brokers", "b", "", "bootstrap servers; `HOST:PORT,…`, else $KSTREAM_BROKERS, else localhost:9092")
	flags.StringVar(&f.Token, "token", "", "log in by OAUTHBEARER with `TOKEN`, best @cmd:… or @file:…; else $KSTREAM_TOKEN")
	registerRegistry(f, flags)
}

// registerRegistry leaves out what only brokers need, for commands that at most ask the
// schema registry.
func registerRegistry(f *connect.Options, flags *pflag.FlagSet) {
	defer section(flags, flagsCluster, "config", "property", "properties", "timeout", "allow-write")()
	flags.StringVar(&f.Registry, "registry", "", "schema registry; `URL`, or several with commas; else $KSTREAM_REGISTRY")
	flags.StringVarP(&f.Context, "context", "c", "", "cluster `NAME` of the configuration file; else $KSTREAM_CONTEXT")
	mark := flags.Lookup("context")
	mark.Value, f.Flags = &clusterMark{mark.Value, f}, registeredFlags{flags, nil}
	flags.StringVar(&f.Config, "config", "", "configuration `FILE` ($KSTREAM_CONFIG; default in the user's configuration directory)")
	flags.StringArrayVarP(&f.Properties, "property", "X", nil, "librdkafka property `NAME=VALUE`; repeatable")
	flags.StringVar(&f.File, "properties", "", "a Java client.properties or kcat.conf `FILE`")
	flags.StringVar(&f.Timeout, "timeout", "", "bound connecting, each request and each delivery to `D` (default 10s)")
	flags.BoolVar(&f.AllowWrite, "allow-write", false, "do what writes, commits too, in a context that is read-only")
}

// register adds --dst-brokers and --dst-context; what names the second topic as people
// know it, such as "the copy".
func registerOtherCluster(f *connect.OtherOptions, flags *pflag.FlagSet, what string) {
	flags.StringVar(&f.Brokers, "dst-brokers", "", what+" is on another cluster: bootstrap servers `HOST:PORT,…`")
	flags.StringVar(&f.Context, "dst-context", "", what+" is on another cluster: `NAME` of the configuration file")
}
