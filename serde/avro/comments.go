package avro

import "strings"

// withoutComments returns the text of a schema with spaces for what Java's parser passes
// over, too: // and /* */ outside of strings, and the mark of UTF-8 at the start. What is
// left stays in its place, so that errors name it.
func withoutComments(text string) []byte {
	const mark = "\ufeff"
	out := []byte(text)
	if strings.HasPrefix(text, mark) {
		blank(out[:len(mark)])
	}
	for i := 0; i < len(out); i++ {
		switch {
		case out[i] == '"':
			i = endOfString(out, i)
		case strings.HasPrefix(text[i:], "//"):
			i += blank(out[i : i+lengthTo(text[i:], "\n")])
		case strings.HasPrefix(text[i:], "/*"):
			i += blank(out[i : i+2+lengthTo(text[i+2:], "*/")])
			if i < len(out) {
				blank(out[i:min(i+2, len(out))])
			}
		}
	}
	return out
}

// lengthTo returns the length of text up to and with end, or all of it without end.
func lengthTo(text, end string) int {
	if i := strings.Index(text, end); i >= 0 {
		return i
	}
	return len(text)
}

func blank(b []byte) int {
	for i := range b {
		if b[i] != '\n' {
			b[i] = ' '
		}
	}
	return len(b)
}

// endOfString returns the place of the quote that ends the string that begins at i.
func endOfString(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}
