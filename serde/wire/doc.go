// Package wire is what the formats with a schema registry share: the frames that name
// the schema of a record, the schemas of a registry made ready once each, and the
// choice of the one to write with.
//
// A frame is a prefix of the data (00 and a four-byte id, or 01 and a GUID) or, as
// clients of Confluent Platform 8 write it, a header of the record with the same bytes.
package wire
