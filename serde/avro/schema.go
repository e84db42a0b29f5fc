package avro

import (
	"math/big"

	"github.com/linkedin/goavro/v2"

	"kstream/serde/value"
)

// kind is one of the fourteen types of the Avro specification.
type kind uint8

const (
	kindNull kind = iota
	kindBoolean
	kindInt
	kindLong
	kindFloat
	kindDouble
	kindBytes
	kindString
	kindFixed
	kindEnum
	kindArray
	kindMap
	kindUnion
	kindRecord
)

// kindNames are the words of the specification, in the order of the constants.
// The first eight are the types that need no definition.
var kindNames = [...]string{
	"null", "boolean", "int", "long", "float", "double", "bytes", "string",
	"fixed", "enum", "array", "map", "union", "record",
}

func (k kind) String() string { return kindNames[k] }

// named reports whether types of the kind have a name of their own.
func (k kind) named() bool { return k == kindFixed || k == kindEnum || k == kindRecord }

// logical is a logical type that is valid on the type it annotates. A logical
// type that is unknown, or that does not fit its type, is ignored as the
// specification asks and is never kept here.
type logical uint8

const (
	plainType logical = iota
	decimal
	uuidText
	uuidFixed
	date
	timeOfDay
	timestamp
	localTimestamp
	duration
)

// node is a type of a schema. Named types are shared by all that refer to them,
// so the tree has cycles where a type is recursive. Nothing changes a node once
// its Schema is made.
type node struct {
	kind     kind
	logical  logical
	unit     int64  // nanoseconds in one count of a time, a timestamp
	digits   uint8  // of a second that a time or a timestamp keeps: 3, 6, 9
	tag      string // what names the type in a union: "long", "shop.Order"
	attr     string // the logicalType as the schema writes it; empty when ignored
	size     int    // of a fixed
	decimals decimals

	aliases  []string
	symbols  []string // of an enum
	symbolAt map[string]int
	fallback string // default of an enum, for readers

	items    *node   // of an array or a map
	branches []*node // of a union
	nullAt   int     // index of the null branch, or -1
	fields   []field // of a record
	fieldAt  map[string]int

	least int64 // bytes of the shortest value
	id    int   // order of creation

	label       []byte // "tag": as JSON has it, with the colon
	wire        string // what the wire schema calls the type
	wireSymbols []string
}

// decimals are the digits that a decimal has before it stops being one.
type decimals struct {
	precision, scale int
	limit            *big.Int // 10^precision
}

type field struct {
	name     string
	label    []byte // "name": as JSON has it, with the colon
	wire     string // what the wire schema calls the field
	typ      *node
	aliases  []string
	optional bool    // has a default
	def      value.V // as the schema writes it
	native   any     // the default as goavro takes it
	weight   int     // the work that the default is
	wrong    error   // why the default cannot be used
	prepared bool
}

// Schema is a parsed Avro schema. It is safe for concurrent use.
type Schema struct {
	root  *node
	nodes []*node
	codec *goavro.Codec
	// Name is the full name of the record, enum or fixed at the top, or the type's.
	Name string
	// Fingerprint is CRC-64-AVRO of the parsing canonical form, which single-object
	// encoding carries in little endian.
	Fingerprint uint64
}

// fingerprint returns CRC-64-AVRO as the specification defines it. It is no variant
// that hash/crc64 knows: the register starts at, and is reduced by, this constant.
func fingerprint(canonical []byte) uint64 {
	const empty = 0xc15d213aa4d7a795
	var table [256]uint64
	for i := range table {
		fp := uint64(i)
		for range 8 {
			fp = (fp >> 1) ^ (empty & -(fp & 1))
		}
		table[i] = fp
	}
	fp := uint64(empty)
	for _, b := range canonical {
		fp = (fp >> 8) ^ table[byte(fp)^b]
	}
	return fp
}
