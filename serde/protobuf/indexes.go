package protobuf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"google.golang.org/protobuf/reflect/protoreflect"

	"kstream/serde"
	"kstream/serde/wire"
)

// After the schema id a record says which message of the file it holds: how many
// indexes follow, then each, as zigzag varints; the first is of a message of the file,
// the next of a message in that one. A lone 00 stands for the one index 0.
//
// There are two ways to count the messages in a message. A map field stands for a
// hidden message, its entry. Java counts the messages that are in the text; Python, Go
// and C# count those of the descriptor, entries included. Where the one way leads
// nowhere the other is right. Where both lead to a message, the one that reads the
// record without unknown fields is taken, and else Java's; a note tells of it.

// maxIndexes is what readers of Confluent's take, too.
const maxIndexes = 1000

var errIndexes = errors.New("no list of message indexes")

// readIndexes reads the indexes at the start of data, and returns their length as size.
func readIndexes(data []byte) (indexes []int, size int, err error) {
	count, size := binary.Varint(data)
	switch {
	case size == 0:
		return nil, 0, serde.ErrTruncated
	case size < 0 || count < 0 || count > maxIndexes:
		return nil, 0, errIndexes
	case count == 0:
		return []int{0}, size, nil
	case int(count) > len(data)-size:
		return nil, 0, serde.ErrTruncated
	}
	indexes = make([]int, count)
	for i := range indexes {
		index, n := binary.Varint(data[size:])
		switch {
		case n == 0:
			return nil, 0, serde.ErrTruncated
		case n < 0 || index < 0 || index > 1<<20:
			return nil, 0, errIndexes
		}
		indexes[i] = int(index)
		size += n
	}
	return indexes, size, nil
}

// skipFrame finds the message after the frame of a registry, if there is one before it:
// no message begins with such bytes. The message is body[at:], and body is data unless
// it was compressed.
func skipFrame(data []byte, s *schema, limits serde.Limits) (body []byte, at int, skipped serde.Frame) {
	f, ok := wire.FindSkippable(data, limits.Bytes)
	if !ok {
		return data, 0, serde.Frame{}
	}
	at = skipIndexes(f.Body, s, f.Kind == serde.FrameGlue)
	if f.Size < 0 {
		return f.Body, at, f.Frame
	}
	return data, f.Size + at, f.Frame
}

// skipIndexes returns the length of the message indexes at the start of data, 0 where there
// are none: not all producers write them. A message begins with 8 or more, the first
// tag; such indexes must lead to a message of the schema, if there is one. Glue has one
// index at most, without a count.
func skipIndexes(data []byte, s *schema, glue bool) int {
	const leastTag = 8
	switch {
	case len(data) == 0:
		return 0
	case data[0] == 0 || glue && data[0] < leastTag:
		return 1
	case glue || data[0]&1 != 0 || data[0] >= leastTag && (s == nil || int(data[0]/2) > s.nesting):
		return 0
	}
	indexes, size, err := readIndexes(data)
	if err != nil || data[0] >= leastTag && !s.has(indexes) {
		return 0
	}
	return size
}

// has reports whether the indexes lead to a message of any file.
func (s *schema) has(indexes []int) bool {
	for _, file := range s.roots {
		if byIndexes(file, indexes, false) != nil || byIndexes(file, indexes, true) != nil {
			return true
		}
	}
	return false
}

// appendIndexes appends the indexes of m in its file, as Java counts.
func appendIndexes(dst []byte, m protoreflect.MessageDescriptor) []byte {
	var path []int
	for {
		parent, ok := m.Parent().(protoreflect.MessageDescriptor)
		if !ok {
			path = append(path, m.Index())
			break
		}
		index := 0
		for i := range m.Index() {
			if !parent.Messages().Get(i).IsMapEntry() {
				index++
			}
		}
		path = append(path, index)
		m = parent
	}
	if len(path) == 1 && path[0] == 0 {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(dst, int64(len(path)))
	slices.Reverse(path)
	for _, index := range path {
		dst = binary.AppendVarint(dst, int64(index))
	}
	return dst
}

// byIndexes returns the message of a file at the indexes, or nil if there is none.
// entries is whether the entry types of maps are counted.
func byIndexes(file protoreflect.FileDescriptor, indexes []int, entries bool) protoreflect.MessageDescriptor {
	var m protoreflect.MessageDescriptor
	list := file.Messages()
	for _, index := range indexes {
		at := -1
		for i := range list.Len() {
			if !entries && list.Get(i).IsMapEntry() {
				continue
			}
			if index--; index < 0 {
				at = i
				break
			}
		}
		if at < 0 {
			return nil
		}
		m = list.Get(at)
		list = m.Messages()
	}
	if m.IsMapEntry() {
		return nil
	}
	return m
}

// target is what a record says that it holds: the message, and the one that it would
// be by the other way to count, if that is another.
type target struct {
	message, other *message
	info           *serde.SchemaInfo
	otherInfo      *serde.SchemaInfo
}

// targets remembers what indexes mean.
type targets struct {
	mu    sync.RWMutex
	known map[string]*target // by the bytes of the indexes
}

const maxTargets = 1000

// target finds what indexes mean in the file of the schema. info is that of the schema.
func (s *schema) target(indexes []int, info *serde.SchemaInfo) (*target, error) {
	file := s.roots[0]
	java, all := byIndexes(file, indexes, false), byIndexes(file, indexes, true)
	if java == nil {
		java, all = all, nil
	}
	if java == nil {
		return nil, fmt.Errorf("message indexes %s: the schema has no such message", listed(indexes))
	}
	t := &target{message: s.table(java), info: named(info, java)}
	if all != nil && all.FullName() != java.FullName() {
		t.other, t.otherInfo = s.table(all), named(info, all)
	}
	return t, nil
}

// named returns info with the name of the message.
func named(info *serde.SchemaInfo, m protoreflect.MessageDescriptor) *serde.SchemaInfo {
	same := *info
	same.Name = string(m.FullName())
	return &same
}

func listed(indexes []int) string {
	const few = 16
	text := make([]string, 0, few)
	for i, index := range indexes {
		if i == few {
			text = append(text, "…")
			break
		}
		text = append(text, fmt.Sprint(index))
	}
	return "[" + strings.Join(text, " ") + "]"
}

// indexesSize returns how long the indexes at the start of list may be: exact for the lists
// that are written in as few bytes as they can be, which find then has.
func indexesSize(list []byte) int {
	if len(list) == 0 {
		return 0
	}
	return min(len(list), 1+int(list[0]/2))
}

func (t *targets) find(list []byte) (*target, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	found, ok := t.known[string(list)]
	return found, ok
}

func (t *targets) add(list []byte, found *target) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.known) >= maxTargets || len(list) != indexesSize(list) {
		return
	}
	if t.known == nil {
		t.known = map[string]*target{}
	}
	t.known[string(list)] = found
}
