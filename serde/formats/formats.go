// Package formats is the list of all serdes, and opens them by name.
//
// It stands apart from package serde because the formats import that one. A format is
// one line here: its name, what it is, and its constructor.
package formats

import (
	"strconv"

	"kstream/serde"
	"kstream/serde/avro"
	"kstream/serde/cbor"
	"kstream/serde/jsonschema"
	"kstream/serde/msgpack"
	"kstream/serde/pickle"
	"kstream/serde/protobuf"
	"kstream/serde/value"
)

// Open makes the serde that spec names: name[:argument][?param=value&…]. What cannot be
// understood is a *serde.SpecError. A Serde that is an io.Closer must be closed.
func Open(spec string, o serde.Options) (serde.Serde, error) {
	return serde.OpenFrom(List(), spec, o)
}

// List returns all formats, in the order that help shows them.
func List() []serde.Factory {
	return []serde.Factory{
		{Name: "text", Help: "as it is: text, or base64 where it is none", New: serde.NewText},
		{Name: "string", Help: "text, checked to be UTF-8", New: serde.NewString},
		{Name: "hex", Help: "any bytes, shown in hexadecimal", New: serde.NewBinary},
		{Name: "base64", Help: "any bytes, shown in base64", New: serde.NewBinary},
		{Name: "bytes", Help: "any bytes, as they are", New: serde.NewBinary},
		{Name: "auto", Help: "recognise schema frames, JSON, text, pickle; never guess", New: newAuto},
		{Name: "json", Help: "JSON, checked; numbers and key order kept", New: serde.NewJSON},
		{Name: "short", Help: "2 bytes, big endian", New: serde.NewPrimitive},
		{Name: "int", Help: "4 bytes, big endian", New: serde.NewPrimitive},
		{Name: "long", Help: "8 bytes, big endian", New: serde.NewPrimitive},
		{Name: "float", Help: "4 bytes, IEEE 754", New: serde.NewPrimitive},
		{Name: "double", Help: "8 bytes, IEEE 754", New: serde.NewPrimitive},
		{Name: "boolean", Help: "1 byte, 0 or 1", New: serde.NewPrimitive},
		{Name: "uuid", Help: "36 characters, as Java's UUIDSerializer", New: serde.NewUUID},
		{Name: "uuid-bytes", Help: "16 bytes", New: serde.NewUUID},
		{Name: "pack", Argument: "FIELDS", NeedsArgument: true, Help: "fields in a row, as kcat's pack strings: pack:>iq", New: serde.NewPack},
		{Name: "avro", Argument: "FILE", Help: "Avro, by the registry; with FILE by that schema, without a frame", New: avro.New},
		{Name: "protobuf", Argument: "FILE#MESSAGE", Help: "Protocol Buffers, by the registry; or by a .proto or descriptor set, without a frame; protobuf:? without a schema", Params: protobuf.Params(), New: protobuf.New},
		{Name: "jsonschema", Argument: "FILE", Help: "JSON checked by a JSON Schema: of the registry; with FILE by that schema, without a frame", New: jsonschema.New},
		{Name: "pickle", Help: "Python's pickle, never run", Params: []serde.Param{{Name: "protocol", Values: "0…5", Help: "what to write, 4 when left out"}}, New: newPickle},
		{Name: "msgpack", Help: "MessagePack", New: msgpack.New},
		{Name: "cbor", Help: "CBOR (RFC 8949)", New: cbor.New},
		{Name: "exec", Argument: "COMMAND", NeedsArgument: true, RawArgument: true, Help: "your own command, over frames on its stdin and stdout", New: serde.NewExec},
	}
}

// newAuto returns the serde that recognises the other formats.
func newAuto(_ serde.Spec, o serde.Options) (serde.Serde, error) {
	o.AutoRegister = false // it only reads
	o.Validate = o.Validate && o.Registry != nil
	framed, err := avro.New(serde.Spec{Name: "avro"}, o)
	if err != nil {
		return nil, err
	}
	pickled, err := newPickle(serde.Spec{Name: "pickle"}, o)
	if err != nil {
		return nil, err
	}
	messages, err := protobuf.New(serde.Spec{Name: "protobuf"}, o)
	if err != nil {
		return nil, err
	}
	documents, err := jsonschema.New(serde.Spec{Name: "jsonschema"}, o)
	if err != nil {
		return nil, err
	}
	return serde.NewAuto(o, serde.AutoFormats{
		BySchema:  map[string]serde.Decoder{"AVRO": framed, "PROTOBUF": messages, "JSON": documents},
		Container: framed,
		Pickle:    pickled,
	}), nil
}

func newPickle(s serde.Spec, o serde.Options) (serde.Serde, error) {
	protocol := pickle.DefaultProtocol
	if text, ok := s.Param("protocol"); ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 5 {
			return nil, s.Errorf("protocol %s: want 0 to 5", text)
		}
		protocol = n
	}
	return pickle.New(pickle.Options{
		Protocol: protocol, AllowObjects: o.PickleAllowObjects, Lossless: o.JSONMode == value.Lossless, Limits: o.Limits,
	})
}
