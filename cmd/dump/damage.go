package dump

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNotDump is the error of a file that is none of ours.
var ErrNotDump = errors.New("not a dump of kstream")

// ErrNoIndex is the error of a question that only a file can answer, not a stream.
var ErrNoIndex = errors.New("a stream has no index: use a file")

// Reasons for damage.
var (
	errSum   = errors.New("checksum mismatch")
	errTorn  = errors.New("the file ends here: it is torn")
	errExtra = errors.New("more bytes after the end")
)

// DamageError says where a dump is not what was written, and which records may be wrong.
type DamageError struct {
	Path string // as it was opened; "-" for a stream
	// Part is "manifest", "block", "index" or "end", and "section" where that is what
	// cannot be read.
	Part string
	// Block is the number of the block or section, from 1; else 0.
	Block int
	// From and To are the bytes of the file in which the damage is, To not included. When
	// the file is torn, or somebody appended to it, To may be behind its end.
	From, To int64
	// Topic, Partition and First to Last say which records are in doubt. Topic is empty when
	// that is unknown. Last is -1 when only the begin is known: what follows First.
	Topic       string
	Partition   int32
	First, Last int64
	Err         error
}

// Error returns one line: the place first, the cause last.
func (e *DamageError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Path, e.Part)
	if e.Block > 0 {
		fmt.Fprintf(&b, " %d", e.Block)
	}
	fmt.Fprintf(&b, ", bytes %d–%d", e.From, e.To-1)
	if e.Topic != "" {
		if e.Last >= 0 {
			fmt.Fprintf(&b, ", %s[%d] offsets %d–%d", e.Topic, e.Partition, e.First, e.Last)
		} else {
			fmt.Fprintf(&b, ", after %s[%d]@%d", e.Topic, e.Partition, e.First)
		}
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	return b.String()
}

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }

// partName is how errors call a section.
func partName(k kind) string {
	switch k {
	case kindManifest:
		return "manifest"
	case kindBlock:
		return "block"
	case kindIndex:
		return "index"
	}
	return "end"
}

// damage makes the error of the section h.
func (h *header) damage(path string, cause error) *DamageError {
	d := &DamageError{Path: path, Part: partName(h.kind), From: h.at, To: h.end(), Err: cause}
	if h.kind == kindBlock {
		d.Block, d.Topic, d.Partition, d.First, d.Last = int(h.number), h.topic, h.partition, h.first, h.last
	}
	return d
}
