package expr

import "encoding/binary"

// Murmur2 is the hash that Kafka's Java producer takes of a key: MurmurHash2, 32
// bits, with Kafka's own seed.
func Murmur2(data []byte) int32 {
	const m, seed = 0x5bd1e995, 0x9747b28c
	h := uint32(seed) ^ uint32(len(data))
	for ; len(data) >= 4; data = data[4:] {
		k := binary.LittleEndian.Uint32(data) * m
		h = h*m ^ (k^k>>24)*m
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(data[0])) * m
	}
	h = (h ^ h>>13) * m
	return int32(h ^ h>>15)
}

// positive drops the sign bit, as Java's Utils.toPositive does; it is not the
// absolute value.
func positive(h int32) int32 { return h & 0x7fffffff }

// Murmur2Partition is the partition, of n, that Java's default partitioner and
// librdkafka's murmur2 and murmur2_random give a key. A null key has none: those
// partitioners choose freely. N must be more than zero.
func Murmur2Partition(key []byte, n int32) int32 { return positive(Murmur2(key)) % n }
