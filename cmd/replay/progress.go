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

// transactionalPrefix begins the transactional id, before the name. (The group that once
// kept the progress is called the same.)
const transactionalPrefix = "kstream-replay-"

// openStore finds the place for progress, and the name of it.
func (r *run) openStore(ctx context.Context) error {
	e := &r.ends
	if r.flags.Name == "" {
		r.flags.Name = r.defaultName()
	}
	r.store = &progressStore{
		admin: e.admin, cfg: e.target.Config, flags: r.flags.fingerprint(), say: r.say,
		key: progressKey{
			Name: r.flags.Name, Cluster: e.sourceID, Source: r.from.topic, SourceID: r.from.id,
			Target: e.topic.Name, TargetID: e.topic.ID,
		},
	}
	if e.same {
		r.store.group = transactionalPrefix + r.flags.Name
	}
	if r.flags.DryRun {
		return nil
	}
	return r.store.create(ctx)
}

// resume finds where a pass begins: where the progress under the name ends, or at the
// beginning of what is read, which is then kept as progress at once, so that a relative
// position means the same to the next run.
func (r *run) resume(polling, live context.Context) (err error) {
	defer func() {
		if r.starts == nil && err == nil {
			r.starts = maps.Clone(r.next)
		}
	}()
	r.next = r.from.starts()
	r.due = r.env.Now().Add(checkpointEvery)
	if r.store == nil {
		r.kept = maps.Clone(r.next)
		return nil
	}
	found, err := r.progress(polling)
	if err != nil {
		return err
	}
	kept := map[int32]int64{}
	for partition := range r.next {
		if at, ok := found[partition]; ok {
			r.next[partition] = at.Next
			if !at.old {
				kept[partition] = at.Next
			}
		}
	}
	if len(kept) == len(r.next) {
		r.kept = kept
		r.resolve()
		return nil
	}
	if r.flags.DryRun {
		return nil
	}
	return r.keep(live, kept)
}

// progress returns the positions at which the run goes on.
func (r *run) progress(ctx context.Context) (map[int32]progressValue, error) {
	first := r.kept == nil
	found, err := r.store.load(ctx)
	if err == nil {
		err = r.addFormer(ctx, found)
	}
	if err != nil {
		return nil, fmt.Errorf("the progress of %s: %w", r.flags.Name, err)
	}
	if !first {
		return found.at, nil
	}
	name := r.flags.Name
	selected := func(v map[int32]progressValue) (flags []string) {
		for partition := range r.next {
			if at, ok := v[partition]; ok {
				flags = append(flags, at.Flags)
			}
		}
		return flags
	}
	flags := selected(found.at)
	switch {
	case r.flags.Restart && len(found.at) > 0:
		r.say("forgetting the progress of %s", name)
		return nil, nil
	case r.flags.Restart:
		return nil, nil
	case len(found.at) == 0 && len(found.former) > 0:
		other := "source"
		if slices.ContainsFunc(found.former, func(k progressKey) bool { return k.SourceID == r.store.key.SourceID }) {
			other = "target"
		}
		r.say("progress %s belongs to another %s: beginning anew", name, other)
		return nil, nil
	case len(found.at) == 0:
		return nil, r.checkCopied(ctx)
	case len(flags) == 0:
		return nil, nil // partitions that no run has read yet
	}
	if slices.ContainsFunc(flags, func(f string) bool { return f != r.store.flags }) {
		r.say("%s was begun with other flags; these hold from where it ended", name)
	}
	r.say("going on with %s where it ended; --restart begins anew", name)
	return found.at, nil
}

// addFormer adds progress that a former version has kept elsewhere, where there is none.
func (r *run) addFormer(ctx context.Context, found *progress) error {
	var missing []kafka.TopicPartition
	for _, s := range r.from.spans {
		if _, ok := found.at[s.Partition]; !ok {
			missing = append(missing, s.TopicPartition)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return r.store.addGroup(ctx, found, missing)
}

// choices are the parts of a command line by which records are chosen and changed.
type choices struct {
	filters                  record.FilterOptions
	serdes                   record.SerdeOptions
	isolation                string
	masks                    []string
	setHeaders, dropHeaders  []string
	partitioning, timestamps string
}

// fingerprint tells plans apart that choose or change records differently. It is empty
// for one that copies records as they are.
func (f *Options) fingerprint() string {
	c := choices{
		filters: f.Reading.Filters, serdes: f.Reading.Serdes, isolation: f.Reading.Reading.Isolation,
		masks: f.Masks, setHeaders: f.SetHeaders, dropHeaders: f.DropHeaders,
		partitioning: f.Partitioning, timestamps: f.Timestamps,
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
func (r *run) defaultName() string {
	sum := sha256.Sum256([]byte(r.ends.sourceID + "\x00" + r.from.id + "\x00" + r.ends.topic.ID))
	parts := []string{r.from.topic, r.dst.topic, hex.EncodeToString(sum[:4])}
	if r.redrive != nil {
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
