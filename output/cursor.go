package output

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// name returns b as a string, the same one for the same bytes: names repeat from line
// to line. What is kept is bounded.
func (d *Decoder) name(b []byte) string {
	const most, longest = 256, 64
	if s, ok := d.names[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(b) <= longest && len(d.names) < most {
		if d.names == nil {
			d.names = make(map[string]string)
		}
		d.names[s] = s
	}
	return s
}

func (d *Decoder) topicName() error {
	if d.null() {
		return nil
	}
	text, err := d.str("topic")
	if err != nil {
		return err
	}
	if string(text) != d.topic {
		d.topic = string(text)
	}
	d.line.Topic = d.topic
	return nil
}

// optional reads a string, a number or null.
func (d *Decoder) optional(name string, dst *string) error {
	if d.null() {
		return nil
	}
	d.pos, _ = skipSpace(d.data, d.pos, false)
	if d.pos < len(d.data) && '0' <= d.data[d.pos] && d.data[d.pos] <= '9' {
		var p rawPart
		err := d.raw(&p)
		*dst = d.name(p.text)
		return err
	}
	text, err := d.str(name)
	*dst = d.name(text)
	return err
}

// integer reads a whole number from low to high, or null: then given is false.
func (d *Decoder) integer(name string, low, high int64) (n int64, given bool, err error) {
	if d.null() {
		return -1, false, nil
	}
	var p rawPart
	if err := d.raw(&p); err != nil {
		return 0, false, err
	}
	n, err = strconv.ParseInt(string(p.text), 10, 64)
	if err != nil || n < low || n > high {
		d.pos = p.at
		if c := p.text[0]; c == '-' || '0' <= c && c <= '9' {
			return 0, false, d.errorf("%s: want a whole number from %d to %d, have %s", name, low, high, Escaped(string(p.text[:min(len(p.text), 40)])))
		}
		return 0, false, d.errorf("%s: want a whole number, have %s", name, kind(p.text))
	}
	return n, true, nil
}

// str reads a string.
func (d *Decoder) str(name string) ([]byte, error) {
	var p rawPart
	if err := d.raw(&p); err != nil {
		return nil, err
	}
	if p.text[0] != '"' {
		d.pos = p.at
		return nil, d.errorf("%s: want a string, have %s", name, kind(p.text))
	}
	return d.unquote(p.text)
}

// skip passes over the next value.
func (d *Decoder) skip() error {
	var p rawPart
	return d.raw(&p)
}

// null takes a null if one comes next.
func (d *Decoder) null() bool {
	i, _ := skipSpace(d.data, d.pos, false)
	end, ok := scanWord(d.data, i, "null")
	if ok {
		d.pos = end
	}
	return ok
}

// object reads an object, calling member with each name when its value comes next.
func (d *Decoder) object(what string, member func(name []byte) error) error {
	if err := d.open('{', what, "an object"); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := d.more(first, '}')
		if err != nil || !more {
			return err
		}
		d.pos, _ = skipSpace(d.data, d.pos, false)
		name, err := d.memberName()
		if err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
	}
}

// memberName takes a name and its colon.
func (d *Decoder) memberName() ([]byte, error) {
	start := d.pos
	if start == len(d.data) || d.data[start] != '"' {
		return nil, d.syntax()
	}
	end, ok := scanString(d.data, start+1)
	if d.pos = end; !ok {
		return nil, d.syntax()
	}
	name, err := d.unquote(d.data[start:end])
	if err != nil {
		return nil, err
	}
	d.pos, _ = skipSpace(d.data, end, false)
	if d.pos == len(d.data) || d.data[d.pos] != ':' {
		return nil, d.syntax()
	}
	d.pos++
	return name, nil
}

// open takes the bracket that opens a list or an object.
func (d *Decoder) open(bracket byte, what, want string) error {
	d.pos, _ = skipSpace(d.data, d.pos, false)
	switch {
	case d.pos == len(d.data):
		return d.syntax()
	case d.data[d.pos] != bracket:
		return d.errorf("%s: want %s, have %s", what, want, kind(d.data[d.pos:]))
	}
	d.pos++
	return nil
}

// more takes the comma before the next element, or the bracket after the last one.
func (d *Decoder) more(first bool, bracket byte) (bool, error) {
	d.pos, _ = skipSpace(d.data, d.pos, false)
	switch {
	case d.pos == len(d.data):
		return false, d.syntax()
	case d.data[d.pos] == bracket:
		d.pos++
		return false, nil
	case first:
		return true, nil
	case d.data[d.pos] != ',':
		return false, d.syntax()
	}
	d.pos++
	return true, nil
}

// unquote returns the text of a JSON string that was checked; it points into the line
// if there is no escape in it. An unpaired surrogate has no text and is an error.
func (d *Decoder) unquote(quoted []byte) ([]byte, error) {
	text := quoted[1 : len(quoted)-1]
	i := bytes.IndexByte(text, '\\')
	if i < 0 {
		return text[:len(text):len(text)], nil
	}
	start := len(d.scratch)
	for ; i >= 0; i = bytes.IndexByte(text, '\\') {
		d.scratch = append(d.scratch, text[:i]...)
		c := text[i+1]
		text = text[i+2:]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hex4(text)
			text = text[4:]
			if 0xdc00 <= r && r < 0xe000 {
				return nil, d.errorf("unpaired surrogate in a string")
			}
			if 0xd800 <= r && r < 0xdc00 {
				low := rune(0)
				if len(text) >= 6 && text[0] == '\\' && text[1] == 'u' {
					low = hex4(text[2:])
				}
				if low < 0xdc00 || low >= 0xe000 {
					return nil, d.errorf("unpaired surrogate in a string")
				}
				r = 0x10000 + (r-0xd800)<<10 + low - 0xdc00
				text = text[6:]
			}
			d.scratch = utf8.AppendRune(d.scratch, r)
			continue
		}
		d.scratch = append(d.scratch, c)
	}
	d.scratch = append(d.scratch, text...)
	return d.scratch[start:len(d.scratch):len(d.scratch)], nil
}

// hex4 returns the value of four hexadecimal digits that were checked.
func hex4(text []byte) rune {
	r := 0
	for _, c := range text[:4] {
		r = r<<4 | hexDigit(c)
	}
	return rune(r)
}

// kind names the JSON value at the beginning of text, or the first character where there
// is none.
func kind(text []byte) string {
	c := text[0]
	for _, word := range []string{"true", "false", "null"} {
		if c != word[0] {
			continue
		}
		if _, ok := scanWord(text, 0, word); !ok {
			return fmt.Sprintf("%q", c)
		}
	}
	switch c {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	if c == '-' || '0' <= c && c <= '9' || c == 'N' || c == 'I' {
		return "a number"
	}
	return fmt.Sprintf("%q", c)
}

func (d *Decoder) syntax() error {
	if d.pos >= len(d.data) {
		return d.errorf("the line ends inside the JSON")
	}
	return d.errorf("not valid JSON at %q", d.data[d.pos])
}

func (d *Decoder) errorf(format string, args ...any) error {
	return fmt.Errorf("byte %d: "+format, append([]any{d.pos}, args...)...)
}
