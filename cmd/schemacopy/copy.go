package schemacopy

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/output"
	"kstream/serde"
	"kstream/serde/registry"
)

// Options are the flags of schema copy, as typed.
type Options struct {
	Cluster connect.Options
	Listing cli.ListingOptions
	Confirm cli.Confirmation
	To      string // URL of the target
	Other   connect.OtherOptions
}

// Plan is a valid command line of schema copy.
type Plan struct {
	source, target *connect.Options
	listing        *cli.Listing
	confirm        *cli.Confirmation
	subjects       []string // names and patterns
}

// Plan returns what is copied and where to, or a usage error. It opens nothing.
func (f *Options) Plan(env *cli.Env, subjects []string) (*Plan, error) {
	p := &Plan{source: &f.Cluster, confirm: &f.Confirm, subjects: cli.Distinct(subjects)}
	if f.To == "" && f.Other.Context == "" {
		return nil, cli.Usagef("copy: want --to URL or --to-context NAME, the registry to copy to")
	}
	for _, name := range subjects {
		if _, err := path.Match(name, ""); isPattern(name) && err != nil {
			return nil, cli.Usagef("%s: want a subject, or a pattern with * and ?", name)
		}
	}
	if err := f.Confirm.Plan(); err != nil {
		return nil, err
	}
	var err error
	if p.listing, err = f.Listing.Plan(env); err != nil {
		return nil, err
	}
	if err := f.Cluster.PlanRegistry(env); err != nil {
		return nil, err
	}
	p.target, err = f.Other.PlanRegistry(env, &f.Cluster, f.To)
	return p, err
}

// What is done with a version.
const (
	imported   = "import"   // with its id and its number
	registered = "register" // under the id and the number that the target gives
	present    = "present"  // nothing: the target has it
)

// Item is a version of a subject in the plan and in the outcome of `schema copy`.
type Item struct {
	Subject   string `json:"subject"`
	Version   int    `json:"version"`
	ID        int    `json:"id"`
	Type      string `json:"type"`
	Action    string `json:"action"`               // import, register or present; empty where it cannot be copied
	ToVersion int    `json:"to_version,omitempty"` // in the target; left out while it is not known
	ToID      int    `json:"to_id,omitempty"`
	Copied    bool   `json:"copied"`
	cli.ItemError

	schema serde.Schema
}

// Run copies the subjects, or under --dry-run says what it would do.
func Run(ctx context.Context, env *cli.Env, p *Plan) error {
	if !p.confirm.DryRun {
		if err := p.target.RefuseSchemaWrites(); err != nil {
			return err
		}
	}
	source, err := p.source.OpenRegistry(ctx, env)
	if err != nil {
		return err
	}
	to, err := p.target.OpenRegistry(ctx, env)
	if err != nil {
		return err
	}
	items, err := gather(ctx, source, p.subjects)
	if err != nil {
		return err
	}
	t := newTarget(to, items)
	if err := t.look(ctx); err != nil {
		return err
	}
	if todo := t.todo(); todo > 0 && !p.confirm.DryRun {
		action := fmt.Sprintf("copy %s to %s", cli.Count(int64(todo), "version"), to.URL())
		if err := p.confirm.Ask(ctx, env, table(items), action); err != nil {
			return err
		}
		t.copy(ctx)
	}
	if err := p.listing.Print("kstream.schema.copy/v1", items, func() *output.Table { return table(items) }); err != nil {
		return err
	}
	if !p.confirm.DryRun {
		tellIDs(env, items)
	}
	return cli.SeveralErrors("versions", cli.CausesIn(items))
}

// tellIDs says that ids have changed, since records hold them.
func tellIDs(env *cli.Env, items []*Item) {
	changed, there := 0, 0
	for _, i := range items {
		if i.Copied || i.Action == present {
			there++
			if i.ToID != i.ID {
				changed++
			}
		}
	}
	if changed > 0 {
		env.Notice("%d of %d versions have another id in the target, which records with the old one do not find; subjects in the mode IMPORT keep theirs", changed, there)
	}
}

func table(items []*Item) *output.Table {
	t := &output.Table{Columns: []output.Column{
		{Name: "subject"},
		{Name: "version", Right: true},
		{Name: "id", Right: true},
		{Name: "type"},
		{Name: "action"},
		{Name: "to_version", Right: true},
		{Name: "to_id", Right: true},
		{Name: "copied"},
		{Name: "error"},
	}}
	known := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	for _, i := range items {
		t.Add(i.Subject, strconv.Itoa(i.Version), strconv.Itoa(i.ID), i.Type, i.Action,
			known(i.ToVersion), known(i.ToID), strconv.FormatBool(i.Copied), i.Error)
	}
	return t
}

// fatal reports whether err would meet every other question too.
func fatal(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, serde.ErrRegistry)
}

// subjectsOf returns the subjects that names and patterns mean, in their order.
func subjectsOf(ctx context.Context, source *registry.Client, wanted []string) ([]string, error) {
	all, err := source.Subjects(ctx)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, name := range wanted {
		before := len(found)
		for _, subject := range all {
			if matches(name, subject) {
				found = append(found, subject)
			}
		}
		switch {
		case len(found) > before:
		case isPattern(name):
			return nil, cli.Hint(cli.Errorf(cli.CodeUnknownSubject, "%s: no subject matches", name), "kstream schema list shows the subjects")
		default:
			return nil, connect.NearSubject(ctx, source, name, 0, serde.ErrUnknownSchema)
		}
	}
	return cli.Distinct(found), nil
}
