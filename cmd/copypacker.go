package cmd

import (
	"sync"

	"kstream/kafka"
)

// origin is where a record that is copied comes from.
type origin struct {
	partition int32
	offset    int64
}

// copyParcel is what is sent in one call, all to one topic, and the tag of that.
type copyParcel struct {
	kafka.Outgoing
	origins []origin // of each record
}

// copyPacker packs records by topic. One goroutine packs and takes; giveBack may be called
// from any.
type copyPacker struct {
	packed map[string]*copyParcel // that are not sent yet
	latest *copyParcel            // the one that was asked for last

	mu    sync.Mutex
	spare []*copyParcel
}

func newCopyPacker() *copyPacker { return &copyPacker{packed: map[string]*copyParcel{}} }

// of gives the one that is packed for a topic.
func (c *copyPacker) of(topic string) *copyParcel {
	if c.latest != nil && c.latest.Topic() == topic {
		return c.latest
	}
	p := c.packed[topic]
	if p == nil {
		c.mu.Lock()
		if n := len(c.spare); n > 0 {
			p, c.spare = c.spare[n-1], c.spare[:n-1]
		}
		c.mu.Unlock()
		if p == nil {
			p = new(copyParcel)
			p.Tag = p
		}
		p.Reset(topic)
		p.origins = p.origins[:0]
		c.packed[topic] = p
	}
	c.latest = p
	return p
}

// take ends the packing of one, which is to be sent.
func (c *copyPacker) take(p *copyParcel) {
	delete(c.packed, p.Topic())
	c.latest = nil
}

// giveBack takes one back when the fate of all its records is known.
func (c *copyPacker) giveBack(o *kafka.Outgoing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spare = append(c.spare, o.Tag.(*copyParcel))
}
