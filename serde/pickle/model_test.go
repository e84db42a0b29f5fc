package pickle

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/value"
)

// TestModel: the value of the shared model has the same plain JSON.
func TestModel(t *testing.T) {
	s := newSerde(t, Options{})
	for _, c := range corpus(t) {
		v, err := decodeBytes(t, s, c.Pickle).(*Value).Model()
		if err != nil {
			t.Errorf("%s/%d: %v", c.Name, c.Proto, err)
			continue
		}
		out, err := value.AppendJSON(nil, v, value.JSONOptions{})
		if diff := cmp.Diff(c.Plain, string(out)); diff != "" || err != nil {
			t.Errorf("%s/%d: %v: %s", c.Name, c.Proto, err, diff)
		}
	}
}

func TestModelIsBounded(t *testing.T) {
	s := newSerde(t, Options{Limits: serde.Limits{Items: 1000}})
	v := decodeBytes(t, s, bomb(64, "\x86")).(*Value)
	if _, err := v.Model(); !errors.Is(err, serde.ErrTooBig) {
		t.Errorf("error %v", err)
	}
}
