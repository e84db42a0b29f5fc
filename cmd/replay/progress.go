package replay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"kstream/cmd/record"
	"kstream/kafka"
)

// formerGroup begins the name of the group that once kept the progress.
const formerGroup = "kstream-replay-"

// progress is how far a run is. The goroutine that copies owns it.
type progress struct {
	plan     *Plan
	say      func(format string, args ...any)
	clusters *clusters
	source   *source

	name       string          // that it is kept under
	store      *progressStore  // nil when none is kept
	starts     map[int32]int64 // where this run began
	next       map[int32]int64 // what is to be copied next
	kept       map[int32]int64 // of it, what is kept
	pending    tally           // since the last checkpoint
	total      tally
	commits    int               // that succeeded
	unresolved *unresolvedCommit // of the last pass
}

// open finds the place for progress, and the name of it.
func (p *progress) open(ctx context.Context, dst kafka.Topic) error {
	if p.name = p.plan.name; p.name == "" {
		p.name = p.defaultName(dst)
	}
	p.store = &progressStore{
		admin: p.clusters.admin, cfg: p.clusters.target.Config, flags: p.plan.fingerprint, say: p.say,
		key: progressKey{
			Name: p.name, Cluster: p.clusters.sourceID, Source: p.source.topic, SourceID: p.source.id,
			Target: dst.Name, TargetID: dst.ID,
		},
	}
	if p.clusters.same {
		p.store.group = formerGroup + p.name
	}
	if p.plan.dryRun {
		return nil
	}
	return p.store.create(ctx)
}

// keeps reports whether progress is stored.
func (p *progress) keeps() bool { return p.store != nil && !p.plan.dryRun }

// load returns the positions at which the run goes on. In the first pass it tells what it
// found; lost is whether there is nothing at all, although a former run may have copied.
func (p *progress) load(ctx context.Context) (at map[int32]progressValue, lost bool, err error) {
	found, err := p.store.load(ctx)
	if err == nil {
		err = p.addFormer(ctx, found)
	}
	if err != nil {
		return nil, false, fmt.Errorf("the progress of %s: %w", p.name, err)
	}
	if p.kept != nil { // of a former pass
		return found.at, false, nil
	}
	var flags []string
	for partition := range p.next {
		if at, ok := found.at[partition]; ok {
			flags = append(flags, at.Flags)
		}
	}
	switch {
	case p.plan.restart && len(found.at) > 0:
		p.say("forgetting the progress of %s", p.name)
		return nil, false, nil
	case p.plan.restart:
		return nil, false, nil
	case len(found.at) == 0 && len(found.former) > 0:
		other := "source"
		if slices.ContainsFunc(found.former, func(k progressKey) bool { return k.SourceID == p.store.key.SourceID }) {
			other = "target"
		}
		p.say("progress %s belongs to another %s: beginning anew", p.name, other)
		return nil, false, nil
	case len(found.at) == 0:
		return nil, true, nil
	case len(flags) == 0:
		return nil, false, nil // partitions that no run has read yet
	}
	if slices.ContainsFunc(flags, func(f string) bool { return f != p.store.flags }) {
		p.say("%s was begun with other flags; these hold from where it ended", p.name)
	}
	p.say("going on with %s where it ended; --restart begins anew", p.name)
	return found.at, false, nil
}

// addFormer adds progress that a former version has kept elsewhere, where there is none.
func (p *progress) addFormer(ctx context.Context, found *stored) error {
	var missing []kafka.TopicPartition
	for _, s := range p.source.spans {
		if _, ok := found.at[s.Partition]; !ok {
			missing = append(missing, s.TopicPartition)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return p.store.addGroup(ctx, found, missing)
}

// unresolvedCommit is what belongs to a transaction whose commit had no answer: the next pass
// finds out whether it counts.
type unresolvedCommit struct {
	next  map[int32]int64
	tally tally
	sums  map[int32]sum
}

// resolve counts what belongs to the unresolved commit when the positions that are kept are
// its own.
func (p *progress) resolve(s *sums) {
	if u := p.unresolved; u != nil && maps.Equal(u.next, p.kept) {
		p.total.take(&u.tally)
		s.count(u.sums)
	}
	p.unresolved = nil
}

// choices are the parts of a command line by which records are chosen and changed.
type choices struct {
	filters                  record.FilterOptions
	serdes                   record.SerdeOptions
	isolation                string
	masks                    []string
	setHeaders, dropHeaders  []string
	partitioning, timestamps string
	keyFrom                  string
}

// fingerprint tells plans apart that choose or change records differently. It is empty
// for one that copies records as they are.
func (f *Options) fingerprint() string {
	c := choices{
		filters: f.Reading.Filters, serdes: f.Reading.Serdes, isolation: f.Reading.Reading.Isolation,
		masks: f.Masks, setHeaders: f.SetHeaders, dropHeaders: f.DropHeaders,
		partitioning: f.Partitioning, timestamps: f.Timestamps, keyFrom: f.KeyFrom,
	}
	c.filters.KeySet, c.serdes.Cluster = nil, nil // how to connect chooses nothing
	text := fmt.Sprintf("%+v", c)
	if text == fmt.Sprintf("%+v", choices{serdes: record.DefaultSerdes(), isolation: "read_committed", timestamps: "keep"}) {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}

// defaultName is the name of progress when none was given: that of SRC and DST, as they
// are now.
func (p *progress) defaultName(dst kafka.Topic) string {
	sum := sha256.Sum256([]byte(p.clusters.sourceID + "\x00" + p.source.id + "\x00" + dst.ID))
	parts := []string{p.source.topic, p.plan.dst.topic, hex.EncodeToString(sum[:4])}
	if p.plan.redrive != nil {
		parts[1] = "redrive"
	}
	name := ""
	for i, part := range parts {
		if i > 0 {
			name += "-"
		}
		name += part[:min(len(part), 90)]
	}
	return name
}
