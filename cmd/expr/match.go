package expr

import (
	"bytes"
	"errors"
	"math/bits"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// Grep is a --grep: [key:|value:|header.NAME:]REGEX.
type Grep struct {
	regex  *regexp.Regexp
	negate bool
	part   part
	header string
}

// NewGrep compiles a test. The expression is RE2; it looks at the value unless a
// prefix says otherwise; a leading ! negates the whole, and \! stands for a literal
// exclamation mark there. Errors are *Error.
func NewGrep(flag, text string) (*Grep, error) {
	g := &Grep{part: partValue}
	rest := text
	if s, ok := strings.CutPrefix(rest, "!"); ok {
		g.negate, rest = true, s
	}
	if s, ok := strings.CutPrefix(rest, "key:"); ok {
		g.part, rest = partKey, s
	} else if s, ok := strings.CutPrefix(rest, "value:"); ok {
		rest = s
	} else if s, ok := strings.CutPrefix(rest, "header."); ok {
		if name, regex, ok := strings.Cut(s, ":"); ok && name != "" {
			g.part, g.header, rest = partHeader, name, regex
		}
	}
	if s, ok := strings.CutPrefix(rest, `\!`); ok {
		rest = "!" + s
	}
	var err error
	if g.regex, err = regexp.Compile(rest); err != nil {
		problem := err.Error()
		var at *syntax.Error
		if errors.As(err, &at) {
			problem = at.Code.String() + ": " + strconv.Quote(at.Expr)
		}
		return nil, &Error{flag, 0, problem}
	}
	return g, nil
}

// Match reports whether the test holds. A null, and a header that is absent, match
// no expression, so they pass a negated one. Of several headers of one name any
// may match. It does not allocate.
func (g *Grep) Match(r *Record) bool {
	return g.found(r) != g.negate
}

func (g *Grep) found(r *Record) bool {
	switch g.part {
	case partKey:
		return r.Key.Data != nil && g.regex.Match(r.Key.Data)
	case partHeader:
		for i := range r.Headers {
			if h := &r.Headers[i]; h.Key == g.header && h.Value != nil && g.regex.Match(h.Value) {
				return true
			}
		}
		return false
	default:
		return r.Value.Data != nil && g.regex.Match(r.Value.Data)
	}
}

// KeyEquals is a --key-equals.
type KeyEquals struct{ key []byte }

// NewKeyEquals tests for the key whose bytes are given. It keeps the slice.
func NewKeyEquals(key []byte) KeyEquals { return KeyEquals{key} }

// Match reports whether key has these bytes. A null key equals nothing, not even
// the empty key. It does not allocate.
func (k KeyEquals) Match(key []byte) bool { return key != nil && bytes.Equal(k.key, key) }

// Sample is a --sample 1/N.
type Sample struct{ n uint64 }

// NewSample reads "1/N". Errors are *Error.
func NewSample(flag, text string) (Sample, error) {
	s, ok := strings.CutPrefix(text, "1/")
	n, err := strconv.ParseUint(s, 10, 63)
	if !ok || err != nil || n == 0 || s[0] == '+' {
		return Sample{}, &Error{flag, 0, strconv.Quote(text) + " must be 1/N, such as 1/100"}
	}
	return Sample{n}, nil
}

// Match reports whether the record is one of the sample: about one in N, chosen by
// topic, partition and offset alone, so that every run and every machine chooses
// the same records. It does not allocate.
func (s Sample) Match(topic string, partition int32, offset int64) bool {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(topic) {
		h = (h ^ uint64(topic[i])) * 1099511628211
	}
	h = mix(h ^ uint64(uint32(partition)))
	h = mix(h ^ uint64(offset))
	high, _ := bits.Mul64(h, s.n) // the share of the range below 1/N
	return high == 0
}

// mix spreads every bit of x over all bits (the finalizer of MurmurHash3).
func mix(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
