package input

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"kstream/output"
)

// values is the framing of a stream of JSON values (RFC 8259), one after the
// other in any layout. A value without a line break is the record's value as it
// stands, another one without the white space between its tokens.
//
// After a broken value reading goes on at the next line. When it broke inside an
// object or an array, lines that do not begin with { or [ are its rest and are
// refused in one piece, so that nothing from its inside becomes a record.
type values struct {
	scan    jsonScan
	refused int  // bytes behind an error that were looked at; in rest, whole lines
	rest    bool // what comes is the rest of a broken value
	nested  bool // in rest: it broke inside an object or array
	midLine bool // in rest: the data begins inside a line
	givenUp bool // in rest: it was too long
	last    byte // what was dropped last of a value that is too long
	named   bool // the value that was split off holds NaN or Infinity

	nullValue    []byte
	hasNullValue bool
}

func newValues(c *Config) framing {
	v := &values{}
	v.nullValue, v.hasNullValue = marker(c.NullValue)
	return v
}

func (v *values) reset() {
	v.end()
	v.endRest()
}

// end is called behind a value.
func (v *values) end() {
	v.scan.reset()
	v.last = 0
}

func (v *values) endRest() {
	v.refused, v.rest, v.midLine, v.givenUp = 0, false, false, false
}

func (v *values) numbering() numbering { return bySpan }
func (v *values) terminator() []byte   { return newline }
func (v *values) size(f []byte) int    { return len(bytes.TrimRight(f, " \t\r\n")) }
func (v *values) preamble() []byte     { return nil }

var errRestOfValue = errors.New("the rest of a broken value, up to a line that begins with { or [")

func (v *values) split(data []byte, atEOF bool) (int, verdict, error) {
	if v.rest {
		return v.splitRest(data, atEOF)
	}
	if v.scan.fresh() {
		n := 0
		for n < len(data) && isSpace(data[n]) {
			n++
		}
		if n > 0 {
			return n, skipThis, nil
		}
	}
	if len(data) == 0 && v.scan.fresh() {
		return 0, needMore, nil
	}
	switch done, err := v.scan.run(data); {
	case err != nil:
		return v.broken(data, atEOF, err)
	case done, atEOF && v.scan.endsHere():
		n := lineEnd(data, v.scan.pos)
		v.named = v.scan.named
		v.end()
		if atEOF && n == len(data) && (n == 0 || data[n-1] != '\n') { // 0: the end of a number that was given up
			return n, lastHere, nil
		}
		return n, frameHere, nil
	case atEOF:
		v.end()
		return len(data), badHere, &posError{len(data), errors.New("the file ends inside a JSON value")}
	}
	return 0, needMore, nil
}

// lineEnd is the offset behind the blanks that follow data[:n] on its line, and
// behind the line break if nothing else is in between.
func lineEnd(data []byte, n int) int {
	for n < len(data) && isSpace(data[n]) {
		n++
		if data[n-1] == '\n' {
			break
		}
	}
	return n
}

// broken measures a value that cannot go on at scan.pos: up to the end of that
// line, or before it when a new value seems to begin there.
func (v *values) broken(data []byte, atEOF bool, err error) (int, verdict, error) {
	at := v.scan.pos
	before := v.last
	if at > 0 {
		before = data[at-1]
	}
	if before == '\n' && opens(data[at]) {
		v.end()
		return at, badHere, &posError{at, err}
	}
	i := bytes.IndexByte(data[max(at, v.refused):], '\n')
	if i < 0 && !atEOF {
		v.refused = len(data)
		return 0, needMore, nil
	}
	n := len(data)
	if i >= 0 {
		n = max(at, v.refused) + i + 1
	}
	v.refused, v.rest = 0, len(v.scan.stack) > 0
	v.nested = v.rest
	v.end()
	return n, badHere, &posError{at, err}
}

// splitRest measures lines until one begins with { or [.
func (v *values) splitRest(data []byte, atEOF bool) (int, verdict, error) {
	for i := v.refused; i < len(data); {
		if opens(data[i]) && !v.midLine {
			givenUp := v.givenUp
			v.endRest()
			if i == 0 && !givenUp {
				return v.split(data, atEOF)
			}
			return i, badHere, errRestOfValue
		}
		n := bytes.IndexByte(data[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		v.refused, v.midLine = i, false
		if !v.nested {
			v.endRest()
			return i, badHere, errRestOfValue
		}
	}
	if !atEOF || len(data) == 0 {
		return 0, needMore, nil
	}
	v.endRest()
	if len(bytes.TrimSpace(data)) == 0 {
		return len(data), skipThis, nil
	}
	return len(data), badHere, errRestOfValue
}

func opens(c byte) bool { return c == '{' || c == '[' }

func (v *values) discard(data []byte) int {
	switch {
	case v.rest:
		v.midLine, v.givenUp = v.midLine || v.refused < len(data), true
	case v.refused > 0: // broken, and its line has no end yet
		v.nested = len(v.scan.stack) > 0
		v.end()
		v.rest, v.midLine, v.givenUp = true, true, true
	case len(data) > 0:
		v.last = data[len(data)-1]
	}
	v.scan.pos, v.refused = 0, 0
	return len(data)
}

func (v *values) parse(frame []byte, b *Batch, rec *Record) (bool, error) {
	text := bytes.TrimRight(frame, " \t\r\n")
	if len(text) == len(frame) { // another value follows at once: rejects need a line break
		start := len(b.made)
		b.made = append(append(b.made, frame...), '\n')
		rec.Frame = b.made[start:len(b.made):len(b.made)]
	}
	if !utf8.Valid(text) {
		at := invalidUTF8(text)
		return false, &posError{at, fmt.Errorf("not UTF-8: % x", text[at:min(at+4, len(text))])}
	}
	if bytes.IndexByte(text, '\n') >= 0 {
		start := len(b.made)
		b.made = output.AppendTokens(b.made, text)
		text = b.made[start:]
	}
	rec.Value.Bytes = nullable(text[:len(text):len(text)], v.nullValue, v.hasNullValue)
	rec.Value.Named = v.named
	return true, nil
}
