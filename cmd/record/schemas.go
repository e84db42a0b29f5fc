package record

import (
	"context"
	"os"
	"strconv"
	"strings"

	"kstream/output/columns"
)

// Schemas returns the columns that schemas ask for: those of the registry, and Avro
// schemas in files. In other modes than plain JSON types come from the rows.
func (s *Selection) Schemas(ctx context.Context) columns.Schemas {
	f := &s.Serdes
	if f.JSONMode != "plain" || f.AvroJSON != "plain" || f.JSONInts != "number" || f.Reader != "" {
		return nil
	}
	local := map[string]*columns.Shape{}
	for _, spec := range []string{f.Key, f.Value} {
		path, isAvro := strings.CutPrefix(spec, "avro:")
		if text, err := os.ReadFile(path); isAvro && err == nil { // the serde has read it, or complained
			shape, name := columns.FromAvro(text)
			local[name] = shape
		}
	}
	registry := s.Cluster.SchemaRegistry()
	return func(name string) *columns.Shape {
		id, err := strconv.Atoi(name)
		if err != nil || registry == nil {
			return local[name]
		}
		schema, err := registry.ByID(ctx, id, "")
		if err != nil {
			return nil
		}
		switch schema.Type {
		case "AVRO", "":
			shape, _ := columns.FromAvro([]byte(schema.Text))
			return shape
		case "JSON":
			return columns.FromJSONSchema([]byte(schema.Text))
		}
		return nil
	}
}
