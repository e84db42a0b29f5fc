// Package dump writes records of topics into a file, and reads them back exactly.
//
// To write, [Create] a file, or use [NewWriter] for a pipe; Append records as they come,
// and Close. A file appears under its name only when it is whole: until then it has a
// temporary name beside it, which Abort removes. A name that exists is refused with
// [ErrExists].
//
//	w, err := dump.Create("orders.dump", dump.Manifest{Topics: topics})
//	if err != nil { … }
//	defer w.Abort() // does nothing after Close
//	err = w.Append(&record) // for each record; the records of a partition in offset order
//	err = w.Close()
//
// To read, [Open] a file, or use [NewReader] for a pipe, which has no index: then Contents,
// Select and OffsetAt need what only a file can give. Next returns one block of records
// after the other, in the order in which they were written; [Reader.Select] restricts
// it to ranges of offsets, and reads only the blocks that hold them.
//
//	r, err := dump.Open("orders.dump")
//	if err != nil { … }
//	defer r.Close()
//	for {
//		records, err := r.Next() // valid until the next call
//		if err == io.EOF { break }
//		…
//	}
//
// # Promises
//
// Records come back byte for byte: topic, partition, offset, timestamp and its type,
// key, value, headers in their order, nulls as nulls. Within a partition they come in the
// order in which they were appended; across partitions they come block by block.
// A byte that changed anywhere, a part that is missing, moved, doubled or cut off is a
// [*DamageError], which names the block, the bytes of the file and the offsets that are in doubt.
// Everything before it has been given out and is right. Whatever a file claims, a reader
// allocates at most [MaxBlock] for a block, a small multiple of the file's size for the
// index, and never panics.
//
// A Writer or Reader belongs to one goroutine. Several Readers may read one file.
//
// # Format
//
// A dump is a sequence of sections. A section is a header in a skippable frame of
// Zstandard (RFC 8878, 3.1.2) and a body in a frame of its own, so that `zstd -dc FILE`
// prints the manifest on the first line, and below it all records as record lines,
// without any program of ours.
//
//	manifest  one line of JSON: Manifest
//	block…    record lines of one partition, in order, about 1 MiB of them
//	index     the headers of all blocks, in a second skippable frame
//	end       only a header, of a fixed size, which says where the index is
//
// A header is, in little endian:
//
//	 0  4  5C 2A 4D 18, a skippable frame
//	 4  4  how many bytes of the header follow
//	 8  7  "kstream"
//	15  1  the kind: M, B, I or E
//	16  4  number of the section, from 0
//	20  8  where the header begins in the file
//	28  4  length of the body
//	32  4  length of the body's content without compression
//	36  4  CRC-32C of the body; of the end: of the headers of all blocks
//	40  4  B: partition
//	44  8  B: the first offset; E: where the index begins
//	52  8  B: the last offset;  E: records in all blocks
//	60  4  B: records;          E: blocks
//	64  8  B: the smallest timestamp, -1 when there is none
//	72  8  B: the largest timestamp
//	80  2  B: length of the topic's name, which follows
//	 …  4  CRC-32C of the header up to here
package dump
