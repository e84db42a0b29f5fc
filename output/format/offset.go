package format

// Offset returns how many bytes of the input the records read so far have taken: where
// the next record begins.
func (r *Reader) Offset() int64 { return r.in.offset() }
