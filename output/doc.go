// Package output turns messages into text: record lines, tables, format strings.
//
// It appends to byte slices and depends on neither Kafka nor a terminal: widths and colours
// are passed by the caller.
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
// Untrusted text is never written to a terminal unescaped: every renderer has an option
// Terminal, or is for terminals only, and then escapes it as [AppendEscaped] does. In a
// pipe, bytes are exact. Code that prints such text elsewhere, in an error or a notice,
// must pass it through [Escaped].
package output
