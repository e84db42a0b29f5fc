// Package source reads the rows of a database that are new or have changed into a topic.
// [Options.Plan] checks the flags as typed, [Run] reads until it is to end.
//
// Rows are those of a table, or of a query, behind the position: the values of the columns of
// --cursor in the row that was written last, by which they are ordered. The position is a record
// of the progress topic, in the transaction of the records of its rows. One process has a
// position at a time: the transactional id fences.
//
// Reading order: options.go; run.go; position.go; then row.go, what a row is, and the databases,
// sqlite.go and postgres.go.
package source
