package replay

import (
	"context"

	"kstream/cmd/record"
	"kstream/kafka"
)

// change makes of each record that was read those that are written. One goroutine owns it.
type change struct {
	*record.Changer
	refused map[record.Origin]error // records that DST did not take: they are not sent again
}

func newChange(p *Plan) *change {
	return &change{Changer: record.NewChanger(p.Selection, p.changes), refused: map[record.Origin]error{}}
}

// apply hands what becomes of rec to write: nothing when a filter drops it. Records are valid
// during the call. When ctx ends, expressions and serdes are waited for no longer.
func (c *change) apply(ctx context.Context, rec *kafka.Record, write func(*kafka.Record) error) error {
	if len(c.refused) > 0 {
		if why, refused := c.refused[originOf(rec)]; refused {
			return &record.Unusable{Err: why}
		}
	}
	if c.Plain() {
		return write(rec)
	}
	return record.OverOr(ctx, c.Change(ctx, rec, write))
}

// originOf is the place of a record in SRC.
func originOf(rec *kafka.Record) record.Origin {
	return record.Origin{Partition: rec.Partition, Offset: rec.Offset}
}
