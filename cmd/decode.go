package cmd

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/output"
	"kstream/serde"
)

type decodeFlags struct {
	serdes  record.SerdeOptions
	cluster connect.Options // only its schema registry
	topic   string
	isKey   bool
}

func newDecodeCmd(env *cli.Env) *cobra.Command {
	var f decodeFlags
	cmd := &cobra.Command{
		Use:   "decode SPEC [FILE]",
		Short: "Turn one value's bytes into JSON, without Kafka",
		Long: `Read the bytes of one value from FILE or stdin and print its JSON on one line.
SPEC is what --value-serde of consume takes; kstream help serdes lists them.`,
		Example: `  kstream decode msgpack value.bin
  printf '\0\0\0\0\0\0\0\7' | kstream decode long
  kstream decode cbor --json-mode lossless value.bin | kstream encode cbor --json-mode lossless`,
		Args: serdeArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args)
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	f.register(cmd)
	return cmd
}

// register adds the flags of decode and encode: they say what a record would have said.
func (f *decodeFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.serdes.Cluster = &f.cluster
	registerSerdeOptions(&f.serdes, flags)
	registerRegistry(&f.cluster, flags)
	flags.StringVar(&f.topic, "topic", "", "the `TOPIC` that the value belongs to, for serdes that ask")
	flags.BoolVar(&f.isKey, "is-key", false, "it is the key of a record, not the value")
}

// codecPlan is one conversion: which serde, from where.
type codecPlan struct {
	flags   *decodeFlags
	spec    string
	serde   serde.Serde
	options serde.Options
	file    string // "-" is stdin
	topic   string
	part    serde.Part
}

func (f *decodeFlags) plan(env *cli.Env, args []string) (*codecPlan, error) {
	p := &codecPlan{flags: f, spec: args[0], file: "-", topic: f.topic, part: serde.Value}
	if f.isKey {
		p.part = serde.Key
	}
	if len(args) > 1 {
		p.file = args[1]
	}
	var err error
	if p.options, err = f.serdes.Options(env); err != nil {
		return nil, err
	}
	if f.serdes.AutoRegister && !record.HasSchema(p.spec) {
		return nil, record.ErrNothingToRegister()
	}
	p.serde, err = record.OpenSerde(p.spec, p.options)
	return p, err
}

func (p *codecPlan) run(ctx context.Context, env *cli.Env) error {
	defer record.CloseSerde(p.serde)
	if err := p.flags.cluster.ConnectRegistry(ctx, env); err != nil {
		return err
	}
	data, err := p.read(env)
	if err != nil {
		return err
	}
	in := serde.Input{Topic: p.topic, Part: p.part, Data: data}
	line, result, err := serde.Render(ctx, nil, p.serde, in, p.options.JSON())
	if err != nil {
		return err
	}
	for _, note := range result.Notes {
		env.Notice("%s: %s", result.Format, note)
	}
	if result.Skipped.Kind != serde.NoFrame {
		env.Notice("%s: %s was passed over", result.Format, result.Skipped)
	}
	if env.StdoutTerminal {
		line = output.AppendEscapedJSON(nil, line)
	}
	_, err = env.Stdout.Write(append(line, '\n'))
	return err
}

// read returns all bytes of the file, never nil: no bytes are an empty value, no null.
func (p *codecPlan) read(env *cli.Env) ([]byte, error) {
	in := env.Stdin
	if p.file != "-" {
		f, err := os.Open(p.file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.file, cli.PathCause(err))
		}
		defer f.Close()
		in = f
	}
	limit := p.options.Limits.OrDefaults().Bytes
	data, err := io.ReadAll(io.LimitReader(in, int64(limit)+1))
	if err == nil && len(data) > limit {
		return nil, cli.Errorf(cli.CodeBadData, "%s: more than %d bytes: %w", p.file, limit, serde.ErrTooBig)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.file, cli.PathCause(err))
	}
	return data, nil
}
