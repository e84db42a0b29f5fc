package value

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// AsBool returns true or false.
func AsBool(v V) (bool, error) {
	if b, ok := v.(bool); ok {
		return b, nil
	}
	return false, wantError("true or false", v)
}

// AsString returns text without lone surrogates.
func AsString(v V) (string, error) {
	switch t := v.(type) {
	case string:
		return t, nil
	case WTF8:
		return "", errors.New("the text holds lone surrogates")
	}
	return "", wantError("text", v)
}

// AsBytes returns bytes: Bytes as they are, text as base64 (RFC 4648, section 4). The
// result may alias v.
func AsBytes(v V) ([]byte, error) {
	switch t := v.(type) {
	case Bytes:
		return t, nil
	case Tagged:
		if t.Tag == "hex" {
			return readHex(t.V)
		}
	case *Map: // the tags are understood anywhere, lossless or not
		if len(t.Fields) == 1 {
			switch t.Fields[0].Key {
			case "$bytes":
				return readBase64(t.Fields[0].Value)
			case "$hex":
				return readHex(t.Fields[0].Value)
			}
		}
	case string:
		return readBase64(v)
	}
	return nil, wantError("base64 text", v)
}

func readBase64(v V) (Bytes, error) {
	text, ok := v.(string)
	if !ok {
		return nil, wantError("base64 text", v)
	}
	b, err := base64.StdEncoding.Strict().AppendDecode(Bytes{}, []byte(text))
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("not base64")
	}
	return b, nil
}

func readHex(v V) (Bytes, error) {
	text, ok := v.(string)
	if !ok {
		return nil, wantError("hexadecimal text", v)
	}
	b, err := hex.AppendDecode(Bytes{}, []byte(text))
	if err != nil {
		return nil, errors.New("not hexadecimal")
	}
	return b, nil
}

// AsUUID returns a UUID from its text or its 16 bytes.
func AsUUID(v V) (UUID, error) {
	switch t := v.(type) {
	case UUID:
		return t, nil
	case string:
		return ParseUUID(t)
	case Bytes:
		if len(t) == len(UUID{}) {
			return UUID(t), nil
		}
		return UUID{}, fmt.Errorf("a UUID has 16 bytes, not %d", len(t))
	}
	return UUID{}, wantError("a UUID", v)
}
