package cmd

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"kstream/cmd/cli"
	"kstream/cmd/config"
	"kstream/cmd/connect"
	"kstream/kafka"
	"kstream/output"
)

type userSetFlags struct {
	cluster    connect.Options
	listing    cli.ListingOptions
	mechanisms []string
	iterations int
	password   string
	file       string
	dryRun     bool
}

func newUserSetCmd(env *cli.Env) *cobra.Command {
	var f userSetFlags
	cmd := &cobra.Command{
		Use:   "set USER",
		Short: "Give a user a password, or create one",
		Long: `Give a user a password, in place of the one that was there, or create a user who was not. The
password is asked for on a terminal, and otherwise read from stdin, where it is one line. It is
never an argument, where others could see it, and it is never printed. It is hashed before it is
sent. Clients that are connected stay connected.

Without --mechanism the password is set for every mechanism that the user has one for, and
for scram-sha-512 when there is none; with it, those that keep an old one are named.`,
		Example: `  kstream user set alice                                      asks for the password
  kstream user set alice --password @env:ALICE_PASSWORD
  openssl rand -base64 24 | tee alice.txt | kstream user set alice
  kstream user set alice --password-file alice.txt --mechanism scram-sha-256,scram-sha-512`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := f.plan(env, args[0])
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), env)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.mechanisms, "mechanism", nil, "`NAME`: scram-sha-256, scram-sha-512; repeatable (default: those of the user, else scram-sha-512)")
	flags.IntVar(&f.iterations, "iterations", kafka.MinIterations, "hash the password `N` times, 4096 to 16384")
	flags.StringVar(&f.password, "password", "", "where the password is: `@env:NAME|@file:PATH|@cmd:COMMAND|@keyring:NAME`")
	flags.StringVar(&f.file, "password-file", "", "the password is in `FILE`")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only show what would be set; no password is asked for")
	registerListing(&f.listing, flags)
	registerCluster(&f.cluster, flags)
	return cmd
}

type userSetPlan struct {
	flags      *userSetFlags
	listing    *cli.Listing
	name       string
	mechanisms []string // nil: those of the user
	reference  string   // of the password; empty: it is asked for
}

func (f *userSetFlags) plan(env *cli.Env, name string) (*userSetPlan, error) {
	p := &userSetPlan{flags: f, name: name, reference: f.password}
	var err error
	if p.mechanisms, err = scramMechanisms(f.mechanisms); err != nil {
		return nil, err
	}
	switch {
	case name == "":
		return nil, cli.Usagef("the name of a user is empty")
	case f.iterations < kafka.MinIterations || f.iterations > kafka.MaxIterations:
		return nil, cli.Usagef("--iterations %d: want %d to %d", f.iterations, kafka.MinIterations, kafka.MaxIterations)
	case f.password != "" && f.file != "":
		return nil, cli.Usagef("--password and --password-file: want one of them")
	case f.password != "" && !config.IsReference(f.password):
		return nil, cli.Hint(cli.Usagef("--password: a password on the command line is seen by others"), "want --password @env:NAME, --password-file FILE, or neither: then it is asked for")
	case f.file != "":
		p.reference = "@file:" + f.file
	}
	if p.listing, err = f.listing.Plan(env); err != nil {
		return nil, err
	}
	return p, f.cluster.Plan(env)
}

// userSetItem is a credential in the outcome of `user set`.
type userSetItem struct {
	User       string `json:"user"`
	Mechanism  string `json:"mechanism"`
	Iterations int    `json:"iterations"`
	Created    bool   `json:"created"` // there was none before
	Set        bool   `json:"set"`
	cli.ItemError
}

func (p *userSetPlan) run(ctx context.Context, env *cli.Env) error {
	var password []byte
	if !p.flags.dryRun {
		var err error
		if password, err = p.askPassword(ctx, env); err != nil {
			return err
		}
	}
	return connect.WithAdmin(ctx, env, &p.flags.cluster, func(cluster *connect.Cluster, admin *kafka.Admin) error {
		if err := cluster.RefuseWrites(); err != nil && !p.flags.dryRun {
			return err
		}
		users, err := admin.Users(ctx)
		if err != nil {
			return userHint(err)
		}
		had := map[string]bool{}
		if user, err := findUser(users, p.name); err == nil {
			for _, c := range user.Credentials {
				had[c.Mechanism] = true
			}
		}
		mechanisms := p.mechanisms
		if mechanisms == nil {
			mechanisms = slices.Sorted(maps.Keys(had))
		}
		if len(mechanisms) == 0 {
			mechanisms = []string{"SCRAM-SHA-512"}
		}
		for _, left := range slices.Sorted(maps.Keys(had)) {
			if !slices.Contains(mechanisms, left) {
				env.Notice("%s: the password for %s stays as it is", p.name, left)
			}
		}
		items := make([]*userSetItem, len(mechanisms))
		for i, mechanism := range mechanisms {
			item := &userSetItem{User: p.name, Mechanism: mechanism, Iterations: p.flags.iterations}
			items[i] = item
			if p.flags.dryRun {
				continue
			}
			c := kafka.Credential{Mechanism: mechanism, Iterations: p.flags.iterations}
			if err := admin.SetPassword(ctx, p.name, c, password); err != nil {
				item.Fail(userHint(err))
				continue
			}
			item.Set, item.Created = true, !had[mechanism]
		}
		err = p.listing.Print("kstream.user.set/v1", items, func() *output.Table {
			t := userTable("created", "set", "error")
			for _, i := range items {
				t.Add(i.User, i.Mechanism, strconv.Itoa(i.Iterations), strconv.FormatBool(i.Created), strconv.FormatBool(i.Set), i.Error)
			}
			return t
		})
		if err != nil {
			return err
		}
		return cli.SeveralErrors("passwords", cli.CausesIn(items))
	})
}
