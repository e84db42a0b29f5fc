package avro

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/twmb/avro"
	"github.com/twmb/avro/ocf"

	"kstream/serde"
	"kstream/serde/value"
)

// decodeContainer reads an object container file that is the value of a record. Its
// values become a List: the schema is in the file, and so is how many there are.
func decodeContainer(data []byte, style Style, limits serde.Limits) (value.List, *Schema, error) {
	limits = limits.OrDefaults()
	if len(data) > limits.Bytes {
		return nil, nil, fault(0, serde.ErrTooBig)
	}
	var schema *Schema
	reader, err := ocf.NewReader(bytes.NewReader(data),
		ocf.WithSchemaOpts(avro.WithLaxNames(checkName)),
		ocf.WithReaderSchemaFunc(func(r *ocf.Reader) (*avro.Schema, error) {
			var err error
			if schema, err = ParseSchema(string(r.Metadata()["avro.schema"])); err != nil {
				return nil, err
			}
			return foreign(schema, bare)
		}),
		ocf.WithDecodeOpts(avro.TaggedUnions()),
		ocf.WithMaxBlockBytes(int64(limits.Output)),
		ocf.WithMaxDecompressedBlockBytes(int64(limits.Output)),
	)
	if err != nil {
		return nil, nil, fault(-1, fmt.Errorf("container file: %w", err))
	}
	defer func() { _ = reader.Close() }() // of bytes in memory
	list := value.List{}
	for total := 0; ; {
		var read any
		err := reader.Decode(&read)
		if errors.Is(err, io.EOF) {
			return list, schema, nil
		}
		if err != nil {
			return nil, nil, fault(-1, fmt.Errorf("container file: value %d: %w", len(list), err))
		}
		datum, err := schema.again(read, limits)
		if err != nil {
			return nil, nil, err
		}
		if total += len(datum); total > limits.Output || len(list) >= limits.Items {
			return nil, nil, fault(-1, fmt.Errorf("container file: %w", serde.ErrTooBig))
		}
		v, _, err := schema.Decode(datum, style, limits)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, v)
	}
}
