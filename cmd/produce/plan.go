package produce

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/expr"
	"kstream/cmd/generate"
	"kstream/cmd/input"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/kafka/position"
)

// Plan is a valid command line of produce.
type Plan struct {
	cluster *connect.Options
	topic   string // empty: each record names its own
	create  bool   // topics that are not there

	source    input.Config     // what is read
	values    []string         // instead, the values of all records
	generated *generate.Config // instead, what is made
	count     int64            // of records; 0: all
	repeat    int              // each so often
	interval  time.Duration    // between records; 0: none
	perSecond float64          // records at most; 0: as many as can be

	changes      changes
	serdes       record.SerdeOptions
	partition    int32 // of all records; -1: none was named
	partitionBy  *expr.Partition
	roundRobin   bool
	ownPartition bool // a record may name its own

	producer    kafka.ProducerConfig
	commitCount int64
	commitAfter time.Duration
	skip        bool   // --on-error skip
	rejects     string // where to put the input of what failed; empty: nowhere
	receipts    string // none, text or json
}

// changes are what becomes of each record between input and serde.
type changes struct {
	key       []byte // nil: that of the input
	keyFrom   *expr.Text
	headers   []input.Header
	timestamp int64 // input.NoTimestamp: that of the input
}

// Plan returns what is read from files and written to topic, or a usage error. It opens
// nothing.
func (f *Options) Plan(ctx context.Context, env *cli.Env, topic string, files []string) (*Plan, error) {
	p := &Plan{
		cluster: &f.Cluster, create: f.Create, count: f.Count, repeat: f.Repeat, serdes: f.Serdes,
		partition: f.Partition, ownPartition: f.Input != "json" || f.KeepPartition,
		skip: f.OnError == "skip", rejects: f.Rejects, receipts: f.Output,
	}
	if topic != "-" {
		p.topic = topic
	}
	if err := f.check(topic, files); err != nil {
		return nil, err
	}
	if err := p.planSource(f, files); err != nil {
		return nil, err
	}
	if err := p.planPace(f); err != nil {
		return nil, err
	}
	if err := p.changes.plan(env, f); err != nil {
		return nil, err
	}
	if err := p.planGenerator(ctx, env, f); err != nil {
		return nil, err
	}
	if err := p.planProducer(env, f); err != nil {
		return nil, err
	}
	if err := f.Cluster.Plan(env); err != nil {
		return nil, err
	}
	_, err := f.Serdes.Options(env)
	return p, err
}

// transactional reports whether records are written in transactions.
func (p *Plan) transactional() bool { return p.producer.Transactional != "" }

func (p *Plan) planSource(f *Options, files []string) error {
	delimiter, err := input.Unescape(f.Delimiter)
	if err != nil {
		return cli.Usagef("-d %s: %w", f.Delimiter, err)
	}
	p.source = input.Config{
		Format: f.Input, Files: files,
		Tombstones: f.Tombstones, SkipEmpty: f.SkipEmpty,
	}
	if f.Set("value") {
		p.values, p.source.Delimiter, p.source.StdinName = f.Values, []byte{0}, "--value" // no argument holds a NUL
	}
	if f.Set("delimiter") {
		p.source.Delimiter = delimiter
	}
	if f.Set("key-separator") {
		if p.source.KeySeparator, err = input.Unescape(f.KeySep); err != nil {
			return cli.Usagef("-K %s: %w", f.KeySep, err)
		}
	}
	if f.Set("null-key") {
		p.source.NullKey = &f.NullKey
	}
	if f.Set("null-value") {
		p.source.NullValue = &f.NullValue
	}
	if f.Generate == "" {
		if err := p.source.Check(); err != nil {
			return cli.Usagef("%w", err)
		}
	}
	if f.Rejects != "" {
		if info, err := os.Stat(f.Rejects); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
			return cli.Hint(cli.Errorf(cli.CodeAlreadyExists, "--rejects %s: the file exists and is not empty", f.Rejects), "name a new one, or remove it")
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return cli.Usagef("--rejects: %w", err)
		}
	}
	return nil
}

func (p *Plan) planPace(f *Options) error {
	p.interval = f.Interval.D
	if f.Rate == "" {
		return nil
	}
	rate, err := position.ParseRate(f.Rate)
	if err != nil {
		return cli.Usagef("--rate %s: %w", f.Rate, err)
	}
	p.perSecond = rate.Count / rate.Per.Seconds()
	return nil
}

// pace returns what holds records back, or nil.
func (p *Plan) pace() *input.Pace {
	switch {
	case p.interval > 0:
		return input.NewInterval(p.interval, input.WallClock{})
	case p.perSecond > 0:
		return input.NewRate(p.perSecond, input.WallClock{})
	}
	return nil
}

func (c *changes) plan(env *cli.Env, f *Options) error {
	if f.Set("key") {
		c.key = append([]byte{}, f.Key...)
	}
	if f.KeyFrom != "" {
		from, err := expr.NewValueText("--key-from", f.KeyFrom)
		if err != nil {
			return cli.Usagef("%w", err)
		}
		c.keyFrom = from
	}
	for _, h := range f.Headers {
		name, value, has := strings.Cut(h, "=")
		header := input.Header{Key: name}
		if has {
			header.Value.Bytes = []byte(value)
		}
		c.headers = append(c.headers, header)
	}
	c.timestamp = input.NoTimestamp
	if f.Timestamp != "" {
		t, err := position.ParseTime(f.Timestamp, env.Now())
		if err != nil {
			return cli.Usagef("--timestamp %s: %w", f.Timestamp, err)
		}
		c.timestamp = t.UnixMilli()
	}
	return nil
}

// apply changes a record before it is encoded.
func (c *changes) apply(ctx context.Context, r *input.Record) error {
	if c.key != nil {
		r.Key = input.Field{Bytes: c.key}
	}
	if c.keyFrom != nil {
		key, err := c.keyFrom.Apply(ctx, exprRecord(r))
		if r.Key = (input.Field{Bytes: key}); err != nil {
			return err
		}
	}
	if len(c.headers) > 0 {
		r.Headers = append(r.Headers[:len(r.Headers):len(r.Headers)], c.headers...)
	}
	if c.timestamp != input.NoTimestamp {
		r.Timestamp = c.timestamp
	}
	return nil
}

// planGenerator tries the templates of --generate.
func (p *Plan) planGenerator(ctx context.Context, env *cli.Env, f *Options) error {
	if f.Generate == "" {
		return nil
	}
	p.generated = &generate.Config{Value: f.Generate, Key: f.GenerateKey, Count: f.Count, Seed: f.Seed}
	_, err := p.generator(ctx, env)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("--generate: %w", err)
	case err != nil:
		return cli.Usagef("%w", err)
	}
	return nil
}

func (p *Plan) generator(ctx context.Context, env *cli.Env) (*generate.Generator, error) {
	c := *p.generated
	c.Now = env.Now
	return generate.New(ctx, c)
}

// Partitioners returns the names that --partitioner takes: librdkafka's, and round-robin.
func Partitioners() []string {
	return []string{"murmur2_random", "murmur2", "consistent_random", "consistent", "fnv1a_random", "fnv1a", "random", "round-robin"}
}

func (p *Plan) planProducer(env *cli.Env, f *Options) error {
	p.producer = kafka.ProducerConfig{
		Acks: f.Acks, Compression: f.Compression, Transactional: f.Transactional,
		NoIdempotence: !f.Idempotent || f.Acks == "1" || f.Acks == "0",
	}
	if p.pace() == nil && !env.StdinTerminal {
		p.producer.Linger = record.BulkLinger
	}

	switch {
	case f.Partitioner == "round-robin":
		p.roundRobin = true
	case slices.Contains(Partitioners(), f.Partitioner):
		p.producer.Partitioner = f.Partitioner
	default:
		return cli.Hint(cli.Usagef("--partitioner %s: no such partitioner", f.Partitioner), "murmur2_random is what Java does; kstream produce --help lists all")
	}
	if err := record.CheckCompression(f.Compression); err != nil {
		return err
	}
	if f.Transactional != "" && p.producer.NoIdempotence {
		return cli.Usagef("--transactional-id needs --acks all and idempotence")
	}
	if f.PartitionBy != "" {
		by, err := expr.NewPartition("--partition-by", f.PartitionBy)
		if err != nil {
			return cli.Usagef("%w", err)
		}
		p.partitionBy = by
	}
	if f.CommitEvery != "" {
		return p.planCommits(f.CommitEvery)
	}
	return nil
}

// planCommits reads --commit-every: a number of records or a duration.
func (p *Plan) planCommits(text string) error {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		p.commitCount = n
		return nil
	}
	d, err := position.ParseDuration(text)
	if err != nil || d <= 0 {
		return cli.Usagef("--commit-every %s: want a number of records or a duration such as 500ms", text)
	}
	p.commitAfter = d
	return nil
}

// exprRecord shows expressions a record before it is encoded.
func exprRecord(r *input.Record) *expr.Record {
	x := &expr.Record{
		Topic: r.Topic, Partition: r.Partition, Timestamp: r.Timestamp,
		Key:   expr.Field{Data: r.Key.Bytes, Decoded: r.Key.Encoding != ""},
		Value: expr.Field{Data: r.Value.Bytes, Decoded: r.Value.Encoding != ""},
	}
	for _, h := range r.Headers {
		x.Headers = append(x.Headers, expr.Header{Key: h.Key, Value: h.Value.Bytes})
	}
	return x
}
