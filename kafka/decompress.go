package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// codec is how records are compressed, in Kafka's numbers.
type codec int8

const (
	codecNone codec = iota
	codecGzip
	codecSnappy
	codecLZ4
	codecZstd
)

// maxUnpacked bounds what the records of one message or batch may take.
const maxUnpacked = 1 << 30

// decompress returns what is packed, if that has limit bytes at most.
func decompress(c codec, packed []byte, limit int) ([]byte, error) {
	switch c {
	case codecNone:
		return packed, nil
	case codecGzip:
		r, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		return readUpTo(r, "gzip", limit)
	case codecSnappy:
		return unsnappy(packed, limit)
	case codecLZ4:
		return readUpTo(lz4.NewReader(bytes.NewReader(mendFrame(packed))), "lz4", limit)
	case codecZstd:
		r, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(max(limit, 8<<20))))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		defer r.Close()
		return readUpTo(r, "zstd", limit)
	}
	return nil, fmt.Errorf("compression %d is none of Kafka's", c)
}

func tooLarge(name string, limit int) error {
	return fmt.Errorf("%s: more than %d bytes are packed in it", name, limit)
}

func readUpTo(r io.Reader, name string, limit int) ([]byte, error) {
	all, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(all) > limit {
		return nil, tooLarge(name, limit)
	}
	return all, nil
}

// Java's clients write snappy as a stream of blocks: this begins it, two versions of four
// bytes follow, and then each block with its length before it.
const (
	xerialMagic  = "\x82SNAPPY\x00"
	xerialHeader = len(xerialMagic) + 8
)

// unsnappy decompresses one block, or a stream of them.
func unsnappy(packed []byte, limit int) ([]byte, error) {
	if !bytes.HasPrefix(packed, []byte(xerialMagic)) {
		return snappyBlock(nil, packed, limit)
	}
	if len(packed) < xerialHeader {
		return nil, errors.New("snappy: the header is cut")
	}
	var all []byte
	for rest := packed[xerialHeader:]; len(rest) > 0; {
		if len(rest) < 4 {
			return nil, errors.New("snappy: a block is cut")
		}
		n := int64(binary.BigEndian.Uint32(rest))
		if rest = rest[4:]; n > int64(len(rest)) {
			return nil, errors.New("snappy: a block is cut")
		}
		var err error
		if all, err = snappyBlock(all, rest[:n], limit); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	return all, nil
}

// snappyBlock adds what is packed in a block.
func snappyBlock(all, block []byte, limit int) ([]byte, error) {
	n, err := snappy.DecodedLen(block)
	if err != nil {
		return nil, fmt.Errorf("snappy: %w", err)
	}
	if n > limit-len(all) {
		return nil, tooLarge("snappy", limit)
	}
	if n > 64*len(block) { // a copy of up to 64 bytes takes two bytes or more
		return nil, fmt.Errorf("snappy: %d bytes cannot be %d", len(block), n)
	}
	unpacked, err := snappy.Decode(nil, block)
	if err != nil {
		return nil, fmt.Errorf("snappy: %w", err)
	}
	return append(all, unpacked...), nil
}

// mendFrame sets the checksum in the header of an LZ4 frame: clients before Kafka 0.10
// took it over the wrong bytes (KIP-57). Messages have a checksum of their own.
func mendFrame(packed []byte) []byte {
	const magic, least = 4, 7
	if len(packed) < least {
		return packed
	}
	end := magic + 2 // flags and block size
	flags := packed[magic]
	if flags&8 != 0 {
		end += 8 // size of the content
	}
	if flags&1 != 0 {
		end += 4 // dictionary
	}
	if len(packed) <= end {
		return packed
	}
	if sum := byte(xxh32(packed[magic:end]) >> 8); packed[end] != sum {
		packed = bytes.Clone(packed)
		packed[end] = sum
	}
	return packed
}

// xxh32 is the hash XXH32 with the seed 0 of less than 16 bytes.
func xxh32(b []byte) uint32 {
	const p1, p2, p3, p4, p5 = 2654435761, 2246822519, 3266489917, 668265263, 374761393
	h := uint32(p5) + uint32(len(b))
	for ; len(b) >= 4; b = b[4:] {
		h = bits.RotateLeft32(h+binary.LittleEndian.Uint32(b)*p3, 17) * p4
	}
	for _, one := range b {
		h = bits.RotateLeft32(h+uint32(one)*p5, 11) * p1
	}
	h = (h ^ h>>15) * p2
	h = (h ^ h>>13) * p3
	return h ^ h>>16
}
