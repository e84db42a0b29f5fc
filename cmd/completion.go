package cmd

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/produce"
	"kstream/kafka/position"
)

// completionLimit bounds the wait for a cluster while somebody sits before a half typed
// line, and a shell does nothing else meanwhile. KSTREAM_COMPLETION_TIMEOUT replaces it,
// for clusters that are far away.
func completionLimit(env *cli.Env) time.Duration {
	if d, err := position.ParseDuration(env.Getenv("KSTREAM_COMPLETION_TIMEOUT")); err == nil && d > 0 {
		return d
	}
	return 800 * time.Millisecond
}

// completeLine lets shells complete names that only a cluster or the configuration knows.
// It is for the commands behind `kstream completion`, which args name first, and does
// nothing to others. What an argument is follows from how the help names it: TOPIC,
// GROUP, SUBJECT, USER, BROKER, SPEC; what a flag takes from its help likewise.
//
// Nothing is ever said about a cluster that cannot be asked: there are no names, then.
func completeLine(root *cobra.Command, env *cli.Env, args []string) {
	if len(args) == 0 || !strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			walk(sub)
		}
		if c.Name() != "help" && (!c.HasSubCommands() || strings.Contains(c.Use, " ")) {
			c.ValidArgsFunction = completeArgument(env)
		}
		complete := func(flag *pflag.Flag) {
			if _, done := c.GetFlagCompletionFunc(flag.Name); !done {
				// It fails only for a flag that the command does not have, or that is done.
				_ = c.RegisterFlagCompletionFunc(flag.Name, completeFlag(env, flag))
				_, flag.Usage = pflag.UnquoteUsage(flag) // cobra shows it as it is
			}
		}
		c.Flags().VisitAll(complete)
		c.PersistentFlags().VisitAll(complete)
	}
	walk(root)
}

// argumentNames lists the positional arguments of a command as its usage names them, such
// as TOPIC..., without what stands behind flags.
func argumentNames(use string) []string {
	var names []string
	for _, word := range strings.Fields(use)[1:] {
		if strings.HasPrefix(word, "-") || word == "|" || word == "[flags]" || strings.HasPrefix(word, "[-") {
			break
		}
		names = append(names, strings.Trim(word, "[]"))
	}
	return names
}

func completeArgument(env *cli.Env) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		l := &completion{env: env, command: c, args: args}
		names := argumentNames(c.Use)
		if l.text("global") == "true" { // it stands for the subject
			names = names[1:]
		}
		kind, several := "", false
		if len(names) > 0 {
			kind, several = strings.CutSuffix(names[min(len(args), len(names)-1)], "...")
		}
		switch startsAnother := strings.Contains(c.Use, "-- "); {
		case len(args) >= len(names) && !several && !startsAnother:
			return nil, cobra.ShellCompDirectiveNoFileComp
		case len(args) >= len(names) && !several: // a command of the user's own
			return nil, cobra.ShellCompDirectiveDefault
		}
		second := len(args) > 0 && !several // SRC DST, A B: the second may be elsewhere
		found, known := l.named(kind, second)
		if !known {
			return nil, cobra.ShellCompDirectiveDefault
		}
		if several {
			found = slices.DeleteFunc(found, func(text string) bool { return slices.Contains(args, text) })
		}
		return fitting(found, "", typed), cobra.ShellCompDirectiveNoFileComp
	}
}

func completeFlag(env *cli.Env, flag *pflag.Flag) cobra.CompletionFunc {
	placeholder, usage := pflag.UnquoteUsage(flag)
	return func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		l := &completion{env: env, command: c, args: args}
		if _, settings := flag.Value.(*configFlags); settings {
			return l.setting(typed)
		}
		if words := strings.Split(placeholder, "|"); len(words) > 1 {
			words = slices.DeleteFunc(words, func(word string) bool { return strings.ToLower(word) != word || word == "" })
			return fitting(words, "", typed), cobra.ShellCompDirectiveNoFileComp
		}
		kind := strings.TrimSuffix(placeholder, ",…")
		prefix := ""
		if kind != placeholder || strings.HasSuffix(flag.Value.Type(), "Slice") {
			prefix = typed[:strings.LastIndexByte(typed, ',')+1]
		}
		switch flag.Name {
		case "output":
			return fitting(enumerated(usage), "", typed), cobra.ShellCompDirectiveNoFileComp
		case "partitioner":
			return fitting(produce.Partitioners(), "", typed), cobra.ShellCompDirectiveNoFileComp
		case "from-offset", "to-offset", "to", "at", "before":
			return fitting([]string{"beginning", "end", "stored", "stored:", "-1h", "today", "yesterday", "@"}, "", typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		case "mechanism":
			return fitting([]string{"scram-sha-256", "scram-sha-512"}, prefix, typed), cobra.ShellCompDirectiveNoFileComp
		case "operation":
			return fitting(aclOperations(), prefix, typed), cobra.ShellCompDirectiveNoFileComp
		case "context", "dst-context", "topic", "group", "principal", "delete-config":
			kind = strings.ToUpper(strings.TrimPrefix(flag.Name, "dst-"))
		}
		found, known := l.named(kind, false)
		switch {
		case known:
			return fitting(found, prefix, typed), cobra.ShellCompDirectiveNoFileComp
		case slices.Contains([]string{"FILE", "DIR", "PATH", "PATH,…", "CMD", "COMMAND"}, placeholder):
			return nil, cobra.ShellCompDirectiveDefault
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// enumerated reads the formats from the help of a flag: "FORMAT: table, json, yaml".
func enumerated(usage string) []string {
	_, list, ok := strings.Cut(usage, ": ")
	if !ok {
		return nil
	}
	list, _, _ = strings.Cut(list, ";")
	var words []string
	for word := range strings.SplitSeq(list, ", ") {
		if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") == "" {
			words = append(words, word)
		}
	}
	return words
}

// fitting returns those that begin with what was typed; what stands before prefix, in a
// list with commas, stays.
func fitting(found []string, prefix, typed string) []string {
	var some []string
	for _, text := range found {
		if strings.HasPrefix(prefix+text, typed) {
			some = append(some, prefix+text)
		}
	}
	return some
}

// completion answers for one half typed line.
type completion struct {
	env     *cli.Env
	command *cobra.Command
	args    []string
}

// within asks a cluster, for as long as completionLimit. What it has not answered by
// then is left out, and so is every error.
func (l *completion) within(ask func(context.Context, *cli.Env) ([]string, error)) []string {
	ctx := l.command.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completionLimit(l.env))
	defer cancel()
	silent := *l.env
	silent.Quiet, silent.Verbose = true, 0
	answers := make(chan []string, 1)
	go func() { // ends with ask, or with the process, which ends with this completion
		found, err := ask(ctx, &silent)
		if err != nil {
			found = nil
		}
		answers <- found
	}()
	select {
	case found := <-answers:
		return found
	case <-ctx.Done():
		return nil
	}
}
