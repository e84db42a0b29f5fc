package input

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// rows is the framing of CSV as RFC 4180 has it: fields divided by commas, quoted
// where they hold a comma, a quote or a line break. The first row of each file
// names the columns, and each further row becomes an object of strings in their
// order. Blank lines are no rows.
type rows struct {
	scanned int
	state   rowState

	header []byte   // the header row as it stands
	lost   bool     // the header row was too long
	names  [][]byte // `{"id":`, `,"name":` …
	fields []field  // of the row at hand
	clean  []byte   // unquoted text
}

// rowState is where in a row the scan is.
type rowState uint8

const (
	fieldStart  rowState = iota // nothing of the field has been seen
	inPlain                     // a field without quotes
	inQuotes                    // between quotes
	afterQuotes                 // behind a quote that ends the field or is the first of two
)

// field is a slice of a row.
type field struct {
	start, end int
	quoted     bool // start and end leave the quotes out
}

func newRows() framing { return &rows{} }

func (r *rows) reset() {
	r.scanned, r.state, r.header, r.lost, r.names = 0, fieldStart, nil, false, nil
}

func (r *rows) numbering() numbering { return bySpan }
func (r *rows) terminator() []byte   { return newline }
func (r *rows) size(f []byte) int    { return len(f) - 1 }
func (r *rows) preamble() []byte     { return r.header }

func (r *rows) split(data []byte, atEOF bool) (int, verdict, error) {
	i, state := r.scanned, r.state
	for i < len(data) {
		if state == inQuotes {
			q := bytes.IndexByte(data[i:], '"')
			if q < 0 {
				i = len(data)
				break
			}
			i += q + 1
			state = afterQuotes
			continue
		}
		c := data[i]
		i++
		switch {
		case c == '\n':
			r.scanned, r.state = 0, fieldStart
			return i, frameHere, nil
		case c == ',':
			state = fieldStart
		case c == '"' && (state == fieldStart || state == afterQuotes):
			state = inQuotes
		default:
			state = inPlain // also behind quotes, where parse refuses it
		}
	}
	r.scanned, r.state = i, state
	if !atEOF || len(data) == 0 {
		return 0, needMore, nil
	}
	r.scanned, r.state = 0, fieldStart
	if state == inQuotes {
		return len(data), badHere, errors.New("the file ends inside a quoted field of this row")
	}
	return len(data), lastHere, nil
}

func (r *rows) discard(data []byte) int {
	r.scanned = 0
	r.lost = r.lost || r.header == nil
	return len(data)
}

var byteOrderMark = []byte("\xef\xbb\xbf")

func (r *rows) parse(frame []byte, b *Batch, rec *Record) (bool, error) {
	row := bytes.TrimSuffix(frame[:len(frame)-1], []byte{'\r'})
	if r.lost {
		return false, &fatalError{errors.New("the header row before this one is too long")}
	}
	if r.header == nil {
		row = bytes.TrimPrefix(row, byteOrderMark)
	}
	if len(row) == 0 {
		return false, nil
	}
	if err := r.cut(row); err != nil {
		if r.header == nil {
			return false, &fatalError{err}
		}
		return false, err
	}
	if r.header == nil {
		return false, r.columns(frame, row)
	}
	if len(r.fields) != len(r.names) {
		return false, fmt.Errorf("%s in this row, %d in the header", count(len(r.fields), "field"), len(r.names))
	}
	start := len(b.made)
	for i := range r.fields {
		b.made = append(b.made, r.names[i]...)
		b.made = appendString(b.made, r.text(row, &r.fields[i]))
	}
	b.made = append(b.made, '}')
	rec.Value.Bytes = b.made[start:len(b.made):len(b.made)]
	return true, nil
}

// columns takes the names of the header row.
func (r *rows) columns(frame, row []byte) error {
	seen := make(map[string]bool, len(r.fields))
	names := make([][]byte, len(r.fields))
	open := byte('{')
	for i := range r.fields {
		name := string(r.text(row, &r.fields[i]))
		if seen[name] {
			return &fatalError{fmt.Errorf("the column %q comes twice in the header", name)}
		}
		seen[name] = true
		names[i] = append(appendString([]byte{open}, []byte(name)), ':')
		open = ','
	}
	r.names, r.header = names, bytes.Clone(frame)
	return nil
}

// cut finds the fields of a row.
func (r *rows) cut(row []byte) error {
	if !utf8.Valid(row) {
		return &posError{invalidUTF8(row), errors.New("not UTF-8")}
	}
	r.fields = r.fields[:0]
	for i := 0; ; i++ {
		if i < len(row) && row[i] == '"' {
			end := endOfQuotes(row, i+1)
			if end+1 < len(row) && row[end+1] != ',' {
				return &posError{end + 1, errors.New(`text after a quoted field: a quote inside one is written ""`)}
			}
			r.fields = append(r.fields, field{i + 1, end, true})
			i = end + 1
		} else {
			end := len(row)
			if n := bytes.IndexByte(row[i:], ','); n >= 0 {
				end = i + n
			}
			if q := bytes.IndexByte(row[i:end], '"'); q >= 0 {
				return &posError{i + q, errors.New("a quote inside a field that does not begin with one")}
			}
			r.fields = append(r.fields, field{i, end, false})
			i = end
		}
		if i >= len(row) {
			return nil
		}
	}
}

// endOfQuotes is the offset of the quote that ends the field begun before row[i];
// split saw to it that there is one.
func endOfQuotes(row []byte, i int) int {
	for i < len(row) {
		if row[i] == '"' {
			if i+1 == len(row) || row[i+1] != '"' {
				return i
			}
			i++
		}
		i++
	}
	return len(row)
}

// text is what a field says. It is valid until the next call.
func (r *rows) text(row []byte, f *field) []byte {
	text := row[f.start:f.end]
	if !f.quoted || bytes.IndexByte(text, '"') < 0 {
		return text
	}
	r.clean = r.clean[:0]
	for i := 0; i < len(text); i++ {
		if text[i] == '"' {
			i++
		}
		r.clean = append(r.clean, text[i])
	}
	return r.clean
}

// appendString appends text, which is UTF-8, as a JSON string (RFC 8259, section 7)
// with as few escapes as it allows.
func appendString(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	done := 0
	for i, c := range text {
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(dst, text[done:]...), '"')
}

// invalidUTF8 is the offset of the first byte that is not UTF-8.
func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(text)
}

// count is "1 field", "2 fields".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
