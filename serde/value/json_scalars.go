package value

import (
	"encoding/base64"
	"math"
	"math/big"
	"strconv"
	"strings"
)

const safeInt = 1<<53 - 1

func (w *writer) int(n int64) {
	quoted := w.o.Ints == IntStrings && (n > safeInt || n < -safeInt)
	w.quote(quoted)
	w.out = strconv.AppendInt(w.out, n, 10)
	w.quote(quoted)
}

func (w *writer) quote(quoted bool) {
	if quoted {
		w.out = append(w.out, '"')
	}
}

func (w *writer) bigInt(n *big.Int) {
	if n.IsInt64() {
		w.int(n.Int64())
		return
	}
	if !w.room(n.BitLen() / 3) {
		return
	}
	if n.BitLen() > maxDecimalBits {
		w.out = append(w.out, `{"$int":"`...)
		w.out = n.Append(w.out, 16)
		w.out = append(w.out, `"}`...)
		return
	}
	w.quote(w.o.Ints == IntStrings)
	w.out = n.Append(w.out, 10)
	w.quote(w.o.Ints == IntStrings)
}

func (w *writer) number(n Number) {
	if !w.room(len(n)) {
		return
	}
	quoted := w.o.Ints == IntStrings && len(n) > 15 && !strings.ContainsAny(string(n), ".eE")
	if quoted {
		if small, err := strconv.ParseInt(string(n), 10, 64); err == nil && small <= safeInt && small >= -safeInt {
			quoted = false
		}
	}
	w.quote(quoted)
	w.out = append(w.out, n...)
	w.quote(quoted)
}

func (w *writer) float(f Float) {
	switch {
	case w.o.Mode == Lossless:
		w.losslessFloat(f)
	case math.IsNaN(f.F) || math.IsInf(f.F, 0):
		plain, _ := floatNames(f.F)
		w.text(plain)
	default:
		w.out = AppendFloat(w.out, f)
	}
}

func floatNames(f float64) (plain, tag string) {
	switch {
	case math.IsInf(f, 1):
		return "Infinity", "inf"
	case math.IsInf(f, -1):
		return "-Infinity", "-inf"
	}
	return "NaN", "nan"
}

// AppendFloat appends the shortest decimal that reads back as f, always with a point
// or an exponent, so that it cannot be taken for an integer. f must be finite.
func AppendFloat(dst []byte, f Float) []byte {
	size := int(f.Bits)
	switch size {
	case 16: // the shortest that a float of 32 bits has comes back as the same 16, too
		size = 32
	case 32:
	default:
		size = 64
	}
	start := len(dst)
	format := byte('f')
	if a := math.Abs(f.F); a != 0 && (a < 1e-4 || a >= 1e16) {
		format = 'e'
	}
	dst = strconv.AppendFloat(dst, f.F, format, -1, size)
	for _, c := range dst[start:] {
		if c == '.' || c == 'e' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

func (w *writer) wtf8(t WTF8) {
	switch {
	case w.o.Mode == Lossless:
		w.tagged64("str", []byte(t))
	case w.o.Surrogates:
		w.surrogates(string(t))
	default:
		w.text(t.Replace())
	}
}

func (w *writer) bytes(b Bytes) {
	if w.o.Mode == Lossless {
		w.tagged64("bytes", b)
		return
	}
	w.base64(b)
}

func (w *writer) base64(b []byte) {
	if !w.room(base64.StdEncoding.EncodedLen(len(b)) + 2) {
		return
	}
	w.out = append(w.out, '"')
	w.out = base64.StdEncoding.AppendEncode(w.out, b)
	w.out = append(w.out, '"')
}

func (w *writer) tagged64(tag string, b []byte) {
	w.openTag(tag)
	w.base64(b)
	w.out = append(w.out, '}')
}

func (w *writer) openTag(tag string) {
	w.out = append(w.out, `{"$`...)
	w.out = append(w.out, tag...)
	w.out = append(w.out, `":`...)
}

// tag writes {"$name":"text"}.
func (w *writer) tag(name, text string) {
	w.openTag(name)
	w.text(text)
	w.out = append(w.out, '}')
}
