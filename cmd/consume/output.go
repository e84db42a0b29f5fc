package consume

import (
	"regexp"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/input"
	"kstream/output"
	"kstream/output/columns"
	"kstream/output/format"
)

// OutputOptions say how records are shown.
type OutputOptions struct {
	Output    string
	Kcat      string
	KeySep    string
	Delimiter string
	Null      string
	CsvSafe   bool
	Set       func(name string) bool
}

// outputPlan is OutputOptions, checked.
type outputPlan struct {
	format output.Format
	header string // printed once, before the first record
	// tellsErrors reports whether the format shows why a record could not be decoded.
	tellsErrors bool
	files       *columnFiles // nil: it goes to stdout
}

// foreignOffset is what other tools take after -o.
var foreignOffset = regexp.MustCompile(`^(beginning|end|earliest|latest|stored|-?[0-9]+|[se]@.*)$`)

// Plan returns how records are rendered, or a usage error. On a terminal that shows a live
// view they are not.
func (f *OutputOptions) Plan(env *cli.Env, watch bool) (*outputPlan, error) {
	terminal := env.StdoutTerminal
	delimiter, err := input.Unescape(f.Delimiter)
	if err != nil {
		return nil, cli.Usagef("-d %s: %w", f.Delimiter, err)
	}
	name := f.Output
	if f.Kcat != "" {
		if name != "" || f.Set("key-separator") {
			return nil, cli.Usagef("--kcat-format is a format of its own: leave -o and -K out")
		}
		compiled, err := format.ParseKcat(f.Kcat, format.Options{Null: []byte(f.Null), Terminal: terminal})
		if err != nil {
			return nil, cli.Usagef("--kcat-format: %w", err)
		}
		return &outputPlan{format: compiled}, nil
	}
	lines := output.Value{Delimiter: delimiter, Null: []byte(f.Null), Terminal: terminal}
	if f.Set("key-separator") {
		if name != "" && name != "value" {
			return nil, cli.Usagef("-K prints KEY SEP VALUE; it does not go with -o %s", name)
		}
		name = "value"
		if lines.KeySeparator, err = input.Unescape(f.KeySep); err != nil {
			return nil, cli.Usagef("-K %s: %w", f.KeySep, err)
		}
	}
	if watch && terminal {
		name = "none"
	}
	if name == "" {
		name = "value"
		if terminal && !f.Set("delimiter") {
			name = "pretty"
		}
	}
	if err := f.checkFor(name); err != nil {
		return nil, err
	}
	out := &outputPlan{}
	if out.files, err = planColumnFiles(name); err != nil {
		return nil, err
	}
	named, ok := formatNamed(name)
	switch {
	case out.files != nil:
		out.format, out.tellsErrors = columns.Rows{}, true
	case ok:
		if out.format, err = named.open(style{lines, []byte(f.Null), f.CsvSafe, terminal, env}); err != nil {
			return nil, err
		}
		out.tellsErrors = named.errors
		if titled, ok := out.format.(interface{ Header() string }); ok {
			out.header = titled.Header()
		}
	case foreignOffset.MatchString(name):
		return nil, foreignOffsetError(name)
	case strings.ContainsAny(name, `%\`):
		compiled, err := format.Parse(name, format.Options{Null: []byte(f.Null), Terminal: terminal})
		if err != nil {
			return nil, cli.Usagef("-o: %w", err)
		}
		out.format = compiled
	default:
		return nil, cli.Hint(cli.Usagef("-o %s: no such format", name), "formats are %s, or a format string, which holds %% or \\", FormatNames())
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
	return cli.Hint(cli.Usagef("-o %s: -o is the output format", name), "did you mean %s %s?", flag, at)
}

// checkFor refuses flags that would do nothing for the format.
func (f *OutputOptions) checkFor(name string) error {
	formatted := strings.ContainsAny(name, `%\\`)
	switch {
	case f.Set("delimiter") && name != "value":
		return cli.Usagef("-d goes with -o value, not with -o %s", name)
	case f.Set("null") && name != "value" && name != "csv" && !formatted:
		return cli.Usagef("--null goes with -o value, csv and format strings, not with -o %s", name)
	case f.CsvSafe && name != "csv":
		return cli.Usagef("--csv-safe goes with -o csv")
	}
	return nil
}
