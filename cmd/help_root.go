package cmd

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
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

// helpFor is `kstream help COMMAND`.
func helpFor(c *cobra.Command, args []string) error {
	found, rest, err := c.Root().Find(args)
	if err != nil {
		return argumentError(c.Root(), args, err)
	}
	if len(rest) > 0 && found.HasSubCommands() {
		return argumentError(found, rest, nil)
	}
	found.InitDefaultHelpFlag()
	found.InitDefaultVersionFlag()
	return found.Help()
}

// helpOfRoot makes `kstream --help` one screen: examples first, then the commands in
// their groups. The help of the commands stays cobra's, with its columns put right.
func helpOfRoot(root *cobra.Command) {
	ofCommands := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		if c.HasParent() {
			var page bytes.Buffer
			out := c.OutOrStdout()
			c.SetOut(&page)
			ofCommands(c, args)
			c.SetOut(nil)
			fmt.Fprint(out, alignFlags(page.String()))
			return
		}
		c.InitDefaultHelpCmd()
		c.InitDefaultCompletionCmd()
		fmt.Fprint(c.OutOrStdout(), rootPage(c))
	})
}

// alignFlags gives rows of flags the room that they lack: pflag counts bytes, and … has three.
func alignFlags(page string) string {
	row := regexp.MustCompile(`(?m)^ +-.*?\S  `)
	return row.ReplaceAllStringFunc(page, func(flag string) string {
		return flag + strings.Repeat(" ", len(flag)-utf8.RuneCountInString(flag))
	})
}

// rootPage is the text of `kstream --help`.
func rootPage(root *cobra.Command) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n\n%s\n", root.Short, root.Example)
	for _, g := range root.Groups() {
		fmt.Fprintf(&text, "\n%s\n", g.Title)
		for _, c := range root.Commands() {
			if cmp.Or(c.GroupID, groupProgram) == g.ID && c.IsAvailableCommand() {
				fmt.Fprintf(&text, "  %-*s %s\n", root.NamePadding(), c.Name(), c.Short)
			}
		}
	}
	var pages []string
	for _, c := range root.Commands() {
		if c.IsAdditionalHelpTopicCommand() {
			pages = append(pages, c.Name())
		}
	}
	fmt.Fprintf(&text, "\nFlags of all commands\n%s", root.LocalFlags().FlagUsages())
	fmt.Fprintf(&text, "\nkstream help COMMAND, or a page: %s\n", strings.Join(pages, " "))
	return text.String()
}
