// Package sqlite writes rows into a file of SQLite, together with the offsets behind them.
//
// Values are stored as they are or rejected: where the affinity of a column would make another
// value of one (sqlite.org/datatype3.html), the row is none of the table's.
package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	sqlite3 "github.com/mattn/go-sqlite3"

	"kstream/cmd/cli"
	"kstream/cmd/sink/table"
)

// Store is one connection to a file. One goroutine uses it.
type Store struct {
	path    string
	options *table.Options
	conn    *sqlite3.SQLiteConn
	layouts map[string]*target
}

const createOffsets = `CREATE TABLE IF NOT EXISTS kstream_offsets (group_id TEXT NOT NULL, topic TEXT NOT NULL,
 topic_id TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL, epoch INTEGER NOT NULL,
 owner TEXT NOT NULL, updated_at TEXT NOT NULL, PRIMARY KEY (group_id, topic, partition))`

const now = `strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`

// Open opens the file, which is made when it is not there, and makes the table of offsets.
func Open(_ context.Context, path string, o *table.Options) (*Store, error) {
	dsn := fmt.Sprintf("file:%s?_busy_timeout=%d&_txlock=immediate", (&url.URL{Path: path}).EscapedPath(), o.Timeout.Milliseconds())
	c, err := (&sqlite3.SQLiteDriver{}).Open(dsn)
	if err != nil {
		return nil, explain(path, err)
	}
	s := &Store{path: path, options: o, conn: c.(*sqlite3.SQLiteConn), layouts: map[string]*target{}}
	if err := s.begin(); err != nil {
		return nil, errors.Join(explain(path, err), s.Close())
	}
	return s, nil
}

func (s *Store) begin() error {
	if err := s.exec(createOffsets); err != nil {
		return err
	}
	if s.options.Table == "" {
		return nil
	}
	cols, err := s.describe(s.options.Table)
	if err == nil && len(cols) == 0 && !s.options.Create {
		return noTable(s.path, s.options.Table)
	}
	return err
}

func noTable(path, name string) error {
	return cli.Hint(cli.Errorf(cli.CodeUnknownTable, "%s has no table %s", path, name), "--create-table makes it, with the columns that the records need")
}

// explain adds the file to an error, and its code.
func explain(path string, err error) error {
	var coded *cli.CodedError
	if err == nil || errors.As(err, &coded) {
		return err
	}
	var e sqlite3.Error
	if errors.As(err, &e) {
		switch e.Code {
		case sqlite3.ErrBusy, sqlite3.ErrLocked:
			return cli.Errorf(cli.CodeUnreachable, "%s: somebody else has locked it for longer than --timeout: %w", path, err)
		case sqlite3.ErrCantOpen:
			if e.SystemErrno != 0 {
				err = e.SystemErrno
			}
			if errors.Is(err, os.ErrPermission) {
				return cli.Errorf(cli.CodeDenied, "%s: %w", path, err)
			}
			return cli.Errorf(cli.CodeNoSuchFile, "%s: %w", path, err)
		case sqlite3.ErrReadonly, sqlite3.ErrPerm, sqlite3.ErrAuth:
			return cli.Errorf(cli.CodeDenied, "%s: %w", path, err)
		}
	}
	return fmt.Errorf("%s: %w", path, err)
}

func (s *Store) exec(query string, args ...driver.Value) error {
	_, err := s.conn.Exec(query, args)
	return err
}

// query hands on each row of an answer.
func (s *Store) query(query string, args []driver.Value, row func([]driver.Value) error) (err error) {
	rows, err := s.conn.Query(query, args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(values); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := row(values); err != nil {
			return err
		}
	}
}

// in runs work in a transaction.
func (s *Store) in(work func() error) error {
	if err := s.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := work()
	if err == nil {
		err = s.exec("COMMIT")
	}
	if err != nil {
		if !s.conn.AutoCommit() {
			err = errors.Join(err, s.exec("ROLLBACK"))
		}
		s.forget()
	}
	return err
}

// Take takes partitions over: from then on whoever had them is fenced.
func (s *Store) Take(_ context.Context, parts []table.Partition) error {
	return explain(s.path, s.in(func() error {
		for i := range parts {
			p := &parts[i]
			p.Next, p.Epoch = -1, 0
			err := s.query("UPDATE kstream_offsets SET epoch = epoch + 1, owner = ?, updated_at = "+now+
				" WHERE group_id = ? AND topic = ? AND partition = ? RETURNING next_offset, epoch, topic_id",
				[]driver.Value{s.options.Owner, s.options.Group, p.Topic, int64(p.Partition)},
				func(v []driver.Value) error {
					p.Next, p.Epoch, p.TopicID = v[0].(int64), v[1].(int64), text(v[2])
					return nil
				})
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

func text(v driver.Value) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	s, _ := v.(string)
	return s
}

// Write writes the rows and the offsets behind them in one transaction. table.ErrFenced says
// that nothing was, because partitions are somebody else's by now.
func (s *Store) Write(_ context.Context, t *table.Transaction) error {
	return explain(s.path, s.in(func() error {
		if err := s.writeOffsets(t.Partitions); err != nil {
			return err
		}
		for _, rows := range t.Tables {
			if err := s.writeRows(t, rows); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (s *Store) writeOffsets(parts []table.Partition) error {
	for i := range parts {
		p := &parts[i]
		var result driver.Result
		var err error
		if p.Epoch == 0 {
			result, err = s.conn.Exec("INSERT INTO kstream_offsets VALUES (?, ?, ?, ?, ?, 1, ?, "+now+") ON CONFLICT DO NOTHING",
				[]driver.Value{s.options.Group, p.Topic, p.TopicID, int64(p.Partition), p.Next, s.options.Owner})
		} else {
			result, err = s.conn.Exec("UPDATE kstream_offsets SET next_offset = ?, updated_at = "+now+
				" WHERE group_id = ? AND topic = ? AND partition = ? AND epoch = ?",
				[]driver.Value{p.Next, s.options.Group, p.Topic, int64(p.Partition), p.Epoch})
		}
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("%s: %w", p.TopicPartition, table.ErrFenced))
		}
	}
	return nil
}

// Close closes the file.
func (s *Store) Close() error {
	s.forget()
	return explain(s.path, s.conn.Close())
}

func (s *Store) forget() {
	for name, t := range s.layouts {
		t.close()
		delete(s.layouts, name)
	}
}

// fold makes names equal as SQLite does: in ASCII.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
}
