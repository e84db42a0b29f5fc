package expr

import (
	"bytes"
	"encoding/json"
	"io"
	"math/big"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"kstream/output"
)

// number is an integer as gojq wants it: int where that has 64 bits.
func number(n int64) any {
	if strconv.IntSize == 64 || int64(int(n)) == n {
		return int(n)
	}
	return big.NewInt(n)
}

func firstByte(data []byte) byte {
	for _, c := range data {
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c
		}
	}
	return 0
}

func isContainer(data []byte) bool {
	c := firstByte(data)
	return c == '{' || c == '['
}

// decodeJSON reads data when it is exactly one JSON value (RFC 8259), nested no deeper
// than output.MaxNesting. Of duplicate names the last counts, and escapes of lone
// surrogates are U+FFFD. The result is made of nil, bool, string, int,
// json.Number, []any and map[string]any; a json.Number is any number that is no
// int, digit by digit.
func decodeJSON(data []byte) (any, bool) {
	switch c := firstByte(data); {
	case c == '{', c == '[', c == '"', c == '-', '0' <= c && c <= '9', c == 't', c == 'f', c == 'n':
	default:
		return nil, false
	}
	if !utf8.Valid(data) {
		return nil, false
	}
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	d.data = *bytes.NewBuffer(data)
	d.Reset(&d.data, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	v, err := readValue(&d.Decoder, 0)
	if err != nil {
		return nil, false
	}
	if _, err = d.ReadToken(); err != io.EOF {
		return nil, false
	}
	return v, true
}

// decoder reads one value after the other.
type decoder struct {
	jsontext.Decoder
	data bytes.Buffer
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

func readValue(dec *jsontext.Decoder, depth int) (any, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	kind := token.Kind()
	if depth == output.MaxNesting && (kind == '{' || kind == '[') {
		return nil, strconv.ErrRange
	}
	switch kind {
	case '{':
		return readObject(dec, depth)
	case '[':
		list := []any{}
		for dec.PeekKind() != ']' {
			item, err := readValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err = dec.ReadToken()
		return list, err
	case '"':
		return token.String(), nil
	case '0':
		if n, err := token.Int(); err == nil {
			return number(n), nil
		}
		return json.Number(token.String()), nil
	case 't', 'f':
		return token.Bool(), nil
	default:
		return nil, nil
	}
}

func readObject(dec *jsontext.Decoder, depth int) (any, error) {
	object := map[string]any{}
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		if object[name], err = readValue(dec, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := dec.ReadToken()
	return object, err
}
