package cmd

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/cmd/connect"
)

type contextImportFlags struct {
	file    configFile
	cluster string
	brokers string
	use     bool
	replace bool
	add     bool
}

func newContextImportCmd(env *cli.Env) *cobra.Command {
	var f contextImportFlags
	cmd := &cobra.Command{
		Use:   "import CONTEXT FILE",
		Short: "Make a context of what another program is configured with",
		Long: `Make a context of what another program is configured with: a Java client's .properties, with
JAAS and PEM in it or in files, JKS and PKCS#12 stores, kcat.conf, the files of kaf, kafkactl,
rpk and kcl, Secrets and Kafkas of Strimzi as kubectl get -o yaml prints them, an API key of
Confluent Cloud. Which one it is shows in the file. What has no meaning here is left out; what
deserves a look is said. Of a file with several clusters it takes --cluster, or the one that is
called as the context.`,
		Example: `  kstream context import team client.properties --use
  kstream context import prod ~/.kaf/config --cluster production
  kubectl get kafka/my secret/ada -o yaml > my.yaml; kstream context import my my.yaml --cluster external
  kstream context import dev dev.properties --brokers dev:9092`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			if f.add && f.replace {
				return cli.Usagef("--add and --replace: want one of them")
			}
			return f.run(env, args[0], args[1])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.cluster, "cluster", "", "take cluster `NAME` of the file")
	flags.StringVarP(&f.brokers, "brokers", "b", "", "bootstrap servers `HOST:PORT,…`, whatever the file says")
	flags.BoolVar(&f.use, "use", false, "make it the current context too")
	flags.BoolVar(&f.replace, "replace", false, "put it in the place of a context of that name")
	flags.BoolVar(&f.add, "add", false, "add what the file says to a context that is there; the rest of it stays")
	f.file.register(flags)
	return cmd
}

func (f *contextImportFlags) run(env *cli.Env, name, path string) error {
	imported, err := config.ImportFile(path)
	if err != nil {
		return err
	}
	c, notes, err := imported.Pick(path, cmp.Or(f.cluster, name))
	if err != nil {
		return err
	}
	if f.brokers != "" {
		if err := c.Put("brokers", f.brokers); err != nil {
			return err
		}
	}
	if names := connect.LeaveOut(&c); len(names) > 0 {
		notes = append(notes, fmt.Sprintf("left out, since kstream or its flags decide it: %s", strings.Join(names, ", ")))
	}
	return f.file.edit(env, func(d *config.Document) error {
		more, err := d.Take(name, c, path, config.Taking{Replace: f.replace, Add: f.add})
		if err == nil && f.use {
			err = d.Use(name)
		}
		if err != nil {
			return err
		}
		for _, n := range append(notes, more...) {
			env.Notice("%s: %s", name, n)
		}
		switch {
		case f.use:
			env.Notice("%s is the current context", name)
		case d.File().Current != name:
			env.Notice("made %s of a file of %s; kstream context use %s makes it the current one", name, imported.Format, name)
		}
		return nil
	})
}
