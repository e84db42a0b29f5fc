package avro

import (
	"encoding/binary"
	"fmt"
	"strings"

	"kstream/serde"
	"kstream/serde/wire"
)

// What a key or value with its own schema, or the fingerprint of one, begins with.
const (
	containerMagic    = "Obj\x01"
	singleObjectMagic = "\xc3\x01"
	singleObjectFrame = 2 + 8
)

// readFrame finds the schema of a record, or says what else the data is.
func readFrame(in serde.Input) (wire.Frame, error) {
	f, err := wire.ReadFrame("avro", in, false)
	if err != nil && len(in.Data) >= singleObjectFrame && strings.HasPrefix(string(in.Data[:2]), singleObjectMagic) {
		return f, fault(0, fmt.Errorf("single-object encoding, fingerprint %016x: %w; name its file: avro:FILE",
			binary.LittleEndian.Uint64(in.Data[2:]), serde.ErrUnknownSchema))
	}
	return f, err
}

// singleObject reports whether data is in single-object encoding with this schema.
func (s *Schema) singleObject(data []byte) bool {
	return len(data) >= singleObjectFrame && string(data[:2]) == singleObjectMagic &&
		binary.LittleEndian.Uint64(data[2:]) == s.Fingerprint
}

func isContainer(data []byte) bool {
	return len(data) >= len(containerMagic) && string(data[:len(containerMagic)]) == containerMagic
}
