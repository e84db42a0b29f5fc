package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/goccy/go-yaml"

	"kstream/cmd/suggest"
)

// Document is a configuration file that is being edited. Order and comments of what
// it does not touch stay; blank lines and the layout of flow mappings may change.
type Document struct {
	path     string
	items    yaml.MapSlice
	comments yaml.CommentMap
}

// OpenDocument reads a configuration file for editing. A file that does not exist
// is an empty one. A file that Load would refuse is refused.
func OpenDocument(path string) (*Document, error) {
	d := &Document{path: path, comments: yaml.CommentMap{}}
	data, err := readBounded(path)
	if errors.Is(err, fs.ErrNotExist) {
		d.items = yaml.MapSlice{{Key: "version", Value: fileVersion}}
		return d, nil
	}
	if err != nil {
		return nil, err
	}
	file, err := Parse(path, data)
	if err != nil {
		return nil, err
	}
	err = yaml.UnmarshalWithOptions(data, &d.items, yaml.UseOrderedMap(), yaml.CommentToMap(d.comments))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, yamlError(path, err)
	}
	d.mendBrokers(file)
	return d, nil
}

// mendBrokers writes broker lists that the library misreads as what List read.
func (d *Document) mendBrokers(file *File) {
	for _, item := range d.contexts() {
		context, _ := item.Value.(yaml.MapSlice)
		name, _ := item.Key.(string)
		for i := range context {
			if list, ok := context[i].Value.([]any); ok && context[i].Key == "brokers" &&
				slices.ContainsFunc(list, func(v any) bool { _, isString := v.(string); return !isString }) {
				context[i].Value = file.Contexts[name].Brokers
			}
		}
	}
}

// File is the document as it is now.
func (d *Document) File() (*File, error) {
	data, err := d.bytes()
	if err != nil {
		return nil, err
	}
	return Parse(d.path, data)
}

// Set adds a context or replaces one of the same name.
func (d *Document) Set(name string, c Context) error {
	if name == "" {
		return usagef("a context needs a name")
	}
	data, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Errorf("%s: %w", d.path, err)
	}
	var items yaml.MapSlice
	if err = yaml.UnmarshalWithOptions(data, &items, yaml.UseOrderedMap()); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", d.path, err)
	}
	contexts := d.contexts()
	put(&contexts, name, items)
	put(&d.items, "contexts", contexts)
	return nil
}

// Use makes a context the current one. It must exist.
func (d *Document) Use(name string) error {
	if err := d.mustHave(name); err != nil {
		return err
	}
	put(&d.items, "current", name)
	return nil
}

// Delete removes a context. It must exist; if it is the current one, there is none
// afterwards.
func (d *Document) Delete(name string) error {
	if err := d.mustHave(name); err != nil {
		return err
	}
	contexts := slices.DeleteFunc(d.contexts(), func(i yaml.MapItem) bool { return i.Key == name })
	put(&d.items, "contexts", contexts)
	d.items = slices.DeleteFunc(d.items, func(i yaml.MapItem) bool { return i.Key == "current" && i.Value == name })
	return nil
}

// Save writes the document: a new file beside the old one, mode 0600, which then
// takes its place, so that a reader sees either. Directories that are missing are
// made with mode 0700. A symbolic link stays one.
func (d *Document) Save() error {
	data, err := d.bytes()
	if err != nil {
		return err
	}
	if _, err = Parse(d.path, data); err != nil {
		return err
	}
	path := d.path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if err = os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("%s: %w", d.path, causeOf(err))
	}
	return replaceFile(path, data)
}

func replaceFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".config-*") // mode 0600
	if err != nil {
		return fmt.Errorf("%s: %w", path, causeOf(err))
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", path, causeOf(errors.Join(err, os.Remove(f.Name()))))
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func (d *Document) bytes() ([]byte, error) {
	data, err := yaml.MarshalWithOptions(d.items, yaml.WithComment(d.comments), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.path, err)
	}
	return data, nil
}

func (d *Document) contexts() yaml.MapSlice {
	for _, item := range d.items {
		if contexts, ok := item.Value.(yaml.MapSlice); ok && item.Key == "contexts" {
			return contexts
		}
	}
	return nil
}

func (d *Document) mustHave(name string) error {
	file, err := d.File()
	if err != nil {
		return err
	}
	if _, ok := file.Contexts[name]; ok {
		return nil
	}
	known := slices.Sorted(maps.Keys(file.Contexts))
	e := unknownContext(d.path, name, file)
	if near := suggest.Nearest(name, known); near != "" {
		e.Hint = didYouMean(near)
	}
	return e
}

// put sets a key, in its place when it is there.
func put(m *yaml.MapSlice, key string, value any) {
	for i := range *m {
		if (*m)[i].Key == key {
			(*m)[i].Value = value
			return
		}
	}
	*m = append(*m, yaml.MapItem{Key: key, Value: value})
}
