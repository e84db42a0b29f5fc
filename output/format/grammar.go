// Package format has the format strings of consume and produce: the grammar of rpk and
// kcl, and for output also kcat's tokens.
//
// In a format string \t \n \r \0 \\ and \xNN stand for bytes, %% %{ and %} for
// themselves, and these for parts of a record:
//
//	%t topic      %T its length     %p partition   %d timestamp, milliseconds
//	%k key        %K its length     %o offset      %i records so far, from 1
//	%v value      %V its length     %H number of headers
//	%h{…} the part in braces for each header, with its own %k %K %v %V
//	%a{timestamp-type} 0 create, 1 log append, -1 none
//	%e epoch of the leader that wrote the record, -1 when that is unknown
//
// A modifier in braces may follow. For numbers: ascii or number, hex, hex4 to hex64,
// big8 to big64, little8 to little64, byte, bool; larger numbers are cut to the size.
// For text: hex, base64, base64raw (no padding), json (as in the record line), and for
// output unpack[…] with Python's struct letters. For %d on output: strftime[…] and
// go[…], in UTC; any run of one opening character may stand for the bracket.
//
// %x %y %D %A %[ %| %] belong to the grammar but are refused: the client does not
// tell them, and a made-up number would be worse than an error.
package format

import (
	"fmt"
	"strings"
)

// item is one piece of a format string: literal bytes, or a verb.
type item struct {
	verb     byte // 0 for literal bytes
	at       int  // where it starts in the format string
	literal  []byte
	modifier string // the name in braces, without its argument
	argument string // what stands in its brackets
	modified bool   // there are braces
	items    []item // of %h
}

// String names the item in errors.
func (it item) String() string {
	if it.verb == 0 {
		return fmt.Sprintf("%q", it.literal)
	}
	return "%" + string(it.verb)
}

// maxSpec bounds format strings, which are written by hand.
const maxSpec = 1 << 16

// parser turns a format string into items.
type parser struct {
	spec string
	pos  int
}

func parse(spec string) ([]item, error) {
	if len(spec) > maxSpec {
		return nil, fmt.Errorf("format string of %d bytes: at most %d", len(spec), maxSpec)
	}
	p := parser{spec: spec}
	return p.items(false)
}

// items reads up to the end, or in a header specification up to its closing brace.
func (p *parser) items(inHeader bool) ([]item, error) {
	var items []item
	var literal []byte
	start, braces := p.pos, 0
	flush := func() {
		if len(literal) > 0 {
			items = append(items, item{at: start, literal: literal})
			literal = nil
		}
	}
	for p.pos < len(p.spec) {
		if len(literal) == 0 {
			start = p.pos
		}
		c := p.spec[p.pos]
		switch {
		case c == '\\':
			b, err := p.escape()
			if err != nil {
				return nil, err
			}
			literal = append(literal, b)
		case c == '%' && p.pos+1 < len(p.spec) && strings.IndexByte("%{}", p.spec[p.pos+1]) >= 0:
			literal = append(literal, p.spec[p.pos+1])
			p.pos += 2
		case c == '%':
			flush()
			it, err := p.verb(inHeader)
			if err != nil {
				return nil, err
			}
			items = append(items, it)
		case inHeader && c == '}' && braces == 0:
			p.pos++
			flush()
			return items, nil
		default:
			switch c {
			case '{':
				braces++
			case '}':
				braces--
			}
			literal = append(literal, c)
			p.pos++
		}
	}
	if inHeader {
		return nil, p.errorf(p.pos, "%%h{ has no closing }")
	}
	flush()
	return items, nil
}

// escape reads a backslash and what it stands for.
func (p *parser) escape() (byte, error) {
	rest := p.spec[p.pos+1:]
	if rest == "" {
		return 0, p.errorf(p.pos, `a backslash at the end: write \\ for one`)
	}
	size, b := 2, byte(0)
	switch rest[0] {
	case 't':
		b = '\t'
	case 'n':
		b = '\n'
	case 'r':
		b = '\r'
	case '0':
	case '\\':
		b = '\\'
	case 'x':
		if len(rest) < 3 || unhex(rest[1]) < 0 || unhex(rest[2]) < 0 {
			return 0, p.errorf(p.pos, `\x needs two hexadecimal digits`)
		}
		size, b = 4, byte(unhex(rest[1])<<4|unhex(rest[2]))
	default:
		return 0, p.errorf(p.pos, `unknown escape \%s: want one of \t \n \r \0 \\ \xNN`, first(rest))
	}
	p.pos += size
	return b, nil
}

// verb reads a percent sign, its letter and the braces that follow.
func (p *parser) verb(inHeader bool) (item, error) {
	it := item{at: p.pos}
	rest := p.spec[p.pos+1:]
	if rest == "" {
		return it, p.errorf(p.pos, "a percent sign at the end: write %%%% for one")
	}
	it.verb = rest[0]
	p.pos += 2
	if why := unavailable(it.verb); why != "" {
		return it, p.errorf(it.at, "%s: the client does not tell %s", it, why)
	}
	known := "tTkKvVhHpodiae"
	if inHeader {
		known = "kKvV"
	}
	if strings.IndexByte(known, it.verb) < 0 {
		if inHeader {
			return it, p.errorf(it.at, "unknown %%%s in %%h{…}: want one of %%k %%K %%v %%V", first(rest))
		}
		return it, p.errorf(it.at, "unknown %%%s: write %%%% for a percent sign", first(rest))
	}
	open := p.pos < len(p.spec) && p.spec[p.pos] == '{'
	switch {
	case it.verb == 'h' && !open:
		return it, p.errorf(it.at, "%%h needs braces: %%h{%%k=%%v }")
	case it.verb == 'a' && !open:
		return it, p.errorf(it.at, "%%a needs braces: %%a{timestamp-type}")
	case !open:
		return it, nil
	}
	p.pos++
	if it.verb == 'h' {
		var err error
		it.items, err = p.items(true)
		return it, err
	}
	it.modified = true
	return it, p.modifier(&it)
}

// unavailable names what a verb of rpk and kcl stands for that is not known here.
func unavailable(verb byte) string {
	switch verb {
	case 'x':
		return "the producer id"
	case 'y':
		return "the producer epoch"
	case 'D', 'A':
		return "deliveries of share groups"
	case '[', '|', ']':
		return "partition offsets with a record"
	}
	return ""
}

// modifier reads what follows an opening brace, the closing one included.
func (p *parser) modifier(it *item) error {
	rest := p.spec[p.pos:]
	end := strings.IndexByte(rest, '}')
	if end < 0 {
		return p.errorf(it.at, "%s{ has no closing }", it)
	}
	for _, name := range []string{"strftime", "go", "unpack"} {
		after, ok := strings.CutPrefix(rest, name)
		if !ok || after[0] == '}' {
			continue
		}
		argument, size := bracketed(after)
		if size == 0 || !strings.HasPrefix(after[size:], "}") {
			return p.errorf(it.at, "%s{%s has no closing %s}", it, name, closing(after[0]))
		}
		it.modifier, it.argument = name, argument
		p.pos += len(name) + size + 1
		return nil
	}
	it.modifier = rest[:end]
	p.pos += end + 1
	return nil
}

// bracketed returns what stands between a run of one opening character and the same
// run of the closing one, and the size of it all; 0 if it is not closed.
func bracketed(s string) (string, int) {
	run := 1
	for run < len(s) && s[run] == s[0] {
		run++
	}
	stop := strings.Repeat(closing(s[0]), run)
	end := strings.Index(s[run:], stop)
	if end < 0 {
		return "", 0
	}
	return s[run : run+end], run + end + len(stop)
}

func closing(open byte) string {
	switch open {
	case '[':
		return "]"
	case '{':
		return "}"
	case '(':
		return ")"
	}
	return string(rune(open))
}

func (p *parser) errorf(at int, format string, args ...any) error {
	return fmt.Errorf("format string, byte %d: "+format, append([]any{at}, args...)...)
}

// first returns the first character of s, quoted if it cannot be printed.
func first(s string) string {
	for _, r := range s {
		return strings.Trim(fmt.Sprintf("%q", r), "'")
	}
	return ""
}

// unhex returns the value of a hexadecimal digit, or -1.
func unhex(c byte) int {
	if c >= 0x40 {
		c |= 0x20
	}
	return strings.IndexByte("0123456789abcdef", c)
}
