package cmd

import (
	"errors"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/cmd/suggest"
	"kstream/kafka"
	"kstream/output"
)

func newUserCmd(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "user",
		Aliases: []string{"users"},
		Short:   "List, set and delete users and their passwords (SCRAM)",
		Long: `Users that log in with SCRAM-SHA-256 or SCRAM-SHA-512 are kept in the cluster itself. Others,
with PLAIN, certificates or tokens, are in the configuration of the brokers or elsewhere, and
not shown here. What users may do is said by ACLs: see kstream acl.`,
		Example: `  kstream user list
  kstream user set alice                                 asks for the password
  kstream user set alice --password @env:ALICE_PASSWORD
  kstream user delete alice --yes`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(newUserListCmd(env), newUserSetCmd(env), newUserDeleteCmd(env))
	return cmd
}

// userItem is a user as lists show them, with what brokers tell about the passwords.
type userItem struct {
	User        string           `json:"user"`
	Credentials []credentialItem `json:"credentials"`
}

// credentialItem is one of the ways in which a user can log in.
type credentialItem struct {
	Mechanism  string `json:"mechanism"`
	Iterations int    `json:"iterations"`
}

func userItemOf(user kafka.User) userItem {
	item := userItem{User: user.Name, Credentials: []credentialItem{}}
	for _, c := range user.Credentials {
		item.Credentials = append(item.Credentials, credentialItem(c))
	}
	return item
}

// userRows adds a row for each credential, and one for a user without.
func userRows(t *output.Table, item userItem, more ...string) {
	if len(item.Credentials) == 0 {
		t.Add(append([]string{item.User, "", ""}, more...)...)
	}
	for _, c := range item.Credentials {
		t.Add(append([]string{item.User, c.Mechanism, strconv.Itoa(c.Iterations)}, more...)...)
	}
}

// userTable has the columns of a credential, and more behind them.
func userTable(more ...string) *output.Table {
	t := &output.Table{Columns: []output.Column{{Name: "user"}, {Name: "mechanism"}, {Name: "iterations", Right: true}}}
	for _, name := range more {
		t.Columns = append(t.Columns, output.Column{Name: name})
	}
	return t
}

// scramMechanisms reads the values of --mechanism.
func scramMechanisms(texts []string) ([]string, error) {
	var found []string
	for _, text := range texts {
		name, err := config.NormalizeMechanism(text)
		if err != nil || !slices.Contains(kafka.ScramMechanisms(), name) {
			return nil, cli.Usagef("--mechanism %s: want scram-sha-256 or scram-sha-512", text)
		}
		found = append(found, name)
	}
	return cli.Distinct(found), nil
}

// findUser looks a user up by name. One who is not there is an error with the nearest
// name.
func findUser(users []kafka.User, name string) (kafka.User, error) {
	names := make([]string, len(users))
	for i, u := range users {
		if u.Name == name {
			return u, nil
		}
		names[i] = u.Name
	}
	err := cli.Errorf(cli.CodeUnknownUser, "%s: no such user", name)
	if near := suggest.Nearest(name, names); near != "" {
		return kafka.User{Name: name}, cli.Hint(err, "did you mean %s?", near)
	}
	return kafka.User{Name: name}, cli.Hint(err, "kstream user list shows those who log in with SCRAM")
}

// checkUserNames refuses what cannot be a name.
func checkUserNames(names []string) error {
	if slices.Contains(names, "") {
		return cli.Usagef("the name of a user is empty")
	}
	return nil
}

// userHint adds what can be done about brokers that keep no users.
func userHint(err error) error {
	if errors.Is(err, kafka.ErrNoUsers) {
		return cli.Hint(err, "Apache Kafka does since 2.7; kstream cluster info shows the feature scram_users")
	}
	return err
}
