package value

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"unicode/utf8"
)

// DefaultDepth is how deeply values may be nested where nothing else is said. It is also
// the limit of the record lines in output, which this package must not import.
const DefaultDepth = 1000

// AppendCompact appends the one JSON value (RFC 8259) that data holds to dst, without
// the white space between its tokens and otherwise byte for byte: numbers, escapes,
// order and duplicate keys stay. Text that is not UTF-8 is refused, escapes of lone
// surrogates are not. depth 0 means DefaultDepth. Errors are *SyntaxError and leave
// dst as it was.
func AppendCompact(dst, data []byte, depth int) ([]byte, error) {
	s := scanner{data: data, out: dst, copying: true, maxDepth: depthOr(depth)}
	if err := s.document(); err != nil {
		return dst, err
	}
	return append(s.out, data[s.from:s.end]...), nil
}

// CheckJSON returns nil if data is one JSON value by the rules of AppendCompact, and a
// *SyntaxError otherwise.
func CheckJSON(data []byte, depth int) error {
	s := scanner{data: data, maxDepth: depthOr(depth)}
	return s.document()
}

func depthOr(depth int) int {
	if depth <= 0 {
		return DefaultDepth
	}
	return depth
}

// scanner walks over JSON. When copying, what lies between from and pos is still to be
// appended to out.
type scanner struct {
	data     []byte
	pos      int
	depth    int
	maxDepth int

	copying bool
	out     []byte
	from    int
	end     int // of the value, before trailing space
}

var (
	errWantValue     = errors.New("want a JSON value")
	errNamed         = errors.New("NaN and Infinity without quotes are not JSON")
	errWantKey       = errors.New("want a key in quotes")
	errWantColon     = errors.New("want ':' after the key")
	errWantCommaObj  = errors.New("want ',' or '}'")
	errWantCommaList = errors.New("want ',' or ']'")
	errTrailing      = errors.New("more after the JSON value")
	errControl       = errors.New("control character in a string")
	errEscape        = errors.New("bad escape in a string")
	errUTF8          = errors.New("not UTF-8")
	errNumber        = errors.New("bad number")
)

func (s *scanner) fail(err error) error {
	if s.pos >= len(s.data) && !errors.Is(err, ErrTooDeep) {
		return &SyntaxError{len(s.data), ErrTruncated}
	}
	return &SyntaxError{s.pos, err}
}

func (s *scanner) document() error {
	s.space()
	if err := s.value(); err != nil {
		return err
	}
	s.end = s.pos
	for s.pos < len(s.data) {
		if !isSpace(s.data[s.pos]) {
			return s.fail(errTrailing)
		}
		s.pos++
	}
	return nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// space skips white space and leaves it out of the copy.
func (s *scanner) space() {
	if s.pos >= len(s.data) || !isSpace(s.data[s.pos]) {
		return
	}
	if s.copying {
		s.out = append(s.out, s.data[s.from:s.pos]...)
	}
	for s.pos < len(s.data) && isSpace(s.data[s.pos]) {
		s.pos++
	}
	s.from = s.pos
}

// peek returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) value() error {
	switch c := s.peek(); {
	case c == '"':
		_, err := s.str()
		return err
	case c == '{':
		return s.object()
	case c == '[':
		return s.array()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	return s.noValue()
}

// noValue returns the error where a value is wanted and none begins.
func (s *scanner) noValue() error {
	if _, ok := s.namedFloat(); ok {
		return &SyntaxError{s.pos, errNamed}
	}
	return s.fail(errWantValue)
}

// namedFloat reads NaN, Infinity or -Infinity, without stepping over it; ok is false for
// anything else.
func (s *scanner) namedFloat() (f floatName, ok bool) {
	for _, f := range namedFloats {
		if rest := s.data[s.pos:]; len(rest) >= len(f.text) && string(rest[:len(f.text)]) == f.text {
			return f, true
		}
	}
	return floatName{}, false
}

type floatName struct {
	text string
	f    float64
}

var namedFloats = [...]floatName{{"NaN", NaN()}, {"Infinity", math.Inf(1)}, {"-Infinity", math.Inf(-1)}}

func (s *scanner) enter() error {
	if s.depth++; s.depth > s.maxDepth {
		return s.fail(ErrTooDeep)
	}
	s.pos++
	s.space()
	return nil
}

func (s *scanner) object() error {
	if err := s.enter(); err != nil {
		return err
	}
	if s.peek() == '}' {
		s.pos++
		s.depth--
		return nil
	}
	for {
		if s.peek() != '"' {
			return s.fail(errWantKey)
		}
		if _, err := s.str(); err != nil {
			return err
		}
		if err := s.colon(); err != nil {
			return err
		}
		if err := s.value(); err != nil {
			return err
		}
		more, err := s.next('}', errWantCommaObj)
		if !more {
			return err
		}
	}
}

func (s *scanner) array() error {
	if err := s.enter(); err != nil {
		return err
	}
	if s.peek() == ']' {
		s.pos++
		s.depth--
		return nil
	}
	for {
		if err := s.value(); err != nil {
			return err
		}
		more, err := s.next(']', errWantCommaList)
		if !more {
			return err
		}
	}
}

func (s *scanner) colon() error {
	s.space()
	if s.peek() != ':' {
		return s.fail(errWantColon)
	}
	s.pos++
	s.space()
	return nil
}

// next steps over the comma before another element, or over the closing bracket.
func (s *scanner) next(closing byte, want error) (more bool, err error) {
	s.space()
	switch s.peek() {
	case ',':
		s.pos++
		s.space()
		return true, nil
	case closing:
		s.pos++
		s.depth--
		return false, nil
	}
	return false, s.fail(want)
}

func (s *scanner) word(want string) error {
	for i := range len(want) {
		if s.peek() != want[i] {
			return s.fail(errWantValue)
		}
		s.pos++
	}
	return nil
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		if _, ok := s.namedFloat(); ok {
			return s.noValue()
		}
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if err := s.digits(); err != nil {
		return err
	}
	if s.peek() == '.' {
		s.pos++
		if err := s.digits(); err != nil {
			return err
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		return s.digits()
	}
	return nil
}

func (s *scanner) digits() error {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
	}
	if s.pos == start {
		return s.fail(errNumber)
	}
	return nil
}

// str steps over a string, quotes included, and reports whether it holds escapes.
func (s *scanner) str() (escapes bool, err error) {
	s.pos++
	for {
		s.pos += plainRun(s.data[s.pos:])
		if s.pos >= len(s.data) {
			return escapes, s.fail(ErrTruncated)
		}
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return escapes, nil
		case c == '\\':
			escapes = true
			if err := s.escape(); err != nil {
				return escapes, err
			}
		case c < 0x20:
			return escapes, s.fail(errControl)
		default:
			r, n := utf8.DecodeRune(s.data[s.pos:])
			if r == utf8.RuneError && n == 1 {
				return escapes, &SyntaxError{s.pos, errUTF8}
			}
			s.pos += n
		}
	}
}

func (s *scanner) escape() error {
	s.pos++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return nil
	case 'u':
		s.pos++
		for range 4 {
			if hexDigit(s.peek()) < 0 {
				return s.fail(errEscape)
			}
			s.pos++
		}
		return nil
	}
	return s.fail(errEscape)
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// plainRun counts the bytes at the start of b that stand for themselves in a JSON
// string: ASCII, no quote, no backslash, no control character. It looks at eight
// bytes at a time; a borrow can only flag bytes above the first flagged one.
func plainRun(b []byte) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		special := (w | (w - 0x20*ones) | ((w ^ '"'*ones) - ones) | ((w ^ '\\'*ones) - ones)) & high
		if special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
	}
	for i < len(b) && b[i] >= 0x20 && b[i] < 0x80 && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}
