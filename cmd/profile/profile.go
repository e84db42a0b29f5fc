package profile

import (
	"kstream/serde/value"
)

// NoTime is the Timestamp of a record that carries none.
const NoTime int64 = -1

// Record is what is looked at of a record. It is borrowed for a call of Add.
type Record struct {
	Timestamp  int64 // milliseconds since the epoch, or NoTime
	Key, Value []byte
	Headers    int // bytes of their names and values
	// KeyFrame and ValueFrame are the headers that name the schema of key and value
	// (see serde.Part.SchemaHeader); nil without them.
	KeyFrame, ValueFrame []byte
	// JSON is the value as a serde decoded it, without errors in it; nil when none did.
	JSON []byte
	// Undecodable says that a serde could not read the key or the value.
	Undecodable bool
}

// Options say how records are looked at.
type Options struct {
	// JSON looks for fields in values that are one JSON object or array, beside those
	// that a serde decoded.
	JSON bool
	// KeyFrames and ValueFrames say how a frame with a schema can look like.
	KeyFrames, ValueFrames Frames
	// Rules are looked at by Report. The fields that they name are counted whatever the
	// limit of fields.
	Rules []*Rule
	// MaxFields is how many fields are told apart; 0 is 1,000.
	MaxFields int
	// MaxKeys is how many different keys are in memory at once; 0 is 1,048,576. More lie
	// in a temporary file in Dir; "" is os.TempDir.
	MaxKeys int
	Dir     string
}

// Profile counts the records of one topic.
type Profile struct {
	options    Options
	partitions []*Partition
	sizes      sizes
	keys       keySet
	times      series
	schemas    schemas
	fields     tree
}

// New starts a profile without records.
func New(o Options) *Profile {
	return &Profile{
		options: o,
		sizes:   newSizes(),
		keys:    newKeySet(o.MaxKeys, o.Dir),
		schemas: newSchemas(),
		fields:  newTree(o.MaxFields, o.Rules),
	}
}

// Partition is what a Profile knows of one partition, or of that part of it that is to
// be profiled.
type Partition struct {
	id      int32
	offsets int64 // in all of the range
	windows []window
	current *window
	counts
	last int64 // timestamp of the record before in the window; NoTime for none
}

// counts are of the records that were read.
type counts struct {
	records, bytes        int64
	nullKeys, nullValues  int64
	disorder, undecodable int64
	timed                 int64 // records with a timestamp
	oldest, newest        int64 // their timestamps
}

// window is a part of a partition that was read without a gap.
type window struct {
	from, to    int64 // offsets
	records     int64
	first, last int64 // timestamps at its ends; NoTime for none
}

// Partition adds a partition, whose range has a number of offsets. The windows of it are
// to be read in the order of their offsets.
func (p *Profile) Partition(id int32, offsets int64) *Partition {
	part := &Partition{id: id, offsets: offsets, last: NoTime}
	p.partitions = append(p.partitions, part)
	return part
}

// Window begins the next window: records from offset from up to, not including, to. Of
// windows that touch no record between is missing.
func (part *Partition) Window(from, to int64) {
	if n := len(part.windows); n == 0 || part.windows[n-1].to != from {
		part.last = NoTime // what was before is not known
	}
	part.windows = append(part.windows, window{from: from, to: to, first: NoTime, last: NoTime})
	part.current = &part.windows[len(part.windows)-1]
}

// Close frees the temporary file, if there is one.
func (p *Profile) Close() error { return p.keys.close() }

// Add counts a record of the current window of part. An error is one of the temporary
// file; nothing can be added after it.
func (p *Profile) Add(part *Partition, r *Record) error {
	size := int64(len(r.Key) + len(r.Value) + r.Headers)
	part.records++
	part.current.records++
	part.bytes += size
	p.sizes.add(size)
	if r.Key == nil {
		part.nullKeys++
	} else {
		if err := p.keys.add(r.Key); err != nil {
			return err
		}
		p.schemas.add(keySchema, p.options.KeyFrames, r.KeyFrame, r.Key)
	}
	if r.Timestamp != NoTime {
		part.timestamp(r.Timestamp)
		p.times.add(r.Timestamp)
	}
	if r.Undecodable {
		part.undecodable++
	}
	if r.Value == nil {
		part.nullValues++
		return nil
	}
	p.schemas.add(valueSchema, p.options.ValueFrames, r.ValueFrame, r.Value)
	p.fields.values++
	switch {
	case r.JSON != nil:
		p.fields.add(r.JSON)
	case p.options.JSON && opensJSON(r.Value) && value.CheckJSON(r.Value, 0) == nil:
		p.fields.add(r.Value)
	}
	return nil
}

// timestamp looks at the time of the next record.
func (part *Partition) timestamp(t int64) {
	if part.timed == 0 {
		part.oldest, part.newest = t, t
	}
	part.timed++
	part.oldest, part.newest = min(part.oldest, t), max(part.newest, t)
	if part.last != NoTime && t < part.last {
		part.disorder++
	}
	part.last = t
	if part.current.first == NoTime {
		part.current.first = t
	}
	part.current.last = t
}

// opensJSON reports whether data may be a JSON object or array.
func opensJSON(data []byte) bool {
	for _, c := range data {
		switch c {
		case ' ', '\t', '\n', '\r':
		default:
			return c == '{' || c == '['
		}
	}
	return false
}
