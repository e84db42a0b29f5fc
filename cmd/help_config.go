package cmd

import (
	"fmt"
	"strings"

	"kstream/cmd/config"
)

// configPage is `kstream help config`, made from the table that reads the file.
func configPage() string {
	return fmt.Sprintf(`The configuration file names clusters. It is $KSTREAM_CONFIG, else
kstream/config.yaml in $XDG_CONFIG_HOME or ~/.config, is read by its owner alone (0600), and need
not be there. kstream context edits it; comments stay.

  current: prod
  contexts:
    prod:
      brokers: [b1:9093, b2:9093]
      tls: {}
      auth: {mechanism: SCRAM-SHA-512, username: ada, password: "@env:PASSWORD"}

A secret is best a reference: @env:NAME, @file:PATH, @cmd:COMMAND, @keyring:NAME. A flag
counts before a variable, and that before a context; kstream context show --effective tells
which did. Keys beside the contexts:

%s
Keys of a context:

%s`, helpTerms(keyTerms(config.FileKeys())), helpTerms(keyTerms(config.ContextKeys())))
}

func keyTerms(keys []config.Key) []helpTerm {
	var list []helpTerm
	for _, k := range keys {
		about := k.About + " (" + k.Type
		if k.Default != "" {
			about += "; default " + k.Default
		}
		list = append(list, helpTerm{k.Name, about + "; such as " + strings.Trim(k.Example, `"`) + ")"})
	}
	return list
}
