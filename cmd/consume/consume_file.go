package consume

import (
	"context"
	"errors"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/record"
)

// planFile returns the path of the dump that is read instead of topics, "-" for stdin, or
// nothing. It refuses what only a cluster can do.
func (f *Options) planFile(topics []string) (string, error) {
	path, found := "", false
	for _, topic := range topics {
		if rest, ok := strings.CutPrefix(topic, record.FilePrefix); ok {
			path, found = rest, true
		}
	}
	switch {
	case !found:
		return "", nil
	case path == "":
		return "", cli.Usagef("file: wants a path behind it, or - for stdin")
	case len(topics) > 1:
		return "", cli.Usagef("%s%s: a file is read alone, without other files or topics", record.FilePrefix, path)
	}
	for _, name := range []string{"brokers", "group", "members", "assignor", "protocol", "instance-id", "offset-reset", "events", "join-every", "yes", "watch", "isolation", "follow", "tail", "regex", "wait-for-match"} {
		if f.Changed(name) {
			return "", cli.Usagef("--%s does not go with %s%s: a file is no cluster", name, record.FilePrefix, path)
		}
	}
	if strings.HasPrefix(f.OnError, "dlq:") {
		return "", cli.Usagef("--on-error %s does not go with %s%s: a file is no cluster", f.OnError, record.FilePrefix, path)
	}
	return path, nil
}

// openFile makes a dump the source.
func (c *run) openFile(ctx context.Context) (record.Source, error) {
	p := c.plan
	if err := p.Cluster.ConnectRegistry(ctx, c.Env); err != nil {
		return nil, err
	}
	if p.Filters.Key != nil {
		key, err := p.EncodeKey(ctx, *p.Filters.Key)
		if err != nil {
			return nil, err
		}
		p.Filters.KeepKey(key)
	}
	reader, err := record.OpenDump(c.Env, p.File)
	if err != nil {
		return nil, err
	}
	ranges, err := p.Range.RangesIn(reader)
	if err == nil {
		err = p.output.files.goOnInFile(ranges, reader.Manifest())
	}
	if err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	if p.Range.Narrows() || p.output.files != nil && len(ranges) > 0 {
		reader.Select(ranges...)
	}
	c.spans.Store(int64(len(ranges)))
	return record.Alone{From: &record.DumpSource{
		Env: c.Env, Batch: p.batchSize(),
		Blocks: record.IntactBlocks{Reader: reader, Skip: p.Failures.Action == "skip"},
	}}, nil
}
