package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// ProgressTopic is the compacted topic, on the cluster that is written to, that has how far
// copies are: in the transactions of what they copy.
const ProgressTopic = "__kstream_progress"

// CreateProgress makes the topic unless it is there. It has one partition, so that the order of
// its records is that of their transactions.
func CreateProgress(ctx context.Context, admin *kafka.Admin, say func(format string, args ...any)) error {
	_, err := admin.Topics(ctx, ProgressTopic)
	if err == nil {
		return checkProgressLasts(ctx, admin)
	}
	if !errors.Is(err, kafka.ErrUnknownTopic) {
		return err
	}
	err = admin.CreateTopic(ctx, kafka.TopicConfig{Name: ProgressTopic, Partitions: 1, Config: map[string]string{
		"cleanup.policy": "compact",
		"retention.ms":   "-1",
		"segment.bytes":  strconv.Itoa(16 << 20), // what a start has to read at most, about
	}})
	if errors.Is(err, kafka.ErrExists) {
		return nil
	}
	if err == nil {
		say("created %s on the cluster of DST, which keeps the progress", ProgressTopic)
	}
	return err
}

// checkProgressLasts refuses a topic whose records expire.
func checkProgressLasts(ctx context.Context, admin *kafka.Admin) error {
	answers, err := admin.TopicSettings(ctx, ProgressTopic)
	if err != nil || answers[ProgressTopic].Err != nil {
		return nil // who may write a topic need not be allowed to see its settings
	}
	settings := answers[ProgressTopic]
	policy := settings.Find("cleanup.policy")
	if policy == nil || !strings.Contains(policy.Value, "delete") {
		return nil
	}
	return cli.Hint(fmt.Errorf("%s has cleanup.policy=%s: progress in it would expire", ProgressTopic, policy.Value),
		"kstream topic alter %s --config cleanup.policy=compact", ProgressTopic)
}

// OpenTransactionsLast is how long a transaction of another copy can hold back what is
// to be read: the coordinator ends it after its timeout.
const OpenTransactionsLast = 75 * time.Second

// ReadProgress hands on each record of the topic up to its end, and reports whether it is there.
// It waits for transactions that are open.
func ReadProgress(ctx context.Context, admin *kafka.Admin, cfg kafka.Config, say func(format string, args ...any), read func(*kafka.Record) error) (there bool, err error) {
	tp := kafka.TopicPartition{Topic: ProgressTopic}
	topics, err := admin.Topics(ctx, ProgressTopic)
	if errors.Is(err, kafka.ErrUnknownTopic) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	marks, err := admin.Watermarks(ctx, []kafka.TopicPartition{tp})
	if err != nil {
		return false, err
	}
	m := marks[tp]
	ctx, cancel := context.WithTimeoutCause(ctx, OpenTransactionsLast+cfg.Timeout,
		fmt.Errorf("%w: %s: a transaction stays open", kafka.ErrUnreachable, ProgressTopic))
	defer cancel()
	if m.Stable < m.End {
		waits := time.AfterFunc(time.Second, func() { say("waiting for the end of a transaction that another copy has open") })
		defer waits.Stop()
	}
	reader, err := kafka.OpenReader(cfg, kafka.ReaderConfig{Spans: []kafka.Span{
		{TopicPartition: tp, From: m.Start, To: m.End, Ahead: m.Stable < m.End, End: m.Stable},
	}}, topics)
	if err != nil {
		return false, err
	}
	return true, cli.FirstOf(readToEnd(ctx, reader, read), reader.Close())
}

func readToEnd(ctx context.Context, reader *kafka.Reader, read func(*kafka.Record) error) error {
	var b kafka.Batch
	for {
		err := reader.Next(ctx, &b)
		for i := range b.Records {
			if bad := read(&b.Records[i]); bad != nil {
				return bad
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
