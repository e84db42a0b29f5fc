// Package table is what the drivers of databases share: records as rows of tables, with the
// offsets behind them, that are written in one transaction.
package table

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"kstream/kafka"
	"kstream/output/columns"
)

// OffsetsTable has, in each database, the offsets of the groups that write into it.
const OffsetsTable = "kstream_offsets"

// Mode is what becomes of a row.
type Mode string

// The modes. A record without a value deletes the row of its key under Upsert.
const (
	Append Mode = "append"
	Upsert Mode = "upsert"
)

// KeyColumn is the column of the key of records, beside the other columns of --meta.
const KeyColumn = "key"

// Options are how tables are written.
type Options struct {
	Group, Owner string
	Table        string // that must be there at the start; empty: none need be
	Mode         Mode
	Keys         []string // columns of the primary key; KeyColumn is that of the record's key
	RecordKey    bool     // one of Keys is the key of the record
	Create       bool     // tables that are not there
	Alter        bool     // tables, when rows have members that they have no column for
	Meta         bool     // topic, partition, offset, timestamp, key are columns
	Schemas      columns.Schemas
	Timeout      time.Duration
	Notice       func(format string, args ...any)
}

// Partition is one that a member has taken over, and how far its records are in the database.
type Partition struct {
	kafka.TopicPartition
	TopicID string
	Next    int64 // the offset that comes next; -1: the database knows of none
	Epoch   int64 // that Next is written with; 0: there is no row yet
}

// Rows are those of one transaction for one table.
type Rows struct {
	Table   string
	Frames  []byte // of columns.Rows
	Count   int
	records []kafka.Record // that they come from, when they may be put aside
	skipped map[int]bool   // rows that were rejected
}

// Transaction is what is written at once.
type Transaction struct {
	Tables     []*Rows
	Partitions []Partition // with the offsets that come next
	// Rejected decides about a row that a table cannot hold: it is left out, or an error ends
	// all.
	Rejected func(rows *Rows, row int, at Place, why *Rejection) error
}

// Place is where the record of a row is from.
type Place struct {
	Topic     string
	Partition int32
	Offset    int64
}

// PlaceOf returns the place of a row.
func PlaceOf(r *columns.TableRow) Place { return Place{string(r.Topic), r.Partition, r.Offset} }

func (p Place) String() string { return fmt.Sprintf("%s[%d]@%d", p.Topic, p.Partition, p.Offset) }

// Add notes one more row, whose frame was appended. Record is what it comes from, or nil.
func (r *Rows) Add(rec *kafka.Record) {
	r.Count++
	if rec != nil {
		r.records = append(r.records, *rec)
	}
}

// Record returns what a row comes from, if that is known.
func (r *Rows) Record(row int) *kafka.Record {
	if row < len(r.records) {
		return &r.records[row]
	}
	return nil
}

// Skip leaves a row out from now on.
func (r *Rows) Skip(row int) {
	if r.skipped == nil {
		r.skipped = map[int]bool{}
	}
	r.skipped[row] = true
}

// Skipped reports whether a row is left out.
func (r *Rows) Skipped(row int) bool { return r.skipped[row] }

// Rejection is why a row cannot be held by its table.
type Rejection struct {
	Table, Column string // Column may be empty
	Reason        string
	Missing       bool // the table has no such column
}

func (e *Rejection) Error() string {
	switch {
	case e.Table == "":
		return e.Reason
	case e.Column == "":
		return fmt.Sprintf("table %s: %s", e.Table, e.Reason)
	}
	return fmt.Sprintf("table %s, column %s: %s", e.Table, strconv.Quote(e.Column), e.Reason)
}

// ErrFenced is the error of a transaction for partitions that somebody else has taken over.
var ErrFenced = errors.New("another member has taken its partitions over")

// ErrLost is the error of a transaction that may or may not be committed: the database went
// away. Whoever takes the partitions over again is told.
var ErrLost = errors.New("the connection to the database was lost")
