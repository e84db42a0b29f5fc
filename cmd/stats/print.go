package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/profile"
	"kstream/output"
)

// statsBar is the width of the longest bar.
const statsBar = 30

func (p *StatsPlan) print(env *cli.Env, reports []*profile.Report) error {
	if p.listing.Format != "table" {
		return p.listing.Print("kstream.topic.stats/v1", reports, nil)
	}
	var text []byte
	for _, r := range reports {
		for _, t := range []*output.Table{figureTable(r, env.StdoutTerminal), partitionTable(r, env.StdoutTerminal), schemaTable(r), fieldTable(r), ruleTable(r, p.listing.Palette())} {
			if t == nil || len(t.Rows) == 0 {
				continue
			}
			if len(text) > 0 {
				text = append(text, '\n')
			}
			text = p.listing.AppendTable(text, t)
		}
	}
	_, err := env.Stdout.Write(text)
	return err
}

// figureTable has a row for each figure: its name, its number, and what helps to read it,
// drawn on a terminal alone.
func figureTable(r *profile.Report, terminal bool) *output.Table {
	t := &output.Table{Columns: []output.Column{{Name: "figure"}, {Name: "value", Right: true}, {Name: "note"}}}
	about, least := aboutOf(r), ""
	sampled := "all were read"
	if r.Sampled {
		least = "≥"
		sampled = fmt.Sprintf("%d were read", r.RecordsRead)
	}
	count := func(name string, n int64, note string) { t.Add(name, about+strconv.FormatInt(n, 10), note) }
	t.Add("topic", r.Topic)
	count("records", r.Records, sampled)
	count("bytes", r.Bytes, output.Bytes(r.Bytes))
	if r.Rate != nil {
		drawn := ""
		if terminal {
			drawn = sparkline(r.OverTime)
		}
		t.Add("rate", about+strconv.FormatFloat(*r.Rate, 'f', rateDigits(*r.Rate), 64), strings.TrimSpace("records a second "+drawn))
	}
	for _, size := range []struct {
		name, mark string
		n          *int64
	}{{"size_p50", about, r.SizeP50}, {"size_p95", about, r.SizeP95}, {"size_p99", about, r.SizeP99}, {"size_max", least, r.SizeMax}} {
		if size.n != nil {
			t.Add(size.name, size.mark+strconv.FormatInt(*size.n, 10), output.Bytes(*size.n))
		}
	}
	t.Add("keys_distinct", least+strconv.FormatInt(r.KeysDistinct, 10))
	count("null_keys", r.NullKeys, cli.PercentOf(r.NullKeys, r.Records))
	count("null_values", r.NullValues, cli.PercentOf(r.NullValues, r.Records))
	if r.Undecodable > 0 {
		count("undecodable", r.Undecodable, cli.PercentOf(r.Undecodable, r.Records))
	}
	if r.Skew != nil {
		t.Add("skew", about+strconv.FormatFloat(*r.Skew, 'f', 2, 64), "the fullest partition over the mean")
	}
	if r.FirstTimestamp != nil {
		span := output.Duration(time.UnixMilli(*r.LastTimestamp).Sub(time.UnixMilli(*r.FirstTimestamp)))
		t.Add("first_timestamp", about+statsTime(*r.FirstTimestamp))
		t.Add("last_timestamp", about+statsTime(*r.LastTimestamp), span+" later")
	}
	count("disorder", r.Disorder, cli.PercentOf(r.Disorder, r.Records))
	return t
}

// aboutOf marks the figures of a report that are estimates.
func aboutOf(r *profile.Report) string {
	if r.Estimate {
		return "≈"
	}
	return ""
}

// rateDigits is how many decimals of a rate mean something.
func rateDigits(rate float64) int {
	switch {
	case rate < 0.1:
		return 5
	case rate < 100:
		return 2
	}
	return 0
}

func statsTime(millis int64) string {
	return time.UnixMilli(millis).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// sparkline draws how many records came when, all of the time range in one line.
func sparkline(over []profile.Bucket) string {
	if len(over) < 2 {
		return ""
	}
	levels := []rune("▁▂▃▄▅▆▇█")
	most := int64(1)
	for _, b := range over {
		most = max(most, b.Records)
	}
	var line strings.Builder
	for _, b := range over {
		if b.Records == 0 {
			line.WriteByte(' ')
			continue
		}
		line.WriteRune(levels[int(float64(b.Records)/float64(most)*float64(len(levels)-1)+0.5)])
	}
	return line.String()
}

func partitionTable(r *profile.Report, terminal bool) *output.Table {
	t := &output.Table{Columns: []output.Column{
		{Name: "partition", Right: true},
		{Name: "records", Right: true},
		{Name: "bytes", Right: true},
		{Name: "disorder", Right: true},
		{Name: "share", Right: true},
	}}
	if terminal {
		t.Columns = append(t.Columns, output.Column{Name: "bar"})
	}
	most := int64(1)
	for _, p := range r.Partitions {
		most = max(most, p.Records)
	}
	for _, p := range r.Partitions {
		share := 0.0
		if r.Records > 0 {
			share = float64(p.Records) / float64(r.Records)
		}
		about := ""
		if p.Estimate {
			about = "≈"
		}
		row := []string{
			strconv.Itoa(int(p.Partition)), about + strconv.FormatInt(p.Records, 10), about + strconv.FormatInt(p.Bytes, 10),
			about + strconv.FormatInt(p.Disorder, 10), aboutOf(r) + cli.Percent(share),
		}
		if terminal {
			row = append(row, bar(float64(p.Records)/float64(most)))
		}
		t.Add(row...)
	}
	return t
}

// bar draws a share of the longest bar, to an eighth of a column.
func bar(share float64) string {
	eighths := int(math.Round(share * statsBar * 8))
	if share > 0 && eighths == 0 {
		eighths = 1
	}
	text := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		text += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return text
}

func schemaTable(r *profile.Report) *output.Table {
	t := &output.Table{Columns: []output.Column{{Name: "schema_of"}, {Name: "schema"}, {Name: "records", Right: true}, {Name: "share", Right: true}}}
	for _, s := range r.Schemas {
		name := s.GUID
		if s.ID > 0 {
			name = strconv.FormatInt(s.ID, 10)
		}
		t.Add(s.Part, name, strconv.FormatInt(s.Records, 10), aboutOf(r)+cli.Percent(float64(s.Records)/float64(r.RecordsRead)))
	}
	if r.SchemasOmitted {
		t.Add("…")
	}
	return t
}

func fieldTable(r *profile.Report) *output.Table {
	t := &output.Table{Columns: []output.Column{{Name: "field"}, {Name: "presence", Right: true}, {Name: "null_rate", Right: true}, {Name: "types"}}}
	for _, f := range r.Fields {
		t.Add(f.Path, aboutOf(r)+cli.Percent(f.Presence), aboutOf(r)+cli.Percent(f.NullRate), typesText(f.Types))
	}
	if r.FieldsOmitted {
		t.Add("…")
	}
	return t
}

// typesText lists types, the most frequent first, with their shares when there are
// several.
func typesText(types map[string]int64) string {
	total := int64(0)
	var names []string
	for name, n := range types {
		names = append(names, name)
		total += n
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(types[b], types[a]), cmp.Compare(a, b))
	})
	if len(names) > 1 {
		for i, name := range names {
			names[i] = name + " " + cli.PercentOf(types[name], total)
		}
	}
	return strings.Join(names, ", ")
}

func ruleTable(r *profile.Report, palette output.Palette) *output.Table {
	t := &output.Table{Columns: []output.Column{{Name: "rule"}, {Name: "met"}, {Name: "seen"}}}
	for _, v := range r.Rules {
		met := output.Cell{Text: "yes", Style: palette.Good}
		if !v.Met {
			met = output.Cell{Text: "no", Style: palette.Bad}
		}
		t.Rows = append(t.Rows, []output.Cell{{Text: v.Rule}, met, {Text: v.Seen}})
	}
	return t
}
