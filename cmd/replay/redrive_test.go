package replay

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka"
)

func TestRedriveHome(t *testing.T) {
	h := func(pairs ...string) []kafka.Header {
		var headers []kafka.Header
		for i := 0; i < len(pairs); i += 2 {
			headers = append(headers, kafka.Header{Key: pairs[i], Value: []byte(pairs[i+1])})
		}
		return headers
	}
	tests := map[string]struct {
		header    string
		headers   []kafka.Header
		topic     string
		partition int32
		kept      []string
		wantErr   string
	}{
		"kstream":        {headers: h("a", "1", "kstream.source.topic", "t", "kstream.source.partition", "3", "kstream.error", "x"), topic: "t", partition: 3, kept: []string{"a"}},
		"spring":         {headers: h("kafka_dlt-original-topic", "t", "kafka_dlt-original-partition", "\x00\x00\x00\x07", "kafka_dlt-exception-stacktrace", "x", "b", "2"), topic: "t", partition: 7, kept: []string{"b"}},
		"connect":        {headers: h("__connect.errors.topic", "t", "__connect.errors.partition", "1"), topic: "t", partition: 1},
		"streams":        {headers: h("__streams.errors.topic", "t"), topic: "t", partition: -1},
		"failed twice":   {headers: h("kstream.source.topic", "old", "kstream.source.topic", "new"), topic: "new", partition: -1},
		"bad partition":  {headers: h("kafka_dlt-original-topic", "t", "kafka_dlt-original-partition", "7"), topic: "t", partition: -1},
		"named":          {header: "to", headers: h("to", "t", "c", "3"), topic: "t", partition: -1, kept: []string{"c"}},
		"named, missing": {header: "to", headers: h("kstream.source.topic", "t"), wantErr: "no header to names a topic"},
		"none":           {headers: h("a", "1"), wantErr: "no header names the topic that the record comes from"},
		"empty":          {headers: h("kstream.source.topic", ""), wantErr: "no header names the topic that the record comes from"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := &redrive{header: test.header}
			topic, partition, err := d.origin(test.headers)
			if test.wantErr != "" {
				if err == nil || err.Error() != test.wantErr {
					t.Fatalf("error %v, want %s", err, test.wantErr)
				}
				return
			}
			if err != nil || topic != test.topic || partition != test.partition {
				t.Errorf("%s[%d], %v; want %s[%d]", topic, partition, err, test.topic, test.partition)
			}
			var kept []string
			for _, h := range d.strip(test.headers) {
				kept = append(kept, h.Key)
			}
			if diff := cmp.Diff(test.kept, kept); diff != "" {
				t.Errorf("headers that stay (-want +got):\n%s", diff)
			}
		})
	}
}
