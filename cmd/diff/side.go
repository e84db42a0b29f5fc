package diff

import (
	"errors"
	"fmt"
	"math"

	"github.com/klauspost/compress/s2"

	"kstream/cmd/scratch"
)

// Options bound a Side. The zero value is fit for use.
type Options struct {
	Dir string // for the temporary file; "" is os.TempDir
	// Buffer is how many bytes are gathered before they are written, in each of 256 buckets
	// and, times sixteen, of payloads; 0 is 16 KiB.
	Buffer int
	// Bucket is how many records are compared at once; 0 is 2^18, which takes some 60 MiB.
	Bucket int64
}

// Side holds the records of one side. One goroutine owns it at a time.
type Side struct {
	options Options
	file    scratch.File
	shelf   *shelf
	total   Total
	keyless int64

	blocks []scratch.Extent // of payloads, compressed
	open   []byte           // the block that is being filled
	packed []byte           // scratch

	loaded []byte // the block that was looked at last
	which  int
}

// NewSide makes an empty side. It opens nothing before its buffers are full.
func NewSide(o Options) *Side {
	if o.Buffer <= 0 {
		o.Buffer = 16 << 10
	}
	if o.Bucket <= 0 {
		o.Bucket = 1 << 18
	}
	s := &Side{options: o, file: scratch.File{Dir: o.Dir, Name: "kstream-diff"}, which: -1}
	s.shelf = s.newShelf()
	return s
}

func (s *Side) newShelf() *shelf {
	return &shelf{file: &s.file, buffer: max(1, s.options.Buffer/metaLen) * metaLen}
}

// Add takes a record. An error is one of the temporary file; nothing can be added after
// it.
func (s *Side) Add(r *Record) error {
	if len(s.open) > 0 && len(s.open)+len(r.Payload) > s.options.Buffer*16 {
		if err := s.seal(); err != nil {
			return err
		}
	}
	m := meta{
		id: r.ID, content: r.Content, offset: r.Offset, timestamp: r.Timestamp, partition: r.Partition,
		block: uint32(len(s.blocks)), at: uint32(len(s.open)),
	}
	for _, f := range []struct {
		set  bool
		flag uint8
	}{{r.Keyless, keyless}, {r.Tombstone, tombstone}, {r.Dropped, dropped}} {
		if f.set {
			m.flags |= f.flag
		}
	}
	if !r.Dropped {
		s.total.Records++
		if r.Keyless {
			s.keyless++
		}
		s.open = appendSized(s.open, r.Payload)
	}
	return s.shelf.add(m.id[0], &m)
}

// appendSized appends the length of data, which is below 2^32, and data.
func appendSized(b, data []byte) []byte {
	n := uint32(len(data))
	b = append(b, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	return append(b, data...)
}

// seal writes the open block.
func (s *Side) seal() error {
	if len(s.blocks) == math.MaxUint32 {
		return errors.New("too many records to compare")
	}
	if most := s2.MaxEncodedLen(len(s.open)); cap(s.packed) < most {
		s.packed = make([]byte, most)
	}
	at, err := s.file.Write(s2.Encode(s.packed[:cap(s.packed)], s.open))
	s.blocks, s.open = append(s.blocks, at), s.open[:0]
	return err
}

// found returns a record with its payload.
func (s *Side) found(m *meta) (*Found, error) {
	block := s.open
	if n := int(m.block); n < len(s.blocks) {
		if s.which != n {
			packed, err := s.file.Read(s.blocks[n], s.packed)
			if err != nil {
				return nil, err
			}
			if s.loaded, err = s2.Decode(s.loaded[:cap(s.loaded)], packed); err != nil {
				return nil, fmt.Errorf("temporary file: %w", err)
			}
			s.packed, s.which = packed, n
		}
		block = s.loaded
	}
	rest := block[m.at:]
	size := uint32(rest[0]) | uint32(rest[1])<<8 | uint32(rest[2])<<16 | uint32(rest[3])<<24
	payload := append([]byte{}, rest[4:4+int(size)]...)
	return &Found{Partition: m.partition, Offset: m.offset, Payload: payload}, nil
}

// Close removes the temporary file and frees the memory.
func (s *Side) Close() error {
	s.shelf, s.open, s.blocks = nil, nil, nil
	return s.file.Close()
}
