package cmd

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/serde/formats"
)

// named lists the names of a kind, as help writes it, or says that it is none of those
// that can be listed. elsewhere: on the cluster of --dst-brokers or --dst-context, where
// they are given.
func (l *completion) named(kind string, elsewhere bool) (names []string, known bool) {
	switch kind {
	case "TOPIC", "A", "B", "SRC", "DST":
		names = l.admin(elsewhere, func(ctx context.Context, admin *kafka.Admin) ([]string, error) { return admin.TopicNames(ctx) })
		internal := func(name string) bool { return strings.HasPrefix(name, "_") }
		if some := slices.DeleteFunc(slices.Clone(names), internal); len(some) > 0 {
			names = some
		}
	case "GROUP":
		names = l.admin(false, func(ctx context.Context, admin *kafka.Admin) ([]string, error) { return admin.GroupNames(ctx) })
	case "USER", "PRINCIPAL":
		names = l.admin(false, userNames)
		if kind == "PRINCIPAL" {
			for i := range names {
				names[i] = "User:" + names[i]
			}
		}
	case "BROKER":
		names = l.admin(false, brokerIDs)
	case "SUBJECT", "SUBJECT[:VERSION":
		names = l.within(l.subjects)
	case "LEVEL":
		names = compatibilityLevels()
	case "MODE":
		names = schemaModes()
	case "DELETE-CONFIG":
		names = l.admin(false, l.changedSettings)
	case "CONTEXT":
		names = l.contexts()
	case "SPEC":
		for _, f := range formats.List() {
			names = append(names, cobra.CompletionWithDesc(f.Name, f.Help))
		}
	default:
		return nil, false
	}
	return names, true
}

func userNames(ctx context.Context, admin *kafka.Admin) (names []string, err error) {
	users, err := admin.Users(ctx)
	for _, u := range users {
		names = append(names, u.Name)
	}
	return names, err
}

func brokerIDs(ctx context.Context, admin *kafka.Admin) ([]string, error) {
	cluster, err := admin.Cluster(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, b := range cluster.Brokers {
		ids = append(ids, strconv.Itoa(int(b.ID)))
	}
	return ids, nil
}

// text is the value of a flag of the line so far, empty where the command has none.
func (l *completion) text(flag string) string {
	if f := l.command.Flags().Lookup(flag); f != nil {
		if settings, ok := f.Value.(*configFlags); ok {
			return settings.cluster.Config
		}
		return f.Value.String()
	}
	return ""
}

// cluster is the one that the line means so far.
func (l *completion) cluster(env *cli.Env, elsewhere bool) (*connect.Options, error) {
	f := &connect.Options{
		Brokers: l.text("brokers"), Context: l.text("context"), Config: l.text("config"),
		File: l.text("properties"), Registry: l.text("registry"),
	}
	// An error is that of a command without the flag.
	f.Properties, _ = l.command.Flags().GetStringArray("property")
	if elsewhere {
		other := connect.OtherOptions{Brokers: l.text("dst-brokers"), Context: l.text("dst-context")}
		return other.Plan(env, f)
	}
	return f, f.Plan(env)
}

// admin asks the cluster of the line, each request no longer than all may take.
func (l *completion) admin(elsewhere bool, ask func(context.Context, *kafka.Admin) ([]string, error)) []string {
	return l.within(func(ctx context.Context, env *cli.Env) (names []string, err error) {
		f, err := l.cluster(env, elsewhere)
		if err != nil {
			return nil, err
		}
		f.Effective.Timeout = min(f.Effective.Timeout, completionLimit(env))
		err = connect.WithAdmin(ctx, env, f, func(_ *connect.Cluster, admin *kafka.Admin) error {
			names, err = ask(ctx, admin)
			return err
		})
		return names, err
	})
}

func (l *completion) subjects(ctx context.Context, env *cli.Env) ([]string, error) {
	f, err := l.cluster(env, false)
	if err != nil {
		return nil, err
	}
	f.Effective.Timeout = min(f.Effective.Timeout, completionLimit(env))
	if err := f.NeedRegistry(); err != nil {
		return nil, err
	}
	client, err := f.OpenRegistry(ctx, env)
	if err != nil {
		return nil, err
	}
	return client.Subjects(ctx)
}

// contexts lists those of the configuration file that the line means.
func (l *completion) contexts() []string {
	path := l.text("config")
	if path == "" {
		path = config.DefaultPath(l.env.Getenv)
	}
	file, _, err := config.Load(path)
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(file.Contexts))
}
