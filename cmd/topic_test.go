package cmd

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"kstream/kafka"
)

func TestTopicChoice(t *testing.T) {
	names := strings.Fields("orders orders-1 orders-2 orders-10 Orders o.ders o-ders refunds")
	tests := map[string]struct {
		arg     string
		regex   bool
		want    string // the names that match
		wantErr string
	}{
		"a name":               {arg: "orders", want: "no pattern"},
		"a dot is a dot":       {arg: "o.*", want: "o.ders"},
		"star":                 {arg: "orders*", want: "orders orders-1 orders-2 orders-10"},
		"question mark":        {arg: "orders-?", want: "orders-1 orders-2"},
		"class":                {arg: "orders-[1-9]", want: "orders-1 orders-2"},
		"not in a class":       {arg: "orders-[!1]", want: "orders-2"},
		"regular expression":   {arg: "orders-(1|10)", regex: true, want: "orders-1 orders-10"},
		"of the whole name":    {arg: "rder", regex: true, want: ""},
		"alternatives at top":  {arg: "refunds|Orders", regex: true, want: "Orders refunds"},
		"open class":           {arg: "a[b", wantErr: "topic pattern a[b: error parsing regexp: missing closing ]: `[b`"},
		"empty class":          {arg: "a[]", wantErr: "topic pattern a[]: error parsing regexp: missing closing ]: `[]`"},
		"no name":              {arg: "", wantErr: "a topic name is empty"},
		"bad expression":       {arg: "(", regex: true, wantErr: "topic pattern (: error parsing regexp: missing closing ): `(`"},
		"parentheses in globs": {arg: "(*", want: ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := choiceFlags{regex: tt.regex}
			c, err := f.plan([]string{tt.arg, tt.arg})
			if err != nil || tt.wantErr != "" {
				if err == nil || err.Error() != tt.wantErr {
					t.Fatalf("error %v, want %s", err, tt.wantErr)
				}
				return
			}
			if len(c.wanted) != 1 {
				t.Fatalf("%d topics are wanted, for the same one twice", len(c.wanted))
			}
			got := []string{"no pattern"}
			if p := c.wanted[0].pattern; p != nil {
				got = nil
				for _, n := range names {
					if p.MatchString(n) {
						got = append(got, n)
					}
				}
			}
			if d := cmp.Diff(tt.want, strings.Join(got, " ")); d != "" {
				t.Errorf("matches (-want +got):\n%s", d)
			}
		})
	}
}

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
			var cluster clusterFlags
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
			if cluster.config != tt.wantFile {
				t.Errorf("file %q, want %q", cluster.config, tt.wantFile)
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
	plan := &topicDescribePlan{flags: &topicDescribeFlags{}, topicsPlan: topicsPlan{listing: &listing{env: &Env{Getenv: func(string) string { return "" }}, headers: true}}}
	got := string(plan.appendTables(nil, []topicItem{plan.item(&topic, settings, marks)}))
	want := `topic	partitions	replication	under_replicated	offline	internal	id
orders	4	2	3	1	false	

partition	leader	replicas	isr	start	end	state
0	1	1,2,3	1,2,3	1	3	ok
1	2	1,2,3	2,3	?	?	under_replicated
2	3	1,2,3	3	?	?	under_min_isr
3	none	1,2	1	?	?	offline

config	value	source
min.insync.replicas	2	dynamic_topic_config
`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("describe (-want +got):\n%s", d)
	}
}

func TestMeterLine(t *testing.T) {
	tests := map[string]struct {
		total, read int64
		took        time.Duration
		want        string
	}{
		"nothing yet": {1000, 0, time.Second, "counted 0%"},
		"slow":        {1000, 250, 10 * time.Second, "counted 25%, 25 offsets a second, 30s left"},
		"fast":        {9_000_000_000, 3_000_000_000, 1000 * time.Second, "counted 33%, 3.0M offsets a second, 33m20s left"},
		"done":        {10, 10, 500 * time.Microsecond, "counted 100%, 20.0k offsets a second, 0s left"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := meter{done: "counted"}
			if d := cmp.Diff(tt.want, m.line(tt.total, tt.read, tt.took)); d != "" {
				t.Errorf("line (-want +got):\n%s", d)
			}
		})
	}
}

// The line is drawn now and then, on a terminal alone, and taken away at the end.
func TestMeterShow(t *testing.T) {
	left := int64(100)
	for name, tt := range map[string]struct {
		env  Env
		want string
	}{
		"terminal": {Env{StderrTerminal: true}, "\r\x1b[Kcounted 30%, 100 offsets a second, 1s left\r\x1b[Kcounted 60%, 100 offsets a second, 0s left\r\x1b[K"},
		"quiet":    {Env{StderrTerminal: true, quiet: true}, ""},
		"pipe":     {Env{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			now := time.UnixMilli(0)
			env := tt.env
			env.Stderr, env.Now = &text, func() time.Time { return now }
			m := newMeter(&env, "counted")
			for range 6 {
				now = now.Add(100 * time.Millisecond)
				left -= 10
				m.show(100, func() int64 { return left })
			}
			m.clear()
			m.clear()
			left = 100
			if d := cmp.Diff(tt.want, text.String()); d != "" {
				t.Errorf("stderr (-want +got):\n%s", d)
			}
		})
	}
}
