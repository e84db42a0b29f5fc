package sorting

import (
	"container/list"
	"encoding/binary"
	"slices"
	"unsafe"
)

// LatestPerKey keeps the last record of each key of each topic, as compaction does: of
// a partition, the one with the highest offset. A tombstone takes its key out. Keys
// live in one partition; of a key that lives in several, the last records of all
// partitions compete: the newest timestamp wins, then the highest partition.
//
// Memory is in proportion to the live keys. Of the keys that were deleted it remembers
// those deleted last, as many as fit the limit. One that is forgotten comes back only
// by a record that comes after the tombstone: a newer one, or an older one of another
// partition.
type LatestPerKey struct {
	limit    int64
	seq      uint64
	topics   names
	keys     map[string]*versions // by the topic's number and the key
	scratch  []byte
	live     int
	nullKeys int64
	dead     *list.List // of *versions, the one that died first at the front
	deadSize int64
}

// version is the last record of a key in one partition.
type version struct {
	place
	tombstone bool
	text      []byte
}

// versions are those of one key: one, unless the key lives in several partitions.
type versions struct {
	name   string // the key of LatestPerKey.keys
	first  version
	others []version
	dead   *list.Element // nil while the key lives
	size   int64         // that counted in deadSize
}

const versionsCost = int64(unsafe.Sizeof(versions{})) + int64(unsafe.Sizeof(list.Element{})) + 2*int64(unsafe.Sizeof(""))

// NewLatestPerKey makes an empty view. limit bounds the memory for deleted keys in
// bytes; 0 is DefaultLimit.
func NewLatestPerKey(limit int64) *LatestPerKey {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &LatestPerKey{limit: limit, keys: map[string]*versions{}, dead: list.New()}
}

// Add takes a record. One without a key is counted and left out. It returns no error.
func (l *LatestPerKey) Add(item *Item) error {
	if item.Key == nil {
		l.nullKeys++
		return nil
	}
	l.seq++
	number := l.topics.number(item.Topic)
	l.scratch = append(binary.LittleEndian.AppendUint32(l.scratch[:0], uint32(number)), item.Key...)
	all := l.keys[string(l.scratch)]
	isNew := all == nil
	if isNew {
		all = &versions{name: string(l.scratch)}
		l.keys[all.name] = all
		l.live++
	}
	v := all.of(item.Partition, isNew)
	if v.seq != 0 && item.Offset < v.offset {
		return nil
	}
	v.place = placeOf(item, l.topics.list[number], l.seq)
	if v.tombstone = item.Tombstone; v.tombstone {
		v.text = nil
	} else {
		v.text = keep(v.text, item.Text)
	}
	l.settle(all)
	return nil
}

// of returns the version of a partition, an empty one when there is none yet.
func (all *versions) of(partition int32, isNew bool) *version {
	if isNew || all.first.partition == partition {
		return &all.first
	}
	i := slices.IndexFunc(all.others, func(v version) bool { return v.partition == partition })
	if i < 0 {
		i = len(all.others)
		all.others = append(all.others, version{})
	}
	return &all.others[i]
}

// winner is the version that stands for the key.
func (all *versions) winner() *version {
	best := &all.first
	for i := range all.others {
		v := &all.others[i]
		if v.timestamp > best.timestamp || v.timestamp == best.timestamp && v.partition > best.partition {
			best = v
		}
	}
	return best
}

// settle counts a key among the living or the dead after a change, and forgets the
// dead that exceed the limit.
func (l *LatestPerKey) settle(all *versions) {
	if all.dead != nil {
		l.dead.Remove(all.dead)
		l.deadSize -= all.size
		all.dead = nil
		l.live++
	}
	if !all.winner().tombstone {
		return
	}
	l.live--
	all.size = versionsCost + int64(len(all.name)+cap(all.first.text))
	for _, v := range all.others {
		all.size += int64(unsafe.Sizeof(v)) + int64(cap(v.text))
	}
	all.dead = l.dead.PushBack(all)
	l.deadSize += all.size
	for l.deadSize > l.limit {
		oldest := l.dead.Remove(l.dead.Front()).(*versions)
		l.deadSize -= oldest.size
		delete(l.keys, oldest.name)
	}
}

// Len returns how many keys live.
func (l *LatestPerKey) Len() int { return l.live }

// NullKeys counts the records without a key.
func (l *LatestPerKey) NullKeys() int64 { return l.nullKeys }

// Each calls f with the last record of each living key by (topic, partition, offset).
func (l *LatestPerKey) Each(f func(text []byte) error) error {
	view := make([]*version, 0, l.live)
	for _, all := range l.keys {
		if all.dead == nil {
			view = append(view, all.winner())
		}
	}
	slices.SortFunc(view, func(a, b *version) int { return a.compareLog(&b.place) })
	for _, v := range view {
		if err := f(v.text); err != nil {
			return err
		}
	}
	return nil
}

// Close frees the records.
func (l *LatestPerKey) Close() error {
	l.keys, l.live, l.deadSize = nil, 0, 0
	l.dead.Init()
	return nil
}
