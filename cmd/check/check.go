package check

import (
	"context"
	"fmt"
	"strconv"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/output"
	"kstream/serde"
	"kstream/serde/registry"
)

// Options are the flags of schema check, as typed.
type Options struct {
	Cluster connect.Options
	Listing cli.ListingOptions
	File    FileOptions
	Against string
	Records RecordOptions
}

// Plan is a valid command line of schema check.
type Plan struct {
	cluster *connect.Options
	listing *cli.Listing
	subject string
	file    *File
	against string        // latest or all
	records RecordOptions // that the schema is tried on
}

// Plan returns what subject and the schema in the file at path are checked for, or a
// usage error. It opens nothing.
func (f *Options) Plan(env *cli.Env, subject, path string) (*Plan, error) {
	p := &Plan{cluster: &f.Cluster, subject: subject, against: f.Against, records: f.Records}
	if f.Against != "latest" && f.Against != "all" {
		return nil, cli.Usagef("--against %s: want latest or all", f.Against)
	}
	if err := f.Records.plan(); err != nil {
		return nil, err
	}
	var err error
	if p.file, err = f.File.Plan(path); err != nil {
		return nil, err
	}
	if p.listing, err = f.Listing.Plan(env); err != nil {
		return nil, err
	}
	return p, f.Cluster.PlanRegistry(env)
}

// Item is one thing that `schema check` looked at.
type Item struct {
	Check   string `json:"check"` // registry or records
	Against string `json:"against"`
	OK      bool   `json:"ok"`

	Level    string   `json:"level,omitempty"` // what the registry demands
	Messages []string `json:"messages,omitempty"`

	Records  int             `json:"records,omitempty"`
	Failures []recordFailure `json:"failures,omitempty"`
}

// Run asks the registry, then tries the schema on records when a topic is named, and
// prints what it found. A schema that does not pass is an error.
func Run(ctx context.Context, env *cli.Env, p *Plan) ([]Item, error) {
	client, err := p.cluster.OpenRegistry(ctx, env)
	if err != nil {
		return nil, err
	}
	schema, err := p.file.Read(ctx, env, client)
	if err != nil {
		return nil, err
	}
	item, err := p.askRegistry(ctx, env, client, schema)
	if err != nil {
		return nil, err
	}
	items := []Item{item}
	if p.records.Topic != "" {
		check := recordCheck{flags: &p.records, cluster: p.cluster, subject: p.subject, schema: schema}
		item, err := check.run(ctx, env, client)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	if err := p.listing.Print("kstream.schema.check/v1", items, func() *output.Table { return schemaCheckTable(items) }); err != nil {
		return nil, err
	}
	return items, p.verdict(items)
}

func (p *Plan) askRegistry(ctx context.Context, env *cli.Env, client *registry.Client, schema serde.Schema) (Item, error) {
	item := Item{Check: "registry", Against: p.against}
	if client.Mock() {
		env.Notice("%s finds every schema compatible", client.URL())
	}
	verdict, err := client.Check(ctx, p.subject, schema, p.against == "all")
	if err != nil {
		if err = connect.NearSubject(ctx, client, p.subject, 0, err); cli.CodeOf(err) == cli.CodeUnknownSubject {
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

// avroReasons returns why a schema and the latest of a subject cannot read each other's
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
		_, err := record.OpenSerde("avro:"+way.writer, serde.Options{
			ReaderSchema: way.reader,
			Files:        func(name string) ([]byte, error) { return []byte(texts[name]), nil },
		})
		if err != nil {
			reasons = append(reasons, way.what+cli.OneLine(err.Error()))
		}
	}
	return reasons, nil
}

// verdict is the error of a schema that does not fit.
func (p *Plan) verdict(items []Item) error {
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
			return cli.Errorf(cli.CodeUnmet, "%s: %s is not compatible with %s%s", p.subject, p.file.Path, versions, level)
		default:
			return cli.Errorf(cli.CodeUnmet, "%s: %d of %d records cannot be read with %s", i.Against, len(i.Failures), i.Records, p.file.Path)
		}
	}
	return nil
}

func schemaCheckTable(items []Item) *output.Table {
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
