package output

import (
	"encoding/base64"
	"encoding/hex"
)

// Value writes values, with their keys if asked: KEY SEP VALUE DELIMITER. In a pipe
// the bytes of keys and values are exact. The zero Value is the format raw: values
// alone, with nothing between them.
type Value struct {
	// KeySeparator stands between key and value; nil leaves the key out.
	KeySeparator []byte
	// Delimiter ends each record.
	Delimiter []byte
	// Null stands for a null key or value.
	Null []byte
	// Terminal escapes keys and values, line breaks included; see AppendEscaped.
	Terminal bool
}

// Append appends one record.
func (f Value) Append(dst []byte, m *Message) []byte {
	if f.KeySeparator != nil {
		dst = f.field(dst, &m.Key)
		dst = append(dst, f.KeySeparator...)
	}
	dst = f.field(dst, &m.Value)
	return append(dst, f.Delimiter...)
}

func (f Value) field(dst []byte, v *Field) []byte {
	if v.IsNull() {
		return append(dst, f.Null...)
	}
	return v.AppendText(dst, f.Terminal)
}

// None writes nothing: for runs that only count, or commit.
type None struct{}

// Append returns dst.
func (None) Append(dst []byte, _ *Message) []byte { return dst }

// Decoded reports whether a serde read the bytes, so that JSON is what to show.
func (f *Field) Decoded() bool { return f.JSON != nil && f.Err == "" }

// IsNull reports whether the field is a null. What a serde decoded is not, even when it
// decoded to JSON's null.
func (f *Field) IsNull() bool { return f.Bytes == nil && !f.Decoded() }

// AppendText appends the field as formats without a structure show it: decoded JSON,
// or hexadecimal or base64 digits if the text rule asks for them, or else the bytes
// exactly; a null is nothing. For a terminal, the result is escaped.
func (f *Field) AppendText(dst []byte, terminal bool) []byte {
	switch {
	case f.Decoded() && terminal:
		return AppendEscapedJSON(dst, f.JSON)
	case f.Decoded():
		return append(dst, f.JSON...)
	case f.Text == TextHex:
		return hex.AppendEncode(dst, f.Bytes)
	case f.Text == TextBase64:
		return base64.StdEncoding.AppendEncode(dst, f.Bytes)
	case terminal:
		return AppendEscaped(dst, f.Bytes)
	}
	return append(dst, f.Bytes...)
}

// TextLen returns how many bytes AppendText appends when it does not escape.
func (f *Field) TextLen() int {
	switch {
	case f.Decoded():
		return len(f.JSON)
	case f.Text == TextHex:
		return hex.EncodedLen(len(f.Bytes))
	case f.Text == TextBase64:
		return base64.StdEncoding.EncodedLen(len(f.Bytes))
	}
	return len(f.Bytes)
}

// AppendJSON appends the field as the value of a JSON member, as the record line does,
// and returns the name of its encoding, which may be empty. See JSON.
func (f *Field) AppendJSON(dst []byte, terminal bool) ([]byte, string) {
	switch {
	case f.Decoded() && terminal:
		return AppendEscapedJSON(dst, f.JSON), f.Encoding
	case f.Decoded():
		return append(dst, f.JSON...), f.Encoding
	}
	return JSON{Terminal: terminal}.appendBytes(dst, f.Bytes, f.Text)
}
