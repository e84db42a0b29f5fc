package position

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// clock is a Sunday morning in a zone that is an hour before UTC.
func clock() time.Time {
	return time.Date(2026, 11, 22, 10, 30, 15, 250e6, time.FixedZone("", 3600))
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestParse(t *testing.T) {
	tests := map[string]struct {
		text, want, wantErr string
	}{
		"beginning":      {text: "beginning", want: "beginning"},
		"earliest":       {text: "Earliest", want: "beginning"},
		"start":          {text: " start ", want: "beginning"},
		"oldest":         {text: "oldest", want: "beginning"},
		"end":            {text: "end", want: "end"},
		"latest":         {text: "latest", want: "end"},
		"newest":         {text: "newest", want: "end"},
		"stored":         {text: "stored", want: "stored"},
		"of a group":     {text: "Stored:Billing=a,b", want: "stored:Billing=a,b"},
		"of groups":      {text: "3=stored,1=stored:b", want: "1=stored:b,3=stored"},
		"offset":         {text: "42", want: "42"},
		"after":          {text: "+42", want: "+42"},
		"before":         {text: "-42", want: "-42"},
		"a year is N":    {text: "2026", want: "2026"},
		"largest":        {text: "9223372036854775807", want: "9223372036854775807"},
		"duration ago":   {text: "-1h30m", want: "@2026-11-22T09:00:15.25+01:00"},
		"ago":            {text: "1d ago", want: "@2026-11-21T10:30:15.25+01:00"},
		"at":             {text: "@-1w", want: "@2026-11-15T10:30:15.25+01:00"},
		"at ago":         {text: "@1h ago", want: "@2026-11-22T09:30:15.25+01:00"},
		"seconds":        {text: "@1795337438", want: "@2026-11-22T09:50:38+01:00"},
		"milliseconds":   {text: "@1795337438558", want: "@2026-11-22T09:50:38.558+01:00"},
		"RFC 3339":       {text: "2026-11-22T10:00:00.123456789Z", want: "@2026-11-22T10:00:00.123456789Z"},
		"zone":           {text: "@2026-11-22T10:00:00-05:30", want: "@2026-11-22T10:00:00-05:30"},
		"no seconds":     {text: "2026-11-22T10:00Z", want: "@2026-11-22T10:00:00Z"},
		"date":           {text: "2026-11-22", want: "@2026-11-22T00:00:00+01:00"},
		"date time":      {text: "2026-11-22 10:00", want: "@2026-11-22T10:00:00+01:00"},
		"local T":        {text: "2026-11-22T10:00:05.5", want: "@2026-11-22T10:00:05.5+01:00"},
		"now":            {text: "now", want: "@2026-11-22T10:30:15.25+01:00"},
		"today":          {text: "today", want: "@2026-11-22T00:00:00+01:00"},
		"yesterday":      {text: "@yesterday", want: "@2026-11-21T00:00:00+01:00"},
		"yesterday time": {text: "yesterday 14:00", want: "@2026-11-21T14:00:00+01:00"},
		"today seconds":  {text: "today 14:00:05.5", want: "@2026-11-22T14:00:05.5+01:00"},
		"partitions":     {text: "7=@-1h, 0=10,3=-5,1=end", want: "0=10,1=end,3=-5,7=@2026-11-22T09:30:15.25+01:00"},

		"no group":       {text: "stored:", wantErr: `"stored:": the name of the group is missing`},
		"empty":          {wantErr: "empty position: want " + forms},
		"word":           {text: "begin", wantErr: `"begin" is no position: want ` + forms},
		"kcat":           {text: "s@1795337438", wantErr: `"s@1795337438" is no position: want ` + forms},
		"overflow":       {text: "-9223372036854775808", wantErr: `"-9223372036854775808": an offset has 63 bits, at most 9223372036854775807`},
		"digits":         {text: "@123456789", wantErr: `"@123456789": a time in digits is @ and 10 (seconds) or 13 (milliseconds) of them`},
		"month":          {text: "2026-13-01", wantErr: `"2026-13-01" is no time: month out of range`},
		"hour":           {text: "2026-11-22 25:00", wantErr: `"2026-11-22 25:00" is no time: hour out of range`},
		"no time":        {text: "@soon", wantErr: `"@soon" is no time: want ` + timeForms},
		"duration":       {text: "1h", wantErr: `"1h" is a duration: for a time write -1h or "1h ago"`},
		"unit":           {text: "-5x", wantErr: `"-5x" is no time: "5x" is no duration: ` + durationForms},
		"clock":          {text: "yesterday noon", wantErr: `"yesterday noon": the time of day must be like 14:00 or 14:00:05`},
		"long ago":       {text: "-99999999999w", wantErr: `"-99999999999w" is no time: "99999999999w": longer than 292 years`},
		"no partition":   {text: "0=1,5", wantErr: `"5": every part must be PARTITION=POSITION, such as 0=10`},
		"bad partition":  {text: "+1=5", wantErr: `"+1" is no partition number`},
		"twice":          {text: "1=5,1=6", wantErr: "partition 1 has two positions"},
		"part's error":   {text: "1=", wantErr: "partition 1: empty position: want " + forms},
		"part too large": {text: "2147483648=5", wantErr: `"2147483648" is no partition number`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(tt.text, clock())
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(tt.want, got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMillis(t *testing.T) {
	tests := map[string]struct {
		text string
		want int64
	}{
		"exact":               {"2026-11-22T08:50:38.558Z", 1795337438558},
		"a fraction rounds":   {"2026-11-22T08:50:38.5570000001Z", 1795337438557},
		"nanoseconds round":   {"2026-11-22T08:50:38.557000001Z", 1795337438558},
		"before the epoch":    {"1969-12-31T23:59:59.5Z", 0},
		"the epoch in digits": {"@0000000000", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			at, err := ParseTime(tt.text, clock())
			if err != nil {
				t.Fatal(err)
			}
			if got := (Point{Kind: AtTime, Time: at}).Millis(); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestPositionSelects(t *testing.T) {
	every, err := Parse("end", clock())
	if err != nil {
		t.Fatal(err)
	}
	if got := every.Partitions(); got != nil {
		t.Errorf("every partition: got %v", got)
	}
	some, err := Parse("7=stored,0=10", clock())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{0, 7}, some.Partitions()); diff != "" {
		t.Error(diff)
	}
	if _, ok := some.For(3); ok {
		t.Error("partition 3 is selected")
	}
	if !some.Has(Stored) || some.Has(AtTime) || every.Has(Stored) || !every.Has(End) {
		t.Error("Has is wrong")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"end", "-5", "@1795337438558", "0=10,3=-5,7=@-1h", "yesterday 14:00", "1h30m ago", "2026-11-22T10:00:00.5+01:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text, clock())
		if err != nil {
			return
		}
		again, err := Parse(p.String(), clock().Add(time.Hour))
		if err != nil {
			t.Fatalf("%q → %q: %v", text, p, err)
		}
		same := cmp.Comparer(func(a, b Position) bool {
			return cmp.Equal(a.all, b.all) && cmp.Equal(a.each, b.each)
		})
		if diff := cmp.Diff(p, again, same); diff != "" {
			t.Fatal(diff)
		}
	})
}
