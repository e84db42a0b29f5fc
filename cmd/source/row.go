package source

import (
	"bytes"
	"context"

	"github.com/go-json-experiment/json/jsontext"
)

// query is which rows are read.
type query struct {
	from   string   // a table, quoted, or a query in parentheses
	table  string   // empty for a query
	cursor []string // columns
	keys   []string // columns of the key of records; empty: those of the table's primary key
	named  bool     // keys are those of --primary-key
	after  []string // values of the cursor, as JSON; nil: all rows
	bound  string   // of the first column of the cursor, as JSON; empty: none
}

// row is one row, as JSON. It is valid until the next one.
type row struct {
	names  []string
	values [][]byte // JSON
}

// database is what rows are read from.
type database interface {
	// describe finds the columns and the primary key, and refuses what q has and the database
	// has not.
	describe(ctx context.Context, q *query) error
	// newest returns the greatest value of the first column of the cursor, as JSON, "" for none.
	newest(ctx context.Context, q *query) (string, error)
	// read hands on each row behind the position, in the order of the cursor.
	read(ctx context.Context, q *query, add func(*row) error) error
	close() error
}

// get returns a column of the row.
func (r *row) get(name string) []byte {
	for i, n := range r.names {
		if n == name {
			return r.values[i]
		}
	}
	return nil
}

// object appends columns as a JSON object.
func (r *row) object(dst []byte, only []string) []byte {
	dst = append(dst, '{')
	add := func(name string, value []byte) {
		if len(dst) > 1 && dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst, _ = jsontext.AppendQuote(dst, name) // describe has refused names that are no UTF-8
		dst = append(append(dst, ':'), value...)
	}
	if only == nil {
		for i, name := range r.names {
			add(name, r.values[i])
		}
	}
	for _, name := range only {
		add(name, r.get(name))
	}
	return append(dst, '}')
}

// key appends the key of the record: the text or number of one column, or an object of several.
func (r *row) key(dst []byte, columns []string) []byte {
	switch {
	case len(columns) == 0:
		return nil
	case len(columns) > 1:
		return r.object(dst, columns)
	}
	return append(dst, r.get(columns[0])...)
}

// at returns the values of the cursor.
func (r *row) at(cursor []string) []string {
	var values []string
	for _, name := range cursor {
		values = append(values, string(r.get(name)))
	}
	return values
}

// behind reports whether the row has another position than the one of values.
func (r *row) behind(cursor, values []string) bool {
	for i, name := range cursor {
		if values == nil || string(r.get(name)) != values[i] {
			return true
		}
	}
	return false
}

// unquoted returns the text of a JSON string, and any other value as it is.
func unquoted(json string) string {
	if len(json) == 0 || json[0] != '"' {
		return json
	}
	text, err := jsontext.AppendUnquote(nil, json)
	if err != nil {
		return json
	}
	return string(text)
}

// isJSON reports whether text of the database is a JSON value.
func isJSON(text []byte) bool { return jsontext.Value(bytes.TrimSpace(text)).IsValid() }
