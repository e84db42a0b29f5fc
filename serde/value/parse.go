package value

import (
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// ParseJSON reads one JSON value. Numbers stay Number, order and duplicate keys stay
// in Map; a string with lone surrogates is WTF8, and an object with such a key is
// Pairs. With lossless, the tags that AppendJSON writes in that mode are read back.
// depth bounds the nesting; 0 means DefaultDepth. Errors are *SyntaxError. The result
// does not alias data.
func ParseJSON(data []byte, lossless bool, depth int) (V, error) {
	return parseDocument(data, parser{scanner: scanner{data: data, maxDepth: depthOr(depth)}, lossless: lossless})
}

// ParseInput is ParseJSON for what is to be written in a format that has them: NaN,
// Infinity and -Infinity, which are no JSON but what Python and others write, are floats.
func ParseInput(data []byte, lossless bool, depth int) (V, error) {
	return parseDocument(data, parser{scanner: scanner{data: data, maxDepth: depthOr(depth)}, lossless: lossless, named: true})
}

func parseDocument(data []byte, p parser) (V, error) {
	p.space()
	v, err := p.parse()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(data) {
		return nil, p.fail(errTrailing)
	}
	return v, nil
}

type parser struct {
	scanner
	lossless bool
	named    bool // floats may have names
}

func (p *parser) parse() (V, error) {
	start := p.pos
	if c := p.peek(); p.named && (c == 'N' || c == 'I' || c == '-') {
		if f, ok := p.namedFloat(); ok {
			p.pos += len(f.text)
			return Float{f.f, 64}, nil
		}
	}
	switch c := p.peek(); {
	case c == '"':
		return p.text()
	case c == '{':
		return p.fields()
	case c == '[':
		return p.list()
	case c == '-' || c >= '0' && c <= '9':
		if err := p.number(); err != nil {
			return nil, err
		}
		return Number(p.data[start:p.pos]), nil
	case c == 't':
		return true, p.word("true")
	case c == 'f':
		return false, p.word("false")
	case c == 'n':
		return nil, p.word("null")
	}
	return nil, p.noValue()
}

func (p *parser) list() (V, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	list := List{}
	if p.peek() == ']' {
		p.pos++
		p.depth--
		return list, nil
	}
	for {
		v, err := p.parse()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		more, err := p.next(']', errWantCommaList)
		if err != nil {
			return nil, err
		}
		if !more {
			return list, nil
		}
	}
}

func (p *parser) fields() (V, error) {
	start := p.pos
	if err := p.enter(); err != nil {
		return nil, err
	}
	m := &Map{}
	if p.peek() == '}' {
		p.pos++
		p.depth--
		return m, nil
	}
	var broken *Pairs // instead of m, once a key holds lone surrogates
	for {
		if p.peek() != '"' {
			return nil, p.fail(errWantKey)
		}
		key, err := p.text()
		if err != nil {
			return nil, err
		}
		if err := p.colon(); err != nil {
			return nil, err
		}
		v, err := p.parse()
		if err != nil {
			return nil, err
		}
		text, whole := key.(string)
		if !whole && broken == nil {
			broken = &Pairs{}
			for _, f := range m.Fields {
				*broken = append(*broken, Pair{f.Key, f.Value})
			}
		}
		if broken != nil {
			*broken = append(*broken, Pair{key, v})
		} else {
			m.Fields = append(m.Fields, Field{text, v})
		}
		more, err := p.next('}', errWantCommaObj)
		if err != nil {
			return nil, err
		}
		if more {
			continue
		}
		if broken != nil {
			return broken, nil
		}
		if p.lossless && len(m.Fields[0].Key) > 1 && m.Fields[0].Key[0] == '$' {
			v, err := fromTag(m.Fields)
			if err != nil {
				return nil, &SyntaxError{start, err}
			}
			return v, nil
		}
		return m, nil
	}
}

// text reads a string or WTF8.
func (p *parser) text() (V, error) {
	start := p.pos
	escapes, err := p.str()
	if err != nil {
		return nil, err
	}
	raw := p.data[start+1 : p.pos-1]
	if !escapes {
		return string(raw), nil
	}
	out, whole := unescape(make([]byte, 0, len(raw)), raw)
	text := unsafe.String(unsafe.SliceData(out), len(out)) // out is never changed again
	if whole {
		return text, nil
	}
	return WTF8(text), nil
}

// unescape appends the text that the inside of a checked JSON string stands for, lone
// surrogates as in WTF-8; whole says that there are none.
func unescape(dst, raw []byte) (out []byte, whole bool) {
	whole = true
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			dst = append(dst, raw[i])
			i++
			continue
		}
		c := raw[i+1]
		i += 2
		switch c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := unit(raw[i:])
			i += 4
			if !utf16.IsSurrogate(r) {
				dst = utf8.AppendRune(dst, r)
				break
			}
			if i+6 <= len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
				if pair := utf16.DecodeRune(r, unit(raw[i+2:])); pair != utf8.RuneError {
					dst = utf8.AppendRune(dst, pair)
					i += 6
					break
				}
			}
			whole = false
			dst = append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
		default: // " \ /
			dst = append(dst, c)
		}
	}
	return dst, whole
}

// unit reads the four hexadecimal digits of a \u escape.
func unit(b []byte) rune {
	var r rune
	for _, c := range b[:4] {
		r = r<<4 | rune(hexDigit(c))
	}
	return r
}
