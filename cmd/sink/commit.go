package sink

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/record"
	"kstream/cmd/sink/table"
	"kstream/kafka"
)

// takeBacks is how many transactions in a row may be taken back.
const takeBacks = 20

// Begin is kafka.OffsetKeeper's: the partitions are taken over in the database, which knows how
// far they are.
func (m *member) Begin(committed map[kafka.TopicPartition]int64) (map[kafka.TopicPartition]int64, error) {
	if m.ended != nil {
		return nil, m.ended
	}
	ids, err := m.ids(slices.Collect(maps.Keys(committed)))
	if err != nil {
		return nil, err
	}
	var parts []table.Partition
	for tp := range committed {
		parts = append(parts, table.Partition{TopicPartition: tp})
	}
	slices.SortFunc(parts, func(a, b table.Partition) int { return int(a.Partition - b.Partition) })
	if err := m.store.Take(m.working, parts); err != nil {
		return nil, err
	}
	starts := map[kafka.TopicPartition]int64{}
	for i := range parts {
		p := &parts[i]
		tp := p.TopicPartition
		switch id := ids[tp.Topic]; {
		case p.Next >= 0 && id != "" && p.TopicID != id:
			return nil, cli.Hint(cli.Errorf(cli.CodeAlreadyExists, "%s was deleted and created again since the database has offsets of it: %s of group %s belong to the former one",
				tp.Topic, table.OffsetsTable, m.options.Group), "another --group begins anew; or delete these rows of %s", table.OffsetsTable)
		case p.Next >= 0:
			starts[tp] = p.Next
		case m.follows():
		case committed[tp] > 0 && !m.plan.moved:
			return nil, cli.Hint(cli.Errorf(cli.CodeAlreadyExists, "group %s has committed offset %d of %s, and the database knows nothing of it", m.options.Group, committed[tp], tp),
				"is it another database? --from-offset says where to begin in it, another --group begins anew")
		default:
			p.TopicID = id
		}
		m.parts[tp] = p
	}
	return starts, nil
}

// follows reports whether the offsets are those of the group: a server keeps none.
func (m *member) follows() bool { return KindOf(m.url) == "web" }

// ids asks for the ids that topics have now.
func (m *member) ids(tps []kafka.TopicPartition) (map[string]string, error) {
	ids := map[string]string{}
	for _, tp := range tps {
		if _, asked := ids[tp.Topic]; asked {
			continue
		}
		ctx, cancel := context.WithTimeout(m.working, record.CheckLimit)
		found, err := m.Admin.Topics(ctx, tp.Topic)
		cancel()
		if err != nil {
			return nil, err
		}
		ids[tp.Topic] = found[0].ID
	}
	return ids, nil
}

// Commit is kafka.Committer's: rows and offsets are written in one transaction, and then the
// offsets of the group follow.
func (m *member) Commit(c *kafka.Commitment) error {
	if m.ended != nil {
		return m.ended
	}
	err := m.write(c)
	switch {
	case err == nil:
		m.sink.read.Add(m.read)
		m.written.Add(int64(m.count))
		m.Stats.Count(m.number, m.read, m.sizes)
		m.failed = 0
		m.forget()
		return c.Plain()
	case !errors.Is(err, kafka.ErrTakenBack):
		m.ended = err
		return err
	}
	if m.failed++; m.failed == takeBacks {
		m.ended = fmt.Errorf("%d times in a row: %w", m.failed, err)
		return m.ended
	}
	m.undone(strings.TrimPrefix(err.Error(), kafka.ErrTakenBack.Error()+": "))
	return err
}

func (m *member) write(c *kafka.Commitment) error {
	t := &table.Transaction{Rejected: m.rejected}
	for tp, next := range c.Offsets {
		p := m.parts[tp]
		if p == nil {
			return fmt.Errorf("%w: %s was not taken over", kafka.ErrTakenBack, tp)
		}
		written := *p
		written.Next = next
		t.Partitions = append(t.Partitions, written)
	}
	for tp, last := range m.last {
		if last >= c.Offsets[tp] {
			return fmt.Errorf("%w: %s is somebody else's by now", kafka.ErrTakenBack, tp)
		}
	}
	slices.SortFunc(t.Partitions, func(a, b table.Partition) int { return int(a.Partition - b.Partition) })
	for _, name := range slices.Sorted(maps.Keys(m.rows)) {
		t.Tables = append(t.Tables, m.rows[name])
	}
	if err := m.Letters.Flush(m.working); err != nil {
		return err
	}
	switch err := m.store.Write(m.working, t); {
	case errors.Is(err, table.ErrFenced), errors.Is(err, table.ErrLost):
		return fmt.Errorf("%w: %w", kafka.ErrTakenBack, err)
	case err != nil:
		return err
	}
	for i := range t.Partitions {
		p := t.Partitions[i]
		p.Epoch = max(p.Epoch, 1)
		m.parts[p.TopicPartition] = &p
	}
	return nil
}

// rejected lets --on-error decide about a row that its table cannot hold.
func (m *member) rejected(rows *table.Rows, row int, at table.Place, why *table.Rejection) error {
	bad := &record.Unusable{Err: why}
	switch m.Failures.Action {
	case "skip", "dlq":
		rec := rows.Record(row)
		if rec == nil {
			rec = &kafka.Record{Topic: at.Topic, Partition: at.Partition, Offset: at.Offset}
		}
		m.Fail(rec, bad)
		if m.Letters != nil {
			if err := m.Letters.Add(m.working, &record.Record{Record: rec}, fmt.Errorf("%s: %w", at, why)); err != nil {
				return err
			}
			if err := m.Letters.Flush(m.working); err != nil {
				return err
			}
		}
		rows.Skip(row)
		m.count--
		return nil
	}
	remedy := "--on-error skip leaves it out, dlq:TOPIC puts it aside"
	if why.Missing && !m.options.Alter {
		remedy = "--alter-table adds columns; " + remedy
	}
	return cli.Hint(cli.Errorf(cli.CodeBadData, "%s: %w", at, why), "%s", remedy)
}

// TakeBack is kafka.Committer's: the partitions are lost, and nothing of them was written.
func (m *member) TakeBack() {
	if m.ended == nil {
		m.undone("its partitions were lost")
	}
}

// undone forgets what was read since the last commit.
func (m *member) undone(why string) {
	n := m.read
	since := m.since
	m.forget()
	m.since = since
	if n == 0 {
		return
	}
	text := fmt.Sprintf("%s to be read again: %s", cli.Count(n, "record"), why)
	m.Stats.Noticed(m.number, kafka.Notice{Kind: kafka.NoticeAborted, Partition: -1, Text: text})
	m.sink.mu.Lock()
	_, news := m.undoings.Add("", errors.New(why))
	m.sink.mu.Unlock()
	if news { // the end counts the others
		m.Env.Notice("member %d: %s", m.number, text)
	}
}

var _ kafka.OffsetKeeper = (*member)(nil)
