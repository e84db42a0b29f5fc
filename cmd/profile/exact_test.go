package profile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestKeysDistinct counts keys in memory and in a file, against a count by hand.
func TestKeysDistinct(t *testing.T) {
	for _, most := range []int{1, 7, 1000, 5000, 100_000} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			p := New(Options{MaxKeys: most, Dir: t.TempDir()})
			part := p.Partition(0, 30_000)
			part.Window(0, 30_000)
			random := rand.New(rand.NewPCG(1, uint64(most)))
			seen := map[string]bool{}
			for i := range 30_000 {
				key := fmt.Sprintf("key-%d", random.IntN(20_000))
				if most == 1 && i >= 2000 {
					break
				}
				seen[key] = true
				addTo(t, p, part, &Record{Timestamp: NoTime, Key: []byte(key)})
			}
			if most < len(seen) && p.keys.file.Size() == 0 {
				t.Error("nothing is on disk")
			}
			if got := reportOf(t, p, "t").KeysDistinct; got != int64(len(seen)) {
				t.Errorf("%d different keys, want %d", got, len(seen))
			}
		})
	}
}

// TestKeysNowhere is about a directory that cannot take the file.
func TestKeysNowhere(t *testing.T) {
	p := New(Options{MaxKeys: 1, Dir: t.TempDir() + "/none"})
	part := p.Partition(0, 2)
	part.Window(0, 2)
	addTo(t, p, part, &Record{Timestamp: NoTime, Key: []byte("a")})
	if err := p.Add(part, &Record{Timestamp: NoTime, Key: []byte("b")}); err == nil {
		t.Error("no error")
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestPercentiles compares sizes with those of a sorted list: the nearest rank.
func TestPercentiles(t *testing.T) {
	s, random := newSizes(), rand.New(rand.NewPCG(3, 4))
	var list []int64
	for range 5000 {
		size := random.Int64N(1 << random.IntN(22))
		list = append(list, size)
		s.add(size)
	}
	slices.Sort(list)
	for _, percent := range []int64{1, 50, 95, 99, 100} {
		if got, want := *s.percentile(percent), list[(len(list)*int(percent)+99)/100-1]; got != want {
			t.Errorf("%d%%: %d, want %d", percent, got, want)
		}
	}
}

// TestOmittedSchemas: of a figure of which only the least is known nothing else is said.
func TestOmittedSchemas(t *testing.T) {
	p := New(Options{ValueFrames: AllFrames, Rules: rules(t, "schemas == 256", "schemas <= 256", "schemas >= 256", "schemas > 1")})
	part := p.Partition(0, 1000)
	part.Window(0, 1000)
	for i := range 1000 {
		addTo(t, p, part, &Record{Timestamp: NoTime, Value: []byte{0, 0, 0, byte(i >> 8), byte(i), 1}})
	}
	for i, v := range reportOf(t, p, "t").Rules {
		if v.Met != (i >= 2) {
			t.Errorf("%s: met %v, seen %s", v.Rule, v.Met, v.Seen)
		}
	}
}
