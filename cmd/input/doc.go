// Package input turns what `kstream produce` is given into records.
//
// Open checks the list of files, then reads them in order through one Reader:
// lines, record lines, JSON values, CSV rows, whole files, or a format string.
// Everything travels in a Batch, which owns the bytes of its records, so a line
// costs no allocation:
//
//	r, err := input.Open(ctx, input.Config{Format: "line", Files: files, Stdin: stdin})
//	…
//	defer r.Close()
//	b := input.NewBatch()
//	for {
//		err := r.ReadBatch(b)
//		send(b.Records) // also when err is not nil
//		…
//	}
//
// What it promises:
//
//   - A record is handed on as soon as its last byte is there: a batch is returned
//     early when the input has nothing more right now.
//   - Input that is no record is a *BadRecord with its place and its bytes, in
//     order between the records, and reading goes on after it. Every other error
//     is the end.
//   - A frame longer than Config.MaxRecord is one BadRecord; memory stays bounded.
//   - When the context ends, what was already taken from a pipe or terminal is
//     still delivered, a half-read record at its end is named by a BadRecord with
//     ErrCut, and only then ReadBatch returns the context's cause.
//
// Limit, Repeat and Paced wrap any Reader; All makes an iterator of one.
package input
