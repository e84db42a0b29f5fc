package connect

import (
	"context"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/kafka"
)

// Options say which cluster a command talks to. Every command that needs one
// registers them, so that help shows them where they mean something.
type Options struct {
	Brokers, Context, Config string
	Properties               []string
	File                     string
	Registry                 string
	Timeout, Token           string
	AllowWrite               bool         // although the context is read-only
	ByTopic                  bool         // the formats of topics that the context has are looked up for each record
	Flags                    commandFlags // those of the command; nil: only what connects is asked for
	Effective                *config.Effective
	Schemas                  *schemaRegistry // nil unless somebody asked for it
}

// Plan finds every setting and checks it, without looking up secrets.
func (f *Options) Plan(env *cli.Env) error {
	if f.Effective != nil {
		return nil
	}
	effective, err := f.Resolve(env)
	if err == nil {
		err = settle(effective, f.Flags)
	}
	if err == nil {
		f.Effective = effective
	}
	return err
}

// Resolve finds every setting as it was said: what flags and rules make of it is left to
// Plan.
func (f *Options) Resolve(env *cli.Env) (*config.Effective, error) {
	return config.Resolve(config.Options{
		Brokers: f.Brokers, Context: f.Context, Config: f.Config, Properties: f.Properties,
		File: f.File, Registry: f.Registry, Timeout: f.Timeout, Token: f.Token, Environ: env.Environ,
	})
}

// warn says, once, what is odd about the settings, and under -v what of them is of no use
// here.
func (f *Options) warn(env *cli.Env) {
	for _, w := range f.Effective.Warnings {
		env.Notice("%s", w)
	}
	if env.Verbose > 0 {
		for _, d := range f.Effective.Details {
			env.Notice("%s", d)
		}
	}
	f.Effective.Warnings, f.Effective.Details = nil, nil
}

// Cluster is how to connect, with the secrets looked up.
type Cluster struct {
	kafka.Config
	readOnly string // the context that refuses writing, or empty
}

// Connect looks the secrets up. It opens nothing yet; plan must have come before.
func (f *Options) Connect(ctx context.Context, env *cli.Env) (*Cluster, error) {
	f.warn(env)
	connection, err := f.Effective.Connect(ctx, config.Secrets{})
	if err != nil {
		return nil, err
	}
	env.Withhold(f.Effective.Variables(), connection.Scrub)
	if err := f.Schemas.connect(connection.Registry, f.Effective.Timeout); err != nil {
		return nil, err
	}
	delete(connection.Properties, "bootstrap.servers") // Brokers says it
	c := &Cluster{Config: kafka.Config{
		Brokers:    f.Effective.Brokers,
		Properties: connection.Properties,
		Timeout:    f.Effective.Timeout,
		Tokens:     connection.Tokens,
	}}
	if read := connection.Credentials; read != nil {
		c.Credentials = kafka.NewCredentials(connection.Properties["sasl.username"], connection.Properties["sasl.password"], read)
	}
	c.readOnly = f.readOnly()
	if env.Verbose > 0 {
		c.Log = func(l kafka.Log) {
			if l.Level <= 6 || env.Verbose > 1 {
				env.Notice("%s %s: %s", time.Now().Format("15:04:05.000"), l.Name, connection.Scrub(l.Message))
			}
		}
	}
	if env.Verbose > 1 {
		c.Debug = "broker,cgrp,topic"
	}
	return c, nil
}

// readOnly is the context that refuses writing, or empty.
func (f *Options) readOnly() string {
	if f.Effective.ReadOnly && !f.AllowWrite {
		return f.Effective.Context
	}
	return ""
}

// RefuseWrites is the error of a command that writes when the context is read-only.
// Offsets that a group commits are written too.
func (c *Cluster) RefuseWrites() error {
	if c.readOnly == "" {
		return nil
	}
	return cli.Hint(cli.Errorf(cli.CodeReadOnlyContext, "context %s is read-only", c.readOnly), "--allow-write permits it this once; --context names another one")
}
