package columns

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// ErrOtherTopic is the error of a folder with records of a topic that was deleted, and
// created again under its name.
var ErrOtherTopic = errors.New("another topic of that name")

// rangeKey is the name under which a file keeps its fileRange.
const rangeKey = "kstream.range"

// fileRange says what a file covers: all that a read has found from an offset on, up to the
// last one in it.
type fileRange struct {
	TopicID string `json:"topic_id,omitempty"` // empty when it is not known
	From    int64  `json:"from"`
}

// stretch is a range of offsets that files cover: from first to before end.
type stretch struct{ first, end int64 }

// ledger is what files cover of a partition, and where this read is.
type ledger struct {
	held  []stretch // in order, apart from each other
	end   int64     // of the last
	at    int64     // all from here on that is in no file comes
	last  int64     // offset that was seen
	begun bool      // by Begin
}

// hold adds a stretch.
func (l *ledger) hold(s stretch) {
	l.held = append(l.held, s)
	slices.SortFunc(l.held, func(a, b stretch) int { return cmp.Compare(a.first, b.first) })
	joined := l.held[:1]
	for _, s := range l.held[1:] {
		if last := &joined[len(joined)-1]; s.first <= last.end {
			last.end = max(last.end, s.end)
		} else {
			joined = append(joined, s)
		}
	}
	l.held, l.end = joined, joined[len(joined)-1].end
}

// below returns the last stretch that begins at or before an offset.
func (l *ledger) below(offset int64) (stretch, bool) {
	i, found := slices.BinarySearchFunc(l.held, offset, func(s stretch, offset int64) int { return cmp.Compare(s.first, offset) })
	if !found {
		i--
	}
	if i < 0 {
		return stretch{}, false
	}
	return l.held[i], true
}

// Begin prepares for a read of a partition of the topic from an offset on, and returns the
// offset to begin at instead, which is after what files cover. If gap is less than from,
// files cover what comes before gap, and nothing from gap up to from. An empty id means
// that the topic's id is unknown; if id differs from that of a file the error is
// ErrOtherTopic.
func (d *Dir) Begin(topic, id string, partition int32, from int64) (next, gap int64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if have := d.ids[topic]; have != "" && id != "" && have != id {
		return 0, 0, fmt.Errorf("%s has records of %s: %w", d.path, topic, ErrOtherTopic)
	}
	if id != "" {
		d.ids[topic] = id
	}
	l := d.ledger(tp{topic, partition})
	next, gap = from, from
	if s, ok := l.below(from); ok {
		next, gap = max(from, s.end), s.end
	}
	l.at, l.begun = next, true
	return next, gap, nil
}

// ledger returns that of a partition.
func (d *Dir) ledger(of tp) *ledger {
	l := d.ledgers[of]
	if l == nil {
		l = &ledger{last: -1}
		d.ledgers[of] = l
	}
	return l
}

// learn notes what a file covers that is there.
func (d *Dir) learn(name fileName) {
	r := fileRange{From: name.first}
	if file, closes, err := d.openFile(name); err == nil {
		if text, ok := file.Lookup(rangeKey); ok {
			if json.Unmarshal([]byte(text), &r) != nil || r.From < 0 || r.From > name.first {
				r = fileRange{From: name.first}
			}
		}
		_ = closes() // it was only read
	}
	if r.TopicID != "" {
		d.ids[name.topic] = r.TopicID
	}
	d.ledger(name.tp).hold(stretch{r.From, name.last + 1})
}

// openFile reads the end of a file.
func (d *Dir) openFile(name fileName) (*parquet.File, func() error, error) {
	f, err := d.root.Open(name.String())
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	file, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return file, f.Close, nil
}

// place reports whether a file already has the row's offset, and otherwise returns the
// offset at which a file that begins with the row starts. Offsets must not decrease.
func (d *Dir) place(of tp, l *ledger, offset int64) (there bool, from int64, err error) {
	if offset < l.last {
		return false, 0, fmt.Errorf("%s: offset %d of %s-%d comes after %d: the topic was created again", d.path, offset, of.topic, of.partition, l.last)
	}
	l.last = offset
	s, ok := l.below(offset)
	if ok && offset < s.end {
		return true, 0, nil
	}
	if !l.begun { // a partition that came later is read from its beginning
		l.at, l.begun = offset, true
		if ok {
			l.at = s.end
		}
	}
	return false, max(l.at, s.end), nil
}
