// Package postgres writes rows into tables of PostgreSQL, together with the offsets behind them:
// by COPY, and from a temporary table where rows replace others.
//
// A connection that is lost, and a database that is not there, are waited for within the time-out.
// Deadlocks and the like are tried again.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"kstream/cmd/cli"
	"kstream/cmd/sink/table"
)

// Store is one connection to a database. One goroutine uses it.
type Store struct {
	options *table.Options
	config  *pgconn.Config
	conn    *pgconn.PgConn
	layouts map[string]*target
	stages  int // temporary tables that were named
}

const createOffsets = `CREATE TABLE IF NOT EXISTS kstream_offsets (group_id text NOT NULL, topic text NOT NULL,
 topic_id text NOT NULL, partition integer NOT NULL, next_offset bigint NOT NULL, epoch bigint NOT NULL,
 owner text NOT NULL, updated_at timestamptz NOT NULL, PRIMARY KEY (group_id, topic, partition))`

// ParseURL reads the URL of a database. Its errors repeat nothing of it; which is the argument that
// it is.
func ParseURL(which, url string) (*pgconn.Config, error) {
	config, err := pgconn.ParseConfig(url)
	if err == nil {
		return config, nil
	}
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) { // its text repeats the URL
		err = parse.Unwrap()
	}
	reason, _, _ := strings.Cut(fmt.Sprint(err), "`")
	return nil, cli.Usagef("%s is no URL of PostgreSQL: %s", which, strings.TrimSpace(reason))
}

// Open connects to the database of a URL and makes the table of offsets.
func Open(ctx context.Context, url string, o *table.Options) (*Store, error) {
	config, err := ParseURL("DST", url)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"application_name": "kstream", "statement_timeout": strconv.FormatInt(o.Timeout.Milliseconds(), 10),
		"client_encoding": "UTF8", "client_min_messages": "warning", "DateStyle": "ISO, MDY",
	} {
		if _, set := config.RuntimeParams[name]; !set {
			config.RuntimeParams[name] = value
		}
	}
	s := &Store{options: o, config: config, layouts: map[string]*target{}}
	err = s.persist(ctx, true, func(ctx context.Context) error {
		err := s.exec(ctx, createOffsets)
		if is(err, "42501") { // it may be there all the same
			err = s.exec(ctx, "SELECT epoch FROM kstream_offsets LIMIT 0")
		}
		if err != nil || o.Table == "" {
			return err
		}
		cols, err := s.describe(ctx, o.Table)
		if err == nil && len(cols) == 0 && !o.Create {
			return s.noTable(o.Table)
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(s.explain(err), s.Close())
	}
	return s, nil
}

func (s *Store) noTable(name string) error {
	return cli.Hint(cli.Errorf(cli.CodeUnknownTable, "database %s has no table %s", s.config.Database, name), "--create-table makes it, with the columns that the records need")
}

// again is how long to wait before something is tried again.
const again = 100 * time.Millisecond

// persist connects and does work, again and again until it succeeds, fails for good, or the
// time-out is over. Work that is not safe to repeat when the connection was lost in it ends with
// table.ErrLost instead, once there is a connection again.
func (s *Store) persist(ctx context.Context, safe bool, work func(context.Context) error) error {
	began, told := time.Now(), false
	var lost error
	for {
		err := s.connect(ctx)
		if err == nil && lost != nil && !safe {
			return fmt.Errorf("%w: %w", table.ErrLost, lost)
		}
		if err == nil {
			one, cancel := context.WithTimeout(ctx, 2*s.options.Timeout)
			err = work(one)
			cancel()
			if err == nil {
				return nil
			}
			if s.conn.IsClosed() || IsLost(err) {
				lost = err
			}
		}
		s.layouts = map[string]*target{}
		passes := s.conn == nil || s.conn.IsClosed() || IsLost(err) || isPassing(err)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !passes || s.isFatal(err):
			return err
		case time.Since(began) > s.options.Timeout && isPassing(err):
			return err
		case time.Since(began) > s.options.Timeout:
			return cli.Errorf(cli.CodeUnreachable, "within %s: %w", s.options.Timeout, err)
		}
		if IsLost(err) || s.conn == nil || s.conn.IsClosed() {
			_ = s.disconnect()
			if !told && time.Since(began) > time.Second {
				told = true
				s.options.Notice("waiting for the database: %v", err)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

func (s *Store) connect(ctx context.Context) error {
	if s.conn != nil && !s.conn.IsClosed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, s.config)
	s.conn = conn
	return err
}

func (s *Store) disconnect() error {
	if s.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.conn.Close(ctx)
	s.conn = nil
	return err
}

// Close closes the connection.
func (s *Store) Close() error {
	_ = s.disconnect() // what was to be kept is committed
	return nil
}

// exec runs statements without arguments.
func (s *Store) exec(ctx context.Context, sql string) error {
	_, err := s.conn.Exec(ctx, sql).ReadAll()
	return err
}

// query runs a statement and returns the rows of its answer, as text.
func (s *Store) query(ctx context.Context, sql string, args ...string) ([][][]byte, error) {
	r := s.conn.ExecParams(ctx, sql, params(args), nil, nil, nil).Read()
	return r.Rows, r.Err
}

func params(args []string) [][]byte {
	var values [][]byte
	for _, a := range args {
		values = append(values, []byte(a))
	}
	return values
}

// in runs work in a transaction.
func (s *Store) in(ctx context.Context, work func(context.Context) error) error {
	if err := s.exec(ctx, "BEGIN; SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
		return err
	}
	err := work(ctx)
	if err == nil {
		return s.exec(ctx, "COMMIT")
	}
	if !s.conn.IsClosed() && s.conn.TxStatus() != 'I' {
		err = errors.Join(err, s.exec(ctx, "ROLLBACK"))
	}
	return err
}

// Take takes partitions over: from then on whoever had them is fenced.
func (s *Store) Take(ctx context.Context, parts []table.Partition) error {
	err := s.persist(ctx, true, func(ctx context.Context) error {
		return s.in(ctx, func(ctx context.Context) error {
			for i := range parts {
				p := &parts[i]
				p.Next, p.Epoch = -1, 0
				rows, err := s.query(ctx, `UPDATE kstream_offsets SET epoch = epoch + 1, owner = $1, updated_at = now()
 WHERE group_id = $2 AND topic = $3 AND partition = $4 RETURNING next_offset, epoch, topic_id`,
					s.options.Owner, s.options.Group, p.Topic, strconv.Itoa(int(p.Partition)))
				if err != nil {
					return err
				}
				if len(rows) > 0 {
					next, first := strconv.ParseInt(string(rows[0][0]), 10, 64)
					epoch, second := strconv.ParseInt(string(rows[0][1]), 10, 64)
					if err := errors.Join(first, second); err != nil {
						return err
					}
					p.Next, p.Epoch, p.TopicID = next, epoch, string(rows[0][2])
				}
			}
			return nil
		})
	})
	return s.explain(err)
}

// Write writes the rows and the offsets behind them in one transaction. table.ErrFenced says
// that nothing was, table.ErrLost that nobody knows.
func (s *Store) Write(ctx context.Context, t *table.Transaction) error {
	err := s.persist(ctx, false, func(ctx context.Context) error {
		return s.in(ctx, func(ctx context.Context) error {
			if err := s.writeOffsets(ctx, t.Partitions); err != nil {
				return err
			}
			for _, rows := range t.Tables {
				if err := s.writeRows(ctx, t, rows); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return s.explain(err)
}

func (s *Store) writeOffsets(ctx context.Context, parts []table.Partition) error {
	batch := &pgconn.Batch{}
	for i := range parts {
		p := &parts[i]
		partition, next := strconv.Itoa(int(p.Partition)), strconv.FormatInt(p.Next, 10)
		if p.Epoch == 0 {
			batch.ExecParams("INSERT INTO kstream_offsets VALUES ($1, $2, $3, $4, $5, 1, $6, now()) ON CONFLICT DO NOTHING",
				params([]string{s.options.Group, p.Topic, p.TopicID, partition, next, s.options.Owner}), nil, nil, nil)
		} else {
			batch.ExecParams("UPDATE kstream_offsets SET next_offset = $1, updated_at = now() WHERE group_id = $2 AND topic = $3 AND partition = $4 AND epoch = $5",
				params([]string{next, s.options.Group, p.Topic, partition, strconv.FormatInt(p.Epoch, 10)}), nil, nil, nil)
		}
	}
	results, err := s.conn.ExecBatch(ctx, batch).ReadAll()
	if err != nil {
		return err
	}
	for i, r := range results {
		if r.Err != nil {
			return r.Err
		}
		if r.CommandTag.RowsAffected() == 0 {
			return fmt.Errorf("%s: %w", parts[i].TopicPartition, table.ErrFenced)
		}
	}
	return nil
}
