package cmd

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"
)

// The headings of flags in the help of a command, in their order. The flags of a command
// that no section claims come first.
const (
	flagsOwn     = "Flags"
	flagsState   = "A state for each key"
	flagsReading = "What is read"
	flagsMembers = "Members of a group"
	flagsOutput  = "Output"
	flagsTables  = "Databases"
	flagsSerdes  = "Formats of keys and values"
	flagsCluster = "The cluster"
	flagsAll     = "All commands"
)

var flagSections = []string{flagsOwn, flagsState, flagsReading, flagsMembers, flagsOutput, flagsTables, flagsSerdes, flagsCluster, flagsAll}

// The annotations by which help finds the heading of a flag, and whether the short page
// only names it.
const (
	sectionAnnotation = "kstream_section"
	rareAnnotation    = "kstream_rare"
)

// section puts flags under a heading: all that are added to the set until the function
// that it returns is called, and that have none by then. The short page only names those
// in rare.
func section(flags *pflag.FlagSet, heading string, rare ...string) (end func()) {
	before := map[string]bool{}
	flags.VisitAll(func(f *pflag.Flag) { before[f.Name] = true })
	return func() {
		flags.VisitAll(func(f *pflag.Flag) {
			if before[f.Name] || f.Annotations[sectionAnnotation] != nil {
				return
			}
			if f.Annotations == nil {
				f.Annotations = map[string][]string{}
			}
			f.Annotations[sectionAnnotation] = []string{heading}
			if slices.Contains(rare, f.Name) {
				f.Annotations[rareAnnotation] = []string{"true"}
			}
		})
	}
}

// hideWriting takes the flags that only matter when keys and values are encoded out of
// the help of a command that never encodes any.
func hideWriting(flags *pflag.FlagSet) {
	for _, name := range []string{"auto-register", "ignore-unknown", "pickle-allow-objects", "schema-id", "schema-id-in"} {
		flags.Lookup(name).Hidden = true
	}
}

// flagRow is a flag as help shows it.
type flagRow struct {
	section string
	rare    bool
	name    string // --exit
	form    string // -e, --exit
	usage   string
}

// flagRows returns the flags that help shows, in the order of their names.
func flagRows(sets ...*pflag.FlagSet) []flagRow {
	var rows []flagRow
	for _, flags := range sets {
		flags.VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.Deprecated != "" {
				return
			}
			rows = append(rows, newFlagRow(f))
		})
	}
	return rows
}

func newFlagRow(f *pflag.Flag) flagRow {
	value, usage := pflag.UnquoteUsage(f)
	if f.Value.Type() == "count" {
		value = ""
	}
	row := flagRow{section: flagsOwn, rare: f.Annotations[rareAnnotation] != nil, name: "--" + f.Name, usage: usage}
	if s := f.Annotations[sectionAnnotation]; s != nil {
		row.section = s[0]
	}
	letter := "      "
	if f.Shorthand != "" {
		letter = "  -" + f.Shorthand + ", "
	}
	row.form = strings.TrimRight(letter+row.name+" "+value, " ")
	if strings.Contains(value, "|") && utf8.RuneCountInString(row.form) > flagColumn {
		row.form = letter + row.name + " WORD"
		if !strings.Contains(usage, value) {
			row.usage += ": " + value
		}
	}
	switch f.DefValue {
	case "", "0", "-1", "0s", "false", "[]":
	default:
		if !strings.Contains(usage, "(default") {
			row.usage += fmt.Sprintf(" (default %s)", f.DefValue)
		}
	}
	return row
}

// flagColumn bounds the column of flags, in characters: the text of a longer one begins
// on the next line.
const flagColumn = 28

// flagsPage lists rows under their headings within width columns. The short page names
// rare flags without an explanation.
func flagsPage(rows []flagRow, width int, short bool) string {
	column := 0
	for _, r := range rows {
		if n := utf8.RuneCountInString(r.form); n <= flagColumn && (!short || !r.rare) {
			column = max(column, n)
		}
	}
	var text strings.Builder
	for _, heading := range flagSections {
		var lines strings.Builder
		var named []string
		for _, r := range rows {
			switch {
			case r.section != heading:
			case short && r.rare:
				named = append(named, r.name)
			case short && r.name == "--help":
			default:
				if short { // its first clause
					r.usage, _, _ = strings.Cut(r.usage, "; ")
				}
				lines.WriteString(flagLines(r, column, width))
			}
		}
		if lines.Len()+len(named) == 0 {
			continue
		}
		fmt.Fprintf(&text, "\n%s\n%s", heading, lines.String())
		if named != nil {
			text.WriteString(filled("also "+strings.Join(named, " "), "      ", width))
		}
	}
	return text.String()
}

func flagLines(r flagRow, column, width int) string {
	indent := strings.Repeat(" ", column+2)
	usage := filled(r.usage, indent, width)
	if n := utf8.RuneCountInString(r.form); n <= column {
		return r.form + strings.Repeat(" ", column-n) + "  " + strings.TrimPrefix(usage, indent)
	}
	return r.form + "\n" + usage
}

// filled breaks text between its words into lines of at most width columns, each after
// indent. A longer word stands on a line of its own.
func filled(text, indent string, width int) string {
	var lines strings.Builder
	line := ""
	room := width - utf8.RuneCountInString(indent)
	for word := range strings.SplitSeq(text, " ") {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > room {
			lines.WriteString(indent + line + "\n")
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return lines.String() + indent + line + "\n"
}

// reflowed fills the paragraphs of a page to width; those with indented lines, such as
// lists and commands, stay as they are.
func reflowed(page string, width int) string {
	var out []string
	for paragraph := range strings.SplitSeq(strings.Trim(page, "\n"), "\n\n") {
		if !strings.HasPrefix(paragraph, " ") && !strings.Contains(paragraph, "\n ") {
			paragraph = strings.TrimSuffix(filled(strings.ReplaceAll(paragraph, "\n", " "), "", width), "\n")
		}
		out = append(out, paragraph)
	}
	return strings.Join(out, "\n\n") + "\n"
}
