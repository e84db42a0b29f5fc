package format

import (
	"fmt"
	"strconv"
	"strings"

	"kstream/output"
)

// Verbs of kcat that mean something else here, as verbs that nobody can type.
const (
	kcatKeyLen byte = iota + 1
	kcatValueLen
	kcatValueLenBig32
	kcatTimestamp
	kcatHeaders
)

// ParseKcat compiles a format string of kcat: %t topic, %p partition, %o offset, %k
// key, %s value, %K and %S their lengths (-1 for null), %R the value's length as four
// bytes, big endian, %T the timestamp in milliseconds (-1 for none), %h the headers as
// NAME=VALUE,NAME=VALUE (NULL for null), %%. A backslash starts n, r, t, xNN or a
// number; before anything else it is dropped. Errors name the byte, counted from 0.
func ParseKcat(spec string, opts Options) (*Format, error) {
	f := &Format{opts: opts}
	var literal []byte
	for i := 0; i < len(spec); {
		switch c := spec[i]; c {
		case '\\':
			b, size := kcatEscape(spec[i+1:])
			literal = append(literal, b...)
			i += 1 + size
		case '%':
			if i+1 == len(spec) {
				return nil, fmt.Errorf("kcat format string, byte %d: a percent sign at the end: write %%%% for one", i)
			}
			if spec[i+1] == '%' {
				literal = append(literal, '%')
				i += 2
				continue
			}
			verb := kcatVerb(spec[i+1])
			if verb == 0 {
				return nil, fmt.Errorf("kcat format string, byte %d: unknown %%%s: want one of %%t %%p %%o %%k %%s %%K %%S %%R %%T %%h %%%%", i, first(spec[i+1:]))
			}
			f.literal(&literal)
			f.steps = append(f.steps, step{verb: verb})
			i += 2
		default:
			literal = append(literal, c)
			i++
		}
	}
	f.literal(&literal)
	return f, nil
}

func (f *Format) literal(b *[]byte) {
	if len(*b) > 0 {
		f.steps = append(f.steps, step{literal: *b})
		*b = nil
	}
}

func kcatVerb(c byte) byte {
	switch c {
	case 't', 'p', 'o', 'k':
		return c
	case 's':
		return 'v'
	case 'K':
		return kcatKeyLen
	case 'S':
		return kcatValueLen
	case 'R':
		return kcatValueLenBig32
	case 'T':
		return kcatTimestamp
	case 'h':
		return kcatHeaders
	}
	return 0
}

// kcatEscape returns what the text after a backslash stands for, and its size.
func kcatEscape(s string) ([]byte, int) {
	if s == "" {
		return []byte{'\\'}, 0
	}
	switch c := s[0]; {
	case c == 'n':
		return []byte{'\n'}, 1
	case c == 'r':
		return []byte{'\r'}, 1
	case c == 't':
		return []byte{'\t'}, 1
	case c == 'x':
		end := 1
		for end < len(s) && end < 3 && unhex(s[end]) >= 0 {
			end++
		}
		n, err := strconv.ParseUint(s[1:end], 16, 8)
		if err != nil {
			return []byte{c}, 1
		}
		return []byte{byte(n)}, end
	case '0' <= c && c <= '9':
		end := 1
		for end < len(s) && end < 4 && strings.IndexByte("0123456789", s[end]) >= 0 {
			end++
		}
		for ; end > 1; end-- { // the longest that is a number, octal after a zero
			if n, err := strconv.ParseUint(s[:end], 0, 8); err == nil {
				return []byte{byte(n)}, end
			}
		}
		return []byte{c - '0'}, 1
	default:
		return []byte{c}, 1
	}
}

// kcat writes what only kcat's format strings have.
func (f *Format) kcat(dst []byte, verb byte, m *output.Message) []byte {
	switch verb {
	case kcatKeyLen:
		return strconv.AppendInt(dst, kcatLen(&m.Key), 10)
	case kcatValueLen:
		return strconv.AppendInt(dst, kcatLen(&m.Value), 10)
	case kcatValueLenBig32:
		return f.number(dst, &step{number: numberForm{kindBig, 4}}, kcatLen(&m.Value))
	case kcatTimestamp:
		return f.time(dst, &step{}, m)
	}
	for i := range m.Headers {
		h := &m.Headers[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = f.topic(dst, &step{}, h.Key)
		dst = append(dst, '=')
		if h.Value.IsNull() {
			dst = append(dst, "NULL"...)
		} else {
			dst = h.Value.AppendText(dst, f.opts.Terminal)
		}
	}
	return dst
}

func kcatLen(v *output.Field) int64 {
	if v.IsNull() {
		return -1
	}
	return int64(v.TextLen())
}
