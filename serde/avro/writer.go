package avro

import (
	"context"
	"encoding/binary"

	"kstream/serde"
	"kstream/serde/value"
	"kstream/serde/wire"
)

// Encode writes v with the schema of the SPEC and the Options. Errors are
// *serde.EncodeError, or wrap serde.ErrRegistry.
func (s *Serde) Encode(ctx context.Context, topic string, p serde.Part, v value.V) (serde.Output, error) {
	schema, info, err := s.choose(ctx, topic, p)
	if err != nil {
		return serde.Output{}, s.writer.Error(ctx, err)
	}
	var out serde.Output
	prefix := make([]byte, 0, 64)
	framed := s.local.Load() == nil || s.writer.Registers()
	if framed {
		if prefix, out.Headers, err = s.writer.Frame(prefix, p, info, nil); err != nil {
			return serde.Output{}, serde.NewEncodeError("avro", err)
		}
	}
	out.Data, err = schema.append(prefix, v, encoder{style: s.style, ignore: s.ignore, limit: s.limits.Items})
	if err != nil {
		return serde.Output{}, err
	}
	if framed && schema.root.kind == kindBytes { // see datum.withLength
		_, size := binary.Varint(out.Data[len(prefix):])
		out.Data = append(prefix, out.Data[len(prefix)+size:]...)
	}
	return out, nil
}

// choose gets the schema to write with.
func (s *Serde) choose(ctx context.Context, topic string, p serde.Part) (*Schema, *serde.SchemaInfo, error) {
	local := s.local.Load()
	switch {
	case local == nil:
		l, err := wire.Choose(ctx, s.writer, &s.source, topic, p, "")
		if err != nil {
			return nil, nil, err
		}
		return l.Schema.Schema, &l.Info, nil
	case !s.writer.Registers():
		return local.Schema.Schema, &local.Info, nil
	}
	info, err := s.writer.Registered(ctx, s.source.Registry, s.writer.Subject(topic, p, local.Info.Name),
		func(context.Context) (serde.Schema, error) {
			return serde.Schema{SchemaInfo: local.Info, Text: s.text}, nil
		})
	return local.Schema.Schema, &info, err
}
