// Package columns writes records as rows with typed columns: Parquet files in a folder, and
// Avro object container files.
//
// A [Rows] is the output.Format that packs messages into frames; a [Dir] or an
// [AvroFile] is the io.Writer that takes whole frames and makes rows of them, and
// must be closed.
//
// # Columns
//
// Each row has topic, partition, offset, timestamp (milliseconds, UTC; null without
// one), timestamp_type, headers (a list of key and value; a key that is not UTF-8 has \xNN for
// what is none), and for the key and for the value five columns, here of the value:
//
//	value        typed, see below
//	value_json   the whole value as JSON, when value cannot hold all of it
//	value_bytes  the bytes, when they are not what value holds: no text, or not decoded
//	value_schema the id or name of the schema that decoded it
//	value_error  why it could not be decoded
//
// The type of a column is that of the schema where one is known, and else comes from the
// first rows of the file (at most 10,000, or 4 MiB): booleans, 64 bit integers, doubles,
// strings, lists, structures. What is not the same in all of them is a column of JSON
// text, and so is an object without members. An integer beyond 64 bits and a
// number that a double would round are JSON, too. Numbers that are text for the serde
// are strings.
//
// What comes later and does not fit, in type or because it has a member that the
// structure lacks, is not lost: what fits stands in its columns, and the whole in
// value_json. Files that follow begin with the types of those before, widened by their own first
// rows. A member that is absent and one that is null are both null.
//
// # Files
//
// A file has a hidden temporary name until it is whole, and replaces nothing. It keeps the id
// of its topic and the range that it covers, which is what was read: not every offset in it has a
// row. A run goes on from these ranges. Nothing is written outside the folder, whatever a topic is called.
package columns
