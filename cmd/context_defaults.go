package cmd

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/cmd/connect"
	"kstream/cmd/suggest"
)

// noDefault says why a context cannot have a default for a flag; empty: it can.
func noDefault(flag string) string {
	switch flag {
	case "brokers", "context", "config", "property", "properties", "registry", "timeout", "token":
		return "the context has a key for it, or is chosen by it"
	case "group", "instance-id", "transactional-id", "dst-brokers", "dst-context":
		return "who acts, and where, is said by the flag alone"
	case "yes", "allow-write", "dry-run", "password", "password-file", "help", "version":
		return "it is for one command at a time"
	}
	return ""
}

// adoptDefaults sets the flags of a command to what a context has for them. A name that no
// command has is an error for all of them, lest a typing error goes unseen.
func adoptDefaults(f registeredFlags, context string, defaults map[string]string) error {
	known := map[string]bool{} // FLAG and COMMAND.FLAG
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		path := strings.TrimPrefix(strings.TrimPrefix(c.CommandPath(), c.Root().Name()), " ")
		note := func(flag *pflag.Flag) { known[flag.Name], known[path+"."+flag.Name] = true, true }
		c.Flags().VisitAll(note)
		c.Root().PersistentFlags().VisitAll(note)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(f.command.Root())
	own := strings.TrimPrefix(f.command.CommandPath(), f.command.Root().Name()+" ")
	for _, name := range slices.Sorted(maps.Keys(defaults)) {
		where := fmt.Sprintf("context %s: defaults.%s", context, name)
		command, flag := "", name
		if i := strings.LastIndexByte(name, '.'); i >= 0 {
			command, flag = name[:i], name[i+1:]
		}
		if why := noDefault(flag); why != "" && known[name] {
			return cli.Usagef("%s: a context has no default for --%s: %s", where, flag, why)
		}
		if !known[name] {
			err := cli.Usagef("%s: no command has such a flag", where)
			if near := suggest.Nearest(name, slices.Collect(maps.Keys(known))); near != "" {
				return cli.Hint(err, "did you mean %s?", near)
			}
			return cli.Hint(err, "want FLAG, or COMMAND.FLAG as in topic list.output")
		}
		_, has := f.Value(flag)
		_, closer := defaults[own+"."+flag]
		if !has || command != "" && command != own || command == "" && closer {
			continue
		}
		if err := f.SetDefault(flag, defaults[name]); err != nil {
			return cli.Usagef("%s: %w", where, err)
		}
	}
	return nil
}

// adoptFormats makes what the context says of the topics of a command line the default of
// --key-serde and --value-serde. Where it is not the same for all of them, or has more to
// say than these flags, each record's topic decides.
func adoptFormats(cmd *cobra.Command, cluster *connect.Options, args []string) error {
	f := registeredFlags{cmd.Flags(), cmd}
	if _, ok := f.Value("value-serde"); !ok {
		return nil
	}
	copies := cmd.Name() == "replay" || cmd.Name() == "pipe"
	if copies && !slices.ContainsFunc([]string{"filter", "map", "grep", "mask", "exec", "route", "key-from", "header-from", "key-equals"}, f.Changed) {
		return nil // nothing is decoded, then
	}
	names, open := topicArguments(cmd, args)
	if copies {
		names = names[:min(1, len(names))]
	}
	said := map[config.Topic]bool{}
	for _, name := range names {
		topic, _ := cluster.Effective.TopicFor(name)
		said[topic] = true
	}
	if open || len(said) > 1 {
		cluster.ByTopic = true
		return nil
	}
	for topic := range said {
		cluster.ByTopic = !copies && (topic.KeySubject != "" || topic.ValueSubject != "")
		for flag, spec := range map[string]string{"key-serde": topic.KeySerde, "value-serde": topic.ValueSerde} {
			if spec == "" {
				continue
			}
			if err := f.SetDefault(flag, spec); err != nil {
				return err
			}
		}
	}
	return nil
}

// topicArguments returns the topics that a command line names. There are more when some of
// them are patterns, or each record has its own.
func topicArguments(cmd *cobra.Command, args []string) (names []string, more bool) {
	kinds := argumentNames(cmd.Use)
	regex, _ := cmd.Flags().GetBool("regex") // false where there is no such flag
	for i, arg := range args {
		if len(kinds) == 0 {
			break
		}
		kind, several := strings.CutSuffix(kinds[min(i, len(kinds)-1)], "...")
		if i >= len(kinds) && !several || !slices.Contains([]string{"TOPIC", "SRC", "DST", "A", "B"}, kind) {
			continue
		}
		switch {
		case regex, strings.ContainsAny(arg, "*?["), arg == "-":
			more = true
		case !strings.HasPrefix(arg, "file:"):
			names = append(names, arg)
		}
	}
	return names, more || len(names) == 0
}
