package cmd

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
)

// The groups of commands in `kstream --help`, in its order.
const (
	groupTry     = "try"
	groupRecords = "records"
	groupCluster = "cluster"
	groupScripts = "scripts"
	groupProgram = "program"
)

func commandGroups() []*cobra.Group {
	return []*cobra.Group{
		{ID: groupTry, Title: "Try it"},
		{ID: groupRecords, Title: "Records"},
		{ID: groupCluster, Title: "Topics, groups, schemas"},
		{ID: groupScripts, Title: "Scripts and CI"},
		{ID: groupProgram, Title: "This program"},
	}
}

// addTo adds commands to root under the title of a group.
func addTo(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = group
	}
	root.AddCommand(commands...)
}

// helpFor returns the command `kstream help COMMAND`: all of its page, with every flag
// explained.
func helpFor(env *cli.Env) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		found, rest, err := c.Root().Find(args)
		if err != nil {
			return argumentError(c.Root(), args, err)
		}
		if len(rest) > 0 && found.HasSubCommands() {
			return argumentError(found, rest, nil)
		}
		printHelp(env, found, false)
		return nil
	}
}

// completeHelp completes the words behind `kstream help`: commands, those below them, and
// pages.
func completeHelp(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	found, rest, err := c.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, sub := range found.Commands() {
		if sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
		}
	}
	return fitting(names, "", typed), cobra.ShellCompDirectiveNoFileComp
}

// setHelp replaces cobra's help: `kstream --help` is one screen, examples first and then
// the commands in their groups; the page of a command has its flags under headings.
func setHelp(root *cobra.Command, env *cli.Env) {
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { printHelp(env, c, true) })
}

// printHelp prints the page of c, as wide as the terminal, or 80 columns in a pipe. The
// short page only names the flags that are rarely used.
func printHelp(env *cli.Env, c *cobra.Command, short bool) {
	width := min(max(env.Width, 40), 100)
	if !env.StdoutTerminal {
		width = 80
	}
	c.InitDefaultHelpFlag()
	c.InitDefaultVersionFlag()
	page := commandPage(c, width, short)
	if !c.HasParent() {
		page = rootPage(c, width)
	}
	fmt.Fprint(c.OutOrStdout(), page)
}

// commandPage is the help of a command other than the root.
func commandPage(c *cobra.Command, width int, short bool) string {
	var text strings.Builder
	text.WriteString(reflowed(cmp.Or(c.Long, c.Short), width))
	if !c.Runnable() && !c.HasAvailableSubCommands() {
		return text.String() // a page without a command
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&text, "\nUsage: %s COMMAND\n", c.CommandPath())
		if strings.Contains(c.Use, " ") {
			fmt.Fprintf(&text, "       %s\n", strings.ReplaceAll(c.UseLine(), " [flags]", " [FLAGS]"))
		}
	} else {
		text.WriteString("\n" + filled("Usage: "+strings.ReplaceAll(c.UseLine(), " [flags]", " [FLAGS]"), "", width))
	}
	if len(c.Aliases) > 0 {
		fmt.Fprintf(&text, "Also:  %s\n", strings.Join(c.Aliases, ", "))
	}
	if c.Example != "" {
		text.WriteString("\nExamples\n" + examples(c.Example, width))
	}
	if c.HasAvailableSubCommands() {
		text.WriteString("\nCommands\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				text.WriteString(commandLine(sub, width))
			}
		}
	}
	rows := flagRows(c.LocalFlags(), c.InheritedFlags())
	text.WriteString(flagsPage(rows, width, short))
	switch {
	case c.HasAvailableSubCommands():
		fmt.Fprintf(&text, "\n%s COMMAND --help explains a command.\n", c.CommandPath())
	case short && slices.ContainsFunc(rows, func(r flagRow) bool { return r.rare }):
		fmt.Fprintf(&text, "\nkstream help %s explains every flag.\n", strings.TrimPrefix(c.CommandPath(), "kstream "))
	}
	return text.String()
}

// commandLine is a command in the list of its parent.
func commandLine(c *cobra.Command, width int) string {
	return flagLines(flagRow{form: "  " + c.Name(), usage: c.Short}, c.NamePadding()+2, width)
}

// exampleBreak is where an example may go on on another line: before a flag, or before
// the next command of a pipeline.
var exampleBreak = regexp.MustCompile(` (?:--?[a-z]|\| )`)

// splitExample splits a line of an Example.
func splitExample(line string) (command, comment string) {
	command, comment, _ = strings.Cut(strings.TrimPrefix(line, "  "), "   ")
	return command, strings.TrimSpace(comment)
}

// examples lays out commands, each with a comment behind three blanks or none. A command
// that is too long for a line goes on on the next, as a shell reads it; a comment that
// finds no room stands above its command.
func examples(text string, width int) string {
	type example struct{ command, comment string }
	var list []example
	column := 0
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		command, comment := splitExample(line)
		e := example{command, comment}
		list = append(list, e)
		if n := 2 + utf8.RuneCountInString(command); e.comment != "" && n+4+utf8.RuneCountInString(e.comment) <= width {
			column = max(column, n)
		}
	}
	var out strings.Builder
	for _, e := range list {
		begin := max(column, 2+utf8.RuneCountInString(e.command)) + 2
		long := begin+utf8.RuneCountInString(e.comment) > width
		if e.comment != "" && long {
			out.WriteString("  # " + e.comment + "\n")
		}
		rest, indent := e.command, "  "
		for utf8.RuneCountInString(indent+rest) > width {
			at := -1
			for _, place := range exampleBreak.FindAllStringIndex(rest, -1) {
				if utf8.RuneCountInString(indent+rest[:place[0]])+2 <= width {
					at = place[0]
				}
			}
			if at <= 0 {
				break
			}
			out.WriteString(indent + rest[:at] + " \\\n")
			rest, indent = rest[at+1:], "      "
		}
		line := indent + rest
		if e.comment != "" && !long {
			line += strings.Repeat(" ", begin-utf8.RuneCountInString(line)) + e.comment
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

// rootPage is the text of `kstream --help`.
func rootPage(root *cobra.Command, width int) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n\n%s", root.Short, examples(root.Example, width))
	for _, g := range root.Groups() {
		fmt.Fprintf(&text, "\n%s\n", g.Title)
		for _, c := range root.Commands() {
			if cmp.Or(c.GroupID, groupProgram) == g.ID && c.IsAvailableCommand() {
				text.WriteString(commandLine(c, width))
			}
		}
	}
	var pages []string
	for _, c := range root.Commands() {
		if c.IsAdditionalHelpTopicCommand() {
			pages = append(pages, c.Name())
		}
	}
	rows := slices.DeleteFunc(flagRows(root.LocalFlags()), func(r flagRow) bool { return r.name == "--help" })
	text.WriteString(flagsPage(rows, width, false))
	text.WriteString("\n" + filled("kstream help COMMAND, or a page: "+strings.Join(pages, " "), "", width))
	return text.String()
}
