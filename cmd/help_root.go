package cmd

import (
	"cmp"
	"fmt"
	"strings"

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

// helpOfRoot makes `kstream --help` one screen: examples first, then the commands in
// their groups. The help of the commands stays cobra's.
func helpOfRoot(root *cobra.Command) {
	ofCommands := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		if c.HasParent() {
			ofCommands(c, args)
			return
		}
		c.InitDefaultHelpCmd()
		c.InitDefaultCompletionCmd()
		fmt.Fprint(c.OutOrStdout(), rootPage(c))
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
