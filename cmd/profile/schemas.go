package profile

import (
	"cmp"
	"encoding/binary"
	"slices"

	"kstream/serde/value"
)

// Frames is how the frame may look that names the schema of a key or value.
type Frames uint8

// The first bytes of data that was never framed may look like a frame; so what the
// serde is decides how much is taken for one.
const (
	// NoFrames is for data that a serde without schemas reads.
	NoFrames Frames = iota
	// LikelyFrames are headers, and the byte 0 with an id. Text never begins so.
	LikelyFrames
	// AllFrames also takes the byte 1 with a GUID, which is rare.
	AllFrames
)

// maxSchemas is how many schemas are told apart.
const maxSchemas = 256

// The parts of a record.
const (
	keySchema   = "key"
	valueSchema = "value"
)

// schemaKey names a schema: by an id, or with id 0 by a GUID.
type schemaKey struct {
	part string
	id   uint32
	guid value.UUID
}

// schemas counts the schemas that frames name.
type schemas struct {
	n     map[schemaKey]*int64
	full  bool // there are further ones
	last  schemaKey
	count *int64 // of last
}

func newSchemas() schemas { return schemas{n: map[schemaKey]*int64{}} }

// add looks at the frame of one key or value. A header goes before a prefix, as readers
// of Confluent Platform 8 do it.
func (s *schemas) add(part string, frames Frames, header, data []byte) {
	if frames == NoFrames {
		return
	}
	key := schemaKey{part: part}
	switch {
	case header != nil:
		if !key.read(header, AllFrames) {
			return
		}
	case len(data) == 0 || data[0] > 1 || !key.read(data, frames):
		return
	}
	if s.count == nil || key != s.last {
		n := s.n[key]
		if n == nil {
			if len(s.n) == maxSchemas {
				s.full = true
				return
			}
			n = new(int64)
			s.n[key] = n
		}
		s.last, s.count = key, n
	}
	*s.count++
}

// read takes the id or GUID from the bytes of a frame.
func (k *schemaKey) read(frame []byte, frames Frames) bool {
	switch {
	case len(frame) >= 1+4 && frame[0] == 0:
		k.id = binary.BigEndian.Uint32(frame[1:])
		return k.id != 0
	case len(frame) >= 1+16 && frame[0] == 1 && frames == AllFrames:
		k.guid = value.UUID(frame[1:17])
		return true
	}
	return false
}

// SchemaCount is a schema of the registry that records name: by its ID, or by its GUID.
type SchemaCount struct {
	Part    string `json:"part"` // key or value
	ID      int64  `json:"id,omitempty"`
	GUID    string `json:"guid,omitempty"`
	Records int64  `json:"records"`
}

// report lists the schemas of values, then of keys, those of most records first.
func (s *schemas) report() []SchemaCount {
	list := make([]SchemaCount, 0, len(s.n))
	for key, n := range s.n {
		c := SchemaCount{Part: key.part, ID: int64(key.id), Records: *n}
		if key.id == 0 {
			c.GUID = string(value.AppendUUID(nil, key.guid))
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b SchemaCount) int {
		return cmp.Or(cmp.Compare(b.Part, a.Part), cmp.Compare(b.Records, a.Records), cmp.Compare(a.ID, b.ID), cmp.Compare(a.GUID, b.GUID))
	})
	return list
}
