package stream

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"kstream/cmd/expr"
)

// The records of the state topic, of one key and window each: the key is ["KEY"] or
// ["KEY",START], where a key that is no UTF-8 is {"base64":"…"} and a null one is null. The
// value is {"updated":TIME,"state":STATE}, with "end" for a session. Keys that are no arrays
// are others': see Partition.Load.

// appendKey appends the key of a record of the state topic.
func appendKey(dst, key []byte, windowed bool, start int64) []byte {
	dst = append(dst, '[')
	switch {
	case key == nil:
		dst = append(dst, "null"...)
	case utf8.Valid(key):
		dst, _ = jsontext.AppendQuote(dst, key)
	default:
		dst = base64.StdEncoding.AppendEncode(append(dst, `{"base64":"`...), key)
		dst = append(dst, `"}`...)
	}
	if windowed {
		dst = strconv.AppendInt(append(dst, ','), start, 10)
	}
	return append(dst, ']')
}

// errKey is for what is no key of a record of the state topic.
var errKey = errors.New("the key is none of a state")

// parseKey reads what appendKey has written.
func parseKey(text []byte, windowed bool) (key []byte, start int64, err error) {
	if len(text) < 4 || text[0] != '[' || text[len(text)-1] != ']' {
		return nil, 0, errKey
	}
	inner := text[1 : len(text)-1]
	if windowed {
		comma := bytes.LastIndexByte(inner, ',')
		if comma < 0 {
			return nil, 0, errKey
		}
		if start, err = strconv.ParseInt(string(inner[comma+1:]), 10, 64); err != nil {
			return nil, 0, errKey
		}
		inner = inner[:comma]
	}
	encoded, binary := bytes.CutPrefix(inner, []byte(`{"base64":`))
	switch {
	case string(inner) == "null":
		return nil, start, nil
	case binary:
		inner = bytes.TrimSuffix(encoded, []byte("}"))
	}
	if key, err = jsontext.AppendUnquote([]byte{}, inner); err != nil {
		return nil, 0, errKey
	}
	if binary {
		if key, err = base64.StdEncoding.AppendDecode([]byte{}, key); err != nil {
			return nil, 0, errKey
		}
	}
	return key, start, nil
}

// appendValue appends the value of a record of the state topic.
func (p *Partition) appendValue(dst []byte, s *slot) []byte {
	dst = strconv.AppendInt(append(dst, `{"updated":`...), s.updated, 10)
	if p.Windows.Gap > 0 {
		dst = strconv.AppendInt(append(dst, `,"end":`...), s.end, 10)
	}
	dst = p.Fold.appendStored(append(dst, `,"state":`...), s)
	return append(dst, '}')
}

// Load takes a record of the state topic, in the order of their offsets; Loaded comes behind
// the last one. A nil value forgets a state.
func (p *Partition) Load(key, value []byte) error {
	name, start, err := parseKey(key, p.Windows.Some())
	if err != nil {
		return fmt.Errorf("%w: %.80s", err, key)
	}
	s := p.stateOf(name, start)
	if value == nil {
		if s != nil {
			s.gone = true
			p.open--
			p.unlink(s)
		}
		return nil
	}
	if s == nil {
		if p.Windows.Gap > 0 {
			s = p.newSlot(name, start, start)
			p.linkSession(s)
			p.open++
		} else {
			s = p.insert(name, start)
		}
		s.stored = true
	}
	if err := p.loadValue(s, value); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// stateOf finds the state of a key that begins at start.
func (p *Partition) stateOf(key []byte, start int64) *slot {
	if p.Windows.Gap > 0 {
		for _, s := range p.sessionsOf(key) {
			if s.start == start {
				return s
			}
		}
		return nil
	}
	if b := p.buckets[start]; b != nil {
		return b.find(key)
	}
	return nil
}

func (p *Partition) loadValue(s *slot, value []byte) error {
	rest, ok := bytes.CutPrefix(value, []byte(`{"updated":`))
	if !ok {
		return errStored
	}
	var err error
	number := func() (n int64) {
		i := 0
		for i < len(rest) && rest[i] != ',' {
			i++
		}
		if n, err = strconv.ParseInt(string(rest[:i]), 10, 64); err != nil {
			err = errStored
		}
		rest = rest[i:]
		return n
	}
	if s.updated = number(); err != nil {
		return err
	}
	if after, ok := bytes.CutPrefix(rest, []byte(`,"end":`)); ok {
		rest = after
		if s.end = number(); err != nil {
			return err
		}
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(`,"state":`)); !ok || len(rest) < 2 || rest[len(rest)-1] != '}' {
		return errStored
	}
	state := rest[:len(rest)-1]
	if p.Fold.Reduce != nil {
		if _, err := expr.ParseValue(state); err != nil {
			return errStored
		}
		s.state = bytes.Clone(state)
		return nil
	}
	return p.Fold.load(s.cells, state)
}

// load reads the state of aggregates.
func (f *Fold) load(cells []cell, state []byte) error {
	clear(cells)
	f.text.Reset(state)
	if f.dec == nil {
		f.dec = jsontext.NewDecoder(&f.text)
	} else {
		f.dec.Reset(&f.text)
	}
	dec := f.dec
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return errStored
	}
	for i := range f.Aggregates {
		name, err := dec.ReadToken()
		if err != nil || name.Kind() != '"' || name.String() != f.Aggregates[i].Name {
			return errStored
		}
		if err := f.Aggregates[i].load(&cells[i], dec); err != nil {
			return err
		}
	}
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '}' {
		return errStored
	}
	return nil
}

// Loaded ends the loading: from now on states end in time.
func (p *Partition) Loaded() {
	if p.Windows.Size > 0 {
		return // insert has scheduled them
	}
	for _, b := range p.buckets {
		for _, s := range b.keys {
			p.schedule(s)
		}
		if b.keyless != nil {
			p.schedule(b.keyless)
		}
	}
	for _, list := range p.sessions {
		for _, s := range list {
			p.schedule(s)
		}
	}
	for _, s := range p.keyless {
		p.schedule(s)
	}
}
