package profile

import "math"

// series counts records over time, in buckets whose width grows with the range. It never
// has more than maxBuckets; the widths are those of clocks and calendars.
type series struct {
	level int       // see widthOf
	base  int64     // the bucket at index 0 begins at base times the width
	n     []float64 // by bucket
	from  int64     // the bucket that was counted in last: from up to, including, to
	to    int64
	last  int
}

const maxBuckets = 512

// widthOf returns the width of the buckets of a level in milliseconds. Each is a multiple
// of the one before, and at most five times as wide.
func widthOf(level int) int64 {
	clock := [...]int64{
		1, 2, 10, 20, 100, 200, 1000, 2000, 10_000, 20_000, // to 20 s
		60_000, 120_000, 600_000, 1_200_000, // to 20 min
		3_600_000, 7_200_000, 21_600_000, 43_200_000, // to 12 h
	}
	if level < len(clock) {
		return clock[level]
	}
	width := int64(86_400_000)
	for i := len(clock); i < level; i++ {
		if (i-len(clock))%2 == 0 {
			width *= 2
		} else {
			width *= 5
		}
	}
	return width
}

// bucketOf returns the number of the bucket that t lies in, counted from the epoch.
func bucketOf(t, width int64) int64 {
	b := t / width
	if t%width < 0 {
		b--
	}
	return b
}

// add counts one record.
func (s *series) add(t int64) {
	if len(s.n) > 0 && t >= s.from && t <= s.to {
		s.n[s.last]++
		return
	}
	s.n[s.find(t)]++
}

// find returns the index of the bucket that t lies in, which it makes when it is missing.
func (s *series) find(t int64) int {
	width := widthOf(s.level)
	b := bucketOf(t, width)
	if len(s.n) == 0 {
		s.base, s.n = b, append(s.n, 0)
	}
	for lo, hi := min(b, s.base), max(b, s.base+int64(len(s.n))-1); hi-lo >= maxBuckets || hi-lo < 0; {
		s.widen()
		width = widthOf(s.level)
		b = bucketOf(t, width)
		lo, hi = min(b, s.base), max(b, s.base+int64(len(s.n))-1)
	}
	if missing := s.base - b; missing > 0 {
		s.n = append(make([]float64, missing, maxBuckets), s.n...)
		s.base = b
	}
	for int64(len(s.n)) <= b-s.base {
		s.n = append(s.n, 0)
	}
	s.last = int(b - s.base)
	s.from, s.to = bounds(b, width)
	return s.last
}

// bounds returns the first and the last time of a bucket. The outermost ones can be longer
// than what fits.
func bounds(b, width int64) (first, last int64) {
	first, last = math.MinInt64, math.MaxInt64
	if b >= math.MinInt64/width {
		first = b * width
	}
	if b < math.MaxInt64/width {
		last = (b+1)*width - 1
	}
	return first, last
}

// widen goes to the next level: buckets are joined.
func (s *series) widen() {
	narrow := widthOf(s.level)
	s.level++
	factor := widthOf(s.level) / narrow
	base := bucketOf(s.base, factor)
	joined := s.n[:0]
	for i, n := range s.n {
		at := int(bucketOf(s.base+int64(i), factor) - base)
		if at == len(joined) { // never ahead of i
			joined = append(joined, 0)
		}
		joined[at] += n
	}
	s.base, s.n = base, joined
	s.from, s.to = 0, -1
}

// spread counts n records that lie evenly between two times, both of which lie within
// the series.
func (s *series) spread(from, to int64, n float64) {
	if from > to {
		from, to = to, from
	}
	width := widthOf(s.level)
	first, last := s.find(from), s.find(to)
	if first == last {
		s.n[first] += n
		return
	}
	span := float64(to) - float64(from)
	for i := first; i <= last; i++ {
		begin := max(float64(from), float64(s.base+int64(i))*float64(width))
		end := min(float64(to), float64(s.base+int64(i)+1)*float64(width))
		s.n[i] += n * (end - begin) / span
	}
}

// Bucket is the number of records in a span of time. From is when it begins, To when
// the next one does, in milliseconds since the epoch.
type Bucket struct {
	From    int64 `json:"from"`
	To      int64 `json:"to"`
	Records int64 `json:"records"`
}

// buckets returns at most limit buckets without a gap.
func (s *series) buckets(limit int) []Bucket {
	s = &series{level: s.level, base: s.base, n: append([]float64{}, s.n...)}
	for len(s.n) > limit {
		s.widen()
	}
	width := widthOf(s.level)
	buckets := make([]Bucket, 0, len(s.n))
	for i, n := range s.n {
		from, to := bounds(s.base+int64(i), width)
		if to < math.MaxInt64 {
			to++
		}
		buckets = append(buckets, Bucket{from, to, int64(math.Round(n))})
	}
	return buckets
}
