package group

import (
	"context"
	"path"
	"slices"
	"strings"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// Wanted are the groups that a command is about: names, patterns with * and ?, or, when
// there are none, all groups.
type Wanted []string

// Many reports whether it is the cluster that says how many groups there are.
func (w Wanted) Many() bool {
	return len(w) == 0 || slices.ContainsFunc(w, IsPattern)
}

// IsPattern reports whether name matches others than itself. Names of groups may hold any
// character, but these two are rare.
func IsPattern(name string) bool { return strings.ContainsAny(name, "*?") }

// Check refuses patterns that cannot be read.
func (w Wanted) Check() error {
	for _, name := range w {
		if _, err := path.Match(name, ""); IsPattern(name) && err != nil {
			return cli.Usagef("%s: want a name, or a pattern with * and ?", name)
		}
	}
	return nil
}

// find describes the groups: named ones in their order, all others sorted.
func (w Wanted) find(ctx context.Context, admin *kafka.Admin) ([]kafka.GroupInfo, error) {
	if !w.Many() {
		return admin.Groups(ctx, w...)
	}
	infos, err := admin.AllGroups(ctx)
	if err != nil || len(w) == 0 {
		return infos, err
	}
	infos = slices.DeleteFunc(infos, func(g kafka.GroupInfo) bool {
		return !slices.ContainsFunc(w, func(name string) bool { return matches(name, g.Name) })
	})
	if len(infos) == 0 {
		return nil, cli.Hint(cli.Errorf(cli.CodeUnknownGroup, "%s: no group matches", strings.Join(w, " ")), "kstream group list shows the groups")
	}
	return infos, nil
}

// Match returns those of infos that a name or a pattern means.
func Match(name string, infos []kafka.GroupInfo) (found []kafka.GroupInfo) {
	for _, info := range infos {
		if matches(name, info.Name) {
			found = append(found, info)
		}
	}
	return found
}

// matches reports whether pattern is name, or matches all of it. A / is a character as
// any other.
func matches(pattern, name string) bool {
	if pattern == name {
		return true
	}
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(name, "/", "\x00"))
	return err == nil && ok
}
