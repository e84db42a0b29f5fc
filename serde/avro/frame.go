package avro

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"kstream/serde"
)

// What the first bytes of a key or value can be.
const (
	magicID   = 0x00 // then the id of a schema, four bytes
	magicGUID = 0x01 // then the GUID of a schema, 16 bytes
	magicGlue = 0x03 // AWS Glue: 03, 00 or 05, then a UUID
	idFrame   = 1 + 4
	guidFrame = 1 + 16
)

const (
	containerMagic    = "Obj\x01"
	singleObjectMagic = "\xc3\x01"
	singleObjectFrame = 2 + 8
)

// schemaHeader is the header in which clients of Confluent Platform 8 name the schema.
func schemaHeader(p serde.Part) string {
	if p == serde.Key {
		return "__key_schema_id"
	}
	return "__value_schema_id"
}

// frame says which schema a key or value was written with, and where it begins.
type frame struct {
	id   int    // 0 when a GUID is given
	guid string // as RFC 9562 writes it
	body int    // offset of the datum
}

func (f frame) key() key { return key{f.id, f.guid} }

func (f frame) String() string {
	if f.guid != "" {
		return "schema " + f.guid
	}
	return "schema " + strconv.Itoa(f.id)
}

// readFrame finds the schema: in the header of the record if there is one, as readers
// of Confluent Platform 8 do, else in the first bytes of the data.
func readFrame(in serde.Input) (frame, error) {
	name := schemaHeader(in.Part)
	for i := len(in.Headers) - 1; i >= 0; i-- {
		if in.Headers[i].Key != name {
			continue
		}
		f, err := parseFrame(in.Headers[i].Value)
		if err != nil || f.body != len(in.Headers[i].Value) {
			return frame{}, fault(-1, fmt.Errorf("header %s: %w", name, serde.ErrNotFramed))
		}
		f.body = 0
		return f, nil
	}
	f, err := parseFrame(in.Data)
	if err != nil {
		return frame{}, fault(0, err)
	}
	return f, nil
}

var errGlue = fmt.Errorf("the frame of AWS Glue: %w", serde.ErrUnsupported)

func parseFrame(data []byte) (frame, error) {
	switch {
	case len(data) >= idFrame && data[0] == magicID:
		return frame{id: int(binary.BigEndian.Uint32(data[1:])), body: idFrame}, nil
	case len(data) >= guidFrame && data[0] == magicGUID:
		return frame{guid: formatGUID(data[1:guidFrame]), body: guidFrame}, nil
	case len(data) >= 2+16 && data[0] == magicGlue && (data[1] == 0 || data[1] == 5):
		return frame{}, errGlue
	case strings.HasPrefix(string(data[:min(len(data), 2)]), singleObjectMagic) && len(data) >= singleObjectFrame:
		return frame{}, fmt.Errorf("single-object encoding, fingerprint %016x: %w; name its file: avro:FILE",
			binary.LittleEndian.Uint64(data[2:]), serde.ErrUnknownSchema)
	}
	return frame{}, fmt.Errorf("%w: want 00 and 4 bytes, have % x", serde.ErrNotFramed, data[:min(len(data), idFrame)])
}

func formatGUID(b []byte) string {
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// guidHeader is the value of the header that names a schema by its GUID.
func guidHeader(guid string) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(guid, "-", ""))
	if err != nil || len(b) != 16 {
		return nil, errors.New("the registry gives the schema no GUID, which the header would carry")
	}
	return append([]byte{magicGUID}, b...), nil
}

// singleObject says whether data is in single-object encoding with this schema.
func (s *Schema) singleObject(data []byte) bool {
	return len(data) >= singleObjectFrame && string(data[:2]) == singleObjectMagic &&
		binary.LittleEndian.Uint64(data[2:]) == s.Fingerprint
}

func isContainer(data []byte) bool {
	return len(data) >= len(containerMagic) && string(data[:len(containerMagic)]) == containerMagic
}
