package cmd

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"kstream/cmd/cli"
)

func newDocsCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "docs",
		Short: "Write the help of all commands as man pages or Markdown",
		Long: `Write the help of all commands into a directory, which is made if it is not there.
Files of the same names are replaced, others are left alone.`,
		Example: `  kstream docs man ~/.local/share/man/man1
  kstream docs markdown reference`,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "man DIR",
			Short: "Write a man page for each command",
			Args:  cobra.ExactArgs(1),
			RunE:  func(c *cobra.Command, args []string) error { return writeMan(c.Root(), args[0]) },
		},
		&cobra.Command{
			Use:   "markdown DIR",
			Short: "Write a Markdown file for each command and each page of kstream help",
			Args:  cobra.ExactArgs(1),
			RunE:  func(c *cobra.Command, args []string) error { return writeMarkdown(c.Root(), args[0]) },
		},
	)
	return cmd
}

// writeMan writes kstream.1, kstream-topic.1, kstream-topic-list.1 and so on. Their date
// is that of SOURCE_DATE_EPOCH, else today.
func writeMan(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return cli.Errorf(cli.CodeFailed, "%w", err)
	}
	header := &doc.GenManHeader{Section: "1", Source: "kstream", Manual: "kstream"}
	return doc.GenManTreeFromOpts(root, doc.GenManTreeOptions{Header: header, Path: dir, CommandSeparator: "-"})
}

// writeMarkdown writes README.md with the list of commands, and a file for each command
// of the root with those below it, as wide as help is in a pipe.
func writeMarkdown(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return cli.Errorf(cli.CodeFailed, "%w", err)
	}
	write := func(name, text string) error {
		return os.WriteFile(filepath.Join(dir, name+".md"), []byte(text), 0o644)
	}
	var index strings.Builder
	index.WriteString("# The commands of kstream\n\nWritten by `kstream docs markdown`: what `kstream help COMMAND` prints.\n")
	for _, g := range root.Groups() {
		fmt.Fprintf(&index, "\n## %s\n\n", g.Title)
		for _, c := range root.Commands() {
			if cmp.Or(c.GroupID, groupProgram) == g.ID && documented(c) {
				fmt.Fprintf(&index, "- [%s](%s.md): %s\n", c.CommandPath(), c.Name(), c.Short)
			}
		}
	}
	index.WriteString("\n## Pages\n\n")
	for _, c := range root.Commands() {
		if c.IsAdditionalHelpTopicCommand() {
			fmt.Fprintf(&index, "- [kstream help %s](%s.md): %s\n", c.Name(), c.Name(), c.Short)
		}
		if !documented(c) && !c.IsAdditionalHelpTopicCommand() {
			continue
		}
		var page strings.Builder
		markdownPage(&page, c, "#")
		if err := write(c.Name(), page.String()); err != nil {
			return err
		}
	}
	return write("README", index.String())
}

// documented reports whether c is a command of ours: completion and help are cobra's.
func documented(c *cobra.Command) bool {
	return c.IsAvailableCommand() && c.Name() != "completion" && c.Name() != "help"
}

func markdownPage(page *strings.Builder, c *cobra.Command, level string) {
	c.InitDefaultHelpFlag()
	name := c.CommandPath()
	if c.IsAdditionalHelpTopicCommand() {
		name = "kstream help " + c.Name()
	}
	fmt.Fprintf(page, "%s %s\n\n```text\n%s```\n", level, name, commandPage(c, 80, false))
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			page.WriteString("\n")
			markdownPage(page, sub, level+"#")
		}
	}
}
