package config

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
)

// Topic is how the keys and values of topics are read and written, in a context.
type Topic struct {
	KeySerde     string `yaml:"key-serde,omitempty" example:"string" about:"the format of keys, as --key-serde"`
	ValueSerde   string `yaml:"value-serde,omitempty" example:"avro" about:"the format of values, as --value-serde"`
	KeySubject   string `yaml:"key-subject,omitempty" example:"customer-key" about:"keys are written with the latest schema of this subject"`
	ValueSubject string `yaml:"value-subject,omitempty" example:"orders-v2" about:"values are written with the latest schema of this subject"`
}

// TopicFor returns what the context says of a topic, and which of its patterns: the name
// itself goes before a pattern, a longer pattern before a shorter one.
func (e *Effective) TopicFor(name string) (topic Topic, pattern string) {
	for _, pattern := range e.patterns() {
		if pattern == name || matches(pattern, name) {
			return e.Topics[pattern], pattern
		}
	}
	return Topic{}, ""
}

// patterns lists the patterns in the order in which they are tried.
func (e *Effective) patterns() []string {
	return slices.SortedFunc(maps.Keys(e.Topics), func(a, b string) int {
		plain := func(p string) int {
			if strings.ContainsAny(p, "*?[") {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(plain(a), plain(b)), cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
}

// matches is about shell patterns, in which [!a] is not a.
func matches(pattern, name string) bool {
	ok, err := path.Match(strings.ReplaceAll(pattern, "[!", "[^"), name)
	return ok && err == nil
}

// checkTopics refuses a pattern that is none.
func (c *Context) checkTopics() error {
	for _, pattern := range slices.Sorted(maps.Keys(c.Topics)) {
		if _, err := path.Match(strings.ReplaceAll(pattern, "[!", "[^"), ""); err != nil {
			return usagef("topics.%s: a bracket is not closed", pattern)
		}
	}
	return nil
}
