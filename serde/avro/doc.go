// Package avro reads and writes records in Apache Avro (1.12): New makes the serde,
// ParseSchema a schema to use by itself.
//
// A record's JSON has its fields in the order of the schema, each time. In the plain
// style a union shows its value and logical types what they mean: dates and times as
// in RFC 3339, decimals as text with their scale, bytes as base64; what no calendar
// holds stays the number on the wire. The avro style is the JSON encoding of the
// specification. Both are read back, whichever is chosen; where an object could be
// either a tagged branch or itself, the chosen one counts.
//
// The codec is goavro, and it is never left alone with bytes or with a schema:
//
//   - A guard walks each datum by the schema first. It refuses counts that cannot
//     fit, nesting without an end, integers of the wrong size: goavro would
//     ask for 34 GB at six bytes of an array header. It costs a fraction of the decoding and allocates nothing.
//   - goavro gets a wire schema: one for the same bytes in which there are no logical
//     types, defaults and maps, see wire.go. Those are done here, exactly: nothing is
//     rounded, cut or shuffled.
//   - JSON for people is written straight from the guarded bytes (json.go), as that is
//     what consuming a topic does all day: it is several times as fast and allocates
//     next to nothing, since no Go map is made of any record. Decode and Append go
//     through goavro; the tests hold that both ways say the same.
//
// Reading with another schema than the writer's is something goavro does not do: the
// datum is rewritten in the reader's bytes (resolve.go). twmb/avro reads container
// files (container.go), and is the second opinion of the tests; fastavro and Java are
// others.
//
// Names are taken as they come as long as they can be printed: writers that do not
// check them exist. A logical type that is unknown or does not fit its type is
// ignored, as the specification asks. A default that does not fit its field is an
// error only for who needs it.
package avro
