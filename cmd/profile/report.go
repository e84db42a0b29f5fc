package profile

import (
	"cmp"
	"math"
	"slices"

	"kstream/cmd/jqpath"
)

// maxOverTime is the most buckets of Report.OverTime.
const maxOverTime = 60

// Report has the figures of one topic. They are exact, unless Sampled is set: then
// Records, Bytes, Rate, Skew, NullKeys, NullValues, Disorder, Undecodable, OverTime and
// those of Partitions are estimates for all of the range, and the others are about the
// RecordsRead. What cannot be said, as no record was read or none has a timestamp, is
// null.
//
// The size of a record is that of its key, value and headers, without compression.
type Report struct {
	Topic          string           `json:"topic"`
	Sampled        bool             `json:"sampled"`
	Estimate       bool             `json:"estimate"` // the figures are not exact: the same as Sampled
	Records        int64            `json:"records"`
	RecordsRead    int64            `json:"records_read"`
	Offsets        int64            `json:"offsets"` // in the range: there cannot be more records
	Bytes          int64            `json:"bytes"`
	Rate           *float64         `json:"rate"` // records a second, from the oldest to the newest
	SizeP50        *int64           `json:"size_p50"`
	SizeP95        *int64           `json:"size_p95"`
	SizeP99        *int64           `json:"size_p99"`
	SizeMax        *int64           `json:"size_max"`
	KeysDistinct   int64            `json:"keys_distinct"`
	NullKeys       int64            `json:"null_keys"`
	NullValues     int64            `json:"null_values"`
	Undecodable    int64            `json:"undecodable"`       // by the serdes that were asked for
	Skipped        int64            `json:"skipped,omitempty"` // of what was read: left out, for they could not be decoded or chosen
	Skew           *float64         `json:"skew"`              // of the partition with most records, over the mean
	FirstTimestamp *int64           `json:"first_timestamp"`
	LastTimestamp  *int64           `json:"last_timestamp"`
	Disorder       int64            `json:"disorder"` // records older than the one before in their partition
	Partitions     []PartitionCount `json:"partitions"`
	OverTime       []Bucket         `json:"over_time"`
	Schemas        []SchemaCount    `json:"schemas"`
	SchemasOmitted bool             `json:"schemas_omitted"` // there are more, as with fields, than are told apart
	Fields         []FieldCount     `json:"fields"`
	FieldsOmitted  bool             `json:"fields_omitted"`
	Rules          []Verdict        `json:"rules,omitempty"`
}

// PartitionCount has the figures of a partition.
type PartitionCount struct {
	Partition      int32  `json:"partition"`
	Estimate       bool   `json:"estimate"` // not all of it was read
	Records        int64  `json:"records"`
	Bytes          int64  `json:"bytes"`
	FirstTimestamp *int64 `json:"first_timestamp"`
	LastTimestamp  *int64 `json:"last_timestamp"`
	Disorder       int64  `json:"disorder"`
}

// FieldCount is a field of values that are JSON, or were decoded to it. Of the values
// that are not null, Presence is the share that has the field; of its occurrences,
// NullRate is the share that is null.
type FieldCount struct {
	Path     string           `json:"path"`
	Types    map[string]int64 `json:"types"` // occurrences by type, null among them
	Presence float64          `json:"presence"`
	NullRate float64          `json:"null_rate"`
}

// Report returns the figures, and whether the rules hold. It comes last: nothing can be
// added after it. An error is one of the temporary file.
func (p *Profile) Report(topic string) (*Report, error) {
	r := &Report{Topic: topic, Partitions: []PartitionCount{}, OverTime: []Bucket{}}
	var all counts
	for _, part := range p.partitions {
		r.Offsets += part.offsets
		r.RecordsRead += part.records
		factor := part.factor()
		r.Sampled = r.Sampled || factor != 1
		c := part.scaled(factor)
		p.fillGaps(part)
		r.Partitions = append(r.Partitions, PartitionCount{
			Partition: part.id, Estimate: factor != 1, Records: c.records, Bytes: c.bytes, Disorder: c.disorder,
			FirstTimestamp: known(c.oldest, c.timed), LastTimestamp: known(c.newest, c.timed),
		})
		all.add(&c)
	}
	r.Records, r.Bytes = all.records, all.bytes
	r.NullKeys, r.NullValues = all.nullKeys, all.nullValues
	r.Disorder, r.Undecodable = all.disorder, all.undecodable
	r.FirstTimestamp, r.LastTimestamp = known(all.oldest, all.timed), known(all.newest, all.timed)
	if seconds := (float64(all.newest) - float64(all.oldest)) / 1000; seconds > 0 {
		rate := float64(all.records) / seconds
		r.Rate = &rate
	}
	r.Estimate = r.Sampled
	r.SizeP50, r.SizeP95, r.SizeP99 = p.sizes.percentile(50), p.sizes.percentile(95), p.sizes.percentile(99)
	r.SizeMax = p.sizes.largest()
	var err error
	if r.KeysDistinct, err = p.keys.count(); err != nil {
		return nil, err
	}
	r.Skew = skewOf(r.Partitions, r.Records)
	if all.timed > 0 {
		r.OverTime = p.times.buckets(maxOverTime)
	}
	r.Schemas, r.SchemasOmitted = p.schemas.report(), p.schemas.full
	r.Fields, r.FieldsOmitted = p.fields.report(), p.fields.full
	for _, rule := range p.options.Rules {
		r.Rules = append(r.Rules, rule.check(p, r))
	}
	return r, nil
}

// known returns n, or nil when it was made from no records.
func known(n, records int64) *int64 {
	if records == 0 {
		return nil
	}
	return &n
}

// factor is how many times as long as what was read of a partition its range is.
func (part *Partition) factor() float64 {
	read := int64(0)
	for _, w := range part.windows {
		read += w.to - w.from
	}
	if read == part.offsets {
		return 1
	}
	return float64(part.offsets) / max(1, float64(read))
}

// scaled returns the counts as they are for all of the range.
func (c counts) scaled(factor float64) counts {
	if factor != 1 {
		for _, n := range []*int64{&c.records, &c.bytes, &c.nullKeys, &c.nullValues, &c.disorder, &c.undecodable} {
			*n = int64(math.Round(float64(*n) * factor))
		}
	}
	return c
}

// add adds the counts of a further partition.
func (c *counts) add(o *counts) {
	c.records += o.records
	c.bytes += o.bytes
	c.nullKeys += o.nullKeys
	c.nullValues += o.nullValues
	c.disorder += o.disorder
	c.undecodable += o.undecodable
	if o.timed == 0 {
		return
	}
	if c.timed == 0 {
		c.oldest, c.newest = o.oldest, o.newest
	}
	c.timed += o.timed
	c.oldest, c.newest = min(c.oldest, o.oldest), max(c.newest, o.newest)
}

// fillGaps counts the records between the windows of a partition over time: as many an
// offset as in the windows, evenly from the last of one window to the first of the next.
func (p *Profile) fillGaps(part *Partition) {
	records, offsets := int64(0), int64(0)
	for _, w := range part.windows {
		records, offsets = records+w.records, offsets+w.to-w.from
	}
	before := -1
	for i, w := range part.windows {
		if w.first == NoTime {
			continue
		}
		if before >= 0 {
			last := &part.windows[before]
			if gap := w.from - last.to; gap > 0 {
				p.times.spread(last.last, w.first, float64(gap)*float64(records)/float64(offsets))
			}
		}
		before = i
	}
}

func skewOf(partitions []PartitionCount, records int64) *float64 {
	if records == 0 {
		return nil
	}
	most := slices.MaxFunc(partitions, func(a, b PartitionCount) int { return int(min(1, max(-1, a.Records-b.Records))) })
	skew := float64(most.Records) * float64(len(partitions)) / float64(records)
	return &skew
}

// report lists the fields in the order in which they were first seen, each behind the one
// it lies in.
func (t *tree) report() []FieldCount {
	list := []FieldCount{}
	var walk func(f *field, path jqpath.Path)
	walk = func(f *field, path jqpath.Path) {
		if f.count > 0 {
			c := FieldCount{Path: path.String(), Types: map[string]int64{}}
			c.Presence, c.NullRate = f.rates(t.values)
			for k, n := range f.kinds {
				if n > 0 {
					c.Types[kind(k).String()] = n
				}
			}
			list = append(list, c)
		}
		members := slices.SortedFunc(slices.Values(f.members), func(a, b *field) int { return cmp.Compare(a.first, b.first) })
		for _, m := range members {
			walk(m, append(path, m.step))
		}
		if f.element != nil {
			walk(f.element, append(path, f.element.step))
		}
	}
	walk(&t.root, nil)
	return list
}

// rates returns the presence and the null rate of a field that was seen.
func (f *field) rates(values int64) (presence, nullRate float64) {
	return float64(f.present) / float64(values), float64(f.kinds[isNull]) / float64(f.count)
}
