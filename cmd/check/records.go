package check

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/cmd/sorting"
	"kstream/kafka"
	"kstream/output"
	"kstream/serde"
	"kstream/serde/registry"
)

// RecordOptions say with which records a schema is tried.
type RecordOptions struct {
	Topic   string
	Last    int
	Changed func(name string) bool
}

func (f *RecordOptions) plan() error {
	if f.Topic == "" && f.Changed("last") {
		return cli.Usagef("--last goes with --records TOPIC")
	}
	if f.Last <= 0 {
		return cli.Usagef("--last %d: want more than 0", f.Last)
	}
	return nil
}

// recordCheck reads records with a schema that is not registered.
type recordCheck struct {
	flags   *RecordOptions
	cluster *connect.Options
	subject string
	schema  serde.Schema
}

// recordFailure is a record that the schema cannot read.
type recordFailure struct {
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	Error     string `json:"error"`
}

// part is the half of the records that the subject is about: keys when its name says so.
func (c *recordCheck) part() serde.Part {
	if strings.HasSuffix(c.subject, "-key") {
		return serde.Key
	}
	return serde.Value
}

func (c *recordCheck) run(ctx context.Context, env *cli.Env, client *registry.Client) (Item, error) {
	item := Item{Check: "records", Against: c.flags.Topic}
	s, err := c.open(client)
	if err != nil {
		return item, err
	}
	defer record.CloseSerde(s)
	err = connect.WithAdmin(ctx, env, c.cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		newest, err := c.read(ctx, cluster.Config, admin, s)
		if err != nil {
			return err
		}
		return newest.Each(func(text []byte) error {
			item.Records++
			if len(text) == 0 {
				return nil
			}
			var f recordFailure
			err := json.Unmarshal(text, &f)
			item.Failures = append(item.Failures, f)
			return err
		})
	})
	item.OK = len(item.Failures) == 0
	return item, err
}

// candidateID is how the schema under test is asked for: no subject has such a name.
const candidateID = "\x00candidate:1"

// open makes the serde: for Avro the schema is the reader's, else it takes the place of
// the one that wrote each record.
func (c *recordCheck) open(client *registry.Client) (serde.Serde, error) {
	candidate := &candidateRegistry{Registry: client, schema: c.schema, always: c.schema.Type != "AVRO"}
	o := serde.Options{Registry: candidate, Validate: true}
	if !candidate.always {
		o.ReaderSchema = candidateID
	}
	return record.OpenSerde(specOfKind(c.schema.Type), o)
}

// read decodes the newest records of each partition; the newest of all are kept, each
// with its failure as JSON, or nothing.
func (c *recordCheck) read(ctx context.Context, cfg kafka.Config, admin *kafka.Admin, s serde.Serde) (*sorting.Last, error) {
	topics, err := admin.Topics(ctx, c.flags.Topic)
	if err != nil {
		return nil, err
	}
	var partitions []kafka.TopicPartition
	for _, p := range topics[0].Partitions {
		partitions = append(partitions, kafka.TopicPartition{Topic: c.flags.Topic, Partition: p.ID})
	}
	marks, err := admin.Watermarks(ctx, partitions)
	if err != nil {
		return nil, err
	}
	var spans []kafka.Span
	for _, tp := range partitions {
		spans = append(spans, kafka.Span{TopicPartition: tp, From: marks[tp].Start, To: marks[tp].Stable})
	}
	newest := sorting.NewLast(c.flags.Last)
	err = record.NewTailReader(cfg, c.flags.Last, false, spans, topics).Run(ctx, func(ev kafka.Event) error {
		if ev.Batch == nil {
			return nil
		}
		for i := range ev.Batch.Records {
			if err := c.try(ctx, s, &ev.Batch.Records[i], newest); err != nil {
				return err
			}
		}
		return nil
	})
	return newest, err
}

// try decodes one record. A registry that fails ends the check.
func (c *recordCheck) try(ctx context.Context, s serde.Serde, r *kafka.Record, newest *sorting.Last) error {
	item := sorting.Item{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Timestamp: r.Timestamp}
	in := serde.Input{Topic: r.Topic, Part: c.part(), Data: r.Value}
	if in.Part == serde.Key {
		in.Data = r.Key
	}
	for _, h := range r.Headers {
		in.Headers = append(in.Headers, serde.Header{Key: h.Key, Value: h.Value})
	}
	if in.Data != nil { // a tombstone needs no schema
		_, err := s.Decode(ctx, in)
		if err != nil && (cli.OfRegistry(err) || ctx.Err() != nil) {
			return fmt.Errorf("%s[%d]@%d: %w", r.Topic, r.Partition, r.Offset, err)
		}
		if err != nil {
			if item.Text, err = output.MarshalLine(recordFailure{r.Partition, r.Offset, cli.OneLine(err.Error())}); err != nil {
				return err
			}
		}
	}
	return newest.Add(&item)
}

// candidateRegistry is a registry that also has the schema under test: under a name of
// its own, or in place of every id.
type candidateRegistry struct {
	serde.Registry
	schema serde.Schema
	always bool
}

func (c *candidateRegistry) ByID(ctx context.Context, id int, subject string) (serde.Schema, error) {
	if c.always {
		return c.schema, nil
	}
	return c.Registry.ByID(ctx, id, subject)
}

func (c *candidateRegistry) ByGUID(ctx context.Context, guid string) (serde.Schema, error) {
	if c.always {
		return c.schema, nil
	}
	return c.Registry.ByGUID(ctx, guid)
}

func (c *candidateRegistry) BySubject(ctx context.Context, subject string, version int) (serde.Schema, error) {
	if subject+":1" == candidateID {
		return c.schema, nil
	}
	return c.Registry.BySubject(ctx, subject, version)
}
