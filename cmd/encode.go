package cmd

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"kstream/output"
	"kstream/serde"
)

func newEncodeCmd(env *Env) *cobra.Command {
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
				closeSerde(plan.serde)
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
	asked := !hasSchema(p.spec) && (f.schemaID == "" || f.schemaID == "latest")
	switch {
	case p.topic != "", f.strategy == "record", !byRegistry(p.spec), p.options.Registry == nil, !asked && !f.autoRegister:
		return nil
	}
	return hint(usagef("encode %s: the subject of the schema is named after the topic", p.spec),
		"--topic TOPIC says which, and --subject-strategy record needs none")
}

func (p *codecPlan) runEncode(ctx context.Context, env *Env) error {
	defer closeSerde(p.serde)
	if err := p.flags.cluster.connectRegistry(ctx, env); err != nil {
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
		env.notice("the record needs the header %s=%x", h.Key, h.Value)
	}
	if out.Data == nil {
		env.notice("%s: this is a null, which has no bytes", p.serde.Name())
	}
	if env.StdoutTerminal && !printable(out.Data) {
		return hint(faultf(codeNotAPipe, "these bytes are not text, and stdout is a terminal"), "send them to a file or a pipe")
	}
	_, err = env.Stdout.Write(out.Data)
	return err
}

// printable says whether a terminal shows data as it is, lines and tabs included.
func printable(data []byte) bool {
	text := strings.NewReplacer("\n", "", "\t", "").Replace(string(data))
	return utf8.ValidString(text) && output.Escaped(text) == text
}
