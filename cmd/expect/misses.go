package expect

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"kstream/cmd/cli"
)

// missesKept is how many near misses are shown.
const missesKept = 5

// miss is a record that came and did not match: its record line, and the conditions that
// it did not meet.
type miss struct {
	line   []byte
	missed []string
}

// misses are the nearest ones, those first that met most of the conditions, and of these
// the ones that came first.
type misses struct {
	kept []miss
	held []int // how many conditions each of them met
}

// add takes a record that met held conditions, unless nearer ones are enough; only then
// is it made.
func (m *misses) add(held int, make func() miss) {
	at := len(m.held)
	for at > 0 && m.held[at-1] < held {
		at--
	}
	if at >= missesKept {
		return
	}
	m.held = slices.Insert(m.held, at, held)
	m.kept = slices.Insert(m.kept, at, make())
	if len(m.kept) > missesKept {
		m.held, m.kept = m.held[:missesKept], m.kept[:missesKept]
	}
}

// print writes the record lines under a line that names what they are. When there are
// several conditions, the ones that a record misses stand before it.
func (m *misses) print(w io.Writer, conditions int) {
	if len(m.kept) == 0 {
		return
	}
	fmt.Fprintln(w, "nearest misses:")
	for i, one := range m.kept {
		if conditions > 1 {
			fmt.Fprintf(w, "meets %d of %d conditions, not %s:\n", m.held[i], conditions, cli.OneLine(strings.Join(one.missed, ", ")))
		}
		fmt.Fprintf(w, "%s", one.line)
	}
}
