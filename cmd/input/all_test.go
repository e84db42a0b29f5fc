package input

import (
	"errors"
	"io"
	"iter"
)

// All returns an iterator over the records of r, and a *BadRecord in its place between
// them. It ends behind the last record, when the loop is left, or after yielding
// any other error. A record is valid until the next one.
func All(r Reader) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		b := NewBatch()
		for {
			err := r.ReadBatch(b)
			for i := range b.Records {
				if !yield(&b.Records[i], nil) {
					return
				}
			}
			if err == io.EOF {
				return
			}
			if err != nil && !yield(nil, err) {
				return
			}
			var bad *BadRecord
			if err != nil && !errors.As(err, &bad) {
				return
			}
		}
	}
}
