package record

import (
	"sync"

	"kstream/kafka"
)

// Origin is where a record that is copied comes from.
type Origin struct {
	Partition int32
	Offset    int64
}

// TopicBatch is what is sent in one call, all to one topic, and the tag of that.
type TopicBatch struct {
	kafka.Outgoing
	Origins []Origin // of each record
}

// Packer packs records by topic. One goroutine packs and takes; giveBack may be called
// from any.
type Packer struct {
	Packed map[string]*TopicBatch // that are not sent yet
	latest *TopicBatch            // the one that was asked for last

	mu    sync.Mutex
	spare []*TopicBatch
}

// NewCopyPacker returns an empty Packer.
func NewCopyPacker() *Packer { return &Packer{Packed: map[string]*TopicBatch{}} }

// Of returns the one that is packed for a topic.
func (c *Packer) Of(topic string) *TopicBatch {
	if c.latest != nil && c.latest.Topic() == topic {
		return c.latest
	}
	p := c.Packed[topic]
	if p == nil {
		c.mu.Lock()
		if n := len(c.spare); n > 0 {
			p, c.spare = c.spare[n-1], c.spare[:n-1]
		}
		c.mu.Unlock()
		if p == nil {
			p = new(TopicBatch)
			p.Tag = p
		}
		p.Reset(topic)
		p.Origins = p.Origins[:0]
		c.Packed[topic] = p
	}
	c.latest = p
	return p
}

// Take ends the packing of one, which is to be sent.
func (c *Packer) Take(p *TopicBatch) {
	delete(c.Packed, p.Topic())
	c.latest = nil
}

// GiveBack takes one back when the fate of all its records is known.
func (c *Packer) GiveBack(o *kafka.Outgoing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spare = append(c.spare, o.Tag.(*TopicBatch))
}
