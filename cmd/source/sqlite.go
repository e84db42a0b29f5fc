package source

import (
	"context"
	"database/sql/driver"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	sqlite3 "github.com/mattn/go-sqlite3"

	"kstream/cmd/cli"
	"kstream/cmd/sink/table"
)

// sqliteFile is a file of SQLite that is only read.
type sqliteFile struct {
	path     string
	conn     *sqlite3.SQLiteConn
	names    []string
	declared []string
}

func openSQLite(path string, timeout time.Duration) (*sqliteFile, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	dsn := fmt.Sprintf("file:%s?mode=ro&_busy_timeout=%d", (&url.URL{Path: path}).EscapedPath(), timeout.Milliseconds())
	c, err := (&sqlite3.SQLiteDriver{}).Open(dsn)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &sqliteFile{path: path, conn: c.(*sqlite3.SQLiteConn)}, nil
}

func (s *sqliteFile) close() error { return s.conn.Close() }

func (s *sqliteFile) query(text string, args []driver.Value, add func(driver.Rows, []driver.Value) error) (err error) {
	rows, err := s.conn.Query(text, args)
	if err != nil {
		return s.explain(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values := make([]driver.Value, len(rows.Columns()))
	for {
		err := rows.Next(values)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return s.explain(err)
		}
		if err := add(rows, values); err != nil {
			return err
		}
	}
}

func (s *sqliteFile) explain(err error) error {
	var e sqlite3.Error
	if errors.As(err, &e) && (e.Code == sqlite3.ErrBusy || e.Code == sqlite3.ErrLocked) {
		return cli.Errorf(cli.CodeUnreachable, "%s: somebody else has locked it for longer than --timeout: %w", s.path, err)
	}
	return fmt.Errorf("%s: %w", s.path, err)
}

func (s *sqliteFile) describe(_ context.Context, q *query) error {
	if q.table != "" {
		found := false
		err := s.query("SELECT name, pk FROM pragma_table_info(?) ORDER BY pk", []driver.Value{q.table}, func(_ driver.Rows, v []driver.Value) error {
			found = true
			if name, pk := fmt.Sprint(v[0]), v[1].(int64); pk > 0 && !slices.Contains(q.keys, name) && q.keysOfTable() {
				q.keys = append(q.keys, name)
			}
			return nil
		})
		if err == nil && !found {
			err = cli.Errorf(cli.CodeUnknownTable, "%s has no table %s", s.path, q.table)
		}
		if err != nil {
			return err
		}
	}
	rows, err := s.conn.Query("SELECT * FROM "+q.from+" LIMIT 0", nil)
	if err != nil {
		return cli.Errorf(cli.CodeUsage, "%w", s.explain(err))
	}
	s.names = rows.Columns()
	for i := range s.names {
		s.declared = append(s.declared, strings.ToLower(rows.(driver.RowsColumnTypeDatabaseTypeName).ColumnTypeDatabaseTypeName(i)))
	}
	if err := rows.Close(); err != nil {
		return err
	}
	return q.check(s.names)
}

// bind returns a value of the cursor as SQLite compares it.
func bind(json string) driver.Value {
	if json[0] == '"' {
		return unquoted(json)
	}
	if n, err := strconv.ParseInt(json, 10, 64); err == nil {
		return n
	}
	f, _ := strconv.ParseFloat(json, 64) // it was one
	return f
}

func (s *sqliteFile) newest(_ context.Context, q *query) (newest string, err error) {
	err = s.query("SELECT max(+"+table.Quote(q.cursor[0])+") FROM "+q.from, nil, func(_ driver.Rows, v []driver.Value) error {
		if v[0] == nil {
			return nil
		}
		json, err := valueOf(nil, v[0], "")
		newest = string(json)
		return err
	})
	return newest, err
}

func (s *sqliteFile) read(ctx context.Context, q *query, add func(*row) error) error {
	var list, cursor, marks []string
	var args []driver.Value
	for _, name := range s.names {
		list = append(list, "+"+table.Quote(name)) // the value as it is stored: the driver makes others of declared types
	}
	for _, name := range q.cursor {
		cursor, marks = append(cursor, table.Quote(name)), append(marks, "?")
	}
	where := cursor[0] + " IS NOT NULL"
	if q.after != nil {
		where += " AND (" + strings.Join(cursor, ", ") + ") > (" + strings.Join(marks, ", ") + ")"
		for _, v := range q.after {
			args = append(args, bind(v))
		}
	}
	if q.bound != "" {
		where += " AND " + cursor[0] + " <= ?"
		args = append(args, bind(q.bound))
	}
	r := &row{names: s.names, values: make([][]byte, len(s.names))}
	return s.query("SELECT "+strings.Join(list, ", ")+" FROM "+q.from+" WHERE "+where+" ORDER BY "+strings.Join(cursor, ", "), args, func(_ driver.Rows, v []driver.Value) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for i := range v {
			var err error
			if r.values[i], err = valueOf(r.values[i][:0], v[i], s.declared[i]); err != nil {
				return cli.Errorf(cli.CodeBadData, "%s: column %s of a row: %w", s.path, strconv.Quote(s.names[i]), err)
			}
		}
		return add(r)
	})
}

// valueOf appends a value as JSON.
func valueOf(dst []byte, v driver.Value, declared string) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case int64:
		if strings.HasPrefix(declared, "bool") && (v == 0 || v == 1) {
			return strconv.AppendBool(dst, v == 1), nil
		}
		return strconv.AppendInt(dst, v, 10), nil
	case float64:
		if v-v != 0 { // infinite
			return strconv.AppendQuote(dst, map[bool]string{true: "Infinity", false: "-Infinity"}[v > 0]), nil
		}
		return strconv.AppendFloat(dst, v, 'g', -1, 64), nil
	case []byte:
		return append(base64.StdEncoding.AppendEncode(append(dst, '"'), v), '"'), nil
	case string:
		if !utf8.ValidString(v) {
			return nil, errors.New("its text is no UTF-8")
		}
		if strings.HasPrefix(declared, "json") && isJSON([]byte(v)) {
			return append(dst, v...), nil
		}
		return jsontext.AppendQuote(dst, v)
	}
	return nil, fmt.Errorf("%T is no type of SQLite", v)
}
