package serde

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"kstream/serde/value"
)

// NewPrimitive returns one of Kafka's own serializers
// (org.apache.kafka.common.serialization), as Spec.Name says: short, int, long, float,
// double are big endian and 2, 4, 8, 4 and 8 bytes exactly; boolean is the byte 0 or 1;
// uuid is the 36 characters that UUIDSerializer writes; uuid-bytes is 16 bytes.
func NewPrimitive(s Spec, o Options) (Serde, error) {
	sizes := map[string]int{
		"short": 2, "int": 4, "long": 8, "float": 4, "double": 8,
		"boolean": 1, "uuid": 36, "uuid-bytes": 16,
	}
	size, known := sizes[s.Name]
	if !known {
		return nil, s.Errorf("no such primitive")
	}
	return &primitive{name: s.Name, size: size, json: o.JSON()}, nil
}

type primitive struct {
	name string
	size int
	json value.JSONOptions
}

func (p *primitive) Name() string { return p.name }

// check returns why data cannot be read. It never keeps data.
func (p *primitive) check(data []byte) error {
	var err error
	switch {
	case len(data) < p.size:
		return &DecodeError{Format: p.name, Offset: len(data), Err: p.sizeError(data, ErrTruncated)}
	case len(data) > p.size:
		return &DecodeError{Format: p.name, Offset: p.size, Err: p.sizeError(data, nil)}
	case p.name == "boolean" && data[0] > 1:
		err = fmt.Errorf("want 00 or 01, have %02x", data[0])
	case p.name == "uuid":
		_, err = value.ParseUUID(data)
	}
	if err != nil {
		return &DecodeError{Format: p.name, Offset: 0, Err: err}
	}
	return nil
}

func (p *primitive) sizeError(data []byte, cause error) error {
	if cause != nil {
		return fmt.Errorf("want %d bytes, have %d: %w", p.size, len(data), cause)
	}
	return fmt.Errorf("want %d bytes, have %d", p.size, len(data))
}

// integer reads the three integers, float the two floats, of data that was checked.
func (p *primitive) integer(data []byte) int64 {
	switch p.size {
	case 2:
		return int64(int16(binary.BigEndian.Uint16(data)))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(data)))
	}
	return int64(binary.BigEndian.Uint64(data))
}

func (p *primitive) float(data []byte) value.Float {
	if p.size == 4 {
		return value.Float32(binary.BigEndian.Uint32(data))
	}
	return value.Float{F: math.Float64frombits(binary.BigEndian.Uint64(data)), Bits: 64}
}

func (p *primitive) uuid(data []byte) value.UUID {
	if p.size == len(value.UUID{}) {
		return value.UUID(data)
	}
	u, _ := value.ParseUUID(data) // checked
	return u
}

func (p *primitive) Decode(_ context.Context, in Input) (Result, error) {
	if err := p.check(in.Data); err != nil {
		return Result{}, err
	}
	r := Result{Format: p.name}
	switch p.name {
	case "float", "double":
		r.Value = p.float(in.Data)
		if p.json.Mode == value.Lossless {
			r.Value = p.float(in.Data).Digits()
		}
	case "boolean":
		r.Value = in.Data[0] == 1
	case "uuid", "uuid-bytes":
		r.Value = p.uuid(in.Data)
	default:
		r.Value = p.integer(in.Data)
	}
	return r, nil
}

func (p *primitive) AppendJSON(_ context.Context, dst []byte, in Input) ([]byte, Result, error) {
	if err := p.check(in.Data); err != nil {
		return dst, Result{}, err
	}
	r := Result{Format: p.name}
	switch p.name {
	case "float", "double":
		if f := p.float(in.Data); !math.IsNaN(f.F) && !math.IsInf(f.F, 0) {
			return value.AppendFloat(dst, f), r, nil
		}
		out, err := value.AppendJSON(dst, p.float(in.Data), p.json)
		return out, r, err
	case "boolean":
		return strconv.AppendBool(dst, in.Data[0] == 1), r, nil
	case "uuid", "uuid-bytes":
		open, closing := `"`, `"`
		if p.json.Mode == value.Lossless {
			open, closing = `{"$uuid":"`, `"}`
		}
		dst = value.AppendUUID(append(dst, open...), p.uuid(in.Data))
		return append(dst, closing...), r, nil
	}
	if p.json.Ints != value.IntNumbers {
		out, err := value.AppendJSON(dst, p.integer(in.Data), p.json)
		return out, r, err
	}
	return strconv.AppendInt(dst, p.integer(in.Data), 10), r, nil
}

func (p *primitive) Encode(_ context.Context, _ string, _ Part, v value.V) (Output, error) {
	if v == nil {
		return Output{}, nil
	}
	out, err := p.encode(v)
	if err != nil {
		return Output{}, NewEncodeError(p.name, err)
	}
	return Output{Data: out}, nil
}

func (p *primitive) encode(v value.V) ([]byte, error) {
	out := make([]byte, 0, p.size)
	switch p.name {
	case "float", "double":
		f, err := value.AsFloat(v, p.size*8)
		if p.size == 4 {
			return binary.BigEndian.AppendUint32(out, f.Bits32()), err
		}
		return binary.BigEndian.AppendUint64(out, math.Float64bits(f.F)), err
	case "boolean":
		b, err := value.AsBool(v)
		if b {
			return append(out, 1), err
		}
		return append(out, 0), err
	case "uuid", "uuid-bytes":
		u, err := value.AsUUID(v)
		if p.name == "uuid" {
			return value.AppendUUID(out, u), err
		}
		return append(out, u[:]...), err
	}
	bits := p.size * 8
	n, err := value.AsInt64(v, -1<<(bits-1), 1<<(bits-1)-1)
	switch p.size {
	case 2:
		return binary.BigEndian.AppendUint16(out, uint16(n)), err
	case 4:
		return binary.BigEndian.AppendUint32(out, uint32(n)), err
	}
	return binary.BigEndian.AppendUint64(out, uint64(n)), err
}

// NewUUID returns the primitive of that name as a TextSerde: its lines hold the 36
// characters without quotes.
func NewUUID(s Spec, o Options) (Serde, error) {
	p, err := NewPrimitive(s, o)
	if err != nil {
		return nil, err
	}
	return &uuidText{p.(*primitive)}, nil
}

type uuidText struct{ *primitive }

func (u *uuidText) AppendText(dst, data []byte) ([]byte, error) {
	if err := u.check(data); err != nil {
		return dst, err
	}
	return value.AppendUUID(dst, u.uuid(data)), nil
}

func (u *uuidText) AppendBytes(dst, text []byte) ([]byte, error) {
	id, err := value.ParseUUID(text)
	if err != nil {
		return dst, NewEncodeError(u.name, err)
	}
	if u.name == "uuid" {
		return value.AppendUUID(dst, id), nil
	}
	return append(dst, id[:]...), nil
}
