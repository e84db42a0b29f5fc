// Package output turns messages into text: record lines, tables, format strings.
//
// It writes into byte slices that it is given, knows neither Kafka nor terminals, and
// asks nobody for a width or a colour: the caller says.
//
// A [Message] is a record whose parts are ready to be shown. A [Format] renders it:
// [JSON] is the record line, which a [Decoder] reads back; [Value] writes values, with
// keys if asked, and is the format raw when it is zero; [CSV], [Pretty] and [None] are
// what they say; package output/format has format strings. Formats are plain values,
// safe to share, and allocate nothing once their buffer has grown.
//
// What commands list or describe is a slice of structs with JSON tags: [Table],
// [AppendDocument] and [AppendYAML] render it.
//
// Text of strangers never reaches a terminal as it is: every renderer has an option
// Terminal, or is for terminals only, and then escapes it as [AppendEscaped] does. In a
// pipe, bytes are exact. Whoever prints such text elsewhere, in an error or a notice,
// passes it through [Escaped].
package output
