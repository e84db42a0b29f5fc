package cmd

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka"
	"kstream/output"
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
				if classify(err) != codeBadData {
					t.Errorf("code %s", classify(err))
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
			written, err := appendOffsets(nil, commits, asJSON)
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

func TestShortPartitions(t *testing.T) {
	tests := map[string]struct {
		list []topicPartitions
		want string
	}{
		"none":   {nil, ""},
		"one":    {[]topicPartitions{{"a", []int32{3}}}, "a[3]"},
		"runs":   {[]topicPartitions{{"a", []int32{0, 1, 2, 4, 6, 7}}}, "a[0-2,4,6-7]"},
		"topics": {[]topicPartitions{{"a", []int32{0}}, {"b", []int32{1, 2}}}, "a[0] b[1-2]"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := shortPartitions(tt.list); got != tt.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestConfirm(t *testing.T) {
	table := &output.Table{Columns: []output.Column{{Name: "group"}}}
	table.Add("a\x1b[2J")
	const shown = "group\na\\x1b[2J\nDelete a? [y/N] "
	tests := map[string]struct {
		flags    confirmFlags
		terminal bool
		answer   string
		wantErr  string
		want     string
	}{
		"--yes":       {flags: confirmFlags{yes: true}},
		"no terminal": {wantErr: "delete a: needs a yes, and there is no terminal to ask on"},
		"y":           {terminal: true, answer: "y\n", want: shown},
		"Yes":         {terminal: true, answer: " Yes \n", want: shown},
		"no":          {terminal: true, answer: "n\n", want: shown, wantErr: "delete a: not confirmed, nothing was changed"},
		"return":      {terminal: true, answer: "\n", want: shown, wantErr: "delete a: not confirmed, nothing was changed"},
		"ctrl-d":      {terminal: true, want: shown, wantErr: "delete a: not confirmed, nothing was changed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			env := &Env{Stdin: strings.NewReader(tt.answer), Stderr: &stderr, StdinTerminal: tt.terminal, StderrTerminal: tt.terminal, color: "never"}
			err := tt.flags.confirm(t.Context(), env, table, "delete a")
			text := ""
			if err != nil {
				text = err.Error()
				if classify(err) != codeNeedsYes {
					t.Errorf("code %s", classify(err))
				}
			}
			if diff := cmp.Diff(tt.wantErr, text); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.want, stderr.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSeveralErrors(t *testing.T) {
	gone, active := &kafka.UnknownGroupError{Group: "a"}, &kafka.GroupActiveError{Group: "b"}
	tests := map[string]struct {
		causes []error
		want   string
		code   errorCode
	}{
		"one":        {[]error{gone}, "a: no such group", codeUnknownGroup},
		"all alike":  {[]error{gone, gone}, "none of 2 groups: a: no such group", codeUnknownGroup},
		"some":       {[]error{nil, gone}, "1 of 2 groups: a: no such group", codePartial},
		"all unlike": {[]error{gone, active}, "2 of 2 groups: a: no such group", codePartial},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := severalErrors("groups", tt.causes)
			if err == nil || err.Error() != tt.want || classify(err) != tt.code {
				t.Errorf("got %v (%s)", err, classify(err))
			}
		})
	}
	if err := severalErrors("groups", []error{nil, nil}); err != nil {
		t.Error(err)
	}
}

// TestGroupNamesOfStrangers shows names that would act on a terminal.
func TestGroupNamesOfStrangers(t *testing.T) {
	ten := int64(10)
	s := groupSnapshot{
		info:       &kafka.GroupInfo{Name: "g\x1b]0;x\a\"\n"},
		partitions: []partitionLagItem{{Group: "g\x1b]0;x\a\"\n", Topic: "t", Lag: 3, End: 5, TimeLag: &ten, Reason: kafka.LagNoCommit}},
		at:         time.Unix(0, 0),
	}
	env := &Env{StdoutTerminal: true, Width: 80, color: "never"}
	var shown []byte
	for _, format := range []string{"table", "json", "yaml", "openmetrics"} {
		l := &listing{env: env, format: format}
		if format == "openmetrics" {
			shown = appendOpenMetrics(shown, []groupSnapshot{s}, true)
			continue
		}
		var err error
		shown, err = l.append(shown, "s", s.partitions, func() *output.Table { return lagTable(l, s.partitions, true) })
		if err != nil {
			t.Fatal(err)
		}
		var stdout bytes.Buffer
		l.env = &Env{Stdout: &stdout, StdoutTerminal: true, color: "never"}
		changes := &groupChanges{listing: l}
		if err := changes.show([]groupSnapshot{s}); err != nil {
			t.Fatal(err)
		}
		shown = append(shown, stdout.Bytes()...)
	}
	if i := bytes.IndexAny(shown, "\x1b\a"); i >= 0 {
		t.Errorf("raw at %d: %q", i, shown[max(0, i-40):])
	}
	if !bytes.Contains(shown, []byte(`kstream_group_lag{group="g\x1b]0;x\x07\"\n",topic="t",partition="0"} 3`)) {
		t.Errorf("no sample in %s", shown)
	}
}

// TestGroupEvents follows a group through a rebalance, which hides who has what.
func TestGroupEvents(t *testing.T) {
	tps := func(numbers ...int32) (list []kafka.TopicPartition) {
		for _, n := range numbers {
			list = append(list, kafka.TopicPartition{Topic: "t", Partition: n})
		}
		return list
	}
	info := func(state kafka.GroupState, members ...kafka.GroupMember) groupSnapshot {
		return groupSnapshot{info: &kafka.GroupInfo{Name: "g", State: state, Members: members}, at: time.Unix(0, 0)}
	}
	var stdout bytes.Buffer
	c := &groupChanges{listing: &listing{env: &Env{Stdout: &stdout}, format: "table"}}
	for _, s := range []groupSnapshot{
		info(kafka.GroupStable, kafka.GroupMember{ID: "a", Partitions: tps(0, 1)}),
		info(kafka.GroupPreparingRebalance, kafka.GroupMember{ID: "a"}, kafka.GroupMember{ID: "b"}),
		info(kafka.GroupStable, kafka.GroupMember{ID: "a", Partitions: tps(0)}, kafka.GroupMember{ID: "b", Partitions: tps(1)}),
		info(kafka.GroupStable, kafka.GroupMember{ID: "b", Partitions: tps(0, 1)}),
	} {
		if err := c.show([]groupSnapshot{s}); err != nil {
			t.Fatal(err)
		}
	}
	const at = "1970-01-01T00:00:00Z g "
	want := at + "snapshot: Stable, 1 members, lag 0\n" +
		at + "state: Stable -> PreparingRebalance\n" + at + "joined: b\n" +
		at + "state: PreparingRebalance -> Stable\n" + at + "revoked: a t[1]\n" + at + "assigned: b t[1]\n" +
		at + "left: a t[0]\n" + at + "assigned: b t[0]\n"
	if diff := cmp.Diff(want, stdout.String()); diff != "" {
		t.Error(diff)
	}
}
