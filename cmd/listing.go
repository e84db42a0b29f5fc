package cmd

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"kstream/output"
)

// listingFlags say how a list or describe command prints what it found.
type listingFlags struct {
	output  string
	headers bool
	formats []string
}

// register adds -o and --headers; more are formats of this command beside table, json
// and yaml.
func (f *listingFlags) register(flags *pflag.FlagSet, more ...string) {
	f.formats = append([]string{"table", "json", "yaml"}, more...)
	flags.StringVarP(&f.output, "output", "o", "table", "`FORMAT`: "+strings.Join(f.formats, ", "))
	flags.BoolVar(&f.headers, "headers", false, "in a pipe, write the names of the columns too")
}

// plan refuses a format that the command does not have.
func (f *listingFlags) plan(env *Env) (*listing, error) {
	if !slices.Contains(f.formats, f.output) {
		last := len(f.formats) - 1
		return nil, usagef("-o %s: want %s or %s", f.output, strings.Join(f.formats[:last], ", "), f.formats[last])
	}
	return &listing{env, f.output, f.headers}, nil
}

// listing prints lists in one format.
type listing struct {
	env     *Env
	format  string
	headers bool
}

// palette has the colours for stdout, or none.
func (l *listing) palette() output.Palette {
	if l.env.colorFor(l.env.StdoutTerminal) {
		return output.Colours()
	}
	return output.Palette{}
}

// append appends a document of items, a slice of structs with JSON tags, or the table
// made from the same items.
func (l *listing) append(dst []byte, schema string, items any, table func() *output.Table) ([]byte, error) {
	switch l.format {
	case "json":
		return output.AppendDocument(dst, schema, items, output.DocumentOptions{
			Terminal: l.env.StdoutTerminal, Width: l.env.Width, Palette: l.palette(),
		})
	case "yaml":
		return output.AppendYAML(dst, schema, items)
	}
	return l.appendTable(dst, table()), nil
}

func (l *listing) appendTable(dst []byte, t *output.Table) []byte {
	return t.Append(dst, output.TableOptions{
		Terminal: l.env.StdoutTerminal, Headers: l.headers, Palette: l.palette(),
	})
}

// print writes what append makes to stdout.
func (l *listing) print(schema string, items any, table func() *output.Table) error {
	text, err := l.append(nil, schema, items, table)
	if err != nil {
		return err
	}
	_, err = l.env.Stdout.Write(text)
	return err
}
