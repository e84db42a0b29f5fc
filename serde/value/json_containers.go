package value

import "strings"

func (w *writer) list(l List) {
	if !w.enter('[') {
		return
	}
	for i, v := range l {
		w.comma(i)
		if w.value(v); w.err != nil || !w.room(1) {
			return
		}
	}
	w.leave(']')
}

func (w *writer) object(m *Map) {
	if w.o.Mode == Lossless {
		for i := range m.Fields {
			if strings.HasPrefix(m.Fields[i].Key, "$") {
				w.dict(len(m.Fields), func(i int) (V, V) { return m.Fields[i].Key, m.Fields[i].Value })
				return
			}
		}
	}
	w.fields(m.Fields)
}

func (w *writer) fields(fields []Field) {
	if !w.enter('{') {
		return
	}
	for i := range fields {
		w.comma(i)
		w.field(&fields[i])
		if w.err != nil || !w.room(1) {
			return
		}
	}
	w.leave('}')
}

func (w *writer) field(f *Field) {
	w.text(f.Key)
	w.out = append(w.out, ':')
	w.value(f.Value)
}

// dict writes n entries as {"$dict":[[k,v],…]}.
func (w *writer) dict(n int, entry func(i int) (k, v V)) {
	w.openTag("dict")
	w.entries(n, entry)
	w.out = append(w.out, '}')
}

func (w *writer) entries(n int, entry func(i int) (k, v V)) {
	if !w.enter('[') {
		return
	}
	for i := range n {
		w.comma(i)
		k, v := entry(i)
		if !w.enter('[') {
			return
		}
		w.value(k)
		w.out = append(w.out, ',')
		if w.value(v); w.err != nil || !w.room(1) {
			return
		}
		w.leave(']')
	}
	w.leave(']')
}

// pairs writes an object where the keys have distinct texts, else a list of pairs.
func (w *writer) pairs(p Pairs) {
	entry := func(i int) (V, V) { return p[i].Key, p[i].Value }
	if w.o.Mode == Lossless {
		w.dict(len(p), entry)
		return
	}
	fields := make([]Field, len(p))
	seen := make(map[string]struct{}, len(p))
	for i := range p {
		key, ok := keyText(p[i].Key)
		if _, twice := seen[key]; !ok || twice {
			w.entries(len(p), entry)
			return
		}
		seen[key] = struct{}{}
		fields[i] = Field{key, p[i].Value}
	}
	w.fields(fields)
}

// keyText returns the name that a scalar gets as the key of a plain object: 1 is "1", null
// is "null".
func keyText(k V) (text string, ok bool) {
	switch t := k.(type) {
	case string:
		return t, true
	case List, *Map, *Pairs, Duration:
		return "", false
	case Tagged:
		return keyText(t.Plain)
	}
	out, err := AppendJSON(nil, k, JSONOptions{})
	if err != nil {
		return "", false
	}
	if out[0] == '"' {
		inner, _ := unescape(nil, out[1:len(out)-1])
		return string(inner), true
	}
	return string(out), out[0] != '{'
}

func (w *writer) tagged(t Tagged) {
	if w.o.Mode != Lossless {
		if w.depth == 0 {
			w.err = ErrTooDeep
			return
		}
		w.depth--
		w.value(t.Plain)
		w.depth++
		return
	}
	if !w.enter('{') {
		return
	}
	w.text("$" + t.Tag)
	w.out = append(w.out, ':')
	w.value(t.V)
	for i := range t.More {
		if w.err != nil || !w.room(1) {
			return
		}
		w.out = append(w.out, ',')
		w.field(&t.More[i])
	}
	w.leave('}')
}
