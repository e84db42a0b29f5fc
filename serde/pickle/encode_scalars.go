package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"unicode/utf8"

	"kstream/serde/value"
)

// maxTextBits is the longest integer that protocols 0 and 1 can carry: they write it in
// decimal, and Python reads at most 4,300 digits.
const maxTextBits = 14280

// scalar writes values that hold no others; done is false for the rest.
func (e *encoder) scalar(v any) (done bool, err error) {
	switch t := v.(type) {
	case nil:
		e.op(opNone)
	case bool:
		e.bool(t)
	case int64:
		e.int(t)
	case *big.Int:
		return true, e.bigInt(t)
	case float64:
		e.float(t)
	case string:
		e.text(t)
	case surrogates:
		e.text(string(t))
	case octets:
		return true, e.bytes(t)
	default:
		return false, nil
	}
	return true, nil
}

func (e *encoder) bool(b bool) {
	switch {
	case e.proto >= 2 && b:
		e.op(opNewTrue)
	case e.proto >= 2:
		e.op(opNewFalse)
	case b:
		e.out = append(e.out, "I01\n"...)
	default:
		e.out = append(e.out, "I00\n"...)
	}
}

func (e *encoder) int(n int64) {
	switch {
	case e.proto >= 1 && n >= 0 && n < 1<<8:
		e.op(opBinInt1, byte(n))
	case e.proto >= 1 && n >= 0 && n < 1<<16:
		e.op(opBinInt2, byte(n), byte(n>>8))
	case e.proto >= 1 && n == int64(int32(n)):
		e.out = binary.LittleEndian.AppendUint32(append(e.out, opBinInt), uint32(n))
	case e.proto < 2 && n == int64(int32(n)):
		e.out = append(strconv.AppendInt(append(e.out, opInt), n, 10), '\n')
	case e.proto < 2:
		e.out = append(strconv.AppendInt(append(e.out, opLong), n, 10), 'L', '\n')
	default:
		size := 8 // the shortest that keeps the sign
		for size > 1 && n>>(8*size-9) == n>>63 {
			size--
		}
		e.op(opLong1, byte(size))
		for i := range size {
			e.op(byte(n >> (8 * i)))
		}
	}
}

func (e *encoder) bigInt(n *big.Int) error {
	if e.proto < 2 {
		if n.BitLen() > maxTextBits {
			return fmt.Errorf("an integer of %d bits is too long for protocol %d: Python would not read it; use 2 or later",
				n.BitLen(), e.proto)
		}
		e.out = append(n.Append(append(e.out, opLong), 10), 'L', '\n')
		return nil
	}
	m := n
	if n.Sign() < 0 { // two's complement: 2^(8·size) + n, size being enough for the sign
		m = new(big.Int).Not(n)
	}
	b := make([]byte, m.BitLen()/8+1)
	m.FillBytes(b)
	slices.Reverse(b)
	if n.Sign() < 0 {
		for i := range b {
			b[i] = ^b[i]
		}
	}
	if len(b) < 256 {
		e.op(opLong1, byte(len(b)))
	} else {
		e.out = binary.LittleEndian.AppendUint32(append(e.out, opLong4), uint32(len(b)))
	}
	e.op(b...)
	return nil
}

func (e *encoder) float(f float64) {
	switch {
	case e.proto >= 1:
		e.out = binary.BigEndian.AppendUint64(append(e.out, opBinFloat), math.Float64bits(f))
		return
	case math.IsNaN(f):
		e.out = append(e.out, "Fnan"...)
	case math.IsInf(f, 1):
		e.out = append(e.out, "Finf"...)
	case math.IsInf(f, -1):
		e.out = append(e.out, "F-inf"...)
	default:
		e.out = value.AppendFloat(append(e.out, opFloat), value.Float{F: f, Bits: 64})
	}
	e.op('\n')
}

func (e *encoder) text(s string) {
	switch {
	case e.proto == 0:
		e.escaped(s)
		return
	case e.proto >= 4 && len(s) < 256:
		e.op(opShortBinUnicode, byte(len(s)))
	case len(s) <= math.MaxUint32:
		e.out = binary.LittleEndian.AppendUint32(append(e.out, opBinUnicode), uint32(len(s)))
	default:
		e.out = binary.LittleEndian.AppendUint64(append(e.out, opBinUnicode8), uint64(len(s)))
	}
	e.out = append(e.out, s...)
}

// escaped writes the raw-unicode-escape of protocol 0. Backslashes, and what ends a
// line for some readers, are escaped too.
func (e *encoder) escaped(s string) {
	e.op(opUnicode)
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if isSurrogate(s) {
			r, n = 0xd000|rune(s[1]&0x3f)<<6|rune(s[2]&0x3f), 3
		}
		s = s[n:]
		switch {
		case r == '\\' || r == 0 || r == '\n' || r == '\r' || r == 0x1a || r > 0xff && r <= 0xffff:
			e.out = fmt.Appendf(e.out, `\u%04x`, r)
		case r > 0xffff:
			e.out = fmt.Appendf(e.out, `\U%08x`, r)
		default:
			e.op(byte(r))
		}
	}
	e.op('\n')
}

func (e *encoder) bytes(b octets) error {
	switch {
	case e.proto < 3 && len(b) == 0:
		return e.call(nil, 0, "builtins", "bytes")
	case e.proto < 3:
		return e.call(nil, 0, "_codecs", "encode", fromLatin1(b), "latin1")
	case len(b) < 256:
		e.op(opShortBinBytes, byte(len(b)))
	case len(b) <= math.MaxUint32:
		e.out = binary.LittleEndian.AppendUint32(append(e.out, opBinBytes), uint32(len(b)))
	case e.proto >= 4:
		e.out = binary.LittleEndian.AppendUint64(append(e.out, opBinBytes8), uint64(len(b)))
	default:
		return errors.New("bytes of 4 GiB need protocol 4")
	}
	e.out = append(e.out, b...)
	return nil
}

// name writes text that is likely to come again, a key for example, only once.
func (e *encoder) name(s string) {
	if e.proto == 0 || len(s) < 2 || len(s) > 256 { // looking up a long one costs its length

		e.text(s)
		return
	}
	if i, ok := e.strings[s]; ok {
		e.get(i)
		return
	}
	if e.strings == nil {
		e.strings = make(map[string]int)
	}
	e.text(s)
	e.strings[s] = e.put()
}
