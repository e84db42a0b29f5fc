package expr

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConjuncts(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"one":                  {`.value.a==1`, []string{`.value.a==1`}},
		"two":                  {`.value.a==1 and .key=="k"`, []string{`.value.a == 1`, `.key == "k"`}},
		"three, in brackets":   {`.a and (.b and (.c or .d))`, []string{`.a`, `.b`, `.c or .d`}},
		"or holds them back":   {`.a and .b or .c`, []string{`.a and .b or .c`}},
		"so does a pipe":       {`.value | .a and .b`, []string{`.value | .a and .b`}},
		"so does a function":   {`def f: .a; f and .b`, []string{`def f: .a; f and .b`}},
		"so does a variable":   {`.a as $x | $x and .b`, []string{`.a as $x | $x and .b`}},
		"in a string":          {`.a == "x and y"`, []string{`.a == "x and y"`}},
		"a suffix":             {`(.a and .b)?`, []string{`(.a and .b)?`}},
		"not an expression":    {`.a and`, []string{`.a and`}},
		"a part of many words": {`(.value|test("x")) and .b`, []string{`.value | test("x")`, `.b`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, Conjuncts(tt.text)); d != "" {
				t.Errorf("parts (-want +got):\n%s", d)
			}
		})
	}
}
