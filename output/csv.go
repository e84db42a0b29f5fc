package output

import (
	"bytes"
	"strconv"
)

// CSV writes a row a record as RFC 4180 has it, except that a row ends with a line
// feed alone, as Unix tools expect. Cells hold what Value shows. An empty key or value
// is "" in quotes, a null is nothing, or Null. The headers are the list of the record
// line, nothing when there are none; the timestamp is milliseconds.
type CSV struct {
	// Null stands for a null key or value, and for no timestamp.
	Null []byte
	// Safe puts a ' before text that a spreadsheet would run as a formula: what starts
	// with = + - @, a tab or a carriage return. Such cells no longer equal the record.
	Safe bool
	// Terminal escapes cells, line breaks included; see AppendEscaped.
	Terminal bool
}

// Header returns the row of column names and its line break, to be written once.
func (CSV) Header() string { return "topic,partition,offset,timestamp,key,value,headers\n" }

// Append appends the row of m.
func (f CSV) Append(dst []byte, m *Message) []byte {
	start := len(dst)
	dst = f.close(AppendEscapedString(dst, m.Topic), start)
	dst = append(dst, ',')
	dst = strconv.AppendInt(dst, int64(m.Partition), 10)
	dst = append(dst, ',')
	dst = strconv.AppendInt(dst, m.Offset, 10)
	dst = append(dst, ',')
	if m.TimestampType == "" {
		dst = append(dst, f.Null...)
	} else {
		dst = strconv.AppendInt(dst, m.Timestamp, 10)
	}
	dst = f.field(append(dst, ','), &m.Key)
	dst = f.field(append(dst, ','), &m.Value)
	dst = append(dst, ',')
	if len(m.Headers) > 0 {
		start = len(dst)
		dst = append(dst, '[')
		for i := range m.Headers {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = JSON{Terminal: f.Terminal}.appendHeader(dst, &m.Headers[i])
		}
		dst = f.close(append(dst, ']'), start)
	}
	return append(dst, '\n')
}

func (f CSV) field(dst []byte, v *Field) []byte {
	if v.IsNull() {
		return append(dst, f.Null...)
	}
	start := len(dst)
	dst = v.AppendText(dst, f.Terminal)
	if len(dst) == start || bytes.Equal(dst[start:], f.Null) {
		return quoteCell(dst, start)
	}
	return f.close(dst, start)
}

// close finishes the cell that starts at dst[start]: it is made safe and quoted where
// it must be.
func (f CSV) close(dst []byte, start int) []byte {
	cell := dst[start:]
	if f.Safe && len(cell) > 0 && bytes.IndexByte([]byte("=+-@\t\r"), cell[0]) >= 0 {
		dst = append(dst, 0)
		copy(dst[start+1:], dst[start:])
		dst[start] = '\''
		return quoteCell(dst, start)
	}
	if bytes.ContainsAny(cell, "\",\r\n") || len(cell) > 0 && (cell[0] == ' ' || cell[len(cell)-1] == ' ') {
		return quoteCell(dst, start)
	}
	return dst
}

// quoteCell puts quotes around dst[start:] and doubles those inside, in place.
func quoteCell(dst []byte, start int) []byte {
	from := len(dst) - 1
	inside := bytes.Count(dst[start:], []byte{'"'})
	for range inside + 2 {
		dst = append(dst, '"')
	}
	to := len(dst) - 2 // before the closing quote
	for ; from >= start; from-- {
		dst[to] = dst[from]
		to--
		if dst[from] == '"' {
			dst[to] = '"'
			to--
		}
	}
	dst[start] = '"'
	return dst
}
