package protobuf

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"

	"kstream/serde/wire"
)

// Compatible returns nil if what is written with one schema can be read with another,
// otherwise the first reason why not: a message that is gone, a field of another type on the
// wire, of a oneof that is gone, or that was required and is not, or the other way round.
func Compatible(ctx context.Context, writer, reader string, writerImports, readerImports []wire.Import) error {
	w, err := fileOf(ctx, writer, writerImports)
	if err != nil {
		return err
	}
	r, err := fileOf(ctx, reader, readerImports)
	if err != nil {
		return err
	}
	return messagesAgree(w.Messages(), r.Messages())
}

// Check returns nil if a schema compiles.
func Check(ctx context.Context, text string, imports []wire.Import) error {
	_, err := fileOf(ctx, text, imports)
	return err
}

func fileOf(ctx context.Context, text string, imports []wire.Import) (protoreflect.FileDescriptor, error) {
	const main = "schema.proto"
	set, err := compile(ctx, main, func(name string) (string, error) {
		if name == main {
			return text, nil
		}
		for _, i := range imports {
			if i.Name == name {
				return i.Text, nil
			}
		}
		return "", fmt.Errorf("%s: not among the references", name)
	})
	if err != nil {
		return nil, err
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, err
	}
	return files.FindFileByPath(set.File[len(set.File)-1].GetName())
}

func messagesAgree(w, r protoreflect.MessageDescriptors) error {
	for i := range w.Len() {
		old := w.Get(i)
		if old.IsMapEntry() {
			continue
		}
		now := r.ByName(old.Name())
		if now == nil {
			return fmt.Errorf("message %s is gone", old.FullName())
		}
		if err := fieldsAgree(old, now); err != nil {
			return fmt.Errorf("message %s: %w", old.FullName(), err)
		}
		if err := messagesAgree(old.Messages(), now.Messages()); err != nil {
			return err
		}
	}
	return nil
}

func fieldsAgree(w, r protoreflect.MessageDescriptor) error {
	moved := map[protoreflect.Name]int{} // fields that are now in a oneof, by its name
	for i := range r.Fields().Len() {
		now := r.Fields().Get(i)
		old := w.Fields().ByNumber(now.Number())
		if old == nil {
			if now.Cardinality() == protoreflect.Required {
				return fmt.Errorf("field %s is required, and new", now.Name())
			}
			continue
		}
		if err := fieldAgrees(old, now); err != nil {
			return err
		}
		if oneofOf(now) != "" && oneofOf(old) == "" {
			if moved[oneofOf(now)]++; moved[oneofOf(now)] > 1 {
				return fmt.Errorf("several fields have moved into oneof %s", oneofOf(now))
			}
		}
	}
	for i := range w.Fields().Len() {
		old := w.Fields().Get(i)
		if r.Fields().ByNumber(old.Number()) != nil {
			continue
		}
		switch {
		case old.Cardinality() == protoreflect.Required:
			return fmt.Errorf("field %s was required, and is gone", old.Name())
		case oneofOf(old) != "":
			return fmt.Errorf("field %s of oneof %s is gone", old.Name(), oneofOf(old))
		}
	}
	return nil
}

// oneofOf is the name of the oneof that somebody has written a field into.
func oneofOf(f protoreflect.FieldDescriptor) protoreflect.Name {
	if o := f.ContainingOneof(); o != nil && !o.IsSynthetic() {
		return o.Name()
	}
	return ""
}

func fieldAgrees(old, now protoreflect.FieldDescriptor) error {
	changed := func(from, to any) error {
		return fmt.Errorf("field %d (%s) was %v, and is %v", old.Number(), now.Name(), from, to)
	}
	switch {
	case wireGroup(old.Kind()) != wireGroup(now.Kind()):
		return changed(old.Kind(), now.Kind())
	case old.IsMap() != now.IsMap(), old.IsList() != now.IsList() && wireGroup(old.Kind()) != "bytes" && old.Message() == nil:
		return changed(old.Cardinality(), now.Cardinality())
	case (old.Cardinality() == protoreflect.Required) != (now.Cardinality() == protoreflect.Required):
		return changed(old.Cardinality(), now.Cardinality())
	case old.IsMap():
		return cmpFirst(fieldAgrees(old.MapKey(), now.MapKey()), fieldAgrees(old.MapValue(), now.MapValue()))
	case old.Message() != nil && old.Message().FullName() != now.Message().FullName():
		return changed(old.Message().FullName(), now.Message().FullName())
	}
	return nil
}

func cmpFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// wireGroup names the types whose values can be read as each other's.
func wireGroup(k protoreflect.Kind) string {
	switch k {
	case protoreflect.Int32Kind, protoreflect.Int64Kind, protoreflect.Uint32Kind, protoreflect.Uint64Kind, protoreflect.BoolKind, protoreflect.EnumKind:
		return "varint"
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		return "zigzag"
	case protoreflect.StringKind, protoreflect.BytesKind:
		return "bytes"
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
		return "fixed32"
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return "fixed64"
	}
	return k.String()
}
