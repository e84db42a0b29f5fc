package value

import (
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// text writes a string; what is not UTF-8 in it becomes U+FFFD.
func (w *writer) text(s string) {
	if w.room(len(s) + 2) {
		w.out = AppendString(w.out, s)
	}
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string, escaping only what JSON requires; what is
// not UTF-8 becomes U+FFFD.
func AppendString[T string | []byte](dst []byte, s T) []byte {
	return appendQuoted(dst, bytesOf(s))
}

// bytesOf returns the bytes of either kind of text, to be read only.
func bytesOf[T string | []byte](s T) []byte {
	switch t := any(&s).(type) {
	case *string:
		return unsafe.Slice(unsafe.StringData(*t), len(*t))
	case *[]byte:
		return *t
	}
	return nil
}

func appendQuoted(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; ; {
		i += plainRun(s[i:])
		if i == len(s) {
			break
		}
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		dst = appendEscape(append(dst, s[start:i]...), c)
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// appendEscape appends what stands for a byte that cannot stand for itself.
func appendEscape(dst []byte, c byte) []byte {
	switch {
	case c >= utf8.RuneSelf:
		return append(dst, "\uFFFD"...)
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c == '\n':
		return append(dst, '\\', 'n')
	case c == '\t':
		return append(dst, '\\', 't')
	case c == '\r':
		return append(dst, '\\', 'r')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// surrogates writes WTF-8 with \udXXX for each lone surrogate.
func (w *writer) surrogates(s string) {
	if !w.room(2*len(s) + 2) {
		return
	}
	w.out = append(w.out, '"')
	for len(s) > 0 {
		i := nextSurrogate(s)
		quoted := AppendString(nil, s[:i])
		w.out = append(w.out, quoted[1:len(quoted)-1]...)
		if i == len(s) {
			break
		}
		r := rune(0xd000) | rune(s[i+1]&0x3f)<<6 | rune(s[i+2]&0x3f)
		w.out = append(w.out, `\u`...)
		w.out = strconv.AppendUint(w.out, uint64(r), 16)
		s = s[i+3:]
	}
	w.out = append(w.out, '"')
}

// nextSurrogate returns the index of the first surrogate in WTF-8, or len(s).
func nextSurrogate(s string) int {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == 0xed && s[i+1] >= 0xa0 && s[i+1] <= 0xbf && s[i+2] >= 0x80 && s[i+2] <= 0xbf {
			return i
		}
	}
	return len(s)
}

// Replace returns the text with U+FFFD for each lone surrogate.
func (t WTF8) Replace() string {
	var b strings.Builder
	for s := string(t); ; {
		i := nextSurrogate(s)
		b.WriteString(s[:i])
		if i == len(s) {
			return strings.ToValidUTF8(b.String(), "\uFFFD")
		}
		b.WriteString("\uFFFD")
		s = s[i+3:]
	}
}
