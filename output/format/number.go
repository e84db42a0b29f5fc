package format

import (
	"encoding/binary"
	"strconv"
)

// numberForm is how a number is written. Binary forms have a width in bytes, and hex
// forms one in digits.
type numberForm struct {
	kind  numberKind
	width int
}

type numberKind uint8

const (
	kindASCII numberKind = iota
	kindHex              // of width digits, or as many as needed when 0
	kindBig
	kindLittle
	kindBool
)

// numberFormOf returns what a modifier of numbers means.
func numberFormOf(modifier string) (numberForm, bool) {
	switch modifier {
	case "", "ascii", "number":
		return numberForm{kindASCII, 0}, true
	case "hex":
		return numberForm{kindHex, 0}, true
	case "hex4":
		return numberForm{kindHex, 1}, true
	case "hex8":
		return numberForm{kindHex, 2}, true
	case "hex16":
		return numberForm{kindHex, 4}, true
	case "hex32":
		return numberForm{kindHex, 8}, true
	case "hex64":
		return numberForm{kindHex, 16}, true
	case "byte", "big8", "little8":
		return numberForm{kindBig, 1}, true
	case "big16":
		return numberForm{kindBig, 2}, true
	case "big32":
		return numberForm{kindBig, 4}, true
	case "big64":
		return numberForm{kindBig, 8}, true
	case "little16":
		return numberForm{kindLittle, 2}, true
	case "little32":
		return numberForm{kindLittle, 4}, true
	case "little64":
		return numberForm{kindLittle, 8}, true
	case "bool":
		return numberForm{kindBool, 0}, true
	}
	return numberForm{}, false
}

// append writes n, cut to the width of the form.
func (f numberForm) append(dst []byte, n int64) []byte {
	u := uint64(n)
	switch f.kind {
	case kindHex:
		if f.width == 0 {
			return strconv.AppendUint(dst, u, 16)
		}
		for shift := 4 * (f.width - 1); shift >= 0; shift -= 4 {
			dst = append(dst, "0123456789abcdef"[u>>shift&0xf])
		}
		return dst
	case kindBig:
		for shift := 8 * (f.width - 1); shift >= 0; shift -= 8 {
			dst = append(dst, byte(u>>shift))
		}
		return dst
	case kindLittle:
		for shift := 0; shift < 8*f.width; shift += 8 {
			dst = append(dst, byte(u>>shift))
		}
		return dst
	case kindBool:
		return strconv.AppendBool(dst, n != 0)
	}
	return strconv.AppendInt(dst, n, 10)
}

// fixed returns how many bytes a number of this form takes; 0 means that only the
// bytes themselves tell.
func (f numberForm) fixed() int {
	if f.kind == kindASCII || f.kind == kindBool {
		return 0
	}
	return f.width
}

// number reads a number from exactly the bytes of a fixed form. Widths below 64 bits
// are unsigned; 64 bits are read as a signed number.
func (f numberForm) number(b []byte) (int64, error) {
	var u uint64
	switch f.kind {
	case kindHex:
		u, err := strconv.ParseUint(string(b), 16, 64)
		return int64(u), err
	case kindLittle:
		var word [8]byte
		copy(word[:], b)
		u = binary.LittleEndian.Uint64(word[:])
	default:
		for _, c := range b {
			u = u<<8 | uint64(c)
		}
	}
	return int64(u), nil
}
