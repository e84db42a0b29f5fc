package profile

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSeries(t *testing.T) {
	const day = 86_400_000
	tests := map[string]struct {
		times []int64
		limit int
		want  []Bucket
	}{
		"one":      {[]int64{5}, 10, []Bucket{{5, 6, 1}}},
		"a gap":    {[]int64{5, 7, 7}, 10, []Bucket{{5, 6, 1}, {6, 7, 0}, {7, 8, 2}}},
		"backward": {[]int64{7, 5}, 10, []Bucket{{5, 6, 1}, {6, 7, 0}, {7, 8, 1}}},
		"wider":    {[]int64{0, 1, 2, 9_999, 10_000}, 2, []Bucket{{0, 10_000, 4}, {10_000, 20_000, 1}}},
		"before the epoch": {
			[]int64{-1, 0, -2000}, 3, []Bucket{{-2000, -1000, 1}, {-1000, 0, 1}, {0, 1000, 1}},
		},
		"days":            {[]int64{0, 3 * day, day}, 4, []Bucket{{0, day, 1}, {day, 2 * day, 1}, {2 * day, 3 * day, 0}, {3 * day, 4 * day, 1}}},
		"all of the time": {[]int64{math.MaxInt64, math.MinInt64}, 1000, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var s series
			for _, at := range tt.times {
				s.add(at)
			}
			got := s.buckets(tt.limit)
			sum := int64(0)
			for _, b := range got {
				sum += b.Records
				if b.To <= b.From {
					t.Errorf("a bucket from %d to %d", b.From, b.To)
				}
			}
			if sum != int64(len(tt.times)) || len(got) > tt.limit || len(s.n) > maxBuckets {
				t.Errorf("%d records in %d buckets, want %d", sum, len(got), len(tt.times))
			}
			if tt.want == nil {
				return
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSpread(t *testing.T) {
	var s series
	s.add(0)
	s.add(39)
	s.spread(0, 40-1, 100)
	got := s.buckets(4)
	if diff := cmp.Diff([]Bucket{{0, 10, 27}, {10, 20, 26}, {20, 30, 26}, {30, 40, 24}}, got); diff != "" {
		t.Error(diff)
	}
	s.spread(35, 35, 7)
	if got := s.buckets(4)[3].Records; got != 31 {
		t.Errorf("%d records in the last bucket, want 31", got)
	}
}

// TestWidths: each level can be made from the one before.
func TestWidths(t *testing.T) {
	for level := 1; level < 30; level++ {
		narrow, wide := widthOf(level-1), widthOf(level)
		if factor := wide / narrow; wide%narrow != 0 || factor < 2 || factor > 5 {
			t.Errorf("from %d to %d ms", narrow, wide)
		}
	}
}

func FuzzSeries(f *testing.F) {
	f.Add(int64(0), int64(1), int64(1_767_225_600_000), int64(-1))
	f.Add(int64(math.MaxInt64), int64(math.MinInt64), int64(0), int64(math.MaxInt64-1))
	f.Fuzz(func(t *testing.T, a, b, c, d int64) {
		var s series
		for _, at := range []int64{a, b, c, d} {
			s.add(at)
		}
		s.spread(a, d, 4)
		sum := int64(0)
		buckets := s.buckets(maxOverTime)
		for _, b := range buckets {
			sum += b.Records
		}
		if sum < 4 || sum > 8+maxOverTime || len(buckets) > maxOverTime {
			t.Errorf("%d records in %d buckets", sum, len(buckets))
		}
	})
}
