package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka"
)

func TestSeveralErrors(t *testing.T) {
	gone, active := &kafka.UnknownGroupError{Group: "a"}, &kafka.GroupActiveError{Group: "b"}
	tests := map[string]struct {
		causes []error
		want   string
		code   Code
	}{
		"one":        {[]error{gone}, "a: no such group", CodeUnknownGroup},
		"all alike":  {[]error{gone, gone}, "none of 2 groups: a: no such group", CodeUnknownGroup},
		"some":       {[]error{nil, gone}, "1 of 2 groups: a: no such group", CodePartial},
		"all unlike": {[]error{gone, active}, "2 of 2 groups: a: no such group", CodePartial},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := SeveralErrors("groups", tt.causes)
			if err == nil || err.Error() != tt.want || CodeOf(err) != tt.code {
				t.Errorf("got %v (%s)", err, CodeOf(err))
			}
		})
	}
	if err := SeveralErrors("groups", []error{nil, nil}); err != nil {
		t.Error(err)
	}
}

func TestClip(t *testing.T) {
	tests := map[string]struct {
		a, b         string
		width        int
		wantA, wantB string
	}{
		"short":                {"abc", "abd", 5, "abc", "abd"},
		"differs soon":         {"abcdefghij", "abXdefghij", 6, "abcdef…", "abXdef…"},
		"differs late":         {"abcdefghijklmnop", "abcdefghijklmnXp", 6, "…mnop", "…mnXp"},
		"letters stay whole":   {"äöüäöüäöüäöü1", "äöüäöüäöüäöü2", 7, "…ü1", "…ü2"},
		"the other is shorter": {"abcdefghijklmnop", "abcdefghijklmn", 6, "…mnop", "…mn"},
		"no other":             {"abcdefgh", "", 3, "abc…", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, b := Clip(tt.a, tt.b, tt.width)
			if diff := cmp.Diff([]string{tt.wantA, tt.wantB}, []string{a, b}); diff != "" {
				t.Error(diff)
			}
		})
	}
}
