package sorting

// maxChunk is the size of an arena's chunks, in bytes, unless the arena is small.
const maxChunk = 256 << 10

// arena keeps texts in a few large allocations, and keeps those for the next run.
type arena struct {
	chunkSize int
	chunks    [][]byte
	current   int      // the chunk that is being filled
	large     [][]byte // texts with an allocation of their own
	used      int64    // bytes of the allocations that hold texts
}

// spot is where a text lies: in a chunk, or for a chunk below 0 in large[^chunk].
type spot struct {
	chunk, start int32
	size         int
}

func (a *arena) put(text []byte) spot {
	if len(text) > a.chunkSize/4 {
		a.large = append(a.large, append([]byte(nil), text...))
		a.used += int64(len(text))
		return spot{chunk: ^int32(len(a.large) - 1), size: len(text)}
	}
	if a.current < len(a.chunks) && len(a.chunks[a.current])+len(text) > a.chunkSize {
		a.current++
	}
	if a.current == len(a.chunks) {
		a.chunks = append(a.chunks, make([]byte, 0, a.chunkSize))
	}
	c := &a.chunks[a.current]
	if len(*c) == 0 {
		a.used += int64(a.chunkSize)
	}
	at := spot{chunk: int32(a.current), start: int32(len(*c)), size: len(text)}
	*c = append(*c, text...)
	return at
}

func (a *arena) get(at spot) []byte {
	if at.chunk < 0 {
		return a.large[^at.chunk]
	}
	return a.chunks[at.chunk][at.start : int(at.start)+at.size]
}

// reset forgets all texts.
func (a *arena) reset() {
	for i := range a.chunks {
		a.chunks[i] = a.chunks[i][:0]
	}
	clear(a.large)
	a.large, a.current, a.used = a.large[:0], 0, 0
}
