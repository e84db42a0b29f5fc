//go:build !race

package expr

import "testing"

// The race detector makes pools forget, and so regular expressions allocate.
func TestNoAllocations(t *testing.T) {
	r := order()
	g, err := NewGrep("--grep", "!header.try:7")
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSample("--sample", "1/10")
	if err != nil {
		t.Fatal(err)
	}
	k := NewKeyEquals([]byte("42"))
	n := testing.AllocsPerRun(100, func() {
		_ = g.Match(r) && s.Match(r.Topic, r.Partition, r.Offset) && k.Match(r.Key.Data)
		_ = Murmur2Partition(r.Key.Data, 7)
	})
	if n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}
