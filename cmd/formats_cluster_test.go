//go:build unix

package cmd

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"kstream/kafka/kafkatest"
)

// item is an object of a document that kstream printed.
type item = map[string]any

// block is a part of a table: its rows are the items of a document or, when of names a
// member, the elements of this member, and then each item has a table of its own.
type block struct{ of, columns string }

// printedBy runs kstream to a good end and returns what it printed.
func (s *stage) printedBy(args []string, flags ...string) string {
	s.t.Helper()
	p := s.start(append(slices.Clone(args), flags...)...)
	p.wait(0)
	return p.printed()
}

// apartFrom leaves members of objects out of a comparison.
func apartFrom(members string) cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool {
		at, ok := p.Last().(cmp.MapIndex)
		return ok && slices.Contains(strings.Fields(members), at.Key().String())
	}, cmp.Ignore())
}

// wantDocuments runs a command for JSON and YAML, wants the same of both, and returns the
// items. What the members free have may differ from run to run.
func wantDocuments(s *stage, free string, args ...string) []item {
	s.t.Helper()
	document := itemsOf(s.t, s.printedBy(args, "-o", "json"))
	if diff := cmp.Diff(document, itemsOf(s.t, fromYAML(s.t, s.printedBy(args, "-o", "yaml"))), apartFrom(free)); diff != "" {
		s.t.Errorf("%v (-JSON +YAML):\n%s", args, diff)
	}
	return document
}

// wantFormats is wantDocuments for a command that also prints a table, or one for each
// item, with the same in it.
func wantFormats(s *stage, free string, blocks []block, args ...string) []item {
	s.t.Helper()
	document := wantDocuments(s, free, args...)
	var want [][]item
	add := func(b block, items ...item) {
		rows := make([]item, len(items))
		for i, it := range items {
			rows[i] = item{}
			for _, column := range strings.Fields(b.columns) {
				rows[i][column] = cell(it, column)
			}
		}
		want = append(want, rows)
	}
	if len(blocks) == 1 {
		add(blocks[0], document...)
	} else {
		for _, it := range document {
			for _, b := range blocks {
				if b.of == "" {
					add(b, it)
				} else {
					add(b, objects(it[b.of])...)
				}
			}
		}
	}
	if diff := cmp.Diff(want, rowsOf(s.printedBy(args, "--headers")), apartFrom(free)); diff != "" {
		s.t.Errorf("%v (-JSON +table):\n%s", args, diff)
	}
	return document
}

// fromYAML converts a YAML document to JSON.
func fromYAML(t *testing.T, text string) string {
	t.Helper()
	converted, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return string(converted)
}

func itemsOf(t *testing.T, text string) []item {
	t.Helper()
	values, err := jsonValues(text)
	if err != nil || len(values) != 1 {
		t.Fatalf("%d documents, %v:\n%s", len(values), err, text)
	}
	return objects(values[0].(item)["items"])
}

func objects(list any) (found []item) {
	for _, v := range list.([]any) {
		found = append(found, v.(item))
	}
	return found
}

// cell is what a table shows of an item in a column.
func cell(it item, column string) string {
	value, ok := it[column]
	if !ok && column == "config" {
		value = it["name"]
	}
	if it["sensitive"] == true && column == "value" && value == "" {
		return "(hidden)"
	}
	list, ok := value.([]any)
	switch {
	case value == nil:
		return ""
	case !ok:
		return fmt.Sprint(value)
	case len(list) > 0:
		if _, nested := list[0].(item); nested {
			return fmt.Sprint(len(list))
		}
	}
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ",")
}

// rowsOf reads tables with headers, with an empty line between them.
func rowsOf(text string) (tables [][]item) {
	for table := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n\n") {
		head, body, _ := strings.Cut(table, "\n")
		rows := []item{}
		for line := range strings.SplitSeq(body, "\n") {
			row := item{}
			cells := strings.Split(line, "\t")
			for i, column := range strings.Split(head, "\t") {
				row[column] = cells[i]
			}
			rows = append(rows, row)
		}
		tables = append(tables, rows)
	}
	return tables
}

// membersOf returns members of an item as "a=1 b=2".
func membersOf(it item, members string) string {
	var texts []string
	for _, name := range strings.Fields(members) {
		texts = append(texts, name+"="+cell(it, name))
	}
	return strings.Join(texts, " ")
}

const topicColumns = "topic partitions replication under_replicated offline internal id"

// Lists and descriptions of topics are the same in every format, and what TopicCommand
// says; so is a topic that was created with any of them.
func wantTopicFormats(s *stage, c *kafkatest.Cluster, names ...string) {
	s.t.Helper()
	created := map[string]item{}
	create := func(format string, read func(printed string) item, flags ...string) {
		name := s.topic + "-" + format
		created[name] = read(s.printedBy([]string{"topic", "create", name, "--partitions", "2", "--replication", "3"}, flags...))
		if got, want := membersOf(created[name], "topic partitions replication created"), "topic="+name+" partitions=2 replication=3 created=true"; got != want {
			s.t.Errorf("%s: %s, want %s", format, got, want)
		}
	}
	create("json", func(printed string) item { return itemsOf(s.t, printed)[0] }, "-o", "json")
	create("yaml", func(printed string) item { return itemsOf(s.t, fromYAML(s.t, printed))[0] }, "-o", "yaml")
	create("table", func(printed string) item { return rowsOf(printed)[0][0] }, "--headers")
	names = append(names, slices.Collect(maps.Keys(created))...)
	slices.Sort(names)

	listed := wantFormats(s, "", []block{{"", topicColumns}}, append([]string{"topic", "list"}, names...)...)
	described := wantFormats(s, "", []block{
		{"", topicColumns + " bytes"}, {"partitions", "partition leader replicas isr start end state bytes"}, {"config", "config value source"},
	}, append([]string{"topic", "describe"}, names...)...)

	// theirs: Topic: t	TopicId: i	PartitionCount: 1	ReplicationFactor: 3	Configs: …
	theirs := map[string]string{}
	summary := regexp.MustCompile(`Topic: (\S+)\s+TopicId: (\S+)\s+PartitionCount: (\d+)\s+ReplicationFactor: (\d+)`)
	for _, m := range summary.FindAllStringSubmatch(c.MustTool(s.t, "TopicCommand", "--describe", "--topic", s.topic+"-.*"), -1) {
		theirs[m[1]] = fmt.Sprintf("id=%s partitions=%s replication=%s", m[2], m[3], m[4])
	}
	for what, items := range map[string][]item{"listed": listed, "described": described} {
		ours := map[string]string{}
		for _, it := range items {
			ours[cell(it, "topic")] = membersOf(it, "id partitions replication")
		}
		if diff := cmp.Diff(theirs, ours); diff != "" {
			s.t.Errorf("%s (-Kafka's tool +kstream):\n%s", what, diff)
		}
	}
	offsets := wantFormats(s, "", []block{{"", "topic partition start stable end"}}, append([]string{"topic", "offsets"}, names...)...)
	for of, time := range map[string]string{"start": "-2", "end": "-1"} {
		var ours strings.Builder
		for _, it := range offsets {
			fmt.Fprintf(&ours, "%s:%s:%s\n", cell(it, "topic"), cell(it, "partition"), cell(it, of))
		}
		if diff := cmp.Diff(c.MustTool(s.t, "GetOffsetShell", "--time", time, "--topic", s.topic+"-.*"), ours.String()); diff != "" {
			s.t.Errorf("%s of logs (-Kafka's tool +kstream):\n%s", of, diff)
		}
	}
	s.printedBy(append([]string{"topic", "delete", "--yes"}, slices.Collect(maps.Keys(created))...))
}

// What a cluster says about itself, its brokers and their configuration is the same in
// every format, and what Kafka's own tools say. (Which broker is called the controller may
// differ each time: see the help of cluster info.)
func wantClusterFormats(s *stage, c *kafkatest.Cluster) {
	s.t.Helper()
	tool := func(class string, args ...string) string { // at the addresses that clients use
		s.t.Helper()
		out, err := kafkatest.Tool(s.t.Context(), class, append([]string{"--bootstrap-server", c.Bootstrap()}, args...)...)
		if err != nil {
			s.t.Fatal(err)
		}
		return out
	}
	brokers := wantFormats(s, "controller usable_bytes", []block{{"", "broker host port rack controller replicas bytes usable_bytes"}}, "cluster", "brokers")
	settings := wantFormats(s, "", []block{{"", "broker config value source"}}, "cluster", "config", "--all-config")
	info := wantDocuments(s, "controller", "cluster", "info")[0]
	shown := map[string]string{}
	for _, row := range rowsOf(s.printedBy([]string{"cluster", "info", "--headers"}))[0] {
		shown[cell(row, "name")] = cell(row, "value")
	}
	for _, name := range []string{"id", "brokers", "operations", "features"} {
		if want := cell(info, name); shown[name] != want || want == "" {
			s.t.Errorf("cluster info: the table has %q for %s, JSON %q", shown[name], name, want)
		}
	}

	versions := tool("BrokerApiVersionsCommand")
	var theirs, ours, addresses []string
	for _, m := range regexp.MustCompile(`(?m)^(\S+):(\d+) \(id: (\d+) rack: null isFenced: false\)`).FindAllStringSubmatch(versions, -1) {
		theirs = append(theirs, fmt.Sprintf("broker=%s host=%s port=%s rack=", m[3], m[1], m[2]))
		addresses = append(addresses, m[1]+":"+m[2])
	}
	for _, it := range brokers {
		ours = append(ours, membersOf(it, "broker host port rack"))
	}
	slices.Sort(theirs)
	if diff := cmp.Diff(theirs, ours); diff != "" {
		s.t.Errorf("brokers (-Kafka's tool +kstream):\n%s", diff)
	}
	slices.Sort(addresses)
	named := strings.Split(cell(info, "brokers"), ",")
	slices.Sort(named)
	if diff := cmp.Diff(addresses, named); diff != "" {
		s.t.Errorf("addresses (-Kafka's tool +kstream):\n%s", diff)
	}
	quorum := tool("MetadataQuorumCommand", "describe", "--status")
	if !regexp.MustCompile(`(?m)^ClusterId: +` + regexp.QuoteMeta(cell(info, "id")) + `$`).MatchString(quorum) {
		s.t.Errorf("id %v; Kafka's tool says\n%s", info["id"], quorum)
	}

	// theirs: <TAB>Produce(0): 0 to 13 [usable: 13],
	requests, answered := map[string]string{}, map[string]string{}
	first, _, _ := strings.Cut(versions, "\n)")
	for _, m := range regexp.MustCompile(`\((\d+)\): (\d+)(?: to (\d+))? \[`).FindAllStringSubmatch(first, -1) {
		if m[3] == "" {
			m[3] = m[2] // one version only
		}
		requests[m[1]] = m[2] + "–" + m[3]
	}
	for _, a := range objects(info["apis"]) {
		answered[cell(a, "key")] = cell(a, "min") + "–" + cell(a, "max")
	}
	if diff := cmp.Diff(requests, answered); diff != "" {
		s.t.Errorf("requests and their versions (-Kafka's tool +kstream):\n%s", diff)
	}
	wantBrokerSettings(s.t, tool("ConfigCommand", "--describe", "--entity-type", "brokers", "--all"), settings)
}

// wantBrokerSettings compares the settings of all brokers with those of ConfigCommand:
//
//	All configs for broker 1 are:
//	  name=value sensitive=false synonyms={STATIC_BROKER_CONFIG:name=value, DEFAULT_CONFIG:name=other}
func wantBrokerSettings(t *testing.T, tool string, settings []item) {
	t.Helper()
	theirs, ours := map[string]string{}, map[string]string{}
	broker := ""
	of := regexp.MustCompile(`^All configs for broker (\d+) are:$`)
	setting := regexp.MustCompile(`^  (\S+?)=(.*) sensitive=(true|false) synonyms=\{(\w*)`)
	unset := map[string]bool{} // the tool says null, and often not where from
	for line := range strings.SplitSeq(tool, "\n") {
		if m := of.FindStringSubmatch(line); m != nil {
			broker = m[1]
		} else if m := setting.FindStringSubmatch(line); m != nil {
			name := broker + " " + m[1]
			if unset[name] = m[2] == "null"; unset[name] {
				m[2], m[4] = "", ""
			}
			theirs[name] = fmt.Sprintf("%s sensitive=%s %s", m[2], m[3], strings.ToLower(m[4]))
		}
	}
	for _, it := range settings {
		name := cell(it, "broker") + " " + cell(it, "name")
		source := cell(it, "source")
		if unset[name] {
			source = ""
		}
		ours[name] = fmt.Sprintf("%v %s %s", it["value"], membersOf(it, "sensitive"), source)
	}
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Errorf("settings (-Kafka's tool +kstream):\n%s", diff)
	}
}
