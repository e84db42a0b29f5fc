package cli

import (
	"slices"
	"strings"

	"kstream/output"
)

// ListingOptions say how a list or describe command prints what it found.
type ListingOptions struct {
	Output  string
	Headers bool
	Formats []string
}

// Plan refuses a format that the command does not have.
func (f *ListingOptions) Plan(env *Env) (*Listing, error) {
	if !slices.Contains(f.Formats, f.Output) {
		last := len(f.Formats) - 1
		return nil, Usagef("-o %s: want %s or %s", f.Output, strings.Join(f.Formats[:last], ", "), f.Formats[last])
	}
	return &Listing{env, f.Output, f.Headers}, nil
}

// Listing prints lists in one format.
type Listing struct {
	Env     *Env
	Format  string
	Headers bool
}

// Palette has the colours for stdout, or none.
func (l *Listing) Palette() output.Palette {
	if l.Env.ColorFor(l.Env.StdoutTerminal) {
		return output.Colours()
	}
	return output.Palette{}
}

// Append appends a document of items, a slice of structs with JSON tags, or the table
// made from the same items.
func (l *Listing) Append(dst []byte, schema string, items any, table func() *output.Table) ([]byte, error) {
	switch l.Format {
	case "json":
		return output.AppendDocument(dst, schema, items, output.DocumentOptions{
			Terminal: l.Env.StdoutTerminal, Width: l.Env.Width, Palette: l.Palette(),
		})
	case "yaml":
		return output.AppendYAML(dst, schema, items)
	}
	return l.AppendTable(dst, table()), nil
}

// AppendTable appends t to dst as the flags and the terminal want it.
func (l *Listing) AppendTable(dst []byte, t *output.Table) []byte {
	return t.Append(dst, output.TableOptions{
		Terminal: l.Env.StdoutTerminal, Width: l.Env.Width, Headers: l.Headers, Palette: l.Palette(),
	})
}

// AppendPart is AppendTable for one table of several: a terminal gets a word in the place of
// one without rows.
func (l *Listing) AppendPart(dst []byte, t *output.Table, none string) []byte {
	if len(t.Rows) == 0 && l.Env.StdoutTerminal {
		return append(l.Palette().Dim.Append(dst, none), '\n')
	}
	return l.AppendTable(dst, t)
}

// Print writes what append makes to stdout.
func (l *Listing) Print(schema string, items any, table func() *output.Table) error {
	text, err := l.Append(nil, schema, items, table)
	if err != nil {
		return err
	}
	_, err = l.Env.Stdout.Write(text)
	return err
}
