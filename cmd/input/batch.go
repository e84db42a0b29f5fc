package input

// What a batch holds before it is handed on.
const (
	batchRecords = 4096
	batchBytes   = 1 << 20
	keepBytes    = 4 << 20 // a larger buffer is given back after a giant record
)

// Reader reads records in batches.
//
// ReadBatch empties dst and fills it. The records in dst are valid whatever the
// error: nil, *BadRecord (the input after them is no record; call again), io.EOF,
// or anything else, which is the end. It is for one goroutine at a time, but a
// filled batch may be passed to another while the next one is read.
type Reader interface {
	ReadBatch(dst *Batch) error
}

// Batch owns a number of records and all bytes they point to.
type Batch struct {
	Records []Record

	window  []byte   // the input itself; frames are slices of it
	made    []byte   // what had to be written anew: unescaped text, objects of rows
	headers []Header // of all records
	limit   int
}

// NewBatch makes an empty batch that will take up to about 4096 records or 1 MiB.
func NewBatch() *Batch {
	return &Batch{limit: batchRecords}
}

// SetLimit bounds the number of records that readers put in; n < 1 or beyond the
// default means the default.
func (b *Batch) SetLimit(n int) {
	if n < 1 || n > batchRecords {
		n = batchRecords
	}
	b.limit = n
}

// Limit is the number of records that readers may put in.
func (b *Batch) Limit() int {
	if b.limit == 0 {
		b.limit = batchRecords
	}
	return b.limit
}

// Reset forgets the records; their bytes are about to be overwritten.
func (b *Batch) Reset() {
	clear(b.headers)
	b.Records, b.window, b.made, b.headers = b.Records[:0], b.window[:0], b.made[:0], b.headers[:0]
	if cap(b.window) > keepBytes {
		b.window = nil
	}
	if cap(b.made) > keepBytes {
		b.made = nil
	}
}

// Full reports whether the batch should be handed on before more is added.
func (b *Batch) Full() bool {
	return len(b.Records) >= b.Limit() || len(b.made) >= batchBytes
}

// Size bounds the number of bytes of all keys and values together.
func (b *Batch) Size() int { return len(b.window) + len(b.made) }

// Add appends an empty record and returns it. The pointer is good until the next
// Add.
func (b *Batch) Add() *Record {
	n := len(b.Records)
	if n == cap(b.Records) {
		grown := make([]Record, n, max(64, min(2*n, batchRecords), n+n/4))
		copy(grown, b.Records)
		b.Records = grown
	}
	b.Records = b.Records[:n+1]
	rec := &b.Records[n]
	*rec = Record{Partition: NoPartition, Timestamp: NoTimestamp}
	return rec
}

// drop takes the record that was added last away again.
func (b *Batch) drop() { b.Records = b.Records[:len(b.Records)-1] }

// Copy keeps a copy of p in the batch. A nil p stays nil, an empty one is not nil.
func (b *Batch) Copy(p []byte) []byte {
	if p == nil {
		return nil
	}
	start := len(b.made)
	b.made = append(b.made, p...)
	if b.made == nil {
		b.made = make([]byte, 0, 512)
	}
	return b.made[start:len(b.made):len(b.made)]
}

// AddHeader appends a header to the record that was added last.
func (b *Batch) AddHeader(h Header) {
	rec := &b.Records[len(b.Records)-1]
	start := len(b.headers) - len(rec.Headers)
	b.headers = append(b.headers, h)
	rec.Headers = b.headers[start:len(b.headers):len(b.headers)]
}

// AddCopy appends a copy of src and of all its bytes.
func (b *Batch) AddCopy(src *Record) {
	rec := b.Add()
	*rec = *src
	rec.Key.Bytes, rec.Value.Bytes, rec.Frame = b.Copy(src.Key.Bytes), b.Copy(src.Value.Bytes), b.Copy(src.Frame)
	rec.Headers = nil
	for _, h := range src.Headers {
		h.Value.Bytes = b.Copy(h.Value.Bytes)
		b.AddHeader(h)
	}
}
