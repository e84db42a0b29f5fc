package stats

import (
	"kstream/cmd/cli"
	"kstream/cmd/record"
)

// ScanOptions are those of commands that look at the records which topics hold now and
// show none of them.
type ScanOptions struct {
	Choice  record.ChoiceOptions
	Listing cli.ListingOptions
	Reading record.Options
	Looking record.LookingOptions
}

// scanPlan is ScanOptions, checked.
type scanPlan struct {
	*record.Selection
	listing *cli.Listing
	choice  *record.TopicChoice
}

// plan checks what both commands have.
func (f *ScanOptions) plan(env *cli.Env, args []string) (*scanPlan, error) {
	p := &scanPlan{Selection: &record.Selection{Cluster: &f.Reading.Cluster}}
	p.Kept = "looked at as bytes"
	var err error
	if p.choice, err = f.Choice.Plan(args); err != nil {
		return nil, err
	}
	if p.Range, err = f.Reading.Reading.Plan(env, nil); err != nil {
		return nil, err
	}
	if err := p.Range.RefuseStored(); err != nil {
		return nil, err
	}
	p.Range.ToEnd, p.Range.Patterns = true, p.choice.Patterns()
	if p.Filters, err = f.Reading.Filters.Plan(env); err != nil {
		return nil, err
	}
	if p.Failures, err = f.Looking.Plan(); err != nil {
		return nil, err
	}
	if p.listing, err = f.Listing.Plan(env); err != nil {
		return nil, err
	}
	return p, f.Reading.Cluster.Plan(env)
}
