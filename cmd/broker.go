package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/sandbox"
	"kstream/kafka/embedded"
	registry "kstream/serde/registry/embedded"
)

type brokerFlags struct {
	shape     sandbox.ShapeOptions
	listen    string
	advertise string
	data      string
	output    string
	registry  string
}

func newBrokerCmd(env *cli.Env) *cobra.Command {
	var f brokerFlags
	cmd := &cobra.Command{
		Use:   "broker",
		Short: "Run an embedded Kafka broker, in memory or in a directory",
		Long: `Run an embedded Kafka broker until Ctrl-C. It needs no Java, starts at once, and
speaks Kafka's protocol to any client: groups, transactions, administration. It is
for development and tests, not for data that matters: there is no replication.

Once it answers, stdout has one line, the bootstrap address. Without --data all is
in memory and gone at the end. --registry adds a schema registry, which refuses
schemas of Avro, Protobuf and JSON Schema that are not compatible.`,
		Example: `  kstream broker                                    on 127.0.0.1:9092, in memory
  kstream broker --data ~/kafka --topics orders:3   what is written stays
  kstream broker --registry                         with schemas on 127.0.0.1:8081
  kstream broker --listen 127.0.0.1:0 -o json       on a free port, as JSON`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan, err := f.plan()
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:9092", "listen on `HOST:PORT`; further nodes on the ports that follow; port 0 is any free one")
	flags.StringVar(&f.advertise, "advertise", "", "the `HOST[:PORT]` that clients are told to connect to, where it is another one")
	flags.StringVar(&f.data, "data", "", "keep topics, records and groups in the directory `DIR`")
	flags.StringVar(&f.registry, "registry", "", "a schema registry too, on `HOST:PORT` (127.0.0.1:8081 if it stands alone)")
	flags.Lookup("registry").NoOptDefVal = "127.0.0.1:8081"
	flags.StringVarP(&f.output, "output", "o", "text", "how to print the address: `text|json`")
	registerShape(&f.shape, flags)
	return cmd
}

func registerShape(f *sandbox.ShapeOptions, flags *pflag.FlagSet) {
	flags.IntVar(&f.Nodes, "nodes", 1, "a cluster of `N` nodes")
	flags.IntVar(&f.Partitions, "partitions", embedded.DefaultPartitions, "a new topic has `N` partitions unless told otherwise")
	flags.StringSliceVar(&f.Topics, "topics", nil, "create these topics: `NAME[:PARTITIONS],…`; one that is there stays as it is")
	flags.BoolVar(&f.AutoCreate, "auto-create", true, "create the topics that clients ask for, as Kafka does by default")
}

type brokerPlan struct {
	config embedded.Config
	json   bool
	// registry is where a schema registry listens; empty: nowhere.
	registry string
}

func (f *brokerFlags) plan() (*brokerPlan, error) {
	if f.output != "text" && f.output != "json" {
		return nil, cli.Usagef("--output %s: want text or json", f.output)
	}
	cfg, err := f.shape.Config(embedded.Config{Listen: f.listen, Advertise: f.advertise, Dir: f.data})
	if err != nil {
		return nil, err
	}
	return &brokerPlan{cfg, f.output == "json", f.registry}, nil
}

// run serves until ctx ends. Only then is the broker closed, so whoever waits for
// this process knows that the data is on the disk.
func (p *brokerPlan) run(ctx context.Context, env *cli.Env) (err error) {
	p.config.Log = func(line string) { env.Notice("broker: %s", line) }
	p.config.Verbose = env.Verbose > 0
	b, err := embedded.Start(p.config)
	if err != nil {
		return sandbox.BrokerError(err)
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	addresses := map[string]string{"brokers": b.Addr()}
	if p.registry != "" {
		file := ""
		if p.config.Dir != "" {
			file = filepath.Join(p.config.Dir, "schemas.jsonl")
		}
		r, failed := registry.Start(p.registry, file)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, r.Close()) }()
		addresses["registry"] = r.URL()
	}
	line := b.Addr()
	if p.json {
		text, err := json.Marshal(addresses)
		if err != nil {
			return err
		}
		line = string(text)
	}
	if _, err := fmt.Fprintln(env.Stdout, line); err != nil {
		return err
	}
	env.Notice("broker: ready, %s; Ctrl-C ends it. Try: kstream produce TOPIC -b %s", p.where(), b.Addr())
	if url := addresses["registry"]; url != "" {
		env.Notice("broker: schema registry at %s", url)
	}
	if !b.Loopback() {
		env.Notice("broker: whoever reaches this port reads and writes without a password")
	}
	<-ctx.Done()
	return nil
}

// where describes how long the data lives.
func (p *brokerPlan) where() string {
	if p.config.Dir == "" {
		return "all in memory"
	}
	return "data in " + p.config.Dir
}
