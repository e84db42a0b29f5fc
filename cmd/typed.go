package cmd

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/suggest"
)

// unknownCommand refuses a word in the place of a command that is none, before the flags
// behind it are looked at: they would be those of that command.
func unknownCommand(root *cobra.Command, args []string) error {
	c := root
	for i := 0; i < len(args) && c.HasSubCommands(); i++ {
		word := args[i]
		switch {
		case word == "--":
			return nil
		case strings.HasPrefix(word, "-") && word != "-":
			takes, known := takesNext(c, word)
			if !known {
				return nil // what follows may be its value
			}
			if takes {
				i++
			}
		case strings.HasPrefix(word, "__"): // cobra's own, for completion
			return nil
		default:
			sub := subcommand(c, word)
			if sub == nil && strings.Contains(c.Use, " ") { // it takes arguments of its own too
				return nil
			}
			if sub == nil {
				return noCommand(c, word)
			}
			c = sub
		}
	}
	return nil
}

// subcommand returns the command of c with that name or alias, or nil.
func subcommand(c *cobra.Command, name string) *cobra.Command {
	for _, sub := range c.Commands() {
		if sub.Name() == name || sub.HasAlias(name) {
			return sub
		}
	}
	return nil
}

// noCommand names the nearest command, or the only one that begins so.
func noCommand(c *cobra.Command, word string) error {
	err := cli.Usagef("%s has no command %q", c.CommandPath(), word)
	var names, longer []string
	for _, sub := range c.Commands() {
		if !sub.IsAvailableCommand() && sub.Name() != "help" {
			continue
		}
		names = append(append(names, sub.Name()), sub.Aliases...)
		if len(word) > 1 && strings.HasPrefix(sub.Name(), strings.ToLower(word)) {
			longer = append(longer, sub.Name())
		}
	}
	near := suggest.Nearest(word, names)
	if near == "" && len(longer) == 1 {
		near = longer[0]
	}
	if near != "" {
		return cli.Hint(err, "did you mean: %s %s", c.CommandPath(), near)
	}
	return cli.Hint(err, "%s --help lists them", c.CommandPath())
}

// takesNext reports whether the flags in word, as --name or -xyz, take the next word as
// their value, and whether c knows them.
func takesNext(c *cobra.Command, word string) (takes, known bool) {
	if name, ok := strings.CutPrefix(word, "--"); ok {
		name, _, joined := strings.Cut(name, "=")
		flag := flagOf(c, func(flags *pflag.FlagSet) *pflag.Flag { return flags.Lookup(name) })
		if flag == nil {
			return false, name == "help" || name == "version"
		}
		return !joined && flag.NoOptDefVal == "", true
	}
	for letters := word[1:]; letters != ""; letters = letters[1:] {
		flag := flagOf(c, func(flags *pflag.FlagSet) *pflag.Flag { return flags.ShorthandLookup(letters[:1]) })
		switch {
		case flag == nil && letters[0] != 'h':
			return false, false
		case flag != nil && flag.NoOptDefVal == "":
			return letters[1:] == "", true
		}
	}
	return false, true
}

// flagOf looks a flag up among those of c and those that it has from its parents.
func flagOf(c *cobra.Command, lookup func(*pflag.FlagSet) *pflag.Flag) *pflag.Flag {
	for _, flags := range []*pflag.FlagSet{c.Flags(), c.PersistentFlags(), c.InheritedFlags()} {
		if flag := lookup(flags); flag != nil {
			return flag
		}
	}
	return nil
}

// typedError is an error about the command line in which flags are called as they were
// typed: -p rather than --partitions, or the other way about.
type typedError struct {
	err  error
	text string
}

func (e *typedError) Error() string { return e.text }

func (e *typedError) Unwrap() error { return e.err }

// asTyped rewrites a usage error with the names of the flags in args.
func asTyped(c *cobra.Command, args []string, err error) error {
	if err == nil || c == nil || cli.CodeOf(err) != cli.CodeUsage {
		return err
	}
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	text := err.Error()
	c.Flags().VisitAll(func(flag *pflag.Flag) {
		if flag.Shorthand == "" {
			return
		}
		long, short := "--"+flag.Name, "-"+flag.Shorthand
		switch byLong, byShort := typedAs(c, flag, args); {
		case byShort && !byLong:
			text = renamed(text, long, short)
		case byLong && !byShort:
			text = renamed(text, short, long)
		}
	})
	if text == err.Error() {
		return err
	}
	return &typedError{err, text}
}

// typedAs reports in which forms a flag is among args.
func typedAs(c *cobra.Command, flag *pflag.Flag, args []string) (long, short bool) {
	for i := 0; i < len(args); i++ {
		word := args[i]
		if !strings.HasPrefix(word, "-") || word == "-" {
			continue
		}
		if name, ok := strings.CutPrefix(word, "--"); ok {
			name, _, _ = strings.Cut(name, "=")
			long = long || name == flag.Name
		} else {
			short = short || inCluster(c, word[1:], flag)
		}
		if takes, known := takesNext(c, word); known && takes {
			i++
		}
	}
	return long, short
}

// inCluster reports whether a flag is among letters such as those of -ep3.
func inCluster(c *cobra.Command, letters string, flag *pflag.Flag) bool {
	for ; letters != ""; letters = letters[1:] {
		one := flagOf(c, func(flags *pflag.FlagSet) *pflag.Flag { return flags.ShorthandLookup(letters[:1]) })
		switch {
		case one == nil:
			return false
		case one.Name == flag.Name:
			return true
		case one.NoOptDefVal == "":
			return false
		}
	}
	return false
}

// renamed replaces a flag where it stands as a word in text.
func renamed(text, old, new string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, old)
		if i < 0 {
			return b.String() + text
		}
		after := i + len(old)
		word := (i == 0 || strings.IndexByte(" (;", text[i-1]) >= 0) && (after == len(text) || strings.IndexByte(" ,:;)=", text[after]) >= 0)
		b.WriteString(text[:i])
		if word {
			b.WriteString(new)
		} else {
			b.WriteString(old)
		}
		text = text[after:]
	}
}
