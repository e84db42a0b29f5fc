package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"kstream/serde"
	"kstream/serde/value"
)

// maxDigits bounds integers that are written as text; reading one takes time that
// grows with the square of its length. CPython stops at 4,300 (PEP 0, issue 95778).
const maxDigits = 5000

var (
	errNotInt   = errors.New("not an integer")
	errNotFloat = errors.New("not a number")
	errNotUTF8  = errors.New("text that is not UTF-8")
	errQuotes   = errors.New("text without its quotes")
	errEscape   = errors.New("bad escape")
)

// line reads up to the next newline, which is not part of the result.
func (m *machine) line() (string, error) {
	n := strings.IndexByte(m.data[m.pos:], '\n')
	if n < 0 {
		return "", serde.ErrTruncated
	}
	line := m.data[m.pos : m.pos+n]
	m.pos += n + 1
	return line, nil
}

// pushLong reads little-endian two's complement of any length.
func (m *machine) pushLong(op byte) error {
	b, err := m.counted(op)
	if err != nil {
		return err
	}
	return m.push(twosComplement(b))
}

func twosComplement(b string) any {
	if len(b) == 0 {
		return int64(0)
	}
	negative := b[len(b)-1]&0x80 != 0
	if len(b) <= 8 {
		var word [8]byte
		if negative {
			binary.LittleEndian.PutUint64(word[:], ^uint64(0))
		}
		copy(word[:], b)
		return int64(binary.LittleEndian.Uint64(word[:]))
	}
	raw := []byte(b)
	slices.Reverse(raw)
	n := new(big.Int).SetBytes(raw)
	if negative {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return narrow(n)
}

// narrow returns an int64 when n fits into one.
func narrow(n *big.Int) any {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

// pushTextInt reads INT and LONG of protocol 0; INT also writes booleans.
func (m *machine) pushTextInt(op byte) error {
	line, err := m.line()
	if err != nil {
		return err
	}
	if op == opInt && (line == "00" || line == "01") {
		return m.push(line == "01")
	}
	line = strings.TrimSpace(line)
	if op == opLong {
		line = strings.TrimSuffix(line, "L")
	}
	if n, err := strconv.ParseInt(line, 0, 64); err == nil {
		return m.push(n)
	}
	if len(line) > maxDigits {
		return fmt.Errorf("an integer of %d digits: %w", len(line), serde.ErrTooBig)
	}
	n, ok := new(big.Int).SetString(line, 0)
	if !ok {
		return errNotInt
	}
	return m.push(narrow(n))
}

// pushTextFloat reads what repr of a float writes.
func (m *machine) pushTextFloat() error {
	line, err := m.line()
	if err != nil {
		return err
	}
	line = strings.TrimSpace(line)
	if len(line) > maxDigits {
		return fmt.Errorf("a float of %d digits: %w", len(line), serde.ErrTooBig)
	}
	if strings.ContainsAny(line, "xX_pP") { // Go's notations, not Python's
		return errNotFloat
	}
	f, err := strconv.ParseFloat(line, 64)
	if err != nil {
		return errNotFloat
	}
	if math.IsNaN(f) {
		f = value.NaN() // Python's, which has a bit less than Go's
	}
	return m.push(f)
}

// pushQuoted reads STRING: the repr of a Python 2 str.
func (m *machine) pushQuoted() error {
	line, err := m.line()
	if err != nil {
		return err
	}
	line = strings.TrimRight(line, " \t\r")
	n := len(line)
	if n < 2 || line[0] != line[n-1] || line[0] != '\'' && line[0] != '"' {
		return errQuotes
	}
	raw, err := unquote(line[1 : n-1])
	if err != nil {
		return err
	}
	v, err := python2Text(raw)
	if err != nil {
		return err
	}
	return m.push(v)
}

// unquote undoes the escapes of a Python 2 str, as codecs.escape_decode does.
func unquote(s string) (string, error) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		i++
		if i == len(s) {
			return "", errEscape
		}
		c := s[i]
		if at := strings.IndexByte(`\'"abfnrtv`, c); at >= 0 {
			out = append(out, "\\'\"\a\b\f\n\r\t\v"[at])
			continue
		}
		switch {
		case c == 'x':
			if i+2 >= len(s) {
				return "", errEscape
			}
			b, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", errEscape
			}
			out = append(out, byte(b))
			i += 2
		case c >= '0' && c <= '7':
			n := 0
			for end := i + 3; i < end && i < len(s) && s[i] >= '0' && s[i] <= '7'; i++ {
				n = n<<3 | int(s[i]-'0')
			}
			i--
			out = append(out, byte(n))
		default:
			out = append(out, '\\', c)
		}
	}
	return string(out), nil
}

// pushEscaped reads UNICODE of protocol 0, which is in Python's raw-unicode-escape:
// Latin-1, and \u and \U for what Latin-1 has not.
func (m *machine) pushEscaped() error {
	line, err := m.line()
	if err != nil {
		return err
	}
	if ascii(line) && strings.IndexByte(line, '\\') < 0 {
		return m.push(line)
	}
	out := make([]byte, 0, len(line)+len(line)/4)
	for i := 0; i < len(line); i++ {
		c := line[i]
		if c != '\\' || i+1 == len(line) {
			out = utf8.AppendRune(out, rune(c))
			continue
		}
		i++
		digits := 0
		switch line[i] {
		case 'u':
			digits = 4
		case 'U':
			digits = 8
		default: // an escaped backslash stays two of them
			out = utf8.AppendRune(append(out, '\\'), rune(line[i]))
			continue
		}
		if i+digits >= len(line) {
			return errEscape
		}
		r, err := strconv.ParseUint(line[i+1:i+1+digits], 16, 32)
		if err != nil || r > utf8.MaxRune {
			return errEscape
		}
		out = appendRune(out, rune(r))
		i += digits
	}
	v, err := text(string(out))
	if err != nil {
		return err
	}
	return m.push(v)
}

// text makes a str of UTF-8 in which surrogates may be encoded.
func text(b string) (any, error) {
	if utf8.ValidString(b) {
		return b, nil
	}
	for rest := b; len(rest) > 0; {
		n := runeLen(rest)
		if n == 0 {
			return nil, errNotUTF8
		}
		rest = rest[n:]
	}
	return surrogates(b), nil
}

// python2Text makes a str of a Python 2 str if it is ASCII; what else it meant,
// nobody knows, so it becomes bytes.
func python2Text(b string) (any, error) {
	if ascii(b) {
		return b, nil
	}
	return octets(b), nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// runeLen returns the length of the first character of s, which may be a surrogate; 0 when
// it is not well formed.
func runeLen(s string) int {
	if isSurrogate(s) {
		return 3
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n <= 1 {
		return 0
	}
	return n
}

// isSurrogate reports whether s starts with a surrogate: ED, A0 to BF, and one more byte.
func isSurrogate(s string) bool {
	return len(s) >= 3 && s[0] == 0xed && s[1] >= 0xa0 && s[1] <= 0xbf && s[2] >= 0x80 && s[2] <= 0xbf
}

// appendRune is utf8.AppendRune for which surrogates are characters too.
func appendRune(dst []byte, r rune) []byte {
	if r >= 0xd800 && r <= 0xdfff {
		return append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(dst, r)
}
