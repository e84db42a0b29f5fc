package cmd

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"kstream/output"
	"kstream/serde"
	"kstream/serde/registry"
)

type schemaCheckFlags struct {
	cluster clusterFlags
	listing listingFlags
	file    schemaFileFlags
	against string
	records recordCheckFlags
}

func newSchemaCheckCmd(env *Env) *cobra.Command {
	var f schemaCheckFlags
	cmd := &cobra.Command{
		Use:   "check SUBJECT FILE",
		Short: "Is a schema compatible with the registry, and with real records?",
		Long: `Ask the registry whether the schema in FILE (- is stdin) may become the next version of
SUBJECT, in the way that the subject demands (BACKWARD, FULL, …). Nothing is changed.
A schema that is not compatible ends with 7 and the registry's reasons.

With --records the newest records of a topic are read with the schema, too: Avro by
the rules of schema resolution, Protobuf and JSON Schema as if it were theirs. Records
that cannot be read so are named, and end with 7.`,
		Example: `  kstream schema check orders-value order.avsc
  kstream schema check orders-value order.avsc --against all -o json
  kstream schema check orders-value order.avsc --records orders --last 1000`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args[0], args[1])
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.against, "against", "latest", "compare with the `latest|all` versions")
	f.records.register(flags)
	f.file.register(flags)
	f.listing.register(flags)
	f.cluster.register(flags)
	return cmd
}

type schemaCheckPlan struct {
	flags   *schemaCheckFlags
	listing *listing
	subject string
	file    *schemaFile
}

func (f *schemaCheckFlags) plan(env *Env, subject, path string) (*schemaCheckPlan, error) {
	p := &schemaCheckPlan{flags: f, subject: subject}
	if f.against != "latest" && f.against != "all" {
		return nil, usagef("--against %s: want latest or all", f.against)
	}
	if err := f.records.plan(); err != nil {
		return nil, err
	}
	var err error
	if p.file, err = f.file.plan(path); err != nil {
		return nil, err
	}
	if p.listing, err = f.listing.plan(env); err != nil {
		return nil, err
	}
	return p, f.cluster.planRegistry(env)
}

// schemaCheckItem is one thing that `schema check` looked at.
type schemaCheckItem struct {
	Check   string `json:"check"` // registry or records
	Against string `json:"against"`
	OK      bool   `json:"ok"`

	Level    string   `json:"level,omitempty"` // what the registry demands
	Messages []string `json:"messages,omitempty"`

	Records  int             `json:"records,omitempty"`
	Failures []recordFailure `json:"failures,omitempty"`
}

func (p *schemaCheckPlan) run(ctx context.Context, env *Env) error {
	client, err := p.flags.cluster.openRegistry(ctx, env)
	if err != nil {
		return err
	}
	schema, err := p.file.read(ctx, env, client)
	if err != nil {
		return err
	}
	item, err := p.askRegistry(ctx, env, client, schema)
	if err != nil {
		return err
	}
	items := []schemaCheckItem{item}
	if p.flags.records.topic != "" {
		check := recordCheck{flags: &p.flags.records, cluster: &p.flags.cluster, subject: p.subject, schema: schema}
		item, err := check.run(ctx, env, client)
		if err != nil {
			return err
		}
		items = append(items, item)
	}
	if err := p.listing.print("kstream.schema.check/v1", items, func() *output.Table { return schemaCheckTable(items) }); err != nil {
		return err
	}
	return p.verdict(items)
}

func (p *schemaCheckPlan) askRegistry(ctx context.Context, env *Env, client *registry.Client, schema serde.Schema) (schemaCheckItem, error) {
	item := schemaCheckItem{Check: "registry", Against: p.flags.against}
	if client.Mock() {
		env.notice("%s finds every schema compatible", client.URL())
	}
	verdict, err := client.Check(ctx, p.subject, schema, p.flags.against == "all")
	if err != nil {
		if err = nearSubject(ctx, client, p.subject, 0, err); classify(err) == codeUnknownSubject {
			return item, err
		}
		return item, fmt.Errorf("%s: %w", p.subject, err)
	}
	item.OK, item.Level, item.Messages = verdict.Compatible, verdict.Level, verdict.Messages
	if !item.OK && len(item.Messages) == 0 && schema.Type == "AVRO" {
		item.Messages, err = avroReasons(ctx, client, p.subject, schema)
	}
	return item, err
}

// avroReasons says why a schema and the latest of a subject cannot read each other's
// records, for a registry that gives no reasons. Schemas with references get none.
func avroReasons(ctx context.Context, client *registry.Client, subject string, schema serde.Schema) ([]string, error) {
	latest, err := client.BySubject(ctx, subject, -1)
	if err != nil || len(latest.References)+len(schema.References) > 0 {
		return nil, err
	}
	texts := map[string]string{"old": latest.Text, "new": schema.Text}
	var reasons []string
	for _, way := range []struct{ writer, reader, what string }{
		{"old", "new", "the new schema cannot read what the latest wrote: "},
		{"new", "old", "the latest schema cannot read what the new one writes: "},
	} {
		_, err := openSerde("avro:"+way.writer, serde.Options{
			ReaderSchema: way.reader,
			Files:        func(name string) ([]byte, error) { return []byte(texts[name]), nil },
		})
		if err != nil {
			reasons = append(reasons, way.what+oneLine(err.Error()))
		}
	}
	return reasons, nil
}

// verdict is the error of a schema that does not fit.
func (p *schemaCheckPlan) verdict(items []schemaCheckItem) error {
	for _, i := range items {
		switch {
		case i.OK:
		case i.Check == "registry":
			versions := "the latest version"
			if i.Against == "all" {
				versions = "all versions"
			}
			level := ""
			if i.Level != "" {
				level = " (" + i.Level + ")"
			}
			return faultf(codeUnmet, "%s: %s is not compatible with %s%s", p.subject, p.file.path, versions, level)
		default:
			return faultf(codeUnmet, "%s: %d of %d records cannot be read with %s", i.Against, len(i.Failures), i.Records, p.file.path)
		}
	}
	return nil
}

func schemaCheckTable(items []schemaCheckItem) *output.Table {
	t := &output.Table{Columns: []output.Column{{Name: "check"}, {Name: "against"}, {Name: "ok"}, {Name: "detail"}}}
	for _, i := range items {
		detail := i.Level
		if i.Check == "records" {
			detail = strconv.Itoa(i.Records) + " records"
		}
		t.Add(i.Check, i.Against, strconv.FormatBool(i.OK), detail)
		for _, m := range i.Messages {
			t.Add(i.Check, i.Against, "false", m)
		}
		for _, f := range i.Failures {
			t.Add(i.Check, i.Against, "false", fmt.Sprintf("%s[%d]@%d: %s", i.Against, f.Partition, f.Offset, f.Error))
		}
	}
	return t
}
