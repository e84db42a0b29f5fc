package format

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// field is one letter of an unpack format: an integer of some bytes, or a character,
// or all the rest.
type field struct {
	letter byte
	size   int
	order  binary.ByteOrder
}

// parseUnpack reads the letters of Python's struct module that rpk and kcl know: < and
// > switch the byte order (little at first) for what follows; b B h H i I q Q are
// integers of 1, 2, 4 and 8 bytes, signed in lower case; c or . is a character, s the
// rest, $ insists on the end, x means nothing.
func parseUnpack(letters string) ([]field, error) {
	var fields []field
	var order binary.ByteOrder = binary.LittleEndian
	for i := range len(letters) {
		if n := len(fields); n > 0 && (fields[n-1].letter == 's' || fields[n-1].letter == '$') {
			return nil, fmt.Errorf("unpack: %q after the end", letters[i])
		}
		f := field{letter: letters[i], order: order}
		switch letters[i] {
		case '<':
			order = binary.LittleEndian
			continue
		case '>':
			order = binary.BigEndian
			continue
		case 'x':
			continue
		case 'b', 'B', 'c', '.':
			f.size = 1
		case 'h', 'H':
			f.size = 2
		case 'i', 'I':
			f.size = 4
		case 'q', 'Q':
			f.size = 8
		case 's', '$':
		default:
			return nil, fmt.Errorf("unpack: unknown letter %q", letters[i])
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// appendUnpacked writes data by fields. Data of the wrong size is said in the text, as
// package fmt does it: a record must not stop the output.
func appendUnpacked(dst, data []byte, fields []field) []byte {
	for _, f := range fields {
		if len(data) < f.size {
			dst = append(dst, "%!"...)
			dst = append(dst, f.letter)
			dst = append(dst, "(have "...)
			dst = strconv.AppendInt(dst, int64(len(data)), 10)
			dst = append(dst, " bytes, need "...)
			dst = strconv.AppendInt(dst, int64(f.size), 10)
			return append(dst, ')')
		}
		var u uint64
		switch f.letter {
		case 's':
			return append(dst, data...)
		case '$':
			if len(data) > 0 {
				dst = append(dst, "%!$(not at the end)"...)
			}
			return dst
		case 'c', '.':
			dst = append(dst, data[0])
			data = data[1:]
			continue
		case 'b', 'B':
			u = uint64(data[0])
		case 'h', 'H':
			u = uint64(f.order.Uint16(data))
		case 'i', 'I':
			u = uint64(f.order.Uint32(data))
		default:
			u = f.order.Uint64(data)
		}
		data = data[f.size:]
		if f.letter >= 'a' {
			unused := 64 - 8*f.size
			dst = strconv.AppendInt(dst, int64(u<<unused)>>unused, 10)
		} else {
			dst = strconv.AppendUint(dst, u, 10)
		}
	}
	return dst
}
