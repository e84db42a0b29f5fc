package avro

import (
	"fmt"
	"slices"

	"github.com/twmb/avro"

	"kstream/serde"
	"kstream/serde/value"
)

// resolution reads what one schema wrote as another has it (Avro 1.12, "Schema
// Resolution"). It is the one part that goavro does not do, so twmb/avro does: it
// reads the bytes as the reader's schema, and what it read is written again in that
// schema. From there on all is as if the record had been written so.
type resolution struct {
	reader   *Schema
	resolved *avro.Schema
}

// resolve fails when the reader cannot read what the writer wrote. The logical types
// are compared, so that a decimal does not change its scale unnoticed, but not used:
// they are read from the reader's bytes.
func resolve(writer, reader *Schema) (*resolution, error) {
	typedWriter, err := foreign(writer, typed)
	if err != nil {
		return nil, err
	}
	typedReader, err := foreign(reader, typed)
	if err != nil {
		return nil, err
	}
	if err := avro.CheckCompatibility(typedWriter, typedReader); err != nil {
		return nil, fmt.Errorf("reader schema %s: %w", reader.Name, err)
	}
	units := unitCheck{}
	if err := units.compare(writer.root, reader.root); err != nil {
		return nil, fmt.Errorf("reader schema %s: %w", reader.Name, err)
	}
	bareWriter, err := foreign(writer, bare)
	if err != nil {
		return nil, err
	}
	bareReader, err := foreign(reader, bare)
	if err != nil {
		return nil, err
	}
	resolved, err := avro.Resolve(bareWriter, bareReader)
	if err != nil {
		return nil, fmt.Errorf("reader schema %s: %w", reader.Name, err)
	}
	return &resolution{reader: reader, resolved: resolved}, nil
}

// foreign parses the schema for twmb/avro, which then takes any name as this package
// does.
func foreign(s *Schema, d dialect) (*avro.Schema, error) {
	return avro.Parse(s.print(d), avro.WithLaxNames(checkName))
}

// rewrite gives a datum of the writer, which the guard has accepted, in the bytes of
// the reader.
func (r *resolution) rewrite(datum []byte, limits serde.Limits) ([]byte, error) {
	var read any
	if _, err := r.resolved.Decode(datum, &read, avro.TaggedUnions()); err != nil {
		return nil, fault(-1, fmt.Errorf("reader schema %s: %w", r.reader.Name, err))
	}
	return r.reader.again(read, limits)
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

// fromForeign gives what twmb/avro read without logical types and with tagged unions.
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
