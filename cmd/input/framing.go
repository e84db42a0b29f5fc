package input

// verdict is what a framing finds at the start of the input.
type verdict uint8

const (
	needMore  verdict = iota // no frame ends in the data yet
	skipThis                 // the next n bytes are no record
	frameHere                // the next n bytes are a frame
	lastHere                 // all data is a frame that the end of the file ended
	badHere                  // the next n bytes are a broken frame
)

// numbering is what a Place counts.
type numbering uint8

const (
	byLine   numbering = iota // a frame is a line
	bySpan                    // a frame spans any number of lines
	byRecord                  // there are no lines
	byFile                    // a file is one frame
)

// framing divides the input into frames and makes records of them. It remembers
// how far it has looked, so that a frame is scanned once however many pieces it
// comes in.
type framing interface {
	// split measures the frame at the start of data. At the end of a file it leaves
	// nothing over: needMore then means that there is no frame any more. The error
	// is that of badHere, perhaps a *posError.
	split(data []byte, atEOF bool) (n int, v verdict, err error)
	// discard gives up the frame at the start of data, all of which split has seen,
	// and returns how much of it can be dropped. Splitting goes on behind it, and
	// the next frame that split finds is the rest of the given-up one.
	discard(data []byte) int
	// parse fills rec, the last one of b. It reports false when the frame is no
	// record. An error makes the frame a bad record, a *fatalError ends the input.
	parse(frame []byte, b *Batch, rec *Record) (bool, error)
	// reset is called before each file.
	reset()
	numbering() numbering
	// size is how much of a frame, with its terminator, counts as the record's.
	size(frame []byte) int
	// terminator is what is added to the last frame of a file when it is missing.
	terminator() []byte
	// preamble is what a file of rejected frames must begin with.
	preamble() []byte
}
