package cmd

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/output"
	"kstream/serde"
)

func newEncodeCmd(env *cli.Env) *cobra.Command {
	var f decodeFlags
	cmd := &cobra.Command{
		Use:   "encode SPEC [FILE]",
		Short: "Turn JSON into one value's bytes, without Kafka",
		Long: `Read one JSON value from FILE or stdin and write the bytes that produce would
have sent, and nothing else. SPEC is what --value-serde of produce takes; kstream
help serdes lists them.`,
		Example: `  echo '{"id":7}' | kstream encode msgpack > value.bin
  echo 7 | kstream encode long | xxd`,
		Args: serdeArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args)
			if err != nil {
				return err
			}
			if err := plan.needTopic(); err != nil {
				record.CloseSerde(plan.serde)
				return err
			}
			return plan.runEncode(cmd.Context(), env)
		},
	}
	f.register(cmd)
	return cmd
}

// needTopic refuses to guess the subject of the registry that the topic would name.
func (p *codecPlan) needTopic() error {
	f := p.flags.serdes
	asked := !record.HasSchema(p.spec) && (f.SchemaID == "" || f.SchemaID == "latest")
	switch {
	case p.topic != "", f.Strategy == "record", !record.ByRegistry(p.spec), p.options.Registry == nil, !asked && !f.AutoRegister:
		return nil
	}
	return cli.Hint(cli.Usagef("encode %s: the subject of the schema is named after the topic", p.spec),
		"--topic TOPIC says which, and --subject-strategy record needs none")
}

func (p *codecPlan) runEncode(ctx context.Context, env *cli.Env) error {
	defer record.CloseSerde(p.serde)
	if p.flags.serdes.AutoRegister {
		if err := p.flags.cluster.RefuseSchemaWrites(); err != nil {
			return err
		}
	}
	if err := p.flags.cluster.ConnectRegistry(ctx, env); err != nil {
		return err
	}
	text, err := p.read(env)
	if err != nil {
		return err
	}
	out, err := serde.EncodeJSON(ctx, []byte{}, p.serde, p.topic, p.part, text, p.options.JSON())
	if err != nil {
		return err
	}
	for _, h := range out.Headers {
		env.Notice("the record needs the header %s=%x", h.Key, h.Value)
	}
	if out.Data == nil {
		env.Notice("%s: this is a null, which has no bytes", p.serde.Name())
	}
	if env.StdoutTerminal && !printable(out.Data) {
		return cli.Hint(cli.Errorf(cli.CodeNotAPipe, "these bytes are not text, and stdout is a terminal"), "send them to a file or a pipe")
	}
	_, err = env.Stdout.Write(out.Data)
	return err
}

// printable reports whether a terminal shows data as it is, lines and tabs included.
func printable(data []byte) bool {
	text := strings.NewReplacer("\n", "", "\t", "").Replace(string(data))
	return utf8.ValidString(text) && output.Escaped(text) == text
}
