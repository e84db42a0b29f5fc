package output

// jsonWriter writes valid JSON for people.
type jsonWriter struct {
	palette *Palette
	indent  bool // one member or element a line
}

// deepestIndent bounds how far text moves to the right, and so how much a nested value
// can grow.
const deepestIndent = 24

// append appends text, which is one valid JSON value, with a blank after colons and
// commas or a line break and two blanks a level.
func (w jsonWriter) append(dst, text []byte) []byte {
	p := w.palette
	depth, isName, empty := 0, false, false // empty: nothing since the last bracket opened
	var inObject [(MaxNesting + 63) / 64]uint64
	for i := 0; i < len(text); {
		c := text[i]
		if c <= ' ' {
			i++
			continue
		}
		if c == '"' || c != '{' && c != '[' && c != '}' && c != ']' && c != ':' && c != ',' {
			var style Style
			var end int
			switch {
			case c == '"':
				end, _ = scanString(text, i+1)
				style = p.String
				if isName {
					style, isName = p.Name, false
				}
			case c == '-' || '0' <= c && c <= '9':
				end, _ = scanScalar(text, i, false)
				style = p.Number
			default:
				end, _ = scanScalar(text, i, false)
				style = p.Word
			}
			dst = append(dst, style.open...)
			dst = AppendEscapedJSON(dst, text[i:end])
			dst = append(dst, style.close...)
			i = end
			continue
		}
		i++
		if c == '}' || c == ']' {
			depth--
			isName = false
			if !empty {
				dst = w.newline(dst, depth)
			}
		}
		dst = append(dst, p.Delimiter.open...)
		dst = append(dst, c)
		dst = append(dst, p.Delimiter.close...)
		switch c {
		case '}', ']':
			empty = false
		case '{', '[':
			word, bit := &inObject[depth/64], uint64(1)<<(depth%64)
			*word &^= bit
			if c == '{' {
				*word |= bit
				isName = true
			}
			depth++
			next, _ := skipSpace(text, i, false)
			if empty = text[next] == '}' || text[next] == ']'; !empty {
				dst = w.newline(dst, depth)
			}
		case ',':
			isName = inObject[(depth-1)/64]>>((depth-1)%64)&1 == 1
			if w.indent {
				dst = w.newline(dst, depth)
			} else {
				dst = append(dst, ' ')
			}
		case ':':
			dst = append(dst, ' ')
		}
	}
	return dst
}

// newline starts the next line, if lines are to be broken.
func (w jsonWriter) newline(dst []byte, depth int) []byte {
	if !w.indent {
		return dst
	}
	dst = append(dst, "\n  "...)
	for range min(depth, deepestIndent) {
		dst = append(dst, "  "...)
	}
	return dst
}
