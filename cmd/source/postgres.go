package source

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"kstream/cmd/cli"
	"kstream/cmd/sink/postgres"
	"kstream/cmd/sink/table"
)

// oidBytea is the type of bytes.
const oidBytea = 17

// postgresServer is a database of PostgreSQL that is only read.
type postgresServer struct {
	conn  *pgconn.PgConn
	names []string
	types []uint32
}

func openPostgres(ctx context.Context, url string, timeout time.Duration) (*postgresServer, error) {
	config, err := postgres.ParseURL("SRC", url)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"application_name": "kstream", "client_encoding": "UTF8", "DateStyle": "ISO, MDY", "TimeZone": "UTC",
		"default_transaction_read_only": "on",
	} {
		if _, set := config.RuntimeParams[name]; !set {
			config.RuntimeParams[name] = value
		}
	}
	began := time.Now()
	for {
		one, cancel := context.WithTimeout(ctx, timeout)
		conn, err := pgconn.ConnectConfig(one, config)
		cancel()
		switch {
		case err == nil:
			return &postgresServer{conn: conn}, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !postgres.IsLost(err):
			return nil, postgres.Explain(err, timeout)
		case time.Since(began) > timeout:
			return nil, cli.Errorf(cli.CodeUnreachable, "within %s: %w", timeout, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *postgresServer) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.conn.Close(ctx) // it was only read
	return nil
}

func (s *postgresServer) describe(ctx context.Context, q *query) error {
	d, err := s.conn.Prepare(ctx, "", "SELECT * FROM "+q.from, nil)
	if err != nil {
		if err := postgres.Explain(err, 0); q.table != "" || cli.CodeOf(err) != cli.CodeFailed {
			return err
		}
		return cli.Errorf(cli.CodeUsage, "--query: %w", err)
	}
	for _, f := range d.Fields {
		s.names, s.types = append(s.names, f.Name), append(s.types, f.DataTypeOID)
	}
	if q.table != "" && q.keysOfTable() {
		r := s.conn.ExecParams(ctx, `SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
 WHERE i.indrelid = to_regclass($1) AND i.indisprimary ORDER BY array_position(i.indkey::int[], a.attnum::int)`, [][]byte{[]byte(q.from)}, nil, nil, nil).Read()
		if r.Err != nil {
			return r.Err
		}
		for _, row := range r.Rows {
			q.keys = append(q.keys, string(row[0]))
		}
	}
	return q.check(s.names)
}

// asJSON is the expression of a column as JSON.
func asJSON(name string, oid uint32) string {
	quoted := table.Quote(name)
	if oid == oidBytea { // base64, as bytes are in the JSON of kstream
		quoted = "replace(encode(" + quoted + ", 'base64'), E'\\n', '')"
	}
	return "to_json(" + quoted + ")"
}

func (s *postgresServer) newest(ctx context.Context, q *query) (string, error) {
	name := table.Quote(q.cursor[0])
	r := s.conn.ExecParams(ctx, "SELECT to_json(max("+name+")) FROM "+q.from, nil, nil, nil, nil).Read()
	if r.Err != nil || len(r.Rows) == 0 {
		return "", r.Err
	}
	return string(r.Rows[0][0]), nil
}

func (s *postgresServer) read(ctx context.Context, q *query, add func(*row) error) error {
	var list, cursor, marks []string
	var args [][]byte
	for i, name := range s.names {
		list = append(list, asJSON(name, s.types[i]))
	}
	for i, name := range q.cursor {
		cursor, marks = append(cursor, table.Quote(name)), append(marks, "$"+strconv.Itoa(i+1))
	}
	where := cursor[0] + " IS NOT NULL"
	if q.after != nil {
		where += " AND (" + strings.Join(cursor, ", ") + ") > (" + strings.Join(marks, ", ") + ")"
		for _, v := range q.after {
			args = append(args, []byte(unquoted(v)))
		}
	}
	if q.bound != "" {
		args = append(args, []byte(unquoted(q.bound)))
		where += " AND " + cursor[0] + " <= $" + strconv.Itoa(len(args))
	}
	result := s.conn.ExecParams(ctx, "SELECT "+strings.Join(list, ", ")+" FROM "+q.from+" WHERE "+where+" ORDER BY "+strings.Join(cursor, ", "), args, nil, nil, nil)
	r := &row{names: s.names, values: make([][]byte, len(s.names))}
	var failed error
	for failed == nil && result.NextRow() {
		for i, v := range result.Values() {
			if r.values[i] = append(r.values[i][:0], v...); v == nil {
				r.values[i] = append(r.values[i], "null"...)
			}
		}
		failed = add(r)
	}
	if failed != nil {
		_ = s.close() // the rest of the answer is not wanted
		return failed
	}
	_, err := result.Close()
	return err
}

// lost reports whether a read may succeed with a new connection.
func lost(err error) bool {
	return postgres.IsLost(err) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}
