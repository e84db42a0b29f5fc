package wire

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"kstream/serde"
	"kstream/serde/value"
)

// What the first bytes of a key or value can be.
const (
	magicID   = 0x00 // then the id of a schema, four bytes, or eight with Apicurio
	magicGUID = 0x01 // then the GUID of a schema, 16 bytes
	magicGlue = 0x03 // AWS Glue: 03, 00 or 05, then a UUID
	glueZlib  = 0x05
	idFrame   = 1 + 4
	longFrame = 1 + 8
	guidFrame = 1 + 16
	glueSize  = 2 + 16
)

// Frame says which schema a key or value was written with, and where it begins.
type Frame struct {
	ID   int    // 0 when a GUID is given
	GUID string // as RFC 9562 writes it
	Body int    // offset in the data of what follows the frame
	Tail []byte // what follows the schema in the header; nil when the frame is a prefix
	// Header: the frame is in the header of the record.
	Header bool
}

func (f Frame) key() key { return key{f.ID, f.GUID} }

// String names the schema: "schema 12".
func (f Frame) String() string {
	if f.GUID != "" {
		return "schema " + f.GUID
	}
	return "schema " + strconv.Itoa(f.ID)
}

// ReadFrame finds the schema: in the header of the record if there is one, as readers
// of Confluent Platform 8 do, else in the first bytes of the data. tail says that more
// may follow the schema in the header, as with Protobuf. Errors are *serde.DecodeError
// of format.
func ReadFrame(format string, in serde.Input, tail bool) (Frame, error) {
	name := in.Part.SchemaHeader()
	for i := len(in.Headers) - 1; i >= 0; i-- {
		if in.Headers[i].Key != name {
			continue
		}
		header := in.Headers[i].Value
		f, err := parseFrame(header)
		if err != nil || f.Body != len(header) && !tail {
			return Frame{}, &serde.DecodeError{Format: format, Offset: -1, Err: fmt.Errorf("header %s: %w", name, serde.ErrNotFramed)}
		}
		f.Tail, f.Header, f.Body = header[f.Body:], true, 0
		return f, nil
	}
	f, err := parseFrame(in.Data)
	if err != nil {
		return Frame{}, &serde.DecodeError{Format: format, Err: err}
	}
	return f, nil
}

var errGlue = fmt.Errorf("the frame of AWS Glue: %w", serde.ErrUnsupported)

func parseFrame(data []byte) (Frame, error) {
	if id, ok := longID(data); ok && data[0] == magicID {
		return Frame{ID: id, Body: longFrame}, nil
	}
	switch {
	case len(data) >= idFrame && data[0] == magicID:
		return Frame{ID: int(binary.BigEndian.Uint32(data[1:])), Body: idFrame}, nil
	case len(data) >= guidFrame && data[0] == magicGUID:
		return Frame{GUID: string(value.AppendUUID(nil, [16]byte(data[1:]))), Body: guidFrame}, nil
	case isGlue(data):
		return Frame{}, errGlue
	}
	return Frame{}, fmt.Errorf("%w: want 00 and 4 bytes, have % x", serde.ErrNotFramed, data[:min(len(data), idFrame)])
}

var errNoGUID = errors.New("the registry gives the schema no GUID, which the header would carry")

// AppendFrame appends the frame of a schema: by its GUID or by its id.
func AppendFrame(dst []byte, info *serde.SchemaInfo, byGUID bool) ([]byte, error) {
	if !byGUID {
		return binary.BigEndian.AppendUint32(append(dst, magicID), uint32(info.ID)), nil
	}
	b, err := hex.DecodeString(strings.ReplaceAll(info.GUID, "-", ""))
	if err != nil || len(b) != 16 {
		return dst, fmt.Errorf("schema %d: %w", info.ID, errNoGUID)
	}
	return append(append(dst, magicGUID), b...), nil
}
