package cmd

import (
	"regexp"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"kstream/cmd/input"
	"kstream/output"
	"kstream/output/columns"
	"kstream/output/format"
)

// recordOutputFlags say how records are shown.
type recordOutputFlags struct {
	output    string
	kcat      string
	keySep    string
	delimiter string
	null      string
	csvSafe   bool
	set       func(name string) bool
}

func (f *recordOutputFlags) register(flags *pflag.FlagSet) {
	flags.StringVarP(&f.output, "output", "o", "", "`FORMAT`: pretty (terminal), value (pipe), json, raw, csv, none, parquet:DIR, avro:FILE, or a format string such as '%k %v\\n'")
	flags.StringVar(&f.kcat, "kcat-format", "", "a format string in kcat's `TOKENS`")
	flags.StringVarP(&f.keySep, "key-separator", "K", "", "print KEY `SEP` VALUE")
	flags.StringVarP(&f.delimiter, "delimiter", "d", `\n`, "what ends each record, `SEP`: \\n, \\0, …")
	flags.StringVar(&f.null, "null", "", "how a null key or value is shown: `MARKER`")
	flags.BoolVar(&f.csvSafe, "csv-safe", false, "with -o csv: quote cells that a spreadsheet would run")
	f.set = flags.Changed
}

// recordOutput is recordOutputFlags with a meaning.
type recordOutput struct {
	format output.Format
	header string // printed once, before the first record
	// tellsErrors says whether the format shows why a record could not be decoded.
	tellsErrors bool
	files       *columnFiles // nil: it goes to stdout
}

// foreignOffset is what other tools take after -o.
var foreignOffset = regexp.MustCompile(`^(beginning|end|earliest|latest|stored|-?[0-9]+|[se]@.*)$`)

func (f *recordOutputFlags) plan(env *Env) (*recordOutput, error) {
	terminal := env.StdoutTerminal
	delimiter, err := input.Unescape(f.delimiter)
	if err != nil {
		return nil, usagef("-d %s: %w", f.delimiter, err)
	}
	name := f.output
	if f.kcat != "" {
		if name != "" || f.set("key-separator") {
			return nil, usagef("--kcat-format is a format of its own: leave -o and -K out")
		}
		compiled, err := format.ParseKcat(f.kcat, format.Options{Null: []byte(f.null), Terminal: terminal})
		if err != nil {
			return nil, usagef("--kcat-format: %w", err)
		}
		return &recordOutput{format: compiled}, nil
	}
	lines := output.Value{Delimiter: delimiter, Null: []byte(f.null), Terminal: terminal}
	if f.set("key-separator") {
		if name != "" && name != "value" {
			return nil, usagef("-K prints KEY SEP VALUE; it does not go with -o %s", name)
		}
		name = "value"
		if lines.KeySeparator, err = input.Unescape(f.keySep); err != nil {
			return nil, usagef("-K %s: %w", f.keySep, err)
		}
	}
	if name == "" {
		name = "value"
		if terminal && !f.set("delimiter") {
			name = "pretty"
		}
	}
	if err := f.checkFor(name); err != nil {
		return nil, err
	}
	out := &recordOutput{}
	if out.files, err = planColumnFiles(name); err != nil {
		return nil, err
	}
	switch {
	case out.files != nil:
		out.format, out.tellsErrors = columns.Rows{}, true
	case name == "value":
		out.format = lines
	case name == "json":
		out.format, out.tellsErrors = output.JSON{Terminal: terminal}, true
	case name == "raw":
		if terminal {
			return nil, hint(faultf(codeNotAPipe, "-o raw writes bytes as they are, and stdout is a terminal"), "send it to a file or a pipe, or use -o value")
		}
		out.format = output.Value{}
	case name == "csv":
		csv := output.CSV{Null: []byte(f.null), Safe: f.csvSafe, Terminal: terminal}
		out.format, out.header = csv, csv.Header()
	case name == "none":
		out.format = output.None{}
	case name == "pretty":
		pretty := output.Pretty{Width: env.Width, Zone: time.Local}
		if env.colorFor(terminal) {
			pretty.Palette = output.Colours()
		}
		out.format, out.tellsErrors = pretty, true
	case foreignOffset.MatchString(name):
		return nil, foreignOffsetError(name)
	case strings.ContainsAny(name, `%\`):
		compiled, err := format.Parse(name, format.Options{Null: []byte(f.null), Terminal: terminal})
		if err != nil {
			return nil, usagef("-o: %w", err)
		}
		out.format = compiled
	default:
		return nil, hint(usagef("-o %s: no such format", name), "formats are pretty, value, json, raw, csv, none, parquet:DIR, avro:FILE, or a format string, which holds %% or \\")
	}
	return out, nil
}

// foreignOffsetError tells how we write a position that other tools take after -o.
func foreignOffsetError(name string) error {
	flag, at := "--from-offset", name
	if time, ok := strings.CutPrefix(name, "s@"); ok {
		at = "@" + time
	} else if time, ok := strings.CutPrefix(name, "e@"); ok {
		flag, at = "--to-offset", "@"+time
	}
	return hint(usagef("-o %s: -o is the output format", name), "did you mean %s %s?", flag, at)
}

// checkFor refuses flags that would do nothing for the format.
func (f *recordOutputFlags) checkFor(name string) error {
	formatted := strings.ContainsAny(name, `%\\`)
	switch {
	case f.set("delimiter") && name != "value":
		return usagef("-d goes with -o value, not with -o %s", name)
	case f.set("null") && name != "value" && name != "csv" && !formatted:
		return usagef("--null goes with -o value, csv and format strings, not with -o %s", name)
	case f.csvSafe && name != "csv":
		return usagef("--csv-safe goes with -o csv")
	}
	return nil
}
