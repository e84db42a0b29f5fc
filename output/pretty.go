package output

import (
	"bytes"
	"strconv"
	"time"
)

// Pretty is for people: a line that says where and when the record is from, with its
// key and headers, and below it the value, indented, JSON in colours. A JSON value
// that fits into Width stays on one line.
//
// Everything is escaped as for a terminal, except that a line break in a text value
// starts a new, indented line.
type Pretty struct {
	// Width is the number of columns to fit into; 0 means 80.
	Width int
	// Palette is what to colour with.
	Palette Palette
	// Zone is where to show times; nil is UTC.
	Zone *time.Location
}

// Append appends m.
func (f Pretty) Append(dst []byte, m *Message) []byte {
	p := &f.Palette
	if m.TimestampType != "" {
		zone := f.Zone
		if zone == nil {
			zone = time.UTC
		}
		dst = append(dst, p.Time.open...)
		dst = time.UnixMilli(m.Timestamp).In(zone).AppendFormat(dst, "2006-01-02 15:04:05.000")
		dst = append(dst, p.Time.close...)
		dst = append(dst, ' ')
	}
	dst = append(dst, p.Topic.open...)
	dst = AppendEscapedString(dst, m.Topic)
	dst = append(dst, '[')
	dst = strconv.AppendInt(dst, int64(m.Partition), 10)
	dst = append(dst, "]@"...)
	dst = strconv.AppendInt(dst, m.Offset, 10)
	dst = append(dst, p.Topic.close...)
	dst = append(dst, ' ')
	dst = f.inline(dst, &m.Key, p.Key)
	for i := range m.Headers {
		h := &m.Headers[i]
		dst = append(dst, ' ')
		dst = append(dst, p.Header.open...)
		dst = AppendEscapedString(dst, h.Key)
		dst = append(dst, '=')
		dst = append(dst, p.Header.close...)
		dst = f.inline(dst, &h.Value, Style{})
	}
	if m.Value.Decoded() && m.Value.Encoding != "" {
		dst = append(dst, ' ')
		dst = append(dst, p.Dim.open...)
		dst = AppendEscapedString(dst, m.Value.Encoding)
		if m.Value.Schema != "" {
			dst = append(dst, ' ')
			dst = AppendEscapedString(dst, m.Value.Schema)
		}
		dst = append(dst, p.Dim.close...)
	}
	dst = append(dst, '\n')
	for _, v := range []*Field{&m.Key, &m.Value} {
		if v.Err != "" {
			dst = append(dst, "  "...)
			dst = append(dst, p.Bad.open...)
			dst = AppendEscapedString(dst, v.Err)
			dst = append(dst, p.Bad.close...)
			dst = append(dst, '\n')
		}
	}
	dst = append(dst, "  "...)
	dst = f.block(dst, &m.Value)
	return append(dst, '\n')
}

// inline appends a field on the line at hand.
func (f Pretty) inline(dst []byte, v *Field, s Style) []byte {
	if v.IsNull() || v.TextLen() == 0 {
		return f.absent(dst, v)
	}
	dst = append(dst, s.open...)
	dst = v.AppendText(dst, true)
	return append(dst, s.close...)
}

// absent shows that a field is null or empty.
func (f Pretty) absent(dst []byte, v *Field) []byte {
	if v.IsNull() {
		return f.Palette.Dim.Append(dst, "null")
	}
	return f.Palette.Dim.Append(dst, `""`)
}

// block appends a value that may take several lines.
func (f Pretty) block(dst []byte, v *Field) []byte {
	if v.IsNull() || v.TextLen() == 0 {
		return f.absent(dst, v)
	}
	text := v.JSON
	if !v.Decoded() {
		whole := false
		if v.Text == TextAuto {
			text = bytes.Trim(v.Bytes, " \t\r\n")
			whole, _ = structured(text)
		}
		if !whole {
			return appendLines(dst, v)
		}
	} else if end, _, ok := scanJSON(text, 0, 0, false); !ok || end != len(text) {
		return v.AppendText(dst, true)
	}
	width := f.Width
	if width == 0 {
		width = 80
	}
	return jsonWriter{palette: &f.Palette, indent: len(text) > width-2}.append(dst, text)
}

// appendLines appends text that is not JSON, each line indented.
func appendLines(dst []byte, v *Field) []byte {
	if v.Text == TextHex || v.Text == TextBase64 {
		return v.AppendText(dst, true)
	}
	for i, line := range bytes.Split(bytes.TrimSuffix(v.Bytes, []byte("\n")), []byte("\n")) {
		if i > 0 {
			dst = append(dst, "\n  "...)
		}
		dst = AppendEscaped(dst, bytes.TrimSuffix(line, []byte("\r")))
	}
	return dst
}
