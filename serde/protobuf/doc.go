// Package protobuf reads and writes records in Protocol Buffers: New makes the serde.
//
// Schemas are .proto files, descriptor sets, or a registry's, whose text is either
// .proto or a base64 FileDescriptorProto. The JSON is proto3's mapping: 64-bit integers
// are text (a parameter of the SPEC makes them numbers), bytes are base64, enums are
// names, well-known types are what they mean. Fields come in the order of their
// declaration, the keys of maps sorted, so a record reads the same each time.
//
// JSON for people is written straight from the bytes (render.go): no message is built
// of any record, so nothing is allocated that the bytes do not pay for, and hostile
// ones cannot ask for more. The tests hold that it says what dynamicpb and protojson
// say. Where those give up it goes on: an Any of an unknown type is shown as its bytes,
// a timestamp beyond the calendar as its numbers, text that is no UTF-8 with marks,
// missing required fields as missing. Fields that the schema lacks are counted in the
// notes of the Result.
//
// Writing goes through protojson, dynamicpb and proto.Marshal: it refuses fields that
// the schema lacks, and proto2 messages without a required field. Maps are sorted, so
// the same JSON becomes the same bytes each time.
//
// Records of a registry name their message by indexes after the schema id; see
// indexes.go for the two ways to count them.
package protobuf
