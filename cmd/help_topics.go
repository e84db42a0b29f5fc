package cmd

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"kstream/cmd/consume"
	"kstream/output"
)

// helpTopics are the pages of `kstream help` about what several commands share; those
// on exit codes and serdes are made beside their lists.
func helpTopics() []*cobra.Command {
	return []*cobra.Command{
		newTopic("positions", "Places in a topic: --from-offset, --to-offset", positionsPage()),
		newTopic("format", "How records are printed and read: -o FORMAT, -i FORMAT", formatPage()),
		newTopic("generate", "Templates with fake data: produce --generate", generatePage()),
		newTopic("record-line", "The JSON of records: -o json, -i json", recordLinePage()),
		newTopic("properties", "Which properties of librdkafka may be set, and where", propertiesPage()),
		newTopic("config", "The configuration file: every key", configPage()),
		newTopic("environment", "The variables that kstream reads", environmentPage()),
	}
}

// newTopic is `kstream help NAME`.
func newTopic(name, short, page string) *cobra.Command {
	return &cobra.Command{Use: name, Short: short, Long: page}
}

// helpTerm is a line of a help page: how something is written, and what it means.
type helpTerm struct{ form, meaning string }

// helpTerms lays out lines in two columns, 80 characters wide in all. A form that is far
// longer than others stands on a line of its own.
func helpTerms(list []helpTerm) string {
	column := 0
	for _, t := range list {
		if n := utf8.RuneCountInString(t.form); n <= 2*flagColumn {
			column = max(column, min(n, 36))
		}
	}
	var text strings.Builder
	for _, t := range list {
		text.WriteString(flagLines(flagRow{form: "  " + t.form, usage: t.meaning}, column+2, 80))
	}
	return text.String()
}

// positionForms are written with | between forms that mean the same place.
func positionForms() []helpTerm {
	return []helpTerm{
		{"beginning|earliest|start|oldest", "the first record that the partition still holds"},
		{"end|latest|newest", "its end when the command starts"},
		{"42", "offset 42"},
		{"+42", "42 records after the beginning"},
		{"-42", "42 records before the end, in each partition"},
		{"@TIME", "the first record at or after TIME; after the last one: the end"},
		{"stored", "the offset that the group has committed"},
		{"stored:GROUP", "the offset that GROUP has committed, without joining it"},
		{"0=10,3=-5,7=@-1h", "of each partition its own; the others are not read"},
	}
}

func timeForms() []helpTerm {
	return []helpTerm{
		{"2026-11-22T10:00:00.5+01:00", "RFC 3339; a space for the T"},
		{"2026-11-22|2026-11-22 10:00|2026-11-22 10:00:05", "in the local time zone"},
		{"@1795337438|@1795337438558", "seconds, milliseconds since 1970"},
		{"now|today|yesterday|yesterday 14:00", "a day alone is its midnight"},
		{"-1h30m|1h30m ago|-2d", "before now; units ms s m h d w"},
	}
}

func positionsPage() string {
	var text strings.Builder
	text.WriteString("--from-offset and --to-offset take a position. The record at --to-offset is not read.\n\n")
	text.WriteString(helpTerms(spaced(positionForms())))
	text.WriteString("\nTIME is one of these; the @ may be left out where TIME is no integer:\n\n")
	text.WriteString(helpTerms(spaced(timeForms())))
	text.WriteString(`
An end beyond the log waits for the records, unless -e is given. An empty range ends at
once, with 0. Under read_committed the end is before the first open transaction.

A position by time seeks: timestamps need not be in order, so later records may be older
and earlier ones newer. --since TIME and --until TIME filter each record exactly.
`)
	return text.String()
}

// spaced shows forms that mean the same with commas between them.
func spaced(list []helpTerm) []helpTerm {
	for i := range list {
		list[i].form = strings.ReplaceAll(list[i].form, "|", ", ")
	}
	return list
}

// outputNames and inputNames are the formats that have a name.
func outputNames() []helpTerm {
	var terms []helpTerm
	for _, f := range consume.Formats() {
		terms = append(terms, helpTerm{f.Name, f.Help})
	}
	return terms
}

func inputNames() []helpTerm {
	return []helpTerm{
		{"line", "each line is a value; with -K SEP, KEY SEP VALUE; the default"},
		{"json", "record lines, see kstream help record-line"},
		{"values", "JSON values in any layout, one after the other"},
		{"csv", "a header row; each further row is a JSON object"},
		{"file", "each file is one value"},
	}
}

func formatVerbs() []helpTerm {
	return []helpTerm{
		{"%t %T", "topic, and its length"},
		{"%k %K", "key, and its length"},
		{"%v %V", "value, and its length"},
		{"%p %o", "partition, offset"},
		{"%d", "timestamp, milliseconds; for output in UTC %d{strftime[%F]}, %d{go[15:04]}"},
		{"%H %h{%k=%v }", "how many headers, and what stands in the braces for each"},
		{"%i", "records so far, from 1"},
		{"%e", "epoch of the leader that wrote the record, -1 when that is unknown"},
		{"%a{timestamp-type}", "0 set by the producer, 1 by the broker, -1 none"},
		{`%% %{ %} \t \n \r \0 \\ \x1f`, "these characters"},
	}
}

func formatModifiers() []helpTerm {
	return []helpTerm{
		{"of numbers", "{hex} {hex4} … {hex64} {big8} … {big64} {little8} … {little64} {byte} {bool}"},
		{"of text", "{hex} {base64} {base64raw} {json}; for output {unpack[>iq]}"},
	}
}

func formatPage() string {
	var text strings.Builder
	text.WriteString("consume -o FORMAT prints records as\n\n")
	text.WriteString(helpTerms(outputNames()))
	text.WriteString("\nproduce -i FORMAT reads\n\n")
	text.WriteString(helpTerms(inputNames()))
	text.WriteString("\nAnything that holds % or \\ is a format string, for both:\n\n")
	text.WriteString(helpTerms(formatVerbs()))
	text.WriteString("\nModifiers stand in braces after the letter:\n\n")
	text.WriteString(helpTerms(formatModifiers()))
	text.WriteString(`
  kstream consume orders -o '%p %o %k %v\n'
  kstream consume orders -e -o '%K{big32}%k%V{big32}%v' > frames
  kstream produce orders -i '%k\t%v\n' orders.tsv

When reading, a text with its length before it takes that many bytes; any other ends at
the text that follows it in the format string. --kcat-format takes kcat's letters.
`)
	return text.String()
}

// generateFunctions have the names and the arguments on the left, separated by |.
func generateFunctions() []helpTerm {
	return []helpTerm{
		{"seq", "the number of the record, from 1; seq 100 starts at 100"},
		{"int 1 6|float 0 1", "a number between the two, both included; with a fraction"},
		{`bool|pick "a" "b"`, "true or false; one of its arguments"},
		{"uuid", "a random one, version 4"},
		{"hex 8|digits 8", "random digits, hexadecimal or decimal"},
		{"base64 8|randbytes 8", "8 random bytes, in base64 or as they are"},
		{"word|sentence|sentence 5", "one word, about ten, five"},
		{"date|now|timestamp", "a day of the last ten years; the time, RFC 3339 or milliseconds"},
		{"add 1 2|mod 7 3", "the sum, the remainder: {{mod seq 10}}"},
		{`upper "a"|lower "A"`, "the text in capitals, in small letters"},
		{`json "a"`, "the value as JSON: a text gets its quotes and escapes"},
	}
}

// generateFacts are functions that their name explains.
func generateFacts() []string {
	return []string{
		"name firstname lastname username email phone company job product color",
		"city country street zip latitude longitude ipv4 ipv6 url domain useragent",
	}
}

const generateExample = `{"id":{{seq}},"name":{{json name}},"cents":{{int 100 99999}}}`

func generatePage() string {
	var text strings.Builder
	fmt.Fprintf(&text, `produce --generate TEMPLATE makes values, and --generate-key TEMPLATE keys, with Go's
templates (text/template). @FILE reads a template from a file.

  kstream produce users --create -n 1000 --generate-key 'u{{seq}}' \
      --generate '%s'

Beside the functions of text/template (printf, len, index, …) there are:

%s  %s

.N is the number of the record, .Key its key. With --seed N the same templates make the
same records, but for now and timestamp. -n bounds how many there are; --rate and
--interval say how fast.
`, generateExample, helpTerms(spaced(generateFunctions())), strings.Join(generateFacts(), "\n  "))
	return text.String()
}

// folded breaks text behind separators into indented lines of at most width characters.
func folded(text, separator string, width int) string {
	var lines strings.Builder
	line := ""
	for _, part := range strings.SplitAfter(text, separator) {
		if line != "" && utf8.RuneCountInString(line+part) > width {
			lines.WriteString("  " + line + "\n")
			line = ""
		}
		line += part
	}
	return lines.String() + "  " + line + "\n"
}

// recordLineExample is the record line of a record that has everything.
func recordLineExample() string {
	return string(output.JSON{}.Append(nil, &output.Message{
		Topic: "orders", Partition: 3, Offset: 42,
		Timestamp: 1795337438558, TimestampType: "create",
		Key:     output.Field{Bytes: []byte("k1")},
		Value:   output.Field{Bytes: []byte(`{"a": 1}`)},
		Headers: []output.Header{{Key: "h", Value: output.Field{Bytes: []byte("v")}}},
	}))
}

func valueEncodings() []helpTerm {
	return []helpTerm{
		{`"json"`, "one JSON object or array on one line, byte for byte"},
		{`"json-reflowed"`, "one with line breaks between its tokens, without them: equal as JSON"},
		{"none", "a string: text, numbers too"},
		{`"base64"`, "bytes that are not UTF-8"},
		{`"avro", …`, "decoded by this serde, with value_schema where there is one"},
	}
}

func recordLinePage() string {
	var text strings.Builder
	fmt.Fprintf(&text, `consume -o json prints each record on one line, with these members in this order
(this one is broken to fit here):

%s
Null is null, empty is "". A timestamp is milliseconds since 1970; -1 is none, and so is
null with the timestamp_type "none". produce stamps lines that say neither with the moment
of sending. A timestamp of 0 becomes 1 in a topic, with a notice, as the client takes 0 for
that moment. Headers keep their order, and names that repeat. What the value is,
value_encoding says; key_encoding and a header's encoding work alike:

%s
value_error says why a serde could not decode a value; then its bytes are shown. With
-s string every value is a string or base64, and all bytes are kept.

produce TOPIC -i json reads such lines. Members may come in any order, and those that it
does not know are ignored; value must be there. Without an encoding, an object or an array
is its own text. What a serde decoded needs the same serde again: -s avro. The offset is
ignored, the partition too unless --keep-partition is given. The topic is the argument, and
with - the one of each line.

  kstream consume orders -e -o json | kstream produce copy -i json
`, folded(recordLineExample(), ",", 76), helpTerms(valueEncodings()))
	return text.String()
}

func environmentVariables() []helpTerm {
	return []helpTerm{
		{"KSTREAM_BROKERS", "bootstrap servers, as --brokers; default localhost:9092"},
		{"KSTREAM_CONTEXT", "the cluster of the configuration file, as --context"},
		{"KSTREAM_CONFIG", "the configuration file, as --config"},
		{"KSTREAM_PROPERTY_NAME", "a librdkafka property, dots as _: KSTREAM_PROPERTY_SASL_USERNAME"},
		{"KSTREAM_PROPERTIES", "a file of properties, as --properties"},
		{"KSTREAM_REGISTRY", "the URL of the schema registry"},
		{"KSTREAM_TOKEN", "the token of OAUTHBEARER, as --token"},
		{"KSTREAM_TIMEOUT", "bounds connecting and each request, as --timeout; default 10s"},
		{"KSTREAM_COMPLETION_TIMEOUT", "bounds how long a shell that completes a name waits; default 800ms"},
		{"NO_COLOR", "not empty: no colour"},
		{"CLICOLOR_FORCE", "neither empty nor 0: colour also in a pipe; CLICOLOR=0 and TERM=dumb: none"},
		{"XDG_CONFIG_HOME", "where kstream/config.yaml is looked for; default ~/.config"},
	}
}

func environmentPage() string {
	return fmt.Sprintf(`A flag counts before a variable, a variable before the context of the configuration file,
and that before the default. An empty variable is as good as none, but for a property.

%s
A secret may refer to where it is: @env:NAME, @file:PATH, @cmd:COMMAND, @keyring:NAME.
Variables that hold a secret of the settings are kept from the commands of --exec, exec: and @cmd:.

kstream sandbox sets KSTREAM_BROKERS for the command that it runs, takes away what else speaks of
a cluster or a registry, and makes the configuration file an empty one.
`, helpTerms(environmentVariables()))
}
