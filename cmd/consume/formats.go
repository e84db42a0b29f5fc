package consume

import (
	"slices"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/output"
)

// Format is a way to show records that has a name in -o. A new one is a file in package
// output and a line in Formats: flags, help, completion and errors read that.
type Format struct {
	Name string // parquet:DIR where a path follows
	Help string
	// open is nil where records go into files; see planColumnFiles.
	open func(style) (output.Format, error)
	// errors says that it shows why a record could not be decoded.
	errors bool
}

// style is what a format may want to know.
type style struct {
	lines    output.Value // with the delimiter and the key's separator
	null     []byte
	csvSafe  bool
	terminal bool
	env      *cli.Env
}

// Formats returns all formats with names, in the order that help shows them.
func Formats() []Format {
	return []Format{
		{"pretty", "for people; the default on a terminal", openPretty, true},
		{"value", "the value and a newline; the default in a pipe; with -K SEP the key before it", func(s style) (output.Format, error) { return s.lines, nil }, false},
		{"json", "all of the record on one line, see kstream help record-line", func(s style) (output.Format, error) { return output.JSON{Terminal: s.terminal}, nil }, true},
		{"raw", "the bytes of the values and nothing between them; not for a terminal", openRaw, false},
		{"csv", "a header row, then a row a record", openCSV, false},
		{"none", "nothing", func(style) (output.Format, error) { return output.None{}, nil }, false},
		{"parquet:DIR", "Parquet files in a folder, a row a record; a second run goes on behind them", nil, true},
		{"avro:FILE", "an Avro object container file, a row a record", nil, true},
	}
}

// FormatNames returns the names of all formats as a list for people.
func FormatNames() string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// formatNamed returns the format of that name, if it writes to stdout.
func formatNamed(name string) (Format, bool) {
	list := Formats()
	i := slices.IndexFunc(list, func(f Format) bool { return f.Name == name && f.open != nil })
	if i < 0 {
		return Format{}, false
	}
	return list[i], true
}

func openPretty(s style) (output.Format, error) {
	pretty := output.Pretty{Width: s.env.Width, Zone: time.Local}
	if s.env.ColorFor(s.terminal) {
		pretty.Palette = output.Colours()
	}
	return pretty, nil
}

func openRaw(s style) (output.Format, error) {
	if s.terminal {
		return nil, cli.Hint(cli.Errorf(cli.CodeNotAPipe, "-o raw writes bytes as they are, and stdout is a terminal"), "send it to a file or a pipe, or use -o value")
	}
	return output.Value{}, nil
}

func openCSV(s style) (output.Format, error) {
	return output.CSV{Null: s.null, Safe: s.csvSafe, Terminal: s.terminal}, nil
}
