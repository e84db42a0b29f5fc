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

// One plain result is read from the bytes: gojq allocates more than twenty times for it.
func TestPlainResultsAreDirect(t *testing.T) {
	r := &Record{Value: data(`{"id":7,"user":{"name":"ann"}}`)}
	m, err := NewMap("--map", ".value.user.name")
	if err != nil {
		t.Fatal(err)
	}
	k, err := NewValueText("--key-from", "select(.id > 3) | .user.name")
	if err != nil {
		t.Fatal(err)
	}
	n := testing.AllocsPerRun(100, func() {
		if err := m.Apply(t.Context(), r, func([]byte) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if key, err := k.Apply(t.Context(), r); err != nil || string(key) != "ann" {
			t.Fatal(key, err)
		}
	})
	if n > 15 {
		t.Errorf("%v allocations", n)
	}
}
