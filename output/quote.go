package output

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
	"unsafe"
)

// appendQuoted appends text as a JSON string. If text is not UTF-8 it returns false
// and dst as it was. For a terminal, what could act on it is written as \uNNNN.
func appendQuoted(dst, text []byte, terminal bool) ([]byte, bool) {
	start := len(dst)
	dst = append(dst, '"')
	for {
		n, ok := plainLen(text, terminal)
		if !ok {
			return dst[:start], false
		}
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return append(dst, '"'), true
		}
		r, size := utf8.DecodeRune(text[n:])
		switch r {
		case '"', '\\':
			dst = append(dst, '\\', byte(r))
		case '\n':
			dst = append(dst, `\n`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\r':
			dst = append(dst, `\r`...)
		default:
			dst = appendUnicode16(dst, r)
		}
		text = text[n+size:]
	}
}

// plainLen returns how many bytes at the start of text may stand in a JSON string as
// they are; ok is false if what follows them is not UTF-8.
func plainLen(text []byte, terminal bool) (n int, ok bool) {
	i := 0
	for {
		for i+8 <= len(text) {
			w := binary.LittleEndian.Uint64(text[i:])
			m := special(w)
			if terminal {
				del := w ^ ones*0x7f
				m |= (del - ones) &^ del & highs
			}
			if m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		if i >= len(text) {
			return len(text), true
		}
		c := text[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' || terminal && c == 0x7f {
				return i, true
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return i, false
		case terminal && unsafeRune(r):
			return i, true
		}
		i += size
	}
}

// bytesOf returns the bytes of s without a copy. They must not be written to.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
