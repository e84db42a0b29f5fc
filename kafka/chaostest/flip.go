package chaostest

import "bytes"

// Flip returns a Corrupt that flips the lowest bit of the first byte of needle
// wherever it first occurs in a response: with the text of an uncompressed
// record as needle the damage is inside that record.
func Flip(needle []byte) func(body []byte) bool {
	return func(body []byte) bool {
		at := bytes.Index(body, needle)
		if at < 0 {
			return false
		}
		body[at] ^= 1
		return true
	}
}

// FlipAt returns a Corrupt that flips the lowest bit of the byte at position
// at, counted from the end when negative (-1 is the last byte). A shorter response passes unharmed.
func FlipAt(at int) func(body []byte) bool {
	return func(body []byte) bool {
		i := at
		if i < 0 {
			i += len(body)
		}
		if i < 0 || i >= len(body) {
			return false
		}
		body[i] ^= 1
		return true
	}
}
