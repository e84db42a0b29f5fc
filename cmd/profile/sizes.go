package profile

import (
	"maps"
	"math"
	"slices"
)

// smallSizes is how many sizes, from 0 on, have a counter in an array.
const smallSizes = 64 << 10

// sizes counts records by their exact size. Memory grows with the number of different
// sizes alone, and n of them need n²/2 bytes of records: a TiB has at most 1.5 million.
type sizes struct {
	small   []int64
	large   map[int64]int64
	records int64
}

func newSizes() sizes { return sizes{small: make([]int64, smallSizes), large: map[int64]int64{}} }

func (s *sizes) add(size int64) {
	s.records++
	if size < smallSizes {
		s.small[size]++
		return
	}
	s.large[size]++
}

// percentile returns the least size that no less than percent of the records are within.
func (s *sizes) percentile(percent int64) *int64 {
	want := int64(math.Ceil(float64(s.records) * float64(percent) / 100))
	if want == 0 {
		return nil
	}
	n := int64(0)
	for size, count := range s.small {
		if n += count; n >= want {
			return new(int64(size))
		}
	}
	for _, size := range slices.Sorted(maps.Keys(s.large)) {
		if n += s.large[size]; n >= want {
			return new(size)
		}
	}
	return nil
}

func (s *sizes) largest() *int64 { return s.percentile(100) }
