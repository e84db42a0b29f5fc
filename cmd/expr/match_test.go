package expr

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGrep(t *testing.T) {
	tests := map[string]struct {
		test    string
		want    bool
		wantErr string
	}{
		"value":           {test: "ann", want: true},
		"value prefix":    {test: "value:ann", want: true},
		"anchored":        {test: "^ann"},
		"case":            {test: "(?i)ANN", want: true},
		"key":             {test: "key:^42$", want: true},
		"key misses":      {test: "key:ann"},
		"header":          {test: "header.try:^1$", want: true},
		"last header":     {test: "header.try:^2$", want: true},
		"header misses":   {test: "header.try:3"},
		"header absent":   {test: "header.foo:"},
		"header null":     {test: "header.none:"},
		"negated":         {test: "!ann"},
		"negated key":     {test: "!key:7", want: true},
		"negated absent":  {test: "!header.foo:.", want: true},
		"literal":         {test: `\!`},
		"literal negated": {test: `!\!`, want: true},
		"literal prefix":  {test: "value:key:"},
		"other prefix":    {test: `"name":"ann"`, want: true},
		"header no colon": {test: "header.try"},
		"bad":             {test: "key:a(", wantErr: "--grep: missing closing ): \"a(\""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g, err := NewGrep("--grep", tt.test)
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if err == nil && g.Match(order()) != tt.want {
				t.Errorf("want %t", tt.want)
			}
		})
	}
	g, err := NewGrep("--grep", "")
	if err != nil {
		t.Fatal(err)
	}
	if g.Match(&Record{}) {
		t.Error("a null value matches")
	}
	if !g.Match(&Record{Value: data("")}) {
		t.Error("an empty value does not match the empty expression")
	}
}

func TestKeyEquals(t *testing.T) {
	k := NewKeyEquals([]byte("a"))
	if !k.Match([]byte("a")) || k.Match([]byte("b")) || k.Match(nil) {
		t.Error("a is wrong")
	}
	empty := NewKeyEquals([]byte{})
	if !empty.Match([]byte{}) || empty.Match(nil) {
		t.Error("the empty key is wrong")
	}
}

func TestSample(t *testing.T) {
	s, err := NewSample("--sample", "1/100")
	if err != nil {
		t.Fatal(err)
	}
	kept := map[int32]int{}
	for p := range int32(4) {
		for offset := range int64(100_000) {
			if s.Match("orders", p, offset) {
				kept[p]++
			}
		}
	}
	for p := range int32(4) { // 1000 expected, standard deviation 31
		if kept[p] < 850 || kept[p] > 1150 {
			t.Errorf("partition %d: %d of 100000 kept", p, kept[p])
		}
	}
	// these never change: a second run sees the records of the first
	var got []int64
	for offset := range int64(400) {
		if s.Match("orders", 0, offset) {
			got = append(got, offset)
		}
	}
	if diff := cmp.Diff([]int64{64, 70, 171, 173}, got); diff != "" {
		t.Error(diff)
	}
	all, err := NewSample("--sample", "1/1")
	if err != nil {
		t.Fatal(err)
	}
	if !all.Match("a", 0, 0) || !all.Match("b", 7, 1<<62) {
		t.Error("1/1 drops records")
	}
	for _, bad := range []string{"", "1/0", "2/3", "1/+5", "1/", "0.1", "1/-5"} {
		if _, err := NewSample("--sample", bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	_, err = NewSample("--sample", "10%")
	if diff := cmp.Diff(`--sample: "10%" must be 1/N, such as 1/100`, errText(err)); diff != "" {
		t.Error(diff)
	}
}

// The values are those of org.apache.kafka.common.utils.UtilsTest.
func TestMurmur2(t *testing.T) {
	for key, want := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		if got := Murmur2([]byte(key)); got != want {
			t.Errorf("%s: got %d, want %d", key, got, want)
		}
		if got, want := Murmur2Partition([]byte(key), 6), want&0x7fffffff%6; got != want {
			t.Errorf("%s: got partition %d, want %d", key, got, want)
		}
	}
}

func BenchmarkFilter(b *testing.B) {
	for name, text := range map[string]string{"partition": ".partition == 3", "value": `.value.user.name == "ann"`} {
		b.Run(name, func(b *testing.B) {
			f, err := NewFilter("--filter", text)
			if err != nil {
				b.Fatal(err)
			}
			r := order()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Match(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
