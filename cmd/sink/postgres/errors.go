package postgres

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"kstream/cmd/cli"
	"kstream/cmd/sink/table"
)

// SQLSTATEs are those of PostgreSQL's appendix A.

func stateOf(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func is(err error, state string) bool { return err != nil && stateOf(err) == state }

// IsLost reports whether the connection is of no use any more, or there is none.
func IsLost(err error) bool {
	switch state := stateOf(err); {
	case strings.HasPrefix(state, "08"), state == "57P01", state == "57P02", state == "57P03", state == "57P05", state == "53300":
		return true
	case state != "":
		return false
	}
	return errors.As(err, new(*pgconn.ConnectError)) || pgconn.Timeout(err) && !errors.Is(err, context.Canceled)
}

// isPassing reports whether the same transaction may succeed at another try: the database has
// chosen it as a victim, or another member is making, or has changed, the same table.
func isPassing(err error) bool {
	switch stateOf(err) {
	case "40001", "40P01", "55P03", "42P07", "42703", "42P01", "42710", "XX000":
		return true
	case "23505":
		var e *pgconn.PgError
		return errors.As(err, &e) && e.SchemaName == "pg_catalog"
	}
	return false
}

// isFatal reports whether waiting is of no use.
func (s *Store) isFatal(err error) bool {
	if s.config.TLSConfig != nil && len(s.config.Fallbacks) == 0 && err != nil && strings.Contains(err.Error(), "server refused TLS") {
		return true
	}
	if strings.HasPrefix(stateOf(err), "28") || is(err, "3D000") {
		return true
	}
	var coded *cli.CodedError
	return errors.As(err, &coded) || errors.Is(err, table.ErrFenced)
}

// isOfRow reports whether an error is about a value or a constraint.
func isOfRow(err error) bool {
	state := stateOf(err)
	for _, class := range []string{"22", "23", "54", "P0"} {
		if strings.HasPrefix(state, class) {
			return !isPassing(err)
		}
	}
	return false
}

func (s *Store) explain(err error) error { return Explain(err, s.options.Timeout) }

// Explain adds the code to an error that is told.
func Explain(err error, timeout time.Duration) error {
	var coded *cli.CodedError
	if err == nil || errors.As(err, &coded) || errors.Is(err, table.ErrFenced) || errors.Is(err, table.ErrLost) {
		return err
	}
	switch state := stateOf(err); {
	case state == "28P01" || state == "28000":
		return cli.Errorf(cli.CodeAuthFailed, "%w", err)
	case state == "42501":
		return cli.Errorf(cli.CodeDenied, "%w", err)
	case state == "3D000" || state == "42P01" || state == "3F000" || state == "42703":
		return cli.Errorf(cli.CodeUnknownTable, "%w", err)
	case state == "57014":
		return cli.Errorf(cli.CodeUnreachable, "no answer within %s: %w", timeout, err)
	case state == "42P10":
		return cli.Errorf(cli.CodeUsage, "the table has no primary key and no unique index over the columns that --primary-key names: %w", err)
	case IsLost(err):
		return cli.Errorf(cli.CodeUnreachable, "%w", err)
	}
	return err
}

// inCopy is where COPY says that it was, behind the name of the table.
var inCopy = regexp.MustCompile(`^, line ([0-9]+)(?:, column (.*?): |: |$)`)

// lineOf returns the line of a COPY into a table that an error is about, 0 when it does not say,
// and the rejection.
func lineOf(err error, into, name string, index func(column string) bool) (line int, why *table.Rejection) {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return 0, &table.Rejection{Table: name, Reason: err.Error()}
	}
	why = &table.Rejection{Table: name, Column: e.ColumnName, Reason: e.Message}
	if e.Detail != "" && !strings.HasPrefix(e.Code, "23") { // that of a constraint repeats the row
		why.Reason += ": " + e.Detail
	}
	for _, where := range append([]string{e.Where}, strings.Split(e.Where, "\n")...) {
		rest, ok := strings.CutPrefix(where, "COPY "+into)
		if !ok {
			continue
		}
		m := inCopy.FindStringSubmatch(rest)
		if m == nil {
			continue
		}
		line, _ = strconv.Atoi(m[1]) // digits; one that is too large is none of ours
		if m[2] != "" && index(m[2]) {
			why.Column = m[2]
		}
		return line, why
	}
	return 0, why
}
