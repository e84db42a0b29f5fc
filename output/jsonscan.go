package output

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// MaxNesting is how deep arrays and objects may nest in what counts as JSON, here and in
// serde/value, which has the same number in DefaultDepth. Deeper text is shown as a
// string.
const MaxNesting = 1000

// Words that find a byte in eight at a time: see special.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special returns the high bit of the first byte of w, counted from the low end, that
// ends a run of plain JSON string text: a control character, '"', '\\', or a byte of
// 0x80 and above. Bits above that one may be wrong; zero means none.
func special(w uint64) uint64 {
	quote := w ^ (ones * '"')
	slash := w ^ (ones * '\\')
	return ((w-ones*0x20)&^w | (quote-ones)&^quote | (slash-ones)&^slash | w) & highs
}

// scanJSON checks the JSON value that starts at data[i] against RFC 8259: strictly,
// in UTF-8, without looking at duplicate keys or unpaired surrogate escapes.
//
// With names it takes NaN, Infinity and -Infinity too, which are no JSON. outer is how
// many arrays and objects the value is within.
//
// It returns the offset after the value and whether a line break stands between its
// tokens. If ok is false, end is the offset of the first byte that cannot be right.
func scanJSON(data []byte, i, outer int, names bool) (end int, broken, ok bool) {
	var inObject [(MaxNesting + 63) / 64]uint64 // a bit a level: set for an object
	depth := 0
	for {
		// A value starts here.
		i, broken = skipSpace(data, i, broken)
		if i >= len(data) {
			return i, broken, false
		}
		switch c := data[i]; c {
		case '"':
			if i, ok = scanString(data, i+1); !ok {
				return i, broken, false
			}
		case '{', '[':
			if depth+outer == MaxNesting {
				return i, broken, false
			}
			word, bit := &inObject[depth/64], uint64(1)<<(depth%64)
			depth++
			i, broken = skipSpace(data, i+1, broken)
			if i >= len(data) {
				return i, broken, false
			}
			if c == '[' {
				*word &^= bit
				if data[i] != ']' {
					continue
				}
			} else {
				*word |= bit
				if data[i] != '}' {
					if i, broken, ok = scanKey(data, i, broken); !ok {
						return i, broken, false
					}
					continue
				}
			}
			i++
			depth--
		default:
			if i, ok = scanScalar(data, i, names); !ok {
				return i, broken, false
			}
		}
		// A value has ended: close what ends with it, until the next one starts.
		for next := false; !next; {
			if depth == 0 {
				return i, broken, true
			}
			i, broken = skipSpace(data, i, broken)
			if i >= len(data) {
				return i, broken, false
			}
			object := inObject[(depth-1)/64]>>((depth-1)%64)&1 == 1
			switch c := data[i]; {
			case c == ',':
				i++
				if object {
					i, broken = skipSpace(data, i, broken)
					if i, broken, ok = scanKey(data, i, broken); !ok {
						return i, broken, false
					}
				}
				next = true
			case c == '}' && object, c == ']' && !object:
				i++
				depth--
			default:
				return i, broken, false
			}
		}
	}
}

// skipSpace returns the offset of the first byte from i on that is not white space,
// and whether a line break was among it or before.
func skipSpace(data []byte, i int, broken bool) (int, bool) {
	for i < len(data) && data[i] <= ' ' {
		switch data[i] {
		case ' ', '\t':
		case '\n', '\r':
			broken = true
		default:
			return i, broken
		}
		i++
	}
	return i, broken
}

// scanKey checks a member name and its colon.
func scanKey(data []byte, i int, broken bool) (int, bool, bool) {
	if i >= len(data) || data[i] != '"' {
		return i, broken, false
	}
	i, ok := scanString(data, i+1)
	if !ok {
		return i, broken, false
	}
	i, broken = skipSpace(data, i, broken)
	if i >= len(data) || data[i] != ':' {
		return i, broken, false
	}
	return i + 1, broken, true
}

// scanString checks string text from after its opening quote and returns the offset
// after the closing one, or of the byte that is wrong.
func scanString(data []byte, i int) (int, bool) {
	for {
		for i+8 <= len(data) {
			if m := special(binary.LittleEndian.Uint64(data[i:])); m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		if i >= len(data) {
			return i, false
		}
		switch c := data[i]; {
		case c == '"':
			return i + 1, true
		case c == '\\':
			n := scanEscape(data[i+1:])
			if n == 0 {
				return i, false
			}
			i += 1 + n
		case c < ' ':
			return i, false
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && n == 1 {
				return i, false
			}
			i += n
		}
	}
}

// scanEscape returns the length of the escape that follows a backslash, 0 for none.
func scanEscape(data []byte) int {
	if len(data) == 0 {
		return 0
	}
	switch data[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		if len(data) < 5 {
			return 0
		}
		for _, c := range data[1:5] {
			if hexDigit(c) < 0 {
				return 0
			}
		}
		return 5
	}
	return 0
}

// hexDigit returns the value of a hexadecimal digit, or -1.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// scanScalar checks a number, true, false or null, and with names what scanJSON says.
func scanScalar(data []byte, i int, names bool) (int, bool) {
	switch data[i] {
	case 't':
		return scanWord(data, i, "true")
	case 'f':
		return scanWord(data, i, "false")
	case 'n':
		return scanWord(data, i, "null")
	case 'N':
		if names {
			return scanWord(data, i, "NaN")
		}
	case '-':
		i++
	}
	switch {
	case names && i < len(data) && data[i] == 'I':
		return scanWord(data, i, "Infinity")
	case i < len(data) && data[i] == '0':
		i++
	case i < len(data) && '1' <= data[i] && data[i] <= '9':
		i = skipDigits(data, i+1)
	default:
		return i, false
	}
	if i < len(data) && data[i] == '.' {
		start := i + 1
		if i = skipDigits(data, start); i == start {
			return i, false
		}
	}
	if i < len(data) && data[i]|0x20 == 'e' {
		i++
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		start := i
		if i = skipDigits(data, start); i == start {
			return i, false
		}
	}
	return i, true
}

func skipDigits(data []byte, i int) int {
	for i < len(data) && '0' <= data[i] && data[i] <= '9' {
		i++
	}
	return i
}

func scanWord(data []byte, i int, word string) (int, bool) {
	if len(data)-i < len(word) || string(data[i:i+len(word)]) != word {
		return i, false
	}
	return i + len(word), true
}

// ScanValue checks the JSON value that starts at data[i], as strictly as RFC 8259, within
// outer arrays and objects, and returns the offset after it.
func ScanValue(data []byte, i, outer int) (end int, ok bool) {
	end, _, ok = scanJSON(data, i, outer, false)
	return end, ok
}

// ScanString checks the text of a JSON string from after its opening quote and returns the
// offset after the closing one.
func ScanString(data []byte, i int) (end int, ok bool) { return scanString(data, i) }

// AppendTokens appends JSON without the white space between its tokens, which keep their
// text. data must have been checked; AppendCompactJSON does that too.
func AppendTokens(dst, data []byte) []byte {
	for i := 0; i < len(data); {
		start := i
		switch c := data[i]; {
		case c == '"':
			i, _ = scanString(data, i+1)
		case c <= ' ':
			i++
			continue
		default:
			for i < len(data) && data[i] > ' ' && data[i] != '"' {
				i++
			}
		}
		dst = append(dst, data[start:i]...)
	}
	return dst
}

// AppendCompactJSON appends data, one JSON value, without the white space between its
// tokens. It is as strict as RFC 8259; the error names the byte, counted from 0.
func AppendCompactJSON(dst, data []byte) ([]byte, error) {
	end, _, ok := scanJSON(data, 0, 0, false)
	if ok {
		if end, _ = skipSpace(data, end, false); end == len(data) {
			return AppendTokens(dst, data), nil
		}
	}
	if end >= len(data) {
		return dst, fmt.Errorf("byte %d: the JSON ends too early", end)
	}
	return dst, fmt.Errorf("byte %d: not valid JSON at %q", end, data[end])
}
