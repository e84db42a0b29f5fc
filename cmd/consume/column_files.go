package consume

import (
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/dump"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/kafka/position"
	"kstream/output/columns"
)

// columnFiles is -o parquet:DIR or avro:FILE: records become rows of files, and stdout
// stays empty. A nil one is any other output.
type columnFiles struct {
	kind, path string
	options    columns.Options
	dir        *columns.Dir
	avro       *columns.AvroFile
}

// planColumnFiles returns nil for a format that goes to stdout.
func planColumnFiles(format string) (*columnFiles, error) {
	kind, path, _ := strings.Cut(format, ":")
	if kind != "parquet" && kind != "avro" || !strings.Contains(format, ":") {
		return nil, nil
	}
	f := &columnFiles{kind: kind, path: path}
	if kind == "parquet" {
		path, query, has := strings.Cut(path, "?")
		f.path = path
		if err := f.planSize(query); has && err != nil {
			return nil, cli.Hint(cli.Usagef("-o %s: %w", format, err), "-o 'parquet:DIR?rows=100000&size=64MiB' is when a file is full")
		}
	}
	if f.path == "" {
		return nil, cli.Usagef("-o %s: want a path: parquet:DIR, avro:FILE", format)
	}
	if f.path == "-" {
		return nil, cli.Hint(cli.Usagef("-o %s: a file has its name once it is whole, which stdout cannot wait for", format),
			"-o %s:NAME, and then cat NAME; %s:./- has that name", kind, kind)
	}
	return f, nil
}

// planSize reads when a file is full.
func (f *columnFiles) planSize(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("no such options")
	}
	for name, value := range values {
		switch name {
		case "rows":
			f.options.Rows, err = strconv.ParseInt(value[0], 10, 64)
			if err != nil || f.options.Rows < 1 {
				return errors.New("rows: want a number above 0")
			}
		case "size":
			f.options.Bytes, err = position.ParseSize(value[0])
			if err != nil || f.options.Bytes < 1 {
				return errors.New("size: want an amount of bytes, such as 64MiB")
			}
		default:
			return errors.New("no such option: " + name)
		}
	}
	return nil
}

// check refuses what does not go with files.
func (f *columnFiles) check(c *Options) error {
	if f == nil {
		return nil
	}
	for _, name := range []string{"group", "watch", "exec"} {
		if c.Changed(name) {
			return cli.Usagef("--%s does not go with -o %s:%s: what is in no file yet would count as done", name, f.kind, f.path)
		}
	}
	for _, name := range []string{"last", "tail", "sort-by-time", "latest-per-key"} {
		if f.kind == "parquet" && c.Changed(name) {
			return cli.Usagef("--%s does not go with -o parquet:%s: files are named after the offsets in them, which keep their order", name, f.path)
		}
	}
	if _, err := os.Lstat(f.path); f.kind == "avro" && err == nil {
		return cli.Errorf(cli.CodeAlreadyExists, "%s: %w", f.path, columns.ErrExists)
	}
	return nil
}

// open returns what takes rows instead of stdout.
func (f *columnFiles) open(schemas columns.Schemas, stdout io.Writer) (io.Writer, error) {
	if f == nil {
		return stdout, nil
	}
	f.options.Schemas = schemas
	var err error
	if f.kind == "avro" {
		f.avro, err = columns.NewAvroFile(f.path, schemas)
		return f.avro, columnsError(err)
	}
	f.dir, err = columns.OpenDir(f.path, f.options)
	return f.dir, columnsError(err)
}

// goOn moves the beginning of a span behind what the folder holds of the partition. It
// refuses to go on with a topic that is another one by now, and to leave a gap: asked says
// that from is a position that somebody asked for. Else records were deleted since, which
// lost tells of.
func (f *columnFiles) goOn(tp kafka.TopicPartition, id string, from int64, asked bool, lost func(tp kafka.TopicPartition, from, to int64)) (int64, error) {
	next, gap, err := f.dir.Begin(tp.Topic, id, tp.Partition, from)
	switch {
	case errors.Is(err, columns.ErrOtherTopic):
		return 0, cli.Hint(cli.Errorf(cli.CodeAlreadyExists, "%s has records of another %s, which was deleted and created again since", f.path, tp.Topic), "name another folder")
	case err != nil:
		return 0, err
	case gap < from && asked:
		return 0, cli.Hint(cli.Errorf(cli.CodeAlreadyExists, "%s holds %s up to offset %d: to go on at %d would leave a gap", f.path, tp, gap-1, from),
			"without --from-offset it goes on where it ended; name another folder for a part")
	case gap < from:
		lost(tp, gap, from)
	}
	return next, nil
}

// goOnIn does that for the spans of a cluster, and tells where nothing can come for now.
func (f *columnFiles) goOnIn(p *record.Part, topics []kafka.Topic, asked bool) error {
	if f == nil || f.dir == nil {
		return nil
	}
	ids := map[string]string{}
	for _, t := range topics {
		ids[t.Name] = t.ID
	}
	var ahead []kafka.TopicPartition
	lost := func(tp kafka.TopicPartition, from, to int64) {
		p.Notes = append(p.Notes, kafka.Notice{Kind: kafka.NoticeLost, Topic: tp.Topic, Partition: tp.Partition, From: from, To: to}.String())
	}
	for i := range p.Spans {
		s := &p.Spans[i]
		next, err := f.goOn(s.TopicPartition, ids[s.Topic], s.From, asked, lost)
		if err != nil {
			return err
		}
		if next > s.End && s.From <= s.End {
			ahead = append(ahead, s.TopicPartition)
		}
		if s.From = next; s.To != kafka.Follow {
			s.From = min(next, max(s.To, 0))
		}
		s.Ahead = s.Ahead || s.From > s.End
	}
	p.Note(ahead, "%s holds more of %s than there is: was the topic made anew?", f.path)
	return nil
}

// goOnInFile does that for the ranges of a dump.
func (f *columnFiles) goOnInFile(ranges []dump.Range, m *dump.Manifest) error {
	if f == nil || f.dir == nil {
		return nil
	}
	for i := range ranges {
		r := &ranges[i]
		id := ""
		if t := m.Topic(r.Topic); t != nil {
			id = t.ID
		}
		var err error
		r.From, err = f.goOn(kafka.TopicPartition{Topic: r.Topic, Partition: r.Partition}, id, r.From, true, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// end finishes the files, unless the read failed: then Parquet files hold what came before,
// and an Avro file is not there. A read that a signal cut short has not failed.
func (f *columnFiles) end(failed error) error {
	var interrupted *cli.InterruptedError
	switch {
	case f == nil:
		return failed
	case f.dir != nil:
		return errors.Join(failed, columnsError(f.dir.Close()))
	case f.avro != nil && (failed == nil || errors.As(failed, &interrupted)):
		return errors.Join(failed, columnsError(f.avro.Close()))
	case f.avro != nil:
		f.avro.Abort()
	}
	return failed
}

func columnsError(err error) error {
	if errors.Is(err, columns.ErrExists) {
		return cli.Errorf(cli.CodeAlreadyExists, "%w", err)
	}
	return err
}

// openFiles makes the files of -o the place where rows go.
func (c *run) openFiles(ctx context.Context) (err error) {
	c.printer.Stdout, err = c.plan.output.files.open(c.Selection.Schemas(ctx), c.printer.Stdout)
	return err
}
