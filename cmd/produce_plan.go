package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"kstream/cmd/expr"
	"kstream/cmd/generate"
	"kstream/cmd/input"
	"kstream/kafka"
	"kstream/kafka/position"
)

// producePlan is produceFlags with a meaning.
type producePlan struct {
	flags       *produceFlags
	topic       string // empty: each record names its own
	source      input.Config
	steps       []produceStep
	producer    kafka.ProducerConfig
	pace        func() *input.Pace // nil: none
	commitCount int64
	commitAfter time.Duration
	roundRobin  bool
	partitionBy *expr.Partition
	encoders    [2]encoding
	close       func()
}

// produceStep changes a record before it is encoded.
type produceStep func(ctx context.Context, r *input.Record) error

func (f *produceFlags) plan(ctx context.Context, env *Env, topic string, files []string) (*producePlan, error) {
	p := &producePlan{flags: f}
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
	if err := f.cluster.plan(env); err != nil {
		return nil, err
	}
	options, err := f.serdes.options(env)
	if err != nil {
		return nil, err
	}
	key, value, closeAll, err := f.serdes.open(env)
	if err != nil {
		return nil, err
	}
	p.close = closeAll
	p.encoders = newEncoders(key, value, options.JSON())
	return p, nil
}

func (p *producePlan) planSource(env *Env, files []string) error {
	f := p.flags
	delimiter, err := input.Unescape(f.delimiter)
	if err != nil {
		return usagef("-d %s: %w", f.delimiter, err)
	}
	p.source = input.Config{
		Format: f.input, Files: files, Stdin: env.Stdin,
		Tombstones: f.tombstones, SkipEmpty: f.skipEmpty,
	}
	if f.set("delimiter") {
		p.source.Delimiter = delimiter
	}
	if f.set("key-separator") {
		if p.source.KeySeparator, err = input.Unescape(f.keySep); err != nil {
			return usagef("-K %s: %w", f.keySep, err)
		}
	}
	if f.set("null-key") {
		p.source.NullKey = &f.nullKey
	}
	if f.set("null-value") {
		p.source.NullValue = &f.nullValue
	}
	if f.generate == "" {
		if err := p.source.Check(); err != nil {
			return usagef("%w", err)
		}
	}
	switch {
	case f.interval.d > 0:
		p.pace = func() *input.Pace { return input.NewInterval(f.interval.d, input.WallClock{}) }
	case f.rate != "":
		rate, err := position.ParseRate(f.rate)
		if err != nil {
			return usagef("--rate %s: %w", f.rate, err)
		}
		p.pace = func() *input.Pace { return input.NewRate(rate.Count/rate.Per.Seconds(), input.WallClock{}) }
	}
	if f.rejects != "" {
		if info, err := os.Stat(f.rejects); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
			return hint(faultf(codeAlreadyExists, "--rejects %s: the file exists and is not empty", f.rejects), "name a new one, or remove it")
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return usagef("--rejects: %w", err)
		}
	}
	return nil
}

// planSteps lists what happens to each record between input and serde.
func (p *producePlan) planSteps(ctx context.Context, env *Env) error {
	f := p.flags
	if f.set("key") {
		key := []byte(f.key)
		p.steps = append(p.steps, func(_ context.Context, r *input.Record) error {
			r.Key = input.Field{Bytes: key}
			return nil
		})
	}
	if f.keyFrom != "" {
		from, err := expr.NewValueText("--key-from", f.keyFrom)
		if err != nil {
			return usagef("%w", err)
		}
		p.steps = append(p.steps, func(ctx context.Context, r *input.Record) error {
			key, err := from.Apply(ctx, exprRecord(r))
			r.Key = input.Field{Bytes: key}
			return err
		})
	}
	if len(f.headers) > 0 {
		headers := make([]input.Header, len(f.headers))
		for i, h := range f.headers {
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
	if f.timestamp != "" {
		t, err := position.ParseTime(f.timestamp, env.Now())
		if err != nil {
			return usagef("--timestamp %s: %w", f.timestamp, err)
		}
		p.steps = append(p.steps, func(_ context.Context, r *input.Record) error {
			r.Timestamp = t.UnixMilli()
			return nil
		})
	}
	if f.generate != "" {
		_, err := p.generator(ctx, env)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("--generate: %w", err)
		}
		if err != nil {
			return usagef("%w", err)
		}
	}
	return nil
}

func (p *producePlan) generator(ctx context.Context, env *Env) (*generate.Generator, error) {
	f := p.flags
	return generate.New(ctx, generate.Config{Value: f.generate, Key: f.generateKey, Count: f.count, Seed: f.seed, Now: env.Now})
}

// bulkLinger is how long input that comes as fast as it can waits for fuller batches.
const bulkLinger = 25 * time.Millisecond

func (p *producePlan) planProducer(env *Env) error {
	f := p.flags
	p.producer = kafka.ProducerConfig{
		Acks: f.acks, Compression: f.compression, Transactional: f.transactional,
		NoIdempotence: !f.idempotent || f.acks == "1" || f.acks == "0",
	}
	if p.pace == nil && !env.StdinTerminal {
		p.producer.Linger = bulkLinger
	}

	switch f.partitioner {
	case "murmur2_random", "murmur2", "consistent_random", "consistent", "fnv1a_random", "fnv1a", "random":
		p.producer.Partitioner = f.partitioner
	case "round-robin":
		p.roundRobin = true
	default:
		return hint(usagef("--partitioner %s: no such partitioner", f.partitioner), "murmur2_random is what Java does; kstream produce --help lists all")
	}
	switch f.compression {
	case "", "none", "gzip", "snappy", "lz4", "zstd":
	default:
		return usagef("-z %s: want none, gzip, snappy, lz4 or zstd", f.compression)
	}
	if f.transactional != "" && p.producer.NoIdempotence {
		return usagef("--transactional-id needs --acks all and idempotence")
	}
	if f.partitionBy != "" {
		by, err := expr.NewPartition("--partition-by", f.partitionBy)
		if err != nil {
			return usagef("%w", err)
		}
		p.partitionBy = by
	}
	if f.commitEvery != "" {
		return p.planCommits(f.commitEvery)
	}
	return nil
}

// planCommits reads --commit-every: a number of records or a duration.
func (p *producePlan) planCommits(text string) error {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		p.commitCount = n
		return nil
	}
	d, err := position.ParseDuration(text)
	if err != nil || d <= 0 {
		return usagef("--commit-every %s: want a number of records or a duration such as 500ms", text)
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
