package group

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/cmd/cli"
	"kstream/kafka"
)

func TestParseOffsets(t *testing.T) {
	at := func(topic string, n int32) kafka.TopicPartition {
		return kafka.TopicPartition{Topic: topic, Partition: n}
	}
	tests := map[string]struct {
		text    string
		want    map[kafka.TopicPartition]kafka.Commit
		wantErr string
	}{
		"csv":             {text: "a,0,5\nb,1,6\n", want: map[kafka.TopicPartition]kafka.Commit{at("a", 0): {Offset: 5, LeaderEpoch: -1}, at("b", 1): {Offset: 6, LeaderEpoch: -1}}},
		"csv, header":     {text: "topic,partition,offset\na,0,5", want: map[kafka.TopicPartition]kafka.Commit{at("a", 0): {Offset: 5, LeaderEpoch: -1}}},
		"csv, quoted":     {text: "\"a\", 0, 5\r\n", want: map[kafka.TopicPartition]kafka.Commit{at("a", 0): {Offset: 5, LeaderEpoch: -1}}},
		"json":            {text: "{\"topic\":\"a\",\"partition\":0,\"offset\":5,\"metadata\":\"m\"}\n\n", want: map[kafka.TopicPartition]kafka.Commit{at("a", 0): {Offset: 5, LeaderEpoch: -1, Metadata: "m"}}},
		"empty":           {wantErr: "f: no offsets in it"},
		"columns":         {text: "a,0\n", wantErr: "f:1: 2 columns: want TOPIC,PARTITION,OFFSET"},
		"partition":       {text: "a,2147483648,0\n", wantErr: `f:1: "2147483648" is no partition`},
		"offset":          {text: "a,0,end\n", wantErr: `f:1: "end" is no offset`},
		"negative":        {text: "a,0,-1\n", wantErr: "f:1: partition and offset must not be negative"},
		"twice":           {text: "a,0,1\nb,0,1\na,0,2\n", wantErr: "f:3: a[0] is there twice"},
		"no topic":        {text: ",0,1\n", wantErr: "f:1: no topic"},
		"quote":           {text: "a\",0,1\n", wantErr: `f: parse error on line 1, column 2: bare " in non-quoted-field`},
		"json, half":      {text: "{\"topic\":\"a\",\"partition\":0}", wantErr: "f:1: want an object with topic, partition and offset"},
		"json, broken":    {text: "{\"topic\"", wantErr: "f:1: no JSON: unexpected end of JSON input"},
		"json, no object": {text: "{\"topic\":\"a\",\"partition\":0,\"offset\":1}\n7", wantErr: "f:2: want an object with topic, partition and offset"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseOffsets("f", strings.NewReader(tt.text))
			text := ""
			if err != nil {
				text = err.Error()
				if cli.CodeOf(err) != cli.CodeBadData {
					t.Errorf("code %s", cli.CodeOf(err))
				}
			}
			if diff := cmp.Diff(tt.wantErr, text); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzOffsetsFile(f *testing.F) {
	for _, s := range []string{"a,0,5\n", "{\"topic\":\"a\",\"partition\":0,\"offset\":5}\n", "topic,partition,offset\n", "\"\n,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		commits, err := parseOffsets("f", strings.NewReader(text))
		if err != nil {
			return
		}
		for _, asJSON := range []bool{true, false} {
			for tp, c := range commits {
				if c.Metadata != "" && !asJSON {
					c.Metadata = ""
					commits[tp] = c
				}
				if !asJSON && strings.ContainsRune(tp.Topic, '\r') || tp.Topic != strings.ToValidUTF8(tp.Topic, "") || strings.TrimLeft(tp.Topic, " \t") != tp.Topic {
					return // no name that Kafka allows
				}
			}
			written, err := AppendOffsets(nil, commits, asJSON)
			if err != nil {
				t.Fatal(err)
			}
			again, err := parseOffsets("f", bytes.NewReader(written))
			if err != nil {
				if !asJSON && strings.HasPrefix(string(written), "{") {
					return // a topic that begins with a brace, which Kafka does not allow
				}
				t.Fatalf("%q: %v", written, err)
			}
			if diff := cmp.Diff(commits, again); diff != "" {
				t.Fatalf("%q: %s", written, diff)
			}
		}
	})
}
