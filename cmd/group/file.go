package group

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// maxOffsetsFile bounds a file of offsets: more partitions than a cluster has.
const maxOffsetsFile = 64 << 20

// offsetLine is one partition in a file of offsets in JSON lines.
type offsetLine struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	Metadata  string `json:"metadata,omitempty"`
}

// AppendOffsets writes offsets as JSON lines, or as the CSV of kafka-consumer-groups.
func AppendOffsets(dst []byte, commits map[kafka.TopicPartition]kafka.Commit, asJSON bool) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	lines, rows := json.NewEncoder(b), csv.NewWriter(b)
	lines.SetEscapeHTML(false)
	for _, tp := range SortedPartitions(commits) {
		c := commits[tp]
		var err error
		if asJSON {
			err = lines.Encode(offsetLine{tp.Topic, tp.Partition, c.Offset, c.Metadata})
		} else {
			err = rows.Write([]string{tp.Topic, strconv.Itoa(int(tp.Partition)), strconv.FormatInt(c.Offset, 10)})
		}
		if err != nil {
			return nil, err
		}
	}
	rows.Flush()
	return b.Bytes(), rows.Error()
}

// ReadOffsetsFile reads what appendOffsets wrote; - is stdin.
func ReadOffsetsFile(env *cli.Env, name string) (map[kafka.TopicPartition]kafka.Commit, error) {
	if name == "-" {
		return parseOffsets("stdin", env.Stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return parseOffsets(name, file)
}

// parseOffsets reads offsets in either form, told by the first character. Errors name
// the line and are bad data.
func parseOffsets(name string, r io.Reader) (map[kafka.TopicPartition]kafka.Commit, error) {
	limited := &io.LimitedReader{R: r, N: maxOffsetsFile}
	in := bufio.NewReader(limited)
	commits := map[kafka.TopicPartition]kafka.Commit{}
	add := func(line int, l offsetLine) error {
		tp := kafka.TopicPartition{Topic: l.Topic, Partition: l.Partition}
		_, twice := commits[tp]
		switch {
		case l.Topic == "":
			return cli.Errorf(cli.CodeBadData, "%s:%d: no topic", name, line)
		case l.Partition < 0 || l.Offset < 0:
			return cli.Errorf(cli.CodeBadData, "%s:%d: partition and offset must not be negative", name, line)
		case twice:
			return cli.Errorf(cli.CodeBadData, "%s:%d: %s is there twice", name, line, tp)
		}
		commits[tp] = kafka.Commit{Offset: l.Offset, LeaderEpoch: -1, Metadata: l.Metadata}
		return nil
	}
	parse := parseOffsetRows
	if first, err := in.Peek(1); err == nil && first[0] == '{' {
		parse = parseOffsetLines
	}
	switch err := parse(name, in, add); {
	case err != nil:
		return nil, err
	case limited.N == 0:
		return nil, cli.Errorf(cli.CodeBadData, "%s: larger than %d MiB", name, maxOffsetsFile>>20)
	case len(commits) == 0:
		return nil, cli.Errorf(cli.CodeBadData, "%s: no offsets in it", name)
	}
	return commits, nil
}

func parseOffsetLines(name string, in *bufio.Reader, add func(int, offsetLine) error) error {
	for n := 1; ; n++ {
		text, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(text)) > 0 {
			var l struct {
				Topic     *string `json:"topic"`
				Partition *int32  `json:"partition"`
				Offset    *int64  `json:"offset"`
				Metadata  string  `json:"metadata"`
			}
			var syntax *json.SyntaxError
			err := json.Unmarshal(text, &l)
			switch {
			case errors.As(err, &syntax):
				return cli.Errorf(cli.CodeBadData, "%s:%d: no JSON: %w", name, n, syntax)
			case err != nil || l.Topic == nil || l.Partition == nil || l.Offset == nil:
				return cli.Errorf(cli.CodeBadData, "%s:%d: want an object with topic, partition and offset", name, n)
			}
			if err := add(n, offsetLine{*l.Topic, *l.Partition, *l.Offset, l.Metadata}); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
}

func parseOffsetRows(name string, in *bufio.Reader, add func(int, offsetLine) error) error {
	rows := csv.NewReader(in)
	rows.FieldsPerRecord, rows.TrimLeadingSpace, rows.ReuseRecord = -1, true, true
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return cli.Errorf(cli.CodeBadData, "%s: %w", name, err)
		}
		n, _ := rows.FieldPos(0)
		if n == 1 && strings.EqualFold(strings.Join(row, ","), "topic,partition,offset") {
			continue
		}
		if len(row) != 3 {
			return cli.Errorf(cli.CodeBadData, "%s:%d: %d columns: want TOPIC,PARTITION,OFFSET", name, n, len(row))
		}
		partition, err := strconv.ParseInt(strings.TrimSpace(row[1]), 10, 32)
		if err != nil {
			return cli.Errorf(cli.CodeBadData, "%s:%d: %q is no partition", name, n, row[1])
		}
		offset, err := strconv.ParseInt(strings.TrimSpace(row[2]), 10, 64)
		if err != nil {
			return cli.Errorf(cli.CodeBadData, "%s:%d: %q is no offset", name, n, row[2])
		}
		if err := add(n, offsetLine{strings.Clone(row[0]), int32(partition), offset, ""}); err != nil {
			return err
		}
	}
}
