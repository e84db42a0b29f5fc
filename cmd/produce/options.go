package produce

import (
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
)

// Options is the command line as typed. Plan checks it.
type Options struct {
	Cluster connect.Options
	Serdes  record.SerdeOptions

	Input, KeySep, Delimiter string
	NullKey, NullValue       string
	Tombstones, SkipEmpty    bool
	Key, KeyFrom             string
	Values                   []string
	Headers                  []string
	Partition                int32
	Partitioner, PartitionBy string
	KeepPartition            bool
	Timestamp                string
	Compression, Acks        string
	Idempotent               bool
	Transactional            string
	CommitEvery              string
	Generate, GenerateKey    string
	Seed                     uint64
	Count                    int64
	Repeat                   int
	Interval                 cli.Duration
	Rate                     string
	OnError, Rejects         string
	Output                   string
	Create                   bool
	Set                      func(name string) bool
}

// check refuses flags that contradict each other.
func (f *Options) check(topic string, files []string) error {
	exclusive := func(names ...string) error {
		var given []string
		for _, n := range names {
			if f.Set(n) {
				given = append(given, "--"+n)
			}
		}
		if len(given) > 1 {
			return cli.Usagef("%s exclude each other", strings.Join(given, " and "))
		}
		return nil
	}
	for _, names := range [][]string{
		{"key", "key-separator", "key-from", "tombstones", "generate-key"},
		{"partition", "partition-by", "keep-partition", "partitioner"},
		{"generate", "input", "value", "tombstones"},
		{"value", "key-separator"},
		{"value", "delimiter"},
		{"interval", "rate"},
	} {
		if err := exclusive(names...); err != nil {
			return err
		}
	}
	switch {
	case f.OnError != "stop" && f.OnError != "skip":
		return cli.Usagef("--on-error %s: want stop or skip", f.OnError)
	case f.Output != "none" && f.Output != "text" && f.Output != "json":
		return cli.Usagef("-o %s: receipts are none, text or json", f.Output)
	case f.Acks != "all" && f.Acks != "-1" && f.Acks != "1" && f.Acks != "0":
		return cli.Usagef("--acks %s: want all, 1 or 0", f.Acks)
	case f.Acks != "all" && f.Acks != "-1" && f.Idempotent && f.Set("idempotent"):
		return cli.Usagef("--idempotent needs --acks all")
	case f.Set("partition") && f.Partition < 0:
		return cli.Usagef("-p %d: partitions count from 0", f.Partition)
	case f.Count < 0:
		return cli.Usagef("-n %d: want a number of records", f.Count)
	case f.Repeat < 1:
		return cli.Usagef("--repeat %d: want 1 or more", f.Repeat)
	case f.Set("commit-every") && f.Transactional == "":
		return cli.Usagef("--commit-every needs --transactional-id")
	case f.GenerateKey != "" && f.Generate == "":
		return cli.Usagef("--generate-key needs --generate")
	case f.Generate != "" && len(files) > 0:
		return cli.Usagef("--generate makes records; it reads no files")
	case f.Set("value") && len(files) > 0:
		return cli.Usagef("--value is the whole input; it reads no files")
	case f.Rejects != "" && f.Set("value"):
		return cli.Usagef("--rejects keeps input; --value has none")
	case f.Set("seed") && f.Generate == "":
		return cli.Usagef("--seed needs --generate")
	case f.KeepPartition && f.Input != "json":
		return cli.Usagef("--keep-partition goes with -i json")
	case f.Rejects != "" && f.Generate != "":
		return cli.Usagef("--rejects keeps input; --generate has none")
	case f.Rejects != "" && f.Input == "file":
		return cli.Hint(cli.Usagef("--rejects cannot hold whole files"), "what was not delivered is named: send those files again")
	case topic == "-" && (f.Generate != "" || f.Input != "json" && !strings.Contains(f.Input, "%t")):
		return cli.Hint(cli.Usagef("TOPIC -: records without a topic"), "with -i json, or a format with %%t, each record names its own")
	}
	return nil
}
