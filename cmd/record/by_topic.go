package record

import (
	"fmt"
	"sync"

	"kstream/cmd/cli"
	"kstream/serde"
)

// byTopic are the serdes that the context has for single topics, for a command that reads
// or writes several. What a flag says goes before them.
type byTopic struct {
	flags   SerdeOptions
	options serde.Options
	env     *cli.Env

	mu     sync.Mutex
	opened map[string]*topicSerdes // by pattern
	topics sync.Map                // name → *topicSerdes
}

// topicSerdes are the serdes of the topics that a pattern names.
type topicSerdes struct {
	decode [2]Decoding
	encode [2]Encoding
	serdes []serde.Serde
	err    error
}

// byTopic is nil when one pair of serdes is for all topics.
func (f *SerdeOptions) byTopic(env *cli.Env, o serde.Options) *byTopic {
	if f.Cluster == nil || !f.Cluster.ByTopic {
		return nil
	}
	return &byTopic{flags: *f, options: o, env: env, opened: map[string]*topicSerdes{}}
}

// of returns the serdes of a topic, which are opened when they are first needed.
func (b *byTopic) of(topic string) (*topicSerdes, error) {
	if found, ok := b.topics.Load(topic); ok {
		s := found.(*topicSerdes)
		return s, s.err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	said, pattern := b.flags.Cluster.Effective.TopicFor(topic)
	s := b.opened[pattern]
	if s == nil {
		s = &topicSerdes{}
		specs := [2]string{b.spec("key-serde", b.flags.Key, said.KeySerde), b.spec("value-serde", b.flags.Value, said.ValueSerde)}
		for i, subject := range []string{said.KeySubject, said.ValueSubject} {
			part := serde.Part(i)
			o := registering(specs[i], b.options)
			if subject != "" && b.flags.SchemaID == "" && ByRegistry(specs[i]) {
				o.SchemaID = subject + ":latest"
			}
			opened, err := OpenSerde(specs[i], o)
			if err != nil {
				s.err = cli.Usagef("context %s: topics.%s.%s-serde: %w", b.flags.Cluster.Effective.Context, pattern, part, err)
				break
			}
			s.serdes = append(s.serdes, opened)
			s.decode[i] = newDecoding(b.env, part, opened, o.JSON())
		}
		if s.err == nil {
			s.encode = NewEncoders(s.serdes[0], s.serdes[1], b.options.JSON())
		}
		b.opened[pattern] = s
	}
	b.topics.Store(topic, s)
	return s, s.err
}

// spec is the format of one part: what the context says, unless the flag was given.
func (b *byTopic) spec(flag, typed, said string) string {
	if said == "" || b.flags.Cluster.Flags != nil && b.flags.Cluster.Flags.Given(flag) {
		return typed
	}
	return said
}

// close ends what the serdes may have started.
func (b *byTopic) close() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.opened {
		for _, opened := range s.serdes {
			CloseSerde(opened)
		}
	}
}

// decoding is the one for the topic of a record.
func (d *Decoding) decoding(topic string) (*Decoding, error) {
	if d.topics == nil {
		return d, nil
	}
	s, err := d.topics.of(topic)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", topic, err)
	}
	chosen := s.decode[d.part]
	chosen.onOutage = d.onOutage
	return &chosen, nil
}
