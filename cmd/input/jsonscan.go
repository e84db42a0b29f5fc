package input

import (
	"fmt"
	"strings"

	"kstream/output"
)

// jsonState is what may come next in a JSON value.
type jsonState uint8

const (
	wantValue    jsonState = iota
	wantElement            // a value, or the end of an empty array
	wantMember             // a key, or the end of an empty object
	wantKey                // a key after a comma
	wantColon              // after a key
	afterElement           // a comma, or the end of the array or object
	inString
	inEscape // behind a backslash
	inHex    // in the digits of \uNNNN
	inWord   // in true, false, null, NaN, Infinity
	// The states of a number, named by what has been read.
	numMinus
	numZero
	numDigits
	numPoint
	numFraction
	numExp
	numExpSign
	numExpDigits
)

// jsonScan checks one JSON value against RFC 8259, in as many pieces as it comes. NaN,
// Infinity and -Infinity pass too: it is the serde that has them or has not. UTF-8 is not
// looked at, nor are duplicate keys and lone surrogates.
type jsonScan struct {
	pos   int // how much of the data has been checked
	state jsonState
	stack []byte // '{' and '[' that are open
	word  string // what must follow in inWord
	hex   int    // digits that must follow in inHex
	isKey bool   // the string is a key
	named bool   // NaN or Infinity has begun
}

func (s *jsonScan) reset() {
	*s = jsonScan{stack: s.stack[:0]}
}

// fresh reports whether no byte of a value has been seen.
func (s *jsonScan) fresh() bool {
	return s.state == wantValue && len(s.stack) == 0
}

// endsHere reports whether the value is complete if nothing follows: a number.
func (s *jsonScan) endsHere() bool {
	return len(s.stack) == 0 && s.numberDone()
}

func (s *jsonScan) numberDone() bool {
	return s.state == numZero || s.state == numDigits || s.state == numFraction || s.state == numExpDigits
}

// run goes on in data, which begins with the value. It reports whether the value
// ends at s.pos. An error is about the byte at s.pos.
func (s *jsonScan) run(data []byte) (bool, error) {
	for s.pos < len(data) {
		c := data[s.pos]
		switch {
		case s.state == numMinus && c == 'I':
			s.state, s.word, s.named = inWord, "nfinity", true
			s.pos++
			continue
		case s.state >= numMinus:
			if next, ok := numberStep(s.state, c); ok {
				s.state = next
				s.pos++
				continue
			}
			outermost := len(s.stack) == 0
			if !s.numberDone() || outermost && !isSpace(c) && c != '"' && !opens(c) {
				return false, s.unexpected(c)
			}
			if s.valueDone() {
				return true, nil
			}
			continue // the byte is not the number's
		case s.state >= inString:
			done, err := s.insideToken(data)
			if done || err != nil {
				return done, err
			}
			continue
		case isSpace(c):
			s.pos++
			continue
		}
		done, err := s.between(c)
		if err != nil {
			return false, err
		}
		s.pos++
		if done {
			return true, nil
		}
	}
	return false, nil
}

// valueDone moves behind a value and reports whether it was the outermost.
func (s *jsonScan) valueDone() bool {
	s.state = afterElement
	return len(s.stack) == 0
}

// between takes a byte that stands between tokens or begins one.
func (s *jsonScan) between(c byte) (bool, error) {
	switch s.state {
	case wantColon:
		if c != ':' {
			return false, s.unexpected(c)
		}
		s.state = wantValue
		return false, nil
	case wantMember, wantKey:
		switch {
		case c == '"':
			s.state, s.isKey = inString, true
			return false, nil
		case c == '}' && s.state == wantMember:
			return s.pop(), nil
		}
		return false, s.unexpected(c)
	case afterElement:
		open := s.stack[len(s.stack)-1]
		switch {
		case c == ',' && open == '{':
			s.state = wantKey
			return false, nil
		case c == ',':
			s.state = wantValue
			return false, nil
		case c == open+2: // } and ] follow two behind { and [
			return s.pop(), nil
		}
		return false, s.unexpected(c)
	}
	if c == ']' && s.state == wantElement {
		return s.pop(), nil
	}
	return false, s.begin(c)
}

// begin takes the first byte of a value.
func (s *jsonScan) begin(c byte) error {
	switch {
	case c == '"':
		s.state, s.isKey = inString, false
	case c == '{' || c == '[':
		if len(s.stack) == output.MaxNesting {
			return fmt.Errorf("nested more than %d deep", output.MaxNesting)
		}
		s.stack = append(s.stack, c)
		s.state = wantMember
		if c == '[' {
			s.state = wantElement
		}
	case c == '-':
		s.state = numMinus
	case c == '0':
		s.state = numZero
	case '1' <= c && c <= '9':
		s.state = numDigits
	case c == 't':
		s.state, s.word = inWord, "rue"
	case c == 'f':
		s.state, s.word = inWord, "alse"
	case c == 'n':
		s.state, s.word = inWord, "ull"
	case c == 'N':
		s.state, s.word, s.named = inWord, "aN", true
	case c == 'I':
		s.state, s.word, s.named = inWord, "nfinity", true
	default:
		return s.unexpected(c)
	}
	return nil
}

// pop closes the innermost array or object.
func (s *jsonScan) pop() bool {
	s.stack = s.stack[:len(s.stack)-1]
	return s.valueDone()
}

// insideToken goes on in a string or word and reports whether the whole value
// ended with it.
func (s *jsonScan) insideToken(data []byte) (bool, error) {
	c := data[s.pos]
	switch s.state {
	case inWord:
		if c != s.word[0] {
			return false, s.unexpected(c)
		}
		s.pos++
		if s.word = s.word[1:]; s.word == "" {
			return s.valueDone(), nil
		}
	case inEscape:
		switch c {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			s.state = inString
		case 'u':
			s.state, s.hex = inHex, 4
		default:
			return false, fmt.Errorf("no such escape in a string: \\%s", shown(c))
		}
		s.pos++
	case inHex:
		if hexDigit(c) < 0 {
			return false, s.unexpected(c)
		}
		s.pos++
		if s.hex--; s.hex == 0 {
			s.state = inString
		}
	default:
		return s.insideString(data)
	}
	return false, nil
}

func (s *jsonScan) insideString(data []byte) (bool, error) {
	for i, c := range data[s.pos:] {
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		s.pos += i
		switch {
		case c < 0x20:
			return false, fmt.Errorf("a control character in a string: %s", shown(c))
		case c == '\\':
			s.pos++
			s.state = inEscape
			return false, nil
		case s.isKey:
			s.pos++
			s.state = wantColon
			return false, nil
		}
		s.pos++
		return s.valueDone(), nil
	}
	s.pos = len(data)
	return false, nil
}

// numberStep is the state after c, if c can go on the number.
func numberStep(state jsonState, c byte) (jsonState, bool) {
	digit := '0' <= c && c <= '9'
	switch state {
	case numMinus:
		if c == '0' {
			return numZero, true
		}
		return numDigits, digit
	case numZero, numDigits:
		switch {
		case digit:
			return numDigits, state == numDigits
		case c == '.':
			return numPoint, true
		case c == 'e' || c == 'E':
			return numExp, true
		}
	case numPoint:
		return numFraction, digit
	case numFraction:
		if c == 'e' || c == 'E' {
			return numExp, true
		}
		return numFraction, digit
	case numExp:
		if c == '+' || c == '-' {
			return numExpSign, true
		}
		return numExpDigits, digit
	case numExpSign, numExpDigits:
		return numExpDigits, digit
	}
	return state, false
}

// unexpected returns an error that names what the state wants instead of c.
func (s *jsonScan) unexpected(c byte) error {
	want := "a JSON value"
	switch s.state {
	case wantElement:
		want = "a value or ]"
	case wantMember:
		want = `a key in quotes or }`
	case wantKey:
		want = "a key in quotes"
	case wantColon:
		want = ": after the key"
	case afterElement:
		want = ", or ]"
		if s.stack[len(s.stack)-1] == '{' {
			want = ", or }"
		}
	case inHex:
		want = `four hexadecimal digits after \u`
	case inWord:
		want = "true, false or null"
		if strings.HasSuffix("Infinity", s.word) || strings.HasSuffix("NaN", s.word) {
			want = "NaN or Infinity"
		}
	case numMinus, numPoint, numExp, numExpSign:
		want = "a digit"
	case numZero, numDigits, numFraction, numExpDigits:
		want = "white space after the number"
	}
	return fmt.Errorf("want %s, have %s", want, shown(c))
}

// shown is a byte as a person reads it, safe on a terminal.
func shown(c byte) string {
	if c > 0x20 && c < 0x7f {
		return string(rune(c))
	}
	return fmt.Sprintf("0x%02x", c)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
