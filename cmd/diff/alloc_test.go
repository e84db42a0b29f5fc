//go:build !race

package diff

import (
	"fmt"
	"testing"
)

func TestNormalAllocatesNothing(t *testing.T) {
	var p Paths
	if err := p.Add(".b.updated_at"); err != nil {
		t.Fatal(err)
	}
	n, dst, text := Normal{Paths: &p}, make([]byte, 0, 1000), []byte(`{"id":7,"b":{"updated_at":1,"x":[1,2]},"a":1.10}`)
	if got := testing.AllocsPerRun(100, func() { dst, _ = n.Append(dst[:0], text) }); got > 0 {
		t.Errorf("%v allocations", got)
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	s := NewSide(Options{Dir: t.TempDir()})
	defer s.Close()
	r := row{key: "k", value: "v"}.record(Auto)
	for range 100_000 { // until all buffers are there
		r.Offset++
		r.ID = HashOf(fmt.Append(nil, r.Offset))
		if err := s.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(10_000, func() { _ = s.Add(r) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
