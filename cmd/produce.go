package cmd

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kstream/cmd/expr"
	"kstream/cmd/generate"
	"kstream/cmd/input"
	"kstream/kafka"
	"kstream/kafka/position"
)

// produceFlags holds the command line as typed; plan gives it meaning.
type produceFlags struct {
	cluster clusterFlags
	serdes  serdeFlags

	input, keySep, delimiter string
	nullKey, nullValue       string
	tombstones, skipEmpty    bool
	key, keyFrom             string
	headers                  []string
	partition                int32
	partitioner, partitionBy string
	keepPartition            bool
	timestamp                string
	compression, acks        string
	idempotent               bool
	transactional            string
	commitEvery              string
	generate, generateKey    string
	seed                     uint64
	count                    int64
	repeat                   int
	interval                 durationFlag
	rate                     string
	onError, rejects         string
	output                   string
	create                   bool
	set                      func(name string) bool
}

func newProduceCmd(env *Env) *cobra.Command {
	var f produceFlags
	cmd := &cobra.Command{
		Use:     "produce TOPIC [FILE...]",
		Aliases: []string{"write"},
		Short:   "Write records",
		Long: `Write records from files, or from stdin: a line each, unless -i says otherwise. Each
is acknowledged by all in-sync replicas, once, in order (acks=all, idempotence), and
what was not is named with its place in the input.

TOPIC - takes the topic of each record from the input (-i json, or a format with %t).`,
		Example: `  kstream produce orders < orders.ndjson
  kstream produce orders -K : <<< 'k1:{"amount":1}'
  kstream produce orders -i csv orders.csv --key-from .id
  kstream consume orders -e -o json | kstream produce copy -i json
  kstream produce orders --generate '{"id":{{seq}},"name":{{json name}}}' -n 1000`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(cmd.Context(), env, args[0], args[1:])
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	f.set = flags.Changed
	flags.StringVarP(&f.key, "key", "k", "", "the `KEY` of every record")
	flags.StringVarP(&f.keySep, "key-separator", "K", "", "each line is KEY `SEP` VALUE, split at the first SEP")
	flags.StringVar(&f.keyFrom, "key-from", "", "the key, from the value by the jq `EXPR`: .user.id")
	flags.StringArrayVarP(&f.headers, "header", "H", nil, "header `NAME=VALUE`; NAME alone is a null; repeatable")
	flags.Int32VarP(&f.partition, "partition", "p", -1, "write to partition `N`")
	flags.StringVar(&f.partitioner, "partitioner", "murmur2_random", "how keys choose partitions: `NAME` is murmur2_random (as Java does), murmur2, consistent_random, consistent, fnv1a_random, fnv1a, random or round-robin")
	flags.StringVar(&f.partitionBy, "partition-by", "", "the partition, by the jq `EXPR` over the record")
	flags.BoolVar(&f.keepPartition, "keep-partition", false, "with -i json: keep the partition of each record line")
	flags.StringVar(&f.timestamp, "timestamp", "", "the timestamp `TIME` of every record")
	flags.StringVarP(&f.input, "input", "i", "line", "how to read: `FORMAT` is line, json, values, csv, file, or a format string such as '%k\\t%v\\n'")
	flags.StringVarP(&f.delimiter, "delimiter", "d", `\n`, "what ends a line, `SEP`")
	flags.StringVar(&f.nullKey, "null-key", "", "this text as a key is a null: `MARKER`")
	flags.StringVar(&f.nullValue, "null-value", "", "this text as a value is a null: `MARKER`")
	flags.BoolVar(&f.tombstones, "tombstones", false, "each line is a key; its value is null")
	flags.BoolVar(&f.skipEmpty, "skip-empty", false, "leave empty lines out, instead of writing empty values")
	flags.StringVarP(&f.compression, "compression", "z", "", "`none|gzip|snappy|lz4|zstd`")
	flags.StringVar(&f.acks, "acks", "all", "who must have a record before it counts: `all|1|0`")
	flags.BoolVar(&f.idempotent, "idempotent", true, "store each record once, in order, whatever is retried")
	flags.StringVar(&f.transactional, "transactional-id", "", "write in transactions under `ID`")
	flags.StringVar(&f.commitEvery, "commit-every", "", "with --transactional-id: commit after `N` records, or after a time such as 500ms")
	flags.StringVar(&f.generate, "generate", "", "make values from the Go `TEMPLATE` (@FILE reads one) with fake data; see kstream help generate")
	flags.StringVar(&f.generateKey, "generate-key", "", "make keys from the Go `TEMPLATE`")
	flags.Uint64Var(&f.seed, "seed", 0, "make the same records each time: `N`")
	flags.Int64VarP(&f.count, "count", "n", 0, "stop after `N` records")
	flags.IntVar(&f.repeat, "repeat", 1, "write each record `N` times")
	flags.Var(&f.interval, "interval", "one record every `D`")
	flags.StringVar(&f.rate, "rate", "", "at most `N/s` records")
	flags.StringVar(&f.onError, "on-error", "stop", "at input that is no record, or a record that is refused: `stop|skip`")
	flags.StringVar(&f.rejects, "rejects", "", "write the input of what was not delivered to `FILE`, ready to be sent again")
	flags.StringVarP(&f.output, "output", "o", "none", "receipts: `none|text|json`")
	flags.BoolVar(&f.create, "create", false, "create the topic if it does not exist")
	f.serdes.cluster = &f.cluster
	f.serdes.register(flags)
	f.cluster.register(flags)
	return cmd
}

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
	if err := f.check(files); err != nil {
		return nil, err
	}
	if err := p.planSource(env, files); err != nil {
		return nil, err
	}
	if err := p.planSteps(ctx, env); err != nil {
		return nil, err
	}
	if err := p.planProducer(); err != nil {
		return nil, err
	}
	key, value, closeAll, err := f.serdes.open(env)
	if err != nil {
		return nil, err
	}
	p.close = closeAll
	options, err := f.serdes.options(env)
	if err != nil {
		return nil, err
	}
	p.encoders = newEncoders(key, value, options.JSON())
	return p, f.cluster.plan(env)
}

// check refuses flags that contradict each other.
func (f *produceFlags) check(files []string) error {
	exclusive := func(names ...string) error {
		var given []string
		for _, n := range names {
			if f.set(n) {
				given = append(given, "--"+n)
			}
		}
		if len(given) > 1 {
			return usagef("%s exclude each other", strings.Join(given, " and "))
		}
		return nil
	}
	for _, names := range [][]string{
		{"key", "key-separator", "key-from", "tombstones", "generate-key"},
		{"partition", "partition-by", "keep-partition", "partitioner"},
		{"generate", "input"}, {"interval", "rate"},
	} {
		if err := exclusive(names...); err != nil {
			return err
		}
	}
	switch {
	case f.onError != "stop" && f.onError != "skip":
		return usagef("--on-error %s: want stop or skip", f.onError)
	case f.output != "none" && f.output != "text" && f.output != "json":
		return usagef("-o %s: receipts are none, text or json", f.output)
	case f.acks != "all" && f.acks != "-1" && f.acks != "1" && f.acks != "0":
		return usagef("--acks %s: want all, 1 or 0", f.acks)
	case f.acks != "all" && f.acks != "-1" && f.idempotent && f.set("idempotent"):
		return usagef("--idempotent needs --acks all")
	case f.set("partition") && f.partition < 0:
		return usagef("-p %d: partitions count from 0", f.partition)
	case f.count < 0:
		return usagef("-n %d: want a number of records", f.count)
	case f.repeat < 1:
		return usagef("--repeat %d: want 1 or more", f.repeat)
	case f.set("commit-every") && f.transactional == "":
		return usagef("--commit-every needs --transactional-id")
	case f.generateKey != "" && f.generate == "":
		return usagef("--generate-key needs --generate")
	case f.generate != "" && len(files) > 0:
		return usagef("--generate makes records; it reads no files")
	case f.keepPartition && f.input != "json":
		return usagef("--keep-partition goes with -i json")
	}
	return nil
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

func (p *producePlan) planProducer() error {
	f := p.flags
	p.producer = kafka.ProducerConfig{
		Acks: f.acks, Compression: f.compression, Transactional: f.transactional,
		NoIdempotence: !f.idempotent || f.acks == "1" || f.acks == "0",
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
	return &expr.Record{
		Topic: r.Topic, Partition: r.Partition, Timestamp: r.Timestamp,
		Key:   expr.Field{Data: r.Key.Bytes, Decoded: r.Key.Encoding != ""},
		Value: expr.Field{Data: r.Value.Bytes, Decoded: r.Value.Encoding != ""},
	}
}
