package cmd

import (
	"io"
	"slices"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
)

// Every flag of every command refuses an empty text, but where it is a value.
func TestEmptyIsNotAbsent(t *testing.T) {
	tree := func() *cobra.Command {
		return newRoot(&cli.Env{Stdout: io.Discard, Stderr: io.Discard, Getenv: func(string) string { return "" }, Now: time.Now})
	}
	var check func(c *cobra.Command)
	checked := 0
	check = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			check(sub)
		}
		if c.DisableFlagParsing {
			return // its arguments are another program's
		}
		c.InitDefaultHelpFlag()
		c.Flags().VisitAll(func(flag *pflag.Flag) {
			path := commandPath(c)
			fresh, _, err := tree().Find(path)
			if err != nil {
				t.Fatal(path, err)
			}
			if flag.Name == "help" || flag.Name == "version" {
				return
			}
			err = fresh.ParseFlags([]string{"--" + flag.Name + "="})
			if err == nil {
				err = refuseEmpty(fresh, nil)
			}
			if allowed := slices.Contains(emptyMeans(), flag.Name); (err == nil) != allowed {
				t.Errorf("%v --%s '': %v", path, flag.Name, err)
			}
			checked++
		})
	}
	check(tree())
	if checked < 300 {
		t.Errorf("only %d flags", checked)
	}
}

func commandPath(c *cobra.Command) (path []string) {
	for ; c.HasParent(); c = c.Parent() {
		path = append([]string{c.Name()}, path...)
	}
	return path
}
