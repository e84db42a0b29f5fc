package wire

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"

	"kstream/serde"
)

// Skippable is a frame that may be before a value whose schema is known without it.
type Skippable struct {
	serde.Frame
	Size int    // -1 when the value was compressed, so that it has no place in the data
	Body []byte // the value
}

// FindSkippable returns the frame that data may begin with, for readers with a schema of
// their own: bytes that look like a frame can be a value, too. limit bounds what is
// unpacked.
func FindSkippable(data []byte, limit int) (f Skippable, ok bool) {
	if len(data) < idFrame || data[0] > magicGlue {
		return f, false
	}
	switch {
	case isGlue(data):
		return glueFrame(data, limit)
	case data[0] == magicGUID && len(data) >= guidFrame:
		return Skippable{serde.Frame{Kind: serde.FrameGUID, GUID: [16]byte(data[1:])}, guidFrame, data[guidFrame:]}, true
	case data[0] == magicID:
		if id, ok := longID(data); ok {
			return Skippable{serde.Frame{Kind: serde.FrameID, ID: uint32(id)}, longFrame, data[longFrame:]}, true
		}
		id := binary.BigEndian.Uint32(data[1:])
		return Skippable{serde.Frame{Kind: serde.FrameID, ID: id}, idFrame, data[idFrame:]}, id > 0
	}
	return f, false
}

// longID returns the id of a frame with eight bytes of it, as clients of Apicurio write
// it. It is told from four bytes by these being zero, which no registry counts from.
func longID(data []byte) (id int, ok bool) {
	if len(data) < longFrame || binary.BigEndian.Uint32(data[1:]) != 0 {
		return 0, false
	}
	id = int(binary.BigEndian.Uint32(data[idFrame:]))
	return id, id > 0
}

// glueFrame reads 03, then 00, or 05 where zlib has packed the value, and a UUID.
func glueFrame(data []byte, limit int) (f Skippable, ok bool) {
	f = Skippable{serde.Frame{Kind: serde.FrameGlue, GUID: [16]byte(data[2:])}, glueSize, data[glueSize:]}
	if data[1] == glueZlib {
		unpacked, err := unpack(f.Body, limit)
		if err != nil {
			return f, false
		}
		f.Size, f.Body = -1, unpacked
	}
	return f, true
}

func isGlue(data []byte) bool {
	return len(data) >= glueSize && data[0] == magicGlue && (data[1] == 0 || data[1] == glueZlib)
}

func unpack(data []byte, limit int) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err == nil && len(out) > limit {
		err = io.ErrShortBuffer
	}
	return out, err
}
