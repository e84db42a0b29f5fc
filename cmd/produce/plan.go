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
	"kstream/cmd/expr"
	"kstream/cmd/generate"
	"kstream/cmd/input"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/kafka/position"
)

// Plan is a valid command line of produce.
type Plan struct {
	flags       *Options
	topic       string // empty: each record names its own
	source      input.Config
	steps       []produceStep
	producer    kafka.ProducerConfig
	pace        func() *input.Pace // nil: none
	commitCount int64
	commitAfter time.Duration
	roundRobin  bool
	partitionBy *expr.Partition
	encoders    [2]record.Encoding
	close       func()
}

// produceStep changes a record before it is encoded.
type produceStep func(ctx context.Context, r *input.Record) error

// Plan returns what is read from files and written to topic, or a usage error.
func (f *Options) Plan(ctx context.Context, env *cli.Env, topic string, files []string) (*Plan, error) {
	p := &Plan{flags: f}
	if topic != "-" {
		p.topic = topic
	}
	if err := f.check(topic, files); err != nil {
		return nil, err
	}
	if err := p.planSource(env, files); err != nil {
		return nil, err
	}
	if err := p.planSteps(ctx, env); err != nil {
		return nil, err
	}
	if err := p.planProducer(env); err != nil {
		return nil, err
	}
	if err := f.Cluster.Plan(env); err != nil {
		return nil, err
	}
	options, err := f.Serdes.Options(env)
	if err != nil {
		return nil, err
	}
	key, value, closeAll, err := f.Serdes.Open(env)
	if err != nil {
		return nil, err
	}
	p.close = closeAll
	p.encoders = record.NewEncoders(key, value, options.JSON())
	return p, nil
}

func (p *Plan) planSource(env *cli.Env, files []string) error {
	f := p.flags
	delimiter, err := input.Unescape(f.Delimiter)
	if err != nil {
		return cli.Usagef("-d %s: %w", f.Delimiter, err)
	}
	p.source = input.Config{
		Format: f.Input, Files: files, Stdin: env.Stdin,
		Tombstones: f.Tombstones, SkipEmpty: f.SkipEmpty,
	}
	if f.Set("value") {
		p.source.Format, p.source.Stdin, p.source.StdinName = "file", strings.NewReader(f.Value), "--value"
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
	switch {
	case f.Interval.D > 0:
		p.pace = func() *input.Pace { return input.NewInterval(f.Interval.D, input.WallClock{}) }
	case f.Rate != "":
		rate, err := position.ParseRate(f.Rate)
		if err != nil {
			return cli.Usagef("--rate %s: %w", f.Rate, err)
		}
		p.pace = func() *input.Pace { return input.NewRate(rate.Count/rate.Per.Seconds(), input.WallClock{}) }
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

// planSteps lists what happens to each record between input and serde.
func (p *Plan) planSteps(ctx context.Context, env *cli.Env) error {
	f := p.flags
	if f.Set("key") {
		key := []byte(f.Key)
		p.steps = append(p.steps, func(_ context.Context, r *input.Record) error {
			r.Key = input.Field{Bytes: key}
			return nil
		})
	}
	if f.KeyFrom != "" {
		from, err := expr.NewValueText("--key-from", f.KeyFrom)
		if err != nil {
			return cli.Usagef("%w", err)
		}
		p.steps = append(p.steps, func(ctx context.Context, r *input.Record) error {
			key, err := from.Apply(ctx, exprRecord(r))
			r.Key = input.Field{Bytes: key}
			return err
		})
	}
	if len(f.Headers) > 0 {
		headers := make([]input.Header, len(f.Headers))
		for i, h := range f.Headers {
			name, value, has := strings.Cut(h, "=")
			headers[i].Key = name
			if has {
				headers[i].Value.Bytes = []byte(value)
			}
		}
		p.steps = append(p.steps, func(_ context.Context, r *input.Record) error {
			r.Headers = append(r.Headers[:len(r.Headers):len(r.Headers)], headers...)
			return nil
		})
	}
	if f.Timestamp != "" {
		t, err := position.ParseTime(f.Timestamp, env.Now())
		if err != nil {
			return cli.Usagef("--timestamp %s: %w", f.Timestamp, err)
		}
		p.steps = append(p.steps, func(_ context.Context, r *input.Record) error {
			r.Timestamp = t.UnixMilli()
			return nil
		})
	}
	if f.Generate != "" {
		_, err := p.generator(ctx, env)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("--generate: %w", err)
		}
		if err != nil {
			return cli.Usagef("%w", err)
		}
	}
	return nil
}

func (p *Plan) generator(ctx context.Context, env *cli.Env) (*generate.Generator, error) {
	f := p.flags
	return generate.New(ctx, generate.Config{Value: f.Generate, Key: f.GenerateKey, Count: f.Count, Seed: f.Seed, Now: env.Now})
}

// Partitioners returns the names that --partitioner takes: librdkafka's, and round-robin.
func Partitioners() []string {
	return []string{"murmur2_random", "murmur2", "consistent_random", "consistent", "fnv1a_random", "fnv1a", "random", "round-robin"}
}

func (p *Plan) planProducer(env *cli.Env) error {
	f := p.flags
	p.producer = kafka.ProducerConfig{
		Acks: f.Acks, Compression: f.Compression, Transactional: f.Transactional,
		NoIdempotence: !f.Idempotent || f.Acks == "1" || f.Acks == "0",
	}
	if p.pace == nil && !env.StdinTerminal {
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
