package avro

import (
	"fmt"
	"slices"

	"github.com/twmb/avro"

	"kstream/serde"
	"kstream/serde/value"
)

// foreign parses the schema for twmb/avro, which then takes any name as this package
// does.
func foreign(s *Schema, d dialect) (*avro.Schema, error) {
	return avro.Parse(s.print(d), avro.WithLaxNames(checkName))
}

// again writes what twmb/avro read.
func (s *Schema) again(read any, limits serde.Limits) ([]byte, error) {
	v, err := fromForeign(read)
	if err != nil {
		return nil, fault(-1, err)
	}
	out, err := s.Append(nil, v, AvroJSON, limits)
	if err != nil {
		return nil, fault(-1, err)
	}
	return out, nil
}

// fromForeign returns what twmb/avro read without logical types and with tagged unions.
// The order of a map is lost on the way; that of its keys is used instead.
func fromForeign(v any) (value.V, error) {
	switch t := v.(type) {
	case nil, bool, int64, string:
		return t, nil
	case int32:
		return int64(t), nil
	case float32:
		return value.Float{F: float64(t), Bits: 32}, nil
	case float64:
		return value.Float{F: t, Bits: 64}, nil
	case []byte:
		return value.Bytes(t), nil
	case []any:
		list := make(value.List, len(t))
		for i, item := range t {
			var err error
			if list[i], err = fromForeign(item); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		m := &value.Map{Fields: make([]value.Field, 0, len(t))}
		for name, item := range t {
			v, err := fromForeign(item)
			if err != nil {
				return nil, err
			}
			m.Fields = append(m.Fields, value.Field{Key: name, Value: v})
		}
		slices.SortFunc(m.Fields, func(a, b value.Field) int {
			if a.Key < b.Key {
				return -1
			}
			return 1
		})
		return m, nil
	}
	return nil, fmt.Errorf("resolution gave a %T: %w", v, serde.ErrUnsupported)
}
