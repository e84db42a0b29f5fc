// Package value is the model that every format is read into and written from.
//
// A V is exactly one of
//
//	nil  bool  int64  *big.Int  Number  Float  string  WTF8  Bytes
//	List  *Map  *Pairs  Decimal  Time  Date  TimeOfDay  Duration  UUID  Tagged
//
// so that every format can be turned into every other, and into JSON, without
// losing what the format said: integers of any size, the digits of a decimal,
// the order of fields, bytes that are no text.
package value

import (
	"math/big"
	"time"
)

// V is a decoded value: one of the types that the package comment lists.
type V = any

// Number is a JSON number exactly as it was written. It stays text until a
// target asks for a type, so 9007199254740993, 1.10 and 1e400 pass untouched.
type Number string

// Float is a binary floating point number. Bits is 16, 32 or 64 and decides how many
// digits are printed: a 32-bit 0.1 is 0.1, not 0.10000000149011612. Lossless JSON
// keeps it: {"$float32":0.1}. In that mode a format whose schema has the width writes the
// digits as a Number.
type Float struct {
	F    float64
	Bits uint8
}

// WTF8 is text with lone surrogates, in the encoding of that name. Text without
// any is always a string.
type WTF8 string

// Bytes is binary data.
type Bytes []byte

// List is an ordered sequence.
type List []V

// Field is one entry of a Map.
type Field struct {
	Key   string
	Value V
}

// Map has text keys in the order of the wire (of the schema, where there is one).
// Duplicate keys are kept; who needs one of them takes the last.
type Map struct {
	Fields []Field
}

// Pair is one entry of Pairs.
type Pair struct {
	Key   V
	Value V
}

// Pairs is a map whose keys are not all text, in the order of the wire.
type Pairs []Pair

// Decimal is Unscaled × 10^-Scale. The scale is kept: 1.10 is not 1.1.
type Decimal struct {
	Unscaled *big.Int
	Scale    int32
}

// Time is an instant. Local says that the wire carries no zone: T then holds the
// wall clock in UTC. Digits is the number of digits of a second that the format
// keeps: 3, 6 or 9.
type Time struct {
	T      time.Time
	Local  bool
	Digits uint8
}

// Date is the number of days since 1970-01-01 in the proleptic Gregorian calendar.
type Date int64

// TimeOfDay is nanoseconds since midnight, and the digits of a second kept.
type TimeOfDay struct {
	Nanos  int64
	Digits uint8
}

// Duration is Avro's duration: three counts that are not convertible into another.
type Duration struct {
	Months, Days, Millis uint32
}

// UUID is an RFC 9562 identifier in network order.
type UUID [16]byte

// Tagged is a value with a meaning that the model has no type for. In lossless
// JSON it is {"$Tag": V} followed by the fields of More; in plain JSON it is Plain.
type Tagged struct {
	Tag   string
	V     V
	Plain V
	More  []Field
}
