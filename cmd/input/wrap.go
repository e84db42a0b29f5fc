package input

import (
	"errors"
	"io"
)

// Limit ends with io.EOF after n records of r; bad ones do not count. What r has
// beyond them is not asked for.
func Limit(r Reader, n int64) Reader { return &limited{r, n} }

type limited struct {
	r    Reader
	left int64
}

func (l *limited) ReadBatch(dst *Batch) error {
	if l.left <= 0 {
		dst.Reset()
		return io.EOF
	}
	most := dst.Limit()
	dst.SetLimit(int(min(l.left, int64(most))))
	err := l.r.ReadBatch(dst)
	dst.SetLimit(most)
	l.left -= int64(len(dst.Records))
	if l.left <= 0 {
		return io.EOF
	}
	return err
}

// Repeat returns a Reader of each record of r, n times in a row, with the same Frame and Place; none
// when n is below 1.
func Repeat(r Reader, n int) Reader {
	return &repeated{r: r, times: n, batch: NewBatch()}
}

type repeated struct {
	r     Reader
	times int
	batch *Batch // of r
	next  int    // in batch, the record at hand
	done  int    // how often it has been given
	err   error  // that came with batch
}

func (p *repeated) ReadBatch(dst *Batch) error {
	dst.Reset()
	if p.next == len(p.batch.Records) && p.err == nil {
		p.batch.SetLimit(max(1, dst.Limit()/max(p.times, 1)))
		p.err = p.r.ReadBatch(p.batch)
		p.next, p.done = 0, 0
	}
	for p.next < len(p.batch.Records) {
		if p.done >= p.times {
			p.next, p.done = p.next+1, 0
			continue
		}
		if dst.Full() {
			return nil
		}
		dst.AddCopy(&p.batch.Records[p.next])
		p.done++
	}
	err := p.err
	var bad *BadRecord
	if errors.As(err, &bad) {
		p.err = nil
	}
	return err
}
