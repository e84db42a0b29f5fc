package protobuf

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"kstream/serde"
	"kstream/serde/value"
)

// Encode writes v with the schema of the SPEC and the Options. Errors are
// *serde.EncodeError, or wrap serde.ErrRegistry.
func (s *Serde) Encode(ctx context.Context, topic string, p serde.Part, v value.V) (serde.Output, error) {
	return s.encodeValue(ctx, []byte{}, topic, p, v)
}

// encodeValue writes a value that may be shown otherwise than protojson takes it.
func (s *Serde) encodeValue(ctx context.Context, dst []byte, topic string, p serde.Part, v value.V) (serde.Output, error) {
	w, err := s.choose(ctx, topic, p)
	if err != nil {
		return serde.Output{}, s.writer.Error(ctx, err)
	}
	var shown patcher
	v = shown.message(w.message, v, func(root protoreflect.Message) protoreflect.Message { return root })
	json, err := s.plainJSON(v)
	if err != nil {
		return serde.Output{}, serde.NewEncodeError(format, err)
	}
	return s.write(dst, p, w, json, false, shown.patches)
}

// EncodeJSON appends the bytes for JSON in proto3's mapping. See serde.JSONEncoder.
func (s *Serde) EncodeJSON(ctx context.Context, dst []byte, topic string, p serde.Part, json []byte) (serde.Output, error) {
	if s.json.Mode == value.Lossless && (strings.Contains(string(json), `"$`) || strings.Contains(string(json), `\u`)) {
		return s.parsed(ctx, dst, topic, p, json, true)
	}
	if err := value.CheckJSON(json, s.limits.Depth); err != nil {
		return s.parsed(ctx, dst, topic, p, json, false) // it may hold NaN
	}
	w, err := s.choose(ctx, topic, p)
	if err != nil {
		return serde.Output{}, s.writer.Error(ctx, err)
	}
	out, err := s.write(dst, p, w, json, true, nil)
	if err == nil {
		return out, nil
	}
	if again, shownErr := s.parsed(ctx, dst, topic, p, json, false); shownErr == nil {
		return again, nil
	}
	return out, err
}

// parsed writes JSON by way of a value.
func (s *Serde) parsed(ctx context.Context, dst []byte, topic string, p serde.Part, json []byte, lossless bool) (serde.Output, error) {
	if s.dump {
		return serde.Output{}, errDump
	}
	v, err := value.ParseInput(json, lossless, s.limits.Depth)
	if err != nil {
		return serde.Output{}, syntaxError(err)
	}
	return s.encodeValue(ctx, dst, topic, p, v)
}

var errDump = serde.NewEncodeError(format, fmt.Errorf("writing without a schema is %w", serde.ErrUnsupported))

func (s *Serde) plainJSON(v value.V) ([]byte, error) {
	return value.AppendJSON(nil, v, value.JSONOptions{Depth: s.limits.Depth, Bytes: s.limits.Output})
}

func syntaxError(err error) error {
	var syntax *value.SyntaxError
	if errors.As(err, &syntax) {
		return &serde.EncodeError{Format: format, Offset: syntax.Offset, Err: syntax.Err}
	}
	return serde.NewEncodeError(format, err)
}

// write writes JSON that is well formed. asGiven says that it is the user's own, so that
// places in it mean something.
func (s *Serde) write(dst []byte, p serde.Part, w written, json []byte, asGiven bool, patches []patch) (serde.Output, error) {
	resolver := anyResolver{schema: w.schema}
	m := dynamicpb.NewMessage(w.message)
	if err := (protojson.UnmarshalOptions{Resolver: &resolver, DiscardUnknown: s.ignore}).Unmarshal(json, m); err != nil {
		return serde.Output{}, resolver.explain(err, json, asGiven)
	}
	for _, apply := range patches {
		if err := apply(m); err != nil {
			return serde.Output{}, serde.NewEncodeError(format, err)
		}
	}
	if resolver.unknown != "" {
		if err := unwrap(w.schema, m); err != nil {
			return serde.Output{}, serde.NewEncodeError(format, err)
		}
	}
	var out serde.Output
	var err error
	if w.framed {
		dst, out.Headers, err = s.writer.Frame(dst, p, w.info, appendIndexes(nil, w.message))
		if err != nil {
			return serde.Output{}, serde.NewEncodeError(format, err)
		}
	}
	out.Data, err = proto.MarshalOptions{Deterministic: true}.MarshalAppend(dst, m)
	if err != nil {
		return serde.Output{}, serde.NewEncodeError(format, errors.New(withoutPrefix(err)))
	}
	return out, nil
}

// anyResolver finds what an Any holds. A type that is unknown is a stand-in with the
// one field $bytes, as the renderer writes it.
type anyResolver struct {
	schema  *schema
	unknown string // the last one
}

func (r *anyResolver) FindMessageByName(name protoreflect.FullName) (protoreflect.MessageType, error) {
	t, err := r.schema.types.FindMessageByName(name)
	if err != nil {
		return protoregistry.GlobalTypes.FindMessageByName(name)
	}
	return t, nil
}

func (r *anyResolver) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	t, err := r.FindMessageByName(protoreflect.FullName(url[strings.LastIndexByte(url, '/')+1:]))
	if err == nil {
		return t, nil
	}
	r.unknown = url
	return standIn()
}

func (r *anyResolver) FindExtensionByName(name protoreflect.FullName) (protoreflect.ExtensionType, error) {
	return r.schema.types.FindExtensionByName(name)
}

func (r *anyResolver) FindExtensionByNumber(m protoreflect.FullName, n protoreflect.FieldNumber) (protoreflect.ExtensionType, error) {
	return r.schema.types.FindExtensionByNumber(m, n)
}

func standIn() (protoreflect.MessageType, error) {
	bytes := &descriptorpb.FieldDescriptorProto{
		Name: proto.String("bytes"), JsonName: proto.String("$bytes"), Number: proto.Int32(1),
		Type:  descriptorpb.FieldDescriptorProto_TYPE_BYTES.Enum(),
		Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name:        proto.String("unknown"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String("Unknown"), Field: []*descriptorpb.FieldDescriptorProto{bytes}}},
	}, nil)
	if err != nil {
		return nil, err
	}
	return dynamicpb.NewMessageType(file.Messages().Get(0)), nil
}

// unwrap puts the bytes of stand-ins where they belong, in all that m holds.
func unwrap(s *schema, m protoreflect.Message) (err error) {
	if knownTypeOf(m.Descriptor()) == anyType {
		return unwrapAny(s, m)
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap() && f.MapValue().Message() != nil:
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				err = unwrap(s, v.Message())
				return err == nil
			})
		case f.IsList() && f.Message() != nil:
			for i := 0; i < v.List().Len() && err == nil; i++ {
				err = unwrap(s, v.List().Get(i).Message())
			}
		case !f.IsMap() && f.Message() != nil:
			err = unwrap(s, v.Message())
		}
		return err == nil
	})
	return err
}

func unwrapAny(s *schema, m protoreflect.Message) error {
	fields := m.Descriptor().Fields()
	url, held := fields.ByNumber(1), fields.ByNumber(2)
	b := m.Get(held).Bytes()
	r := anyResolver{schema: s}
	t, err := r.FindMessageByURL(m.Get(url).String())
	if err != nil {
		return err
	}
	if r.unknown != "" {
		_, _, n := protowire.ConsumeTag(b)
		if n > 0 {
			b, _ = protowire.ConsumeBytes(b[n:])
			m.Set(held, protoreflect.ValueOfBytes(b))
		}
		return nil
	}
	inner := t.New()
	if err := (proto.UnmarshalOptions{AllowPartial: true, Resolver: &r}).Unmarshal(b, inner.Interface()); err != nil {
		return err
	}
	if err := unwrap(s, inner); err != nil {
		return err
	}
	if b, err = (proto.MarshalOptions{AllowPartial: true, Deterministic: true}).Marshal(inner.Interface()); err != nil {
		return err
	}
	m.Set(held, protoreflect.ValueOfBytes(b))
	return nil
}

// explain returns err with the byte offset in the JSON in place of protojson's line and
// column.
func (r *anyResolver) explain(err error, json []byte, asGiven bool) error {
	text := strings.TrimPrefix(withoutPrefix(err), "syntax error ")
	offset := -1
	if rest, ok := strings.CutPrefix(text, "(line "); ok {
		place, what, _ := strings.Cut(rest, "): ")
		text = what
		if line, column, ok := strings.Cut(place, ":"); ok && asGiven {
			offset = offsetOf(json, line, column)
		}
	}
	if r.unknown != "" && strings.HasPrefix(text, "unknown field") {
		text += ": the schema has no message " + r.unknown + ", only its $bytes can be given"
	}
	return &serde.EncodeError{Format: format, Offset: offset, Err: errors.New(shortened(text))}
}

// withoutPrefix returns the text of an error of the protobuf module, which begins with its
// name and one of two kinds of space.
func withoutPrefix(err error) string {
	return strings.TrimLeft(strings.TrimPrefix(err.Error(), "proto:"), " \u00a0")
}

// offsetOf returns the offset of a line and a column, both from 1; columns count characters.
func offsetOf(json []byte, line, column string) int {
	l, err1 := strconv.Atoi(line)
	c, err2 := strconv.Atoi(column)
	if err1 != nil || err2 != nil {
		return -1
	}
	at := 0
	for ; l > 1; l-- {
		i := strings.IndexByte(string(json[at:]), '\n')
		if i < 0 {
			return -1
		}
		at += i + 1
	}
	for i := range string(json[at:]) {
		if c--; c == 0 {
			return at + i
		}
	}
	return len(json)
}
