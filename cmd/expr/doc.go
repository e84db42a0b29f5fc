// Package expr decides about records and makes new values from them: the jq
// expressions of --filter, --map, --key-from, --partition-by and --route, and the
// plain tests of --grep, --key-equals and --sample.
//
// Each is compiled once, when the command line is read, so that a mistake in an
// expression is a usage error with its column; after that it may be shared by any
// number of goroutines.
//
// A jq expression sees
//
//	{topic, partition, offset, timestamp, key, value, headers, header}
//
// where a value that is JSON is parsed, see Field; headers is the list of
// {key, value} in order, header an object with the last value of each name.
// Integers of any size and the digits of decimals survive: what an expression
// hands on without calculating is written as it was read. Object keys come out
// sorted, as jq has it.
//
// gojq is what runs an expression. A filter of the common kind is decided without it, on
// the bytes of the record (direct), wherever that is certain to be gojq's answer.
//
// An expression reaches nothing outside of its record: no environment, no files,
// no further input. It stops when its context ends, except within a single call
// of a builtin.
package expr
