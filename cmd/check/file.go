package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/serde"
	"kstream/serde/avro"
	"kstream/serde/registry"
	"kstream/serde/wire"
)

// maxSchema is the size of a schema file in bytes; registries take less.
const maxSchema = 16 << 20

// FileOptions say how a schema file is to be understood.
type FileOptions struct {
	Kind       string
	References []string
}

// File is a schema that somebody wants to register.
type File struct {
	Path       string // "-" is stdin
	kind       string
	references []serde.Reference // a version of -1 is the latest
}

// Plan returns the schema at path, which is not read yet, or a usage error.
func (f *FileOptions) Plan(path string) (*File, error) {
	s := &File{Path: path, kind: strings.ToUpper(f.Kind)}
	switch s.kind {
	case "AVRO", "PROTOBUF", "JSON":
	case "":
		s.kind = kindOfFile(path)
	default:
		return nil, cli.Usagef("--type %s: want AVRO, PROTOBUF or JSON", f.Kind)
	}
	for _, text := range f.References {
		name, target, _ := strings.Cut(text, "=")
		subject, version, ok := wire.SplitVersion(target)
		if name == "" || !ok {
			return nil, cli.Usagef("--reference %s: want NAME=SUBJECT:VERSION", text)
		}
		s.references = append(s.references, serde.Reference{Name: name, Subject: subject, Version: version})
	}
	return s, nil
}

func kindOfFile(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".proto":
		return "PROTOBUF"
	case ".json":
		return "JSON"
	}
	return "AVRO"
}

// Read returns the schema of the file, with its references as versions, and refuses a text
// that is none.
func (s *File) Read(ctx context.Context, env *cli.Env, client *registry.Client) (serde.Schema, error) {
	text, err := s.text(env)
	if err != nil {
		return serde.Schema{}, err
	}
	schema := serde.Schema{SchemaInfo: serde.SchemaInfo{Type: s.kind}, Text: string(text)}
	for _, ref := range s.references {
		found, err := client.BySubject(ctx, ref.Subject, ref.Version)
		if err != nil {
			return serde.Schema{}, fmt.Errorf("--reference %s: %w", ref.Name, connect.NearSubject(ctx, client, ref.Subject, ref.Version, err))
		}
		if ref.Version < 0 {
			ref.Version = found.Version
		}
		schema.References = append(schema.References, ref)
	}
	return schema, s.check(ctx, client, schema)
}

func (s *File) text(env *cli.Env) ([]byte, error) {
	in := env.Stdin
	if s.Path != "-" {
		f, err := os.Open(s.Path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxSchema+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", s.Path, err)
	case len(text) > maxSchema:
		return nil, cli.Usagef("%s: more than %d MiB are no schema", s.Path, maxSchema>>20)
	}
	return text, nil
}

// check parses the schema. What imports others is left to the registry where only that
// can say how they go together.
func (s *File) check(ctx context.Context, client *registry.Client, schema serde.Schema) error {
	if s.kind == "AVRO" {
		imports, err := wire.Imports(ctx, client, schema.References)
		if err != nil {
			return err
		}
		texts := make([]string, len(imports))
		for i, imported := range imports {
			texts[i] = imported.Text
		}
		if _, err := avro.ParseSchema(schema.Text, texts...); err != nil {
			return cli.Usagef("%s: %w", s.Path, err)
		}
		return nil
	}
	if len(schema.References) > 0 {
		return nil
	}
	opened, err := record.OpenSerde(specOfKind(s.kind)+":"+s.Path, serde.Options{
		Files: func(name string) ([]byte, error) {
			if name == s.Path {
				return []byte(schema.Text), nil
			}
			return os.ReadFile(name)
		},
	})
	var wrong *serde.SpecError
	if err != nil && !errors.As(err, &wrong) { // a SPEC can want more: which message
		return cli.Usagef("%w", err)
	}
	if err == nil {
		record.CloseSerde(opened)
	}
	return nil
}

// specOfKind is the serde for schemas of a type.
func specOfKind(kind string) string {
	switch kind {
	case "PROTOBUF":
		return "protobuf"
	case "JSON":
		return "jsonschema"
	}
	return "avro"
}
