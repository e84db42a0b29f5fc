package pickle

import (
	"fmt"
	"testing"

	"kstream/serde"
	"kstream/serde/serdetest"
	"kstream/serde/value"
)

// BenchmarkMessage is a record of an order: text, numbers, a datetime, a Decimal, a set,
// nested lists and dicts.
func BenchmarkMessage(b *testing.B) {
	for _, c := range corpus(b) {
		if c.Name != "message" || c.Proto == 1 || c.Proto == 3 {
			continue
		}
		b.Run(fmt.Sprintf("protocol=%d", c.Proto), func(b *testing.B) {
			serdetest.Benchmark(b, func(o serde.Options) (serde.Serde, error) {
				return New(Options{Protocol: c.Proto, Lossless: o.JSONMode == value.Lossless})
			}, c.Pickle)
		})
	}
}
