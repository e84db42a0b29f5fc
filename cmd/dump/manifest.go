package dump

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// version is the one version of the format that there is.
const version = 1

// maxManifest bounds the manifest: names and settings of topics, no records.
const maxManifest = 16 << 20

// Manifest describes what a dump was made from. A Writer fills in Version, and Created when it
// is zero.
type Manifest struct {
	Version int       `json:"kstream_dump"`
	Created time.Time `json:"created"`
	// Cluster is the id of the cluster, when it was known.
	Cluster string  `json:"cluster,omitempty"`
	Topics  []Topic `json:"topics"`
	// KeySerde and ValueSerde are the SPECs that read the records, when somebody named
	// them. The dump holds bytes, whatever they say.
	KeySerde   string `json:"key_serde,omitempty"`
	ValueSerde string `json:"value_serde,omitempty"`
}

// Topic is a topic that records come from.
type Topic struct {
	Name string `json:"name"`
	ID   string `json:"id,omitempty"`
	// Partitions is how many the topic has, whichever of them were read.
	Partitions int `json:"partitions"`
	// Ranges are what was asked for when the dump began; Reader.Contents tells what is
	// there.
	Ranges []Range `json:"ranges,omitempty"`
	// Config holds the settings of the topic that are not defaults.
	Config map[string]string `json:"config,omitempty"`
}

// Range is the part of a partition from offset From to offset To, which is not in it. In a
// manifest Topic is empty, and To is -1 when the end was open.
type Range struct {
	Topic     string `json:"topic,omitempty"`
	Partition int32  `json:"partition"`
	From      int64  `json:"from"`
	To        int64  `json:"to"`
}

// Topic returns the topic with this name, or nil.
func (m *Manifest) Topic(name string) *Topic {
	for i := range m.Topics {
		if m.Topics[i].Name == name {
			return &m.Topics[i]
		}
	}
	return nil
}

// line returns the manifest as it stands in the file.
func (m *Manifest) line() ([]byte, error) {
	m.Version = version
	if m.Created.IsZero() {
		m.Created = time.Now().UTC().Truncate(time.Millisecond)
	}
	if m.Topics == nil {
		m.Topics = []Topic{}
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	if len(text) >= maxManifest {
		return nil, fmt.Errorf("manifest: %d bytes, the most are %d", len(text), maxManifest)
	}
	return append(text, '\n'), nil
}

// parse reads the line of a manifest.
func (m *Manifest) parse(line []byte) error {
	if err := json.Unmarshal(line, m); err != nil {
		return err
	}
	switch {
	case m.Version == 0:
		return errors.New("no version in it")
	case m.Version != version:
		return fmt.Errorf("version %d, and this kstream knows version %d", m.Version, version)
	}
	return nil
}
