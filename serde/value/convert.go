package value

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
)

// The As functions convert v to what a target format needs, exactly or not at all: they
// never cut or wrap, and round only the digits of a number to a float. 1.0 is an integer,
// 1.5 is not. They take what AppendJSON writes for the type in either mode, after
// ParseJSON.

func wantError(want string, v V) error { return fmt.Errorf("want %s, have %s", want, TypeName(v)) }

// AsInt64 returns an integer within min and max.
func AsInt64(v V, minimum, maximum int64) (int64, error) {
	var n int64
	switch t := v.(type) {
	case int64:
		n = t
	case Number:
		if small, ok := t.Int64(); ok {
			n = small
			break
		}
		big, err := AsBigInt(v)
		if err != nil {
			return 0, err
		}
		if !big.IsInt64() {
			return 0, rangeError(v, minimum, maximum)
		}
		n = big.Int64()
	default:
		big, err := AsBigInt(v)
		if err != nil {
			return 0, err
		}
		if !big.IsInt64() {
			return 0, rangeError(v, minimum, maximum)
		}
		n = big.Int64()
	}
	if n < minimum || n > maximum {
		return 0, rangeError(v, minimum, maximum)
	}
	return n, nil
}

func rangeError(v V, minimum, maximum int64) error {
	return fmt.Errorf("%s is not within %d and %d", brief(v), minimum, maximum)
}

// brief returns a number for an error message, cut short.
func brief(v V) string {
	out, err := AppendJSON(nil, v, JSONOptions{})
	if err != nil {
		return TypeName(v)
	}
	if len(out) > 40 {
		return string(out[:37]) + "…"
	}
	return string(out)
}

// Int64 returns the number when it is an integer without a point or exponent that fits,
// as most are; it does not allocate.
func (n Number) Int64() (i int64, ok bool) {
	i, err := strconv.ParseInt(string(n), 10, 64)
	return i, err == nil
}

// AsUint64 returns an integer within 0 and max.
func AsUint64(v V, maximum uint64) (uint64, error) {
	if number, ok := v.(Number); ok {
		if small, ok := number.Int64(); ok {
			v = small
		}
	}
	if small, ok := v.(int64); ok && small >= 0 && uint64(small) <= maximum {
		return uint64(small), nil
	}
	n, err := AsBigInt(v)
	if err != nil {
		return 0, err
	}
	if !n.IsUint64() || n.Uint64() > maximum {
		return 0, fmt.Errorf("%s is not within 0 and %d", brief(v), maximum)
	}
	return n.Uint64(), nil
}

// AsBigInt returns an integer of any size up to about 10,000 digits.
func AsBigInt(v V) (*big.Int, error) {
	switch t := v.(type) {
	case int64:
		return big.NewInt(t), nil
	case *big.Int:
		return t, nil
	case Float:
		if t.F != math.Trunc(t.F) || math.IsInf(t.F, 0) {
			return nil, fmt.Errorf("%s is no integer", brief(v))
		}
		n, _ := big.NewFloat(t.F).Int(nil)
		return n, nil
	case Number, Decimal:
		d, err := AsDecimal(v)
		if err != nil {
			return nil, err
		}
		whole, err := d.Rescale(0)
		switch {
		case errors.Is(err, ErrTooBig):
			return nil, err
		case err != nil:
			return nil, fmt.Errorf("%s is no integer", brief(v))
		}
		return whole.Unscaled, nil
	}
	return nil, wantError("an integer", v)
}

// AsFloat returns a float of 32 or 64 bits. A number that was written in digits, with a
// point or without, becomes the nearest float; one of a binary format that the float
// cannot hold exactly, and a number beyond its range, are errors. "NaN", "Infinity" and
// "-Infinity" are read, and nan, inf, -inf.
func AsFloat(v V, bits int) (Float, error) {
	switch t := v.(type) {
	case Float:
		if bits == 32 && float64(float32(t.F)) != t.F && !math.IsNaN(t.F) {
			return Float{}, inexact(v, bits)
		}
		return Float{t.F, uint8(bits)}, nil
	case string:
		switch t {
		case "NaN", "nan":
			return Float{NaN(), uint8(bits)}, nil
		case "Infinity", "inf":
			return Float{math.Inf(1), uint8(bits)}, nil
		case "-Infinity", "-inf":
			return Float{math.Inf(-1), uint8(bits)}, nil
		}
	case Number:
		if f, err := strconv.ParseFloat(string(t), bits); err == nil {
			return Float{f, uint8(bits)}, nil
		}
		return Float{}, fmt.Errorf("%s is beyond a float of %d bits", brief(v), bits)
	case Decimal:
		return AsFloat(Number(AppendDecimal(nil, t)), bits)
	case int64, *big.Int:
		return floatFromInt(v, bits)
	}
	return Float{}, wantError("a number", v)
}

func floatFromInt(v V, bits int) (Float, error) {
	n, err := AsBigInt(v)
	if err != nil {
		return Float{}, err
	}
	f, accuracy := new(big.Float).SetInt(n).Float64()
	if bits == 32 {
		if float64(float32(f)) != f {
			accuracy = big.Below
		}
	}
	if accuracy != big.Exact {
		return Float{}, inexact(v, bits)
	}
	return Float{f, uint8(bits)}, nil
}

func inexact(v V, bits int) error {
	return fmt.Errorf("%s does not fit a float of %d bits exactly", brief(v), bits)
}

// AsDecimal returns a decimal with the scale of the text or number.
func AsDecimal(v V) (Decimal, error) {
	switch t := v.(type) {
	case Decimal:
		return t, nil
	case string:
		return ParseDecimal(t)
	case Number:
		return ParseDecimal(string(t))
	case int64:
		return Decimal{Unscaled: big.NewInt(t)}, nil
	case *big.Int:
		return Decimal{Unscaled: t}, nil
	case Float:
		if math.IsNaN(t.F) || math.IsInf(t.F, 0) {
			return Decimal{}, errDecimal
		}
		return ParseDecimal(string(AppendFloat(nil, t)))
	case Tagged:
		if t.Tag == "decimal" {
			return AsDecimal(t.V)
		}
	}
	return Decimal{}, wantError("a decimal", v)
}
