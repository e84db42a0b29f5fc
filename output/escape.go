package output

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// AppendEscaped appends untrusted text so that it is safe on a terminal: no byte of it
// moves the cursor, changes a colour, turns the direction of writing, hides what stands
// beside it, or starts a new line.
//
// Control characters become \n, \t, \r or \xNN, bytes that are not UTF-8 \xNN, C1
// controls and invisible or direction changing characters \uNNNN or \UNNNNNNNN. A
// backslash stays as it is: the result is for reading, not for reading back.
func AppendEscaped(dst, text []byte) []byte { return appendEscaped(dst, text, false) }

// AppendEscapedString is AppendEscaped for a string.
func AppendEscapedString(dst []byte, text string) []byte {
	return appendEscaped(dst, bytesOf(text), false)
}

// Escaped returns s as AppendEscaped shows it.
func Escaped(s string) string {
	if safeLen(bytesOf(s)) == len(s) {
		return s
	}
	return string(AppendEscapedString(nil, s))
}

// AppendEscapedJSON appends valid JSON so that a terminal shows it and does nothing
// else. What AppendEscaped escapes becomes \uNNNN, so the result is equal as JSON;
// line breaks and tabs between tokens become spaces.
func AppendEscapedJSON(dst, text []byte) []byte { return appendEscaped(dst, text, true) }

func appendEscaped(dst, text []byte, json bool) []byte {
	for {
		n := safeLen(text)
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return dst
		}
		r, size := utf8.DecodeRune(text[n:])
		switch {
		case r == utf8.RuneError && size == 1 && !json:
			dst = appendHexByte(dst, text[n])
		case json && (r == '\n' || r == '\t' || r == '\r'):
			dst = append(dst, ' ')
		case json:
			dst = appendUnicode16(dst, r)
		default:
			dst = appendEscapedRune(dst, r)
		}
		text = text[n+size:]
	}
}

// safeLen returns how many bytes at the start of text a terminal may see as they are.
func safeLen(text []byte) int {
	i := 0
	for {
		for i+8 <= len(text) {
			w := binary.LittleEndian.Uint64(text[i:])
			del := w ^ ones*0x7f
			if m := ((w-ones*0x20)&^w | (del-ones)&^del | w) & highs; m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		if i >= len(text) {
			return len(text)
		}
		c := text[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == 0x7f {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 || unsafeRune(r) {
			return i
		}
		i += n
	}
}

// unsafeRune reports whether a character beyond ASCII must not reach a terminal: the C1
// controls (ECMA-48), line and paragraph separators, what turns or isolates the
// direction of writing (UAX #9), and what is invisible by itself. The joiners U+200C
// and U+200D are safe: scripts and emoji need them.
func unsafeRune(r rune) bool {
	switch {
	case r < 0x80:
		return r < ' ' || r == 0x7f
	case r < 0xa0:
		return true
	case r < 0x61c:
		return false
	}
	switch {
	case r == 0x61c, r == 0x180e, r == 0x200b, r == 0x200e, r == 0x200f, r == 0xfeff:
		return true
	case 0x2028 <= r && r <= 0x202e, 0x2060 <= r && r <= 0x206f, 0xfff9 <= r && r <= 0xfffb:
		return true
	}
	return 0xe0000 <= r && r <= 0xe0fff
}

func appendEscapedRune(dst []byte, r rune) []byte {
	switch {
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\t':
		return append(dst, `\t`...)
	case r == '\r':
		return append(dst, `\r`...)
	case r < utf8.RuneSelf:
		return appendHexByte(dst, byte(r))
	case r < 0x10000:
		return appendUnicode16(dst, r)
	}
	dst = append(dst, `\U`...)
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[r>>shift&0xf])
	}
	return dst
}

func appendHexByte(dst []byte, c byte) []byte {
	return append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&0xf])
}

// appendUnicode16 appends \uNNNN, as a surrogate pair beyond U+FFFF (RFC 8259, 7).
func appendUnicode16(dst []byte, r rune) []byte {
	if r >= 0x10000 {
		r -= 0x10000
		dst = appendUnicode16(dst, 0xd800+r>>10)
		r = 0xdc00 + r&0x3ff
	}
	return append(dst, '\\', 'u', hexDigits[r>>12&0xf], hexDigits[r>>8&0xf], hexDigits[r>>4&0xf], hexDigits[r&0xf])
}
