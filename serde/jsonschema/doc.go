// Package jsonschema reads and writes records in JSON that a JSON Schema describes:
// New makes the serde.
//
// The JSON itself is that of serde.NewJSON: numbers, order and duplicate keys stay as
// they were written; for the schema the last of duplicate keys counts. All drafts from
// 4 to 2020-12 are known. A schema cannot make the validator open a file or a URL:
// what it refers to comes from the references of the registry, or not at all.
//
// Nothing that a schema or a record says can make checking take for ever: patterns are
// matched in linear time where that can be done, and else for a bounded time; numbers
// that would take megabytes to write out are refused; so are schemas that would look at
// the same value a million times.
package jsonschema
