package value_test

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/serde/value"
)

func bigText(t *testing.T, s string) *big.Int {
	t.Helper()
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		t.Fatal(s)
	}
	return n
}

func TestConversions(t *testing.T) {
	int32Of := func(v value.V) (value.V, error) { return value.AsInt64(v, math.MinInt32, math.MaxInt32) }
	int64Of := func(v value.V) (value.V, error) { return value.AsInt64(v, math.MinInt64, math.MaxInt64) }
	uint64Of := func(v value.V) (value.V, error) { return value.AsUint64(v, math.MaxUint64) }
	float32Of := func(v value.V) (value.V, error) { return value.AsFloat(v, 32) }
	float64Of := func(v value.V) (value.V, error) { return value.AsFloat(v, 64) }
	bytesOf := func(v value.V) (value.V, error) { return value.AsBytes(v) }
	stringOf := func(v value.V) (value.V, error) { return value.AsString(v) }
	millisOf := func(v value.V) (value.V, error) { return value.AsTime(v, 3, false) }
	localOf := func(v value.V) (value.V, error) { return value.AsTime(v, 6, true) }
	dateOf := func(v value.V) (value.V, error) { return value.AsDate(v) }
	timeOf := func(v value.V) (value.V, error) { return value.AsTimeOfDay(v, 3) }
	uuidOf := func(v value.V) (value.V, error) { return value.AsUUID(v) }
	durationOf := func(v value.V) (value.V, error) { return value.AsDuration(v) }
	at := time.Date(2024, 2, 29, 12, 0, 0, 500_000_000, time.UTC)

	tests := map[string]struct {
		as      func(value.V) (value.V, error)
		v       value.V
		want    value.V
		wantErr string
	}{
		"int":                 {as: int32Of, v: int64(7), want: int64(7)},
		"int text":            {as: int64Of, v: value.Number("-9223372036854775808"), want: int64(math.MinInt64)},
		"1.0":                 {as: int32Of, v: value.Number("1.0"), want: int64(1)},
		"1e3":                 {as: int32Of, v: value.Number("1e3"), want: int64(1000)},
		"whole float":         {as: int32Of, v: value.Float{F: 3, Bits: 64}, want: int64(3)},
		"1.5":                 {as: int32Of, v: value.Number("1.5"), wantErr: "1.5 is no integer"},
		"beyond 32 bits":      {as: int32Of, v: int64(1 << 31), wantErr: "2147483648 is not within -2147483648 and 2147483647"},
		"beyond 64 bits":      {as: int64Of, v: value.Number("9223372036854775808"), wantErr: "9223372036854775808 is not within -9223372036854775808 and 9223372036854775807"},
		"huge exponent":       {as: int64Of, v: value.Number("1e999999999"), wantErr: "too big"},
		"endless number":      {as: int64Of, v: value.Number(strings.Repeat("9", 6000)), wantErr: "too big"},
		"text as int":         {as: int32Of, v: "7", wantErr: "want an integer, have text"},
		"nan as int":          {as: int32Of, v: value.Float{F: math.NaN(), Bits: 64}, wantErr: `"NaN" is no integer`},
		"uint64":              {as: uint64Of, v: value.Number("18446744073709551615"), want: uint64(math.MaxUint64)},
		"negative":            {as: uint64Of, v: int64(-1), wantErr: "-1 is not within 0 and 18446744073709551615"},
		"float":               {as: float64Of, v: value.Number("0.1"), want: value.Float{F: 0.1, Bits: 64}},
		"float32 text":        {as: float32Of, v: value.Number("0.1"), want: value.Float{F: float64(float32(0.1)), Bits: 32}},
		"double to float":     {as: float32Of, v: value.Float{F: 0.1, Bits: 64}, wantErr: "0.1 does not fit a float of 32 bits exactly"},
		"infinity as text":    {as: float64Of, v: "-Infinity", want: value.Float{F: math.Inf(-1), Bits: 64}},
		"out of range":        {as: float64Of, v: value.Number("1e400"), wantErr: "1e400 is beyond a float of 64 bits"},
		"2^53":                {as: float64Of, v: value.Number("9007199254740992"), want: value.Float{F: 1 << 53, Bits: 64}},
		"2^53+1":              {as: float64Of, v: value.Number("9007199254740993"), want: value.Float{F: 1 << 53, Bits: 64}},
		"2^24+1 as digits":    {as: float32Of, v: value.Number("16777217"), want: value.Float{F: 1 << 24, Bits: 32}},
		"2^24+1 in 32 bits":   {as: float32Of, v: int64(1<<24 + 1), wantErr: "16777217 does not fit a float of 32 bits exactly"},
		"null as float":       {as: float64Of, v: nil, wantErr: "want a number, have null"},
		"base64":              {as: bytesOf, v: "AAE=", want: []byte{0, 1}},
		"plain tag":           {as: bytesOf, v: &value.Map{Fields: []value.Field{{Key: "$hex", Value: "0001"}}}, want: []byte{0, 1}},
		"not base64":          {as: bytesOf, v: "??", wantErr: "not base64"},
		"number as bytes":     {as: bytesOf, v: value.Number("1"), wantErr: "want base64 text, have a number"},
		"surrogates":          {as: stringOf, v: value.WTF8("\xed\xa0\x80"), wantErr: "the text holds lone surrogates"},
		"rfc 3339":            {as: millisOf, v: "2024-02-29T14:00:00.5+02:00", want: value.Time{T: at, Digits: 3}},
		"with a space":        {as: millisOf, v: "2024-02-29 12:00:00.500Z", want: value.Time{T: at, Digits: 3}},
		"millis":              {as: millisOf, v: value.Number("1709208000500"), want: value.Time{T: at, Digits: 3}},
		"before 1970":         {as: millisOf, v: int64(-1), want: value.Time{T: time.Date(1969, 12, 31, 23, 59, 59, 999_000_000, time.UTC), Digits: 3}},
		"too many digits":     {as: millisOf, v: "2024-02-29T12:00:00.0005Z", wantErr: "more than 3 digits of a second"},
		"no zone":             {as: millisOf, v: "2024-02-29T12:00:00", wantErr: "want a time like 2006-01-02T15:04:05Z07:00"},
		"local":               {as: localOf, v: "2024-02-29T12:00:00.500", want: value.Time{T: at, Local: true, Digits: 6}},
		"zone in local":       {as: localOf, v: "2024-02-29T12:00:00Z", wantErr: "want a time like 2006-01-02T15:04:05"},
		"date":                {as: dateOf, v: "0001-01-01", want: value.Date(-719162)},
		"no such date":        {as: dateOf, v: "2023-02-29", wantErr: "want a date like 2006-01-02"},
		"time of day":         {as: timeOf, v: "23:59:59.999", want: value.TimeOfDay{Nanos: 86399999000000, Digits: 3}},
		"millis of day":       {as: timeOf, v: value.Number("86400000"), wantErr: "86400000 is not within 0 and 86399999"},
		"uuid":                {as: uuidOf, v: "F0000000-0000-0000-0000-00000000000f", want: value.UUID{0xf0, 15: 0x0f}},
		"uuid without dashes": {as: uuidOf, v: "f000000000000000000000000000000f", wantErr: "not a UUID of 36 characters"},
		"uuid of 15 bytes":    {as: uuidOf, v: make(value.Bytes, 15), wantErr: "a UUID has 16 bytes, not 15"},
		"duration":            {as: durationOf, v: &value.Map{Fields: []value.Field{{Key: "days", Value: value.Number("2")}}}, want: value.Duration{Days: 2}},
		"weeks":               {as: durationOf, v: &value.Map{Fields: []value.Field{{Key: "weeks", Value: value.Number("2")}}}, wantErr: `a duration has no "weeks"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.as(tt.v)
			if diff := cmp.Diff(tt.wantErr, text(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, got); err == nil && diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecimal(t *testing.T) {
	tests := map[string]struct {
		text     string
		unscaled string
		scale    int32
		back     string // how it is written; empty: as it was read
		wantErr  string
	}{
		"scale kept":       {text: "1.10", unscaled: "110", scale: 2},
		"below one":        {text: "-0.05", unscaled: "-5", scale: 2},
		"whole":            {text: "42", unscaled: "42"},
		"exponent":         {text: "1.5e3", unscaled: "15", scale: -2, back: "15E+2"},
		"small":            {text: "1E-2000", unscaled: "1", scale: 2000},
		"bare point":       {text: ".5", unscaled: "5", scale: 1, back: "0.5"},
		"negative zero":    {text: "-0.0", unscaled: "0", scale: 1, back: "0.0"},
		"beyond the scale": {text: "1e-9999999999", wantErr: "not a decimal number"},
		"letters":          {text: "1x", wantErr: "not a decimal number"},
		"two signs":        {text: "--1", wantErr: "not a decimal number"},
		"nothing":          {text: "", wantErr: "not a decimal number"},
		"only a point":     {text: ".", wantErr: "not a decimal number"},
		"too long":         {text: strings.Repeat("1", 5001), wantErr: "too big"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := value.ParseDecimal(tt.text)
			if diff := cmp.Diff(tt.wantErr, text(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if err != nil {
				return
			}
			if d.Unscaled.Cmp(bigText(t, tt.unscaled)) != 0 || d.Scale != tt.scale {
				t.Errorf("have %v with scale %d", d.Unscaled, d.Scale)
			}
			if tt.back == "" {
				tt.back = tt.text
			}
			if diff := cmp.Diff(tt.back, string(value.AppendDecimal(nil, d))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRescale(t *testing.T) {
	tests := map[string]struct {
		text    string
		scale   int32
		want    string
		wantErr string
	}{
		"more":      {text: "1.5", scale: 3, want: "1.500"},
		"less":      {text: "1.500", scale: 1, want: "1.5"},
		"lost":      {text: "1.55", scale: 1, wantErr: "1.55 has more than 1 digits after the point"},
		"far":       {text: "1e2000000000", scale: 0, wantErr: "too big"},
		"zero, far": {text: "0e2000000000", scale: 0, want: "0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := value.ParseDecimal(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := d.Rescale(tt.scale)
			if diff := cmp.Diff(tt.wantErr, text(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if err == nil {
				if diff := cmp.Diff(tt.want, string(value.AppendDecimal(nil, got))); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}
