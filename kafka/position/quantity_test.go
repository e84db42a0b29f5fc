package position

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseDuration(t *testing.T) {
	tests := map[string]struct {
		text    string
		want    time.Duration
		wantErr string
	}{
		"zero":         {text: "0", want: 0},
		"milliseconds": {text: "500ms", want: 500 * time.Millisecond},
		"minutes":      {text: "5m", want: 5 * time.Minute},
		"combined":     {text: "1w2d3h4m5s6ms", want: 9*24*time.Hour + 3*time.Hour + 4*time.Minute + 5*time.Second + 6*time.Millisecond},
		"fraction":     {text: "1.5h", want: 90 * time.Minute},
		"cut off":      {text: "0.0000000019s", want: 1},
		"many digits":  {text: "0.99999999999999999999999999w", want: 7*24*time.Hour - 1},
		"longest":      {text: "106751d", want: 106751 * 24 * time.Hour},

		"empty":       {wantErr: `"" is no duration: ` + durationForms},
		"negative":    {text: "-1h", wantErr: `"-1h" is no duration: ` + durationForms},
		"no unit":     {text: "10", wantErr: `"10": a unit is missing: ` + durationForms},
		"no number":   {text: "h", wantErr: `"h" is no duration: ` + durationForms},
		"point":       {text: "1.h", wantErr: `"1.h" is no duration: ` + durationForms},
		"order":       {text: "1m1h", wantErr: `"1m1h": h stands after a unit that is not larger: ` + durationForms},
		"twice":       {text: "1m1m", wantErr: `"1m1m": m stands after a unit that is not larger: ` + durationForms},
		"too long":    {text: "106752d", wantErr: `"106752d": longer than 292 years`},
		"sum":         {text: "106751d24h", wantErr: `"106751d24h": longer than 292 years`},
		"wraps":       {text: "18446744073709551617ms", wantErr: `"18446744073709551617ms": longer than 292 years`},
		"not a digit": {text: "١h", wantErr: `"١h" is no duration: ` + durationForms},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseDuration(tt.text)
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParsePartitions(t *testing.T) {
	tests := map[string]struct {
		text    string
		want    []int32
		wantErr string
	}{
		"one":      {text: "3", want: []int32{3}},
		"list":     {text: "7, 0,2,5-7", want: []int32{0, 2, 5, 6, 7}},
		"last":     {text: "2147483646-2147483647", want: []int32{math.MaxInt32 - 1, math.MaxInt32}},
		"empty":    {wantErr: `"" is no partition number: want a list such as 0,2,5-7`},
		"gap":      {text: "1,,2", wantErr: `"" is no partition number: want a list such as 0,2,5-7`},
		"backward": {text: "7-5", wantErr: `"7-5": the range ends before it starts`},
		"open":     {text: "5-", wantErr: `"" is no partition number: want a list such as 0,2,5-7`},
		"huge":     {text: "0-2147483647", wantErr: `"0-2147483647": more than 262144 partitions`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParsePartitions(tt.text)
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseSize(t *testing.T) {
	const want = "want a number with B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (of 1024)"
	tests := map[string]struct {
		text    string
		want    int64
		wantErr string
	}{
		"bytes":     {text: "512", want: 512},
		"B":         {text: "512B", want: 512},
		"kB":        {text: "4kB", want: 4000},
		"KB":        {text: "4KB", want: 4000},
		"KiB":       {text: "4KiB", want: 4096},
		"MB":        {text: "10MB", want: 10_000_000},
		"MiB":       {text: "1 MiB", want: 1 << 20},
		"GB":        {text: "1.5GB", want: 1_500_000_000},
		"GiB":       {text: "2GiB", want: 2 << 30},
		"TB":        {text: "1TB", want: 1e12},
		"TiB":       {text: "1TiB", want: 1 << 40},
		"empty":     {wantErr: `"" is no size: ` + want},
		"ambiguous": {text: "10M", wantErr: `"10M": unknown unit: ` + want},
		"negative":  {text: "-1B", wantErr: `"-1B" is no size: ` + want},
		"exponent":  {text: "1e3", wantErr: `"1e3" is no size: ` + want},
		"large":     {text: "9999999TB", wantErr: `"9999999TB": larger than 9 PB`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseSize(tt.text)
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestParseRate(t *testing.T) {
	const want = "want a number and a unit, such as 100/s, 5/m or 20/h"
	tests := map[string]struct {
		text    string
		second  float64
		wantErr string
	}{
		"second":   {text: "100/s", second: 100},
		"minute":   {text: "30/m", second: 0.5},
		"hour":     {text: "7200/h", second: 2},
		"day":      {text: "24/d", second: 24.0 / 86400},
		"fraction": {text: "0.5/s", second: 0.5},
		"rare":     {text: "0.000000001/d", second: 1e-9 / 86400},
		"bare":     {text: "100", wantErr: `"100" is no rate: ` + want},
		"zero":     {text: "0/s", wantErr: `"0/s": a rate must be more than 0 and at most 1000000000000`},
		"unit":     {text: "1/w", wantErr: `"1/w" is no rate: ` + want},
		"negative": {text: "-1/s", wantErr: `"-1/s" is no rate: ` + want},
		"nan":      {text: "NaN/s", wantErr: `"NaN/s" is no rate: ` + want},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseRate(tt.text)
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if err != nil {
				return
			}
			if math.Abs(got.PerSecond()-tt.second) > 1e-12 {
				t.Errorf("per second: got %v, want %v", got.PerSecond(), tt.second)
			}
		})
	}
}

func TestResolve(t *testing.T) {
	log := Log{Start: 100, End: 200}
	answers := Answers{
		Times:  map[int32]int64{0: 150, 1: -1, 2: 50, 3: 250},
		Stored: map[int32]int64{0: 120, 1: -1, 2: 50},
	}
	tests := map[string]struct {
		text      string
		partition int32
		want      int64
		wantErr   string
	}{
		"beginning":         {text: "beginning", want: 100},
		"end":               {text: "end", want: 200},
		"absolute":          {text: "150", want: 150},
		"absolute outside":  {text: "5", want: 5},
		"after":             {text: "+10", want: 110},
		"after the end":     {text: "+500", want: 600},
		"after saturates":   {text: "+9223372036854775807", want: math.MaxInt64},
		"before":            {text: "-10", want: 190},
		"before the start":  {text: "-1000", want: 100},
		"time":              {text: "@-1h", want: 150},
		"after the last":    {text: "@-1h", partition: 1, want: 200},
		"deleted meanwhile": {text: "@-1h", partition: 2, want: 100},
		"unstable":          {text: "@-1h", partition: 3, want: 200},
		"no answer":         {text: "@-1h", partition: 9, wantErr: "the broker did not answer with the offset by time of partition 9"},
		"stored":            {text: "stored", want: 120},
		"stored, deleted":   {text: "stored", partition: 2, want: 50},
		"never committed":   {text: "stored", partition: 1, wantErr: "partition 1: no committed offset"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := Parse(tt.text, clock())
			if err != nil {
				t.Fatal(err)
			}
			point, _ := p.For(tt.partition)
			got, err := point.Resolve(tt.partition, log, answers)
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
	if _, err := (Point{Kind: Stored}).Resolve(1, log, answers); !errors.Is(err, ErrNotCommitted) {
		t.Errorf("got %v, want ErrNotCommitted", err)
	}
}

func TestLookups(t *testing.T) {
	p, err := Parse("0=10,3=stored,7=@1795337438,8=stored", clock())
	if err != nil {
		t.Fatal(err)
	}
	want := Questions{Times: map[int32]int64{7: 1795337438000}, Stored: []int32{3}}
	if diff := cmp.Diff(want, p.Lookups([]int32{0, 1, 3, 7})); diff != "" {
		t.Error(diff)
	}
}

func TestClamp(t *testing.T) {
	log := Log{Start: 5, End: 9}
	for offset, want := range map[int64]int64{0: 5, 5: 5, 7: 7, 9: 9, 10: 9} {
		got, moved := log.Clamp(offset)
		if got != want || moved != (offset != want) {
			t.Errorf("Clamp(%d) = %d, %t; want %d", offset, got, moved, want)
		}
	}
}

func FuzzQuantities(f *testing.F) {
	for _, s := range []string{"1h30m", "0.5/s", "10MiB", "0,2,5-7", "1.999999999999999999ms"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := ParseDuration(text); err == nil && d < 0 {
			t.Fatalf("duration %q: %v", text, d)
		}
		if n, err := ParseSize(text); err == nil && n < 0 {
			t.Fatalf("size %q: %v", text, n)
		}
		if r, err := ParseRate(text); err == nil && !(r.PerSecond() > 0) {
			t.Fatalf("rate %q: %+v", text, r)
		}
		if list, err := ParsePartitions(text); err == nil {
			for i, p := range list {
				if p < 0 || i > 0 && p <= list[i-1] || len(list) > maxPartitions {
					t.Fatalf("partitions %q: %v", text, list)
				}
			}
		}
	})
}
