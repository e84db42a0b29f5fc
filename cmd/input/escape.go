package input

import "fmt"

// Unescape reads a separator, delimiter or marker as a flag spells it: \t \n \r
// \0 \\ and \xNN stand for bytes, all else for itself. Any other escape is an
// error, so that a typing mistake does not become data.
func Unescape(s string) ([]byte, error) {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		i++
		if i == len(s) {
			return nil, fmt.Errorf(`%q ends with a lone backslash: write \\ for one`, s)
		}
		switch s[i] {
		case 't':
			out = append(out, '\t')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case '0':
			out = append(out, 0)
		case '\\':
			out = append(out, '\\')
		case 'x':
			if i+2 >= len(s) || hexDigit(s[i+1]) < 0 || hexDigit(s[i+2]) < 0 {
				return nil, fmt.Errorf(`%q: \x needs two hexadecimal digits`, s)
			}
			out = append(out, byte(hexDigit(s[i+1])<<4|hexDigit(s[i+2])))
			i += 2
		default:
			return nil, fmt.Errorf(`%q: unknown escape \%c: there are \t \n \r \0 \\ \xNN`, s, s[i])
		}
	}
	return out, nil
}

// hexDigit is the value of a digit, or -1.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
