package cmd

import (
	"context"
	"time"

	"github.com/spf13/pflag"

	"kstream/cmd/config"
	"kstream/kafka"
)

// clusterFlags say which cluster a command talks to. Every command that needs one
// registers them, so that help shows them where they mean something.
type clusterFlags struct {
	brokers, context, config string
	properties               []string
	file                     string
	registry                 string
	timeout                  string
	flags                    commandFlags // those of the command; nil: only what connects is asked for
	effective                *config.Effective
	schemas                  *schemaRegistry // nil unless somebody asked for it
}

func (f *clusterFlags) register(flags *pflag.FlagSet) {
	flags.StringVarP(&f.brokers, "brokers", "b", "", "bootstrap servers `HOST:PORT,…` ($KSTREAM_BROKERS; default localhost:9092)")
	f.registerRegistry(flags)
}

// registerRegistry leaves out what only brokers need, for commands that at most ask the
// schema registry.
func (f *clusterFlags) registerRegistry(flags *pflag.FlagSet) {
	flags.StringVar(&f.registry, "registry", "", "schema registry `URL`, or several with commas ($KSTREAM_REGISTRY)")
	flags.StringVarP(&f.context, "context", "c", "", "cluster `NAME` of the configuration file ($KSTREAM_CONTEXT)")
	mark := flags.Lookup("context")
	mark.Value, f.flags = &clusterMark{mark.Value, f}, registeredFlags{flags}
	flags.StringVar(&f.config, "config", "", "configuration `FILE` ($KSTREAM_CONFIG; default in the user's configuration directory)")
	flags.StringArrayVarP(&f.properties, "property", "X", nil, "librdkafka property `NAME=VALUE`; repeatable")
	flags.StringVar(&f.file, "properties", "", "a Java client.properties or kcat.conf `FILE`")
	flags.StringVar(&f.timeout, "timeout", "", "bound connecting, each request and each delivery to `D` (default 10s)")
}

// plan finds every setting and checks it, without looking up secrets.
func (f *clusterFlags) plan(env *Env) error {
	if f.effective != nil {
		return nil
	}
	effective, err := config.Resolve(config.Options{
		Brokers: f.brokers, Context: f.context, Config: f.config, Properties: f.properties,
		File: f.file, Registry: f.registry, Timeout: f.timeout, Environ: env.Environ,
	})
	if err == nil {
		err = settle(effective, f.flags)
	}
	if err == nil {
		f.effective = effective
	}
	return err
}

// warn says, once, what is odd about the settings, and under -v what of them is of no use
// here.
func (f *clusterFlags) warn(env *Env) {
	for _, w := range f.effective.Warnings {
		env.notice("%s", w)
	}
	if env.verbose > 0 {
		for _, d := range f.effective.Details {
			env.notice("%s", d)
		}
	}
	f.effective.Warnings, f.effective.Details = nil, nil
}

// cluster is how to connect, with the secrets looked up.
type cluster struct {
	kafka.Config
	readOnly string // the context that refuses writing, or empty
}

// connect looks the secrets up. It opens nothing yet; plan must have come before.
func (f *clusterFlags) connect(ctx context.Context, env *Env) (*cluster, error) {
	f.warn(env)
	connection, err := f.effective.Connect(ctx, config.Secrets{})
	if err != nil {
		return nil, err
	}
	if err := f.schemas.connect(connection.Registry, f.effective.Timeout); err != nil {
		return nil, err
	}
	delete(connection.Properties, "bootstrap.servers") // Brokers says it
	c := &cluster{Config: kafka.Config{
		Brokers:    f.effective.Brokers,
		Properties: connection.Properties,
		Timeout:    f.effective.Timeout,
		Token:      connection.Token,
	}}
	if f.effective.ReadOnly {
		c.readOnly = f.effective.Context
	}
	if env.verbose > 0 {
		c.Log = func(l kafka.Log) {
			if l.Level <= 6 || env.verbose > 1 {
				env.notice("%s %s: %s", time.Now().Format("15:04:05.000"), l.Name, connection.Scrub(l.Message))
			}
		}
	}
	if env.verbose > 1 {
		c.Debug = "broker,cgrp,topic"
	}
	return c, nil
}

// refuseWrites is the error of a command that writes when the context is read-only.
func (c *cluster) refuseWrites() error {
	if c.readOnly == "" {
		return nil
	}
	return hint(faultf(codeReadOnlyContext, "context %s is read-only", c.readOnly), "name another one with --context")
}
