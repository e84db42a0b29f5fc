package jsonschema

import (
	"regexp"
	"strings"
	"time"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// patternTime is how long the patterns of a schema may take that need backtracking, for
// one record.
const patternTime = 500 * time.Millisecond

// budget is what is left of it. It is used by one goroutine at a time.
type budget struct {
	left     time.Duration
	exceeded bool
	needed   bool // some pattern counts on it
}

// compile returns the engine for a pattern: those of ECMA-262 that mean the same to Go's
// regexp are matched by it, in linear time; the others by backtracking.
func (b *budget) compile(pattern string) (jsonschema.Regexp, error) {
	if same, ok := linear(pattern); ok {
		if re, err := regexp.Compile(same); err == nil {
			return re, nil
		}
	}
	re, err := regexp2.Compile(pattern, regexp2.ECMAScript)
	if err != nil {
		return nil, err
	}
	b.needed = true
	return &backtracking{re, b}, nil
}

type backtracking struct {
	re     *regexp2.Regexp
	budget *budget
}

func (p *backtracking) String() string { return p.re.String() }

// MatchString reports false when the time is up; the budget then says so.
func (p *backtracking) MatchString(s string) bool {
	if p.budget.left <= 0 {
		p.budget.exceeded = true
		return false
	}
	start := time.Now()
	p.re.MatchTimeout = p.budget.left
	matched, err := p.re.MatchString(s)
	p.budget.left -= time.Since(start)
	if err != nil {
		p.budget.exceeded = true
	}
	return matched && err == nil
}

// What ECMA-262 means by \s and, with its negation, by a dot.
const (
	spaces  = `\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`
	lineEnd = `\n\r\x{2028}\x{2029}`
)

// linear returns a pattern that means to Go's regexp what pattern means to ECMA-262. ok
// is false when there is none, or none that is worth looking for.
func linear(pattern string) (same string, ok bool) {
	var out strings.Builder
	class := false
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c == '\\':
			text, size := escape(pattern[i+1:], class)
			if size == 0 {
				return "", false
			}
			out.WriteString(text)
			i += size
			continue
		case class && c == '[':
			out.WriteString(`\[`) // Go's [[:alpha:]] is no class in ECMA-262
			continue
		case class && c == ']':
			class = false
		case c == '[':
			rest := strings.TrimPrefix(pattern[i+1:], "^")
			if strings.HasPrefix(rest, "]") {
				return "", false // nothing, and anything
			}
			class = true
			if rest != pattern[i+1:] {
				out.WriteString("[^")
				i++
				continue
			}
		case !class && c == '.':
			out.WriteString("[^" + lineEnd + "]")
			continue
		case !class && c == '(' && strings.HasPrefix(pattern[i+1:], "?") && !strings.HasPrefix(pattern[i+1:], "?:"):
			return "", false
		}
		out.WriteByte(c)
	}
	return out.String(), true
}

// escape returns what stands for the escape at the start of rest, after its backslash,
// and how long that is; 0 when there is nothing.
func escape(rest string, class bool) (text string, size int) {
	if rest == "" {
		return "", 0
	}
	switch c := rest[0]; {
	case strings.IndexByte("dDwWnrtfv", c) >= 0, !class && (c == 'b' || c == 'B'):
		return `\` + rest[:1], 1
	case c == 's' && class:
		return spaces, 1
	case c == 's':
		return "[" + spaces + "]", 1
	case c == 'S' && !class:
		return "[^" + spaces + "]", 1
	case c == 'u' && len(rest) >= 5 && isHex(rest[1:5]) && rest[1] != 'd' && rest[1] != 'D':
		return `\x{` + rest[1:5] + "}", 5
	case c == 'x' && len(rest) >= 3 && isHex(rest[1:3]):
		return `\x` + rest[1:3], 3
	case c < 0x80 && !isAlphanumeric(c):
		return `\` + rest[:1], 1
	}
	return "", 0
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdefABCDEF") == "" }

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
