package value_test

import (
	"math"
	"testing"

	"kstream/serde/value"
)

// TestHalfFloats takes every float of 16 bits through lossless JSON.
func TestHalfFloats(t *testing.T) {
	o := value.JSONOptions{Mode: value.Lossless}
	for bits := range 1 << 16 {
		f := value.Float16(uint16(bits))
		if got := f.Bits16(); got != uint16(bits) {
			t.Fatalf("%04x comes back as %04x", bits, got)
		}
		json, err := value.AppendJSON(nil, f, o)
		if err != nil {
			t.Fatal(err)
		}
		back, err := value.ParseJSON(json, true, 0)
		if err != nil {
			t.Fatalf("%s: %v", json, err)
		}
		if got := back.(value.Float); got.Bits != 16 || got.Bits16() != uint16(bits) {
			t.Fatalf("%s: %04x comes back as %04x of %d bits", json, bits, got.Bits16(), got.Bits)
		}
	}
}

func TestRoundingToHalf(t *testing.T) {
	tests := map[float64]uint16{
		65519.99: 0x7bff, 65520: 0x7c00, 1e300: 0x7c00, 1.00048828125: 0x3c00, 1.00146484375: 0x3c02,
		2.98023223876953125e-08: 0, 2.99e-08: 1, 6.1005353927612305e-05: 0x0400, math.Inf(-1): 0xfc00,
	}
	for f, want := range tests {
		if got := (value.Float{F: f}).Bits16(); got != want {
			t.Errorf("%v: %04x, want %04x", f, got, want)
		}
	}
}
