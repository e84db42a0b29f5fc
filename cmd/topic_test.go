package cmd

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/kafka"
)

func TestConfigFlags(t *testing.T) {
	tests := map[string]struct {
		args     []string
		want     map[string]string
		wantFile string
		wantErr  string
	}{
		"settings":            {args: []string{"a.b=1", "c=x=y"}, want: map[string]string{"a.b": "1", "c": "x=y"}},
		"an empty value":      {args: []string{"a="}, want: map[string]string{"a": ""}},
		"the last one counts": {args: []string{"a=1", " a = 2 "}, want: map[string]string{"a": "2"}},
		"a list":              {args: []string{"cleanup.policy=compact,delete"}, want: map[string]string{"cleanup.policy": "compact,delete"}},
		"a file":              {args: []string{"kstream.yaml", "a=1"}, want: map[string]string{"a": "1"}, wantFile: "kstream.yaml"},
		"a path":              {args: []string{"./x=y/config"}, wantFile: "./x=y/config"},
		"neither":             {args: []string{"retention.ms"}, wantErr: `invalid argument "retention.ms" for "--config" flag: want NAME=VALUE, or a FILE with its path`},
		"no name":             {args: []string{"=1"}, wantErr: `invalid argument "=1" for "--config" flag: want NAME=VALUE, or a FILE with its path`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var f configFlags
			var cluster connect.Options
			flags := pflag.NewFlagSet("", pflag.ContinueOnError)
			f.register(flags, &cluster)
			var args []string
			for _, a := range tt.args {
				args = append(args, "--config", a)
			}
			if err := flags.Parse(args); err != nil || tt.wantErr != "" {
				if err == nil || err.Error() != tt.wantErr {
					t.Fatalf("error %v, want %s", err, tt.wantErr)
				}
				return
			}
			if d := cmp.Diff(tt.want, f.set); d != "" {
				t.Errorf("settings (-want +got):\n%s", d)
			}
			if cluster.Config != tt.wantFile {
				t.Errorf("file %q, want %q", cluster.Config, tt.wantFile)
			}
		})
	}
}

// What a sick cluster says is shown partition by partition, and counted in the list.
func TestTopicHealth(t *testing.T) {
	topic := kafka.Topic{Name: "orders", Partitions: []kafka.Partition{
		{ID: 0, Leader: 1, Replicas: []int32{1, 2, 3}, ISR: []int32{1, 2, 3}},
		{ID: 1, Leader: 2, Replicas: []int32{1, 2, 3}, ISR: []int32{2, 3}},
		{ID: 2, Leader: 3, Replicas: []int32{1, 2, 3}, ISR: []int32{3}},
		{ID: 3, Leader: -1, Replicas: []int32{1, 2}, ISR: []int32{1}},
	}}
	settings := kafka.SettingsAnswer{Settings: []kafka.Setting{{Name: "min.insync.replicas", Value: "2", Source: kafka.SourceTopic}}}
	marks := map[kafka.TopicPartition]kafka.Watermarks{{Topic: "orders", Partition: 0}: {Start: 1, Stable: 2, End: 3}}
	sizes := map[kafka.TopicPartition]map[int32]int64{{Topic: "orders", Partition: 0}: {1: 10, 2: 10, 3: 9}, {Topic: "orders", Partition: 1}: {1: 10}}
	plan := &topicDescribePlan{flags: &topicDescribeFlags{}, TopicsPlan: record.TopicsPlan{Listing: &cli.Listing{Env: &cli.Env{Getenv: func(string) string { return "" }}, Headers: true}}}
	got := string(plan.appendTables(nil, []topicItem{plan.item(&topic, settings, marks, sizes)}))
	want := `topic	partitions	replication	under_replicated	offline	internal	id	bytes
orders	4	2	3	1	false		?

partition	leader	replicas	isr	start	end	state	bytes
0	1	1,2,3	1,2,3	1	3	ok	29
1	2	1,2,3	2,3	?	?	under_replicated	?
2	3	1,2,3	3	?	?	under_min_isr	?
3	none	1,2	1	?	?	offline	?

config	value	source
min.insync.replicas	2	dynamic_topic_config
`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("describe (-want +got):\n%s", d)
	}
}
