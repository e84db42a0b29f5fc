package protobuf

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"

	"kstream/serde"
	"kstream/serde/wire"
)

// texts holds the .proto files of a local schema by the name of their import, for the
// registry. It is empty for a descriptor set.
type texts map[string]string

// load reads the schema of protobuf:FILE.
func (s *Serde) load(file string, o serde.Options) error {
	if o.Files == nil {
		return fmt.Errorf("schema file %s: %w", file, serde.ErrUnsupported)
	}
	var err error
	if strings.HasSuffix(file, ".proto") {
		err = s.loadSource(file, o)
	} else {
		err = s.loadSet(file, o)
	}
	if err != nil {
		return err
	}
	m, err := s.local.find(s.name)
	if err != nil {
		return fmt.Errorf("%s: %w: protobuf:%s#MESSAGE", file, err, file)
	}
	info := serde.SchemaInfo{Type: "PROTOBUF", Name: string(m.FullName())}
	s.target = &target{message: s.local.table(m), info: &info}
	return nil
}

func (s *Serde) loadSet(file string, o serde.Options) error {
	data, err := o.Files(file)
	if err != nil {
		return err
	}
	set, err := readSet(data)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if s.local, err = newSchema(set, "", s.style); err != nil {
		return fmt.Errorf("%s: %s", file, shortened(withoutPrefix(err)))
	}
	return nil
}

// loadSource compiles a .proto file. Imports are sought in the directories of
// ProtoPath, beside the file, and in the current directory. A file in a directory of
// ProtoPath is called by its path from there, as others may import it; it may also be
// given so.
func (s *Serde) loadSource(file string, o serde.Options) error {
	name, dirs := filepath.Base(file), append([]string{}, o.ProtoPath...)
	for _, dir := range o.ProtoPath {
		if rel, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(rel) {
			name = filepath.ToSlash(rel)
			break
		}
	}
	text, err := o.Files(file)
	if errors.Is(err, fs.ErrNotExist) && len(o.ProtoPath) > 0 && filepath.IsLocal(file) {
		name = filepath.ToSlash(file)
		text, err = search(o, dirs, name)
	}
	if err != nil {
		return err
	}
	dirs = append(dirs, filepath.Dir(file), ".")
	s.texts = texts{name: string(text)}
	set, err := compile(context.Background(), name, func(path string) (string, error) {
		if text, ok := s.texts[path]; ok {
			return text, nil
		}
		text, err := search(o, dirs, path)
		if err == nil {
			s.texts[path] = string(text)
		}
		return string(text), err
	})
	if err != nil {
		return errors.New(shortened(err.Error()))
	}
	if s.local, err = newSchema(set, name, s.style); err != nil {
		return errors.New(shortened(withoutPrefix(err)))
	}
	return nil
}

// search reads an import from the first directory that has it.
func search(o serde.Options, dirs []string, name string) ([]byte, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil, fmt.Errorf("import %s: want a path below a directory of --proto-path", name)
	}
	for _, dir := range dirs {
		text, err := o.Files(filepath.Join(dir, filepath.FromSlash(name)))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return text, err
		}
	}
	return nil, fmt.Errorf("%s: %w, not in any directory of --proto-path", name, fs.ErrNotExist)
}

// written is what a record is written with.
type written struct {
	schema  *schema
	message protoreflect.MessageDescriptor
	info    *serde.SchemaInfo
	framed  bool
}

// choose gets the schema and the message to write with.
func (s *Serde) choose(ctx context.Context, topic string, p serde.Part) (written, error) {
	switch {
	case s.dump:
		return written{}, errDump
	case s.local == nil:
		l, err := wire.Choose(ctx, s.writer, &s.source, topic, p, s.name)
		if err != nil {
			return written{}, err
		}
		m, err := l.Schema.find(s.name)
		if err != nil {
			return written{}, err
		}
		if m.ParentFile() != l.Schema.roots[0] {
			return written{}, fmt.Errorf("%s is of a reference of the schema, not of its own", m.FullName())
		}
		return written{l.Schema, m, &l.Info, true}, nil
	case !s.writer.Registers():
		return written{s.local, s.target.message.desc, s.target.info, false}, nil
	}
	m := s.target.message.desc
	info, err := s.writer.Registered(ctx, s.source.Registry, s.writer.Subject(topic, p, string(m.FullName())),
		func(ctx context.Context) (serde.Schema, error) { return s.registrable(ctx, m.ParentFile()) })
	return written{s.local, m, &info, true}, err
}

// registrable returns a file as a registry takes it. What it imports is registered first,
// under the name of the import, as Confluent's serializers do; registries have the
// standard files themselves.
func (s *Serde) registrable(ctx context.Context, file protoreflect.FileDescriptor) (serde.Schema, error) {
	schema := serde.Schema{SchemaInfo: serde.SchemaInfo{Type: "PROTOBUF"}, Text: s.texts[file.Path()]}
	if schema.Text == "" {
		b, err := proto.Marshal(protodesc.ToFileDescriptorProto(file))
		if err != nil {
			return schema, err
		}
		schema.Text = base64.StdEncoding.EncodeToString(b)
	}
	for i := range file.Imports().Len() {
		imported := file.Imports().Get(i)
		if isStandard(imported.Path()) {
			continue
		}
		of, err := s.registrable(ctx, imported.FileDescriptor)
		if err != nil {
			return schema, err
		}
		got, err := s.source.Registry.Register(ctx, imported.Path(), of)
		if err == nil && got.Version == 0 {
			got, err = s.source.Registry.BySubject(ctx, imported.Path(), -1)
		}
		if err != nil {
			return schema, fmt.Errorf("register %s: %w", imported.Path(), err)
		}
		schema.References = append(schema.References, serde.Reference{Name: imported.Path(), Subject: imported.Path(), Version: got.Version})
	}
	return schema, nil
}
