package group

import (
	"testing"
)

func TestShortPartitions(t *testing.T) {
	tests := map[string]struct {
		list []TopicPartitions
		want string
	}{
		"none":   {nil, ""},
		"one":    {[]TopicPartitions{{"a", []int32{3}}}, "a[3]"},
		"runs":   {[]TopicPartitions{{"a", []int32{0, 1, 2, 4, 6, 7}}}, "a[0-2,4,6-7]"},
		"topics": {[]TopicPartitions{{"a", []int32{0}}, {"b", []int32{1, 2}}}, "a[0] b[1-2]"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ShortPartitions(tt.list); got != tt.want {
				t.Errorf("got %s", got)
			}
		})
	}
}
