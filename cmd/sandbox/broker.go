package sandbox

import (
	"errors"
	"strconv"
	"strings"

	"kstream/cmd/cli"
	"kstream/kafka/embedded"
)

// ShapeOptions say what a broker looks like; broker and sandbox share them.
type ShapeOptions struct {
	Nodes      int
	Partitions int
	Topics     []string
	AutoCreate bool
}

// Config reads the flags into cfg.
func (f *ShapeOptions) Config(cfg embedded.Config) (embedded.Config, error) {
	if f.Nodes < 1 {
		return cfg, cli.Usagef("--nodes %d: want at least 1", f.Nodes)
	}
	if f.Partitions < 1 {
		return cfg, cli.Usagef("--partitions %d: want at least 1", f.Partitions)
	}
	cfg.Nodes, cfg.Partitions, cfg.AutoCreate = f.Nodes, f.Partitions, f.AutoCreate
	for _, s := range f.Topics {
		name, count, counted := strings.Cut(s, ":")
		t := embedded.Topic{Name: name}
		if counted {
			n, err := strconv.Atoi(count)
			if err != nil || n < 1 {
				return cfg, cli.Usagef("--topics %s: want NAME or NAME:PARTITIONS", s)
			}
			t.Partitions = n
		}
		cfg.Topics = append(cfg.Topics, t)
	}
	if err := cfg.Check(); err != nil {
		return cfg, cli.Usagef("%w", err)
	}
	return cfg, nil
}

// BrokerError adds the code and the remedy to what kept a broker from starting.
func BrokerError(err error) error {
	switch {
	case errors.Is(err, embedded.ErrPortInUse):
		return cli.Hint(err, "--listen 127.0.0.1:0 takes any free port")
	case errors.Is(err, embedded.ErrDirInUse):
		return cli.Hint(&cli.CodedError{Code: cli.CodeAlreadyExists, Err: err}, "stop the other broker, or name another directory with --data")
	case errors.Is(err, embedded.ErrDirForeign):
		return cli.Hint(&cli.CodedError{Code: cli.CodeAlreadyExists, Err: err}, "--data wants an empty directory, or one that a broker wrote")
	}
	return err
}
