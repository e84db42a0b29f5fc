package value

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The floats of the wire keep every bit of a NaN, which a conversion by the processor
// would not: F holds the payload at the top of its own, as IEEE 754 widens it.

// quietNaN is what Java, Python and C write for a NaN; Go's math.NaN has a bit more.
const quietNaN = 0x7ff8 << 48

// NaN returns the quiet NaN that other languages write, whose payload is zero.
func NaN() float64 { return math.Float64frombits(quietNaN) }

// Float32 returns the Float of an IEEE 754 binary32.
func Float32(bits uint32) Float {
	if mantissa := bits & (1<<23 - 1); bits>>23&0xff == 0xff && mantissa != 0 {
		return Float{widened(bits>>31, uint64(mantissa)<<29), 32}
	}
	return Float{float64(math.Float32frombits(bits)), 32}
}

// Float16 returns the Float of an IEEE 754 binary16.
func Float16(bits uint16) Float {
	exponent, mantissa := int(bits>>10&31), bits&0x3ff
	f := math.Ldexp(float64(mantissa)+1024, exponent-25)
	switch {
	case exponent == 0:
		f = math.Ldexp(float64(mantissa), -24)
	case exponent == 31 && mantissa != 0:
		return Float{widened(uint32(bits>>15), uint64(mantissa)<<42), 16}
	case exponent == 31:
		f = math.Inf(1)
	}
	if bits&0x8000 != 0 {
		f = math.Copysign(f, -1)
	}
	return Float{f, 16}
}

func widened(sign uint32, mantissa uint64) float64 {
	return math.Float64frombits(uint64(sign)<<63 | 0x7ff<<52 | mantissa)
}

// Bits32 returns f as an IEEE 754 binary32, rounded to the nearest.
func (f Float) Bits32() uint32 {
	if !math.IsNaN(f.F) {
		return math.Float32bits(float32(f.F))
	}
	return uint32(narrowed(f.F, 23)) | uint32(math.Float64bits(f.F)>>63)<<31 | 0xff<<23
}

// Bits16 returns f as an IEEE 754 binary16, rounded to the nearest.
func (f Float) Bits16() uint16 {
	sign := uint16(math.Float64bits(f.F)>>63) << 15
	a := math.Abs(f.F)
	_, exponent := math.Frexp(a)
	switch exponent += 14; {
	case a == 0:
		return sign
	case math.IsNaN(f.F):
		return sign | 31<<10 | uint16(narrowed(f.F, 10))
	case exponent > 30 || math.IsInf(a, 0):
		return sign | 31<<10
	case exponent < 1:
		return sign | uint16(math.RoundToEven(math.Ldexp(a, 24)))
	default: // a fraction that is rounded up to 1 adds to the exponent, as it should
		return sign | (uint16(exponent)<<10 + uint16(math.RoundToEven(math.Ldexp(a, 25-exponent))) - 1024)
	}
}

// narrowed returns the payload of a NaN in so many bits, never none.
func narrowed(f float64, bits int) uint64 {
	payload := math.Float64bits(f) & (1<<52 - 1) >> (52 - bits)
	if payload == 0 {
		return 1 << (bits - 1)
	}
	return payload
}

// Digits returns f as a Number, for formats whose schema has the width, so that the JSON
// need not. A value that is not finite is returned unchanged.
func (f Float) Digits() V {
	if math.IsNaN(f.F) || math.IsInf(f.F, 0) {
		return f
	}
	return Number(AppendFloat(nil, f))
}

// floatTag names the width of f in lossless JSON: $float is of 64 bits.
func (f Float) floatTag() string {
	switch f.Bits {
	case 16:
		return "float16"
	case 32:
		return "float32"
	}
	return "float"
}

// losslessFloat writes f so that its width and all bits come back: 64 bits are a plain
// number where they can be.
func (w *writer) losslessFloat(f Float) {
	tag := f.floatTag()
	switch {
	case math.IsNaN(f.F) || math.IsInf(f.F, 0):
		_, text := floatNames(f.F)
		if math.IsNaN(f.F) && math.Float64bits(f.F) != quietNaN {
			text += ":" + f.hexBits()
		}
		w.tag(tag, text)
	case tag == "float":
		w.out = AppendFloat(w.out, f)
	default:
		w.openTag(tag)
		w.out = append(AppendFloat(w.out, f), '}')
	}
}

func (f Float) hexBits() string {
	switch f.Bits {
	case 16:
		return fmt.Sprintf("%04x", f.Bits16())
	case 32:
		return fmt.Sprintf("%08x", f.Bits32())
	}
	return fmt.Sprintf("%016x", math.Float64bits(f.F))
}

// AsTaggedFloat returns a float of a width from the value of $float, $float32 or $float16.
func AsTaggedFloat(v V, bits int) (Float, error) {
	if text, ok := v.(string); ok {
		if raw, ok := strings.CutPrefix(text, "nan:"); ok {
			n, err := strconv.ParseUint(raw, 16, bits)
			f := Float{math.Float64frombits(n), 64}
			switch bits {
			case 16:
				f = Float16(uint16(n))
			case 32:
				f = Float32(uint32(n))
			}
			if err != nil || !math.IsNaN(f.F) {
				return Float{}, fmt.Errorf("%q is no NaN of %d bits", raw, bits)
			}
			return f, nil
		}
	}
	if bits == 16 {
		f, err := AsFloat(v, 64)
		if err != nil {
			return Float{}, err
		}
		narrow := Float16(Float{F: f.F}.Bits16())
		if math.IsInf(narrow.F, 0) && !math.IsInf(f.F, 0) {
			return Float{}, fmt.Errorf("%s is beyond a float of 16 bits", brief(v))
		}
		return narrow, nil
	}
	return AsFloat(v, bits)
}
