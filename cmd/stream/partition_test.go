package stream

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/cmd/expr"
)

// testRecord is one record of a test.
type testRecord struct {
	key  string // "-": null
	time int64
	n    int64
}

func (r *testRecord) bytes() []byte {
	if r.key == "-" {
		return nil
	}
	return []byte(r.key)
}

// topic is a state topic, and what readers of committed records see of results.
type topic struct {
	states  map[string]string
	order   []string
	results []string
	time    int64
	next    int
}

// job adds records to a Partition, in transactions.
type job struct {
	t       *testing.T
	config  func() *Config
	p       *Partition
	at      *topic
	results []string // of the transaction
	late    int
}

func (j *job) restore() {
	j.t.Helper()
	j.p, j.results = NewPartition(j.config()), nil
	j.p.Out = j.result
	for _, key := range j.at.order {
		if err := j.p.Load([]byte(key), []byte(j.at.states[key])); err != nil {
			j.t.Fatal(err)
		}
	}
	j.p.SetTime(j.at.time)
	j.p.Loaded()
}

func (j *job) result(r *Result) error {
	text := "null"
	if r.Key != nil {
		text = strconv.Quote(string(r.Key))
	}
	if r.Window != nil {
		text += fmt.Sprintf(" %d-%d", r.Window.Start, r.Window.End)
	}
	if r.State == nil {
		r.State = []byte("gone")
	}
	j.results = append(j.results, text+" "+string(r.State))
	return nil
}

func (j *job) add(r *testRecord, offset int64) {
	j.t.Helper()
	view := &expr.Record{Key: expr.Field{Data: r.bytes()}, Value: expr.Field{Data: fmt.Appendf(nil, `{"n":%d}`, r.n)}}
	late, err := j.p.Add(context.Background(), &Input{View: view, Key: r.bytes(), Time: r.time, Offset: offset})
	if err != nil {
		j.t.Fatal(err)
	}
	if late {
		j.late++
	}
}

func (j *job) save(next int) {
	j.t.Helper()
	err := j.p.Save(j.result, func(key, value []byte) error {
		if value == nil {
			delete(j.at.states, string(key))
			j.at.order = slices.DeleteFunc(j.at.order, func(k string) bool { return k == string(key) })
			return nil
		}
		if _, ok := j.at.states[string(key)]; !ok {
			j.at.order = append(j.at.order, string(key))
		}
		j.at.states[string(key)] = string(value)
		return nil
	})
	if err != nil {
		j.t.Fatal(err)
	}
	j.at.results = append(j.at.results, j.results...)
	j.results, j.at.next = nil, next
	j.at.time, _ = j.p.Time()
}

func aggregates(t *testing.T, list string) func() *Fold {
	return func() *Fold {
		all, err := ParseAggregates("--aggregate", []string{list})
		if err != nil {
			t.Fatal(err)
		}
		return &Fold{Aggregates: all}
	}
}

func reduce(t *testing.T, text string) func() *Fold {
	return func() *Fold {
		r, err := expr.NewReduce("--reduce", text)
		if err != nil {
			t.Fatal(err)
		}
		return &Fold{Reduce: r}
	}
}

func windows(t *testing.T, size, advance, gap, grace int) Windows {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	w, err := NewWindows(ms(size), ms(advance), ms(gap), ms(grace))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// naive computes final windows as slowly as can be: from all records that are not late.
func naive(records []testRecord, w Windows) (finals []string, late int) {
	type span struct {
		key        string
		start, end int64
		list       []testRecord
	}
	var open []*span
	now := int64(math.MinInt64)
	state := func(s *span) string {
		sum, least := int64(0), int64(math.MaxInt64)
		for _, r := range s.list {
			sum += r.n
			least = min(least, r.n)
		}
		key := strconv.Quote(s.key)
		if s.key == "-" {
			key = "null"
		}
		return fmt.Sprintf(`%s %d-%d {"n":%d,"total":%d,"least":%d}`, key, s.start, s.end, len(s.list), sum, least)
	}
	for _, r := range records {
		now = max(now, r.time)
		open = slices.DeleteFunc(open, func(s *span) bool {
			if s.end+w.Grace > now {
				return false
			}
			finals = append(finals, state(s))
			return true
		})
		var into []*span
		if w.Gap > 0 {
			whole := &span{key: r.key, start: r.time, end: r.time + w.Gap}
			joins := func(s *span) bool { return s.key == r.key && s.start < r.time+w.Gap && r.time < s.end }
			for _, s := range open {
				if joins(s) {
					whole.start, whole.end = min(whole.start, s.start), max(whole.end, s.end)
					whole.list = append(whole.list, s.list...)
				}
			}
			if whole.list != nil || whole.end+w.Grace > now {
				open = append(slices.DeleteFunc(open, joins), whole)
				into = append(into, whole)
			}
		} else {
			for start := r.time - w.Size - w.Advance; start <= r.time; start++ {
				if start%w.Advance != 0 || start <= r.time-w.Size || start+w.Size+w.Grace <= now {
					continue
				}
				i := slices.IndexFunc(open, func(s *span) bool { return s.key == r.key && s.start == start })
				if i < 0 {
					i = len(open)
					open = append(open, &span{key: r.key, start: start, end: start + w.Size})
				}
				into = append(into, open[i])
			}
		}
		if len(into) == 0 {
			late++
		}
		for _, s := range into {
			s.list = append(s.list, r)
		}
	}
	return finals, late
}

// The same records give the same final windows, whatever is lost and restored in between.
func TestWindowsAreThoseOfAModel(t *testing.T) {
	for name, c := range map[string]struct {
		size, advance, gap, grace int
	}{
		"tumbling": {size: 10}, "grace": {size: 10, grace: 7}, "hopping": {size: 10, advance: 3, grace: 2},
		"tiny": {size: 1}, "session": {gap: 5}, "session with grace": {gap: 5, grace: 9}, "long": {size: 400, grace: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := windows(t, c.size, c.advance, c.gap, c.grace)
			for seed := range uint64(30) {
				random := rand.New(rand.NewPCG(seed, 1))
				keys := []string{"a", "b", "-", "", "\xff\x00", `"q`}
				var records []testRecord
				clock := int64(-150)
				for range 200 {
					if clock += int64(random.IntN(4)); random.IntN(40) == 0 {
						clock += 60
					}
					records = append(records, testRecord{keys[random.IntN(len(keys))], clock - int64(random.IntN(12)), int64(random.IntN(100))})
				}
				j := &job{t: t, at: &topic{states: map[string]string{}, time: math.MinInt64}, config: func() *Config {
					return &Config{Fold: aggregates(t, "n=count, total=sum(.value.n), least=min(.value.n)")(), Windows: w, Emit: EmitFinal}
				}}
				j.restore()
				for i := 0; i < len(records); {
					j.add(&records[i], int64(i))
					switch i++; random.IntN(8) {
					case 0:
						j.save(i)
					case 1: // killed, or taken back
						j.restore()
						i = j.at.next
					}
				}
				j.save(len(records))
				want, _ := naive(records, w)
				slices.Sort(want)
				slices.Sort(j.at.results)
				if diff := cmp.Diff(want, j.at.results); diff != "" {
					t.Fatalf("seed %d: %s", seed, diff)
				}
				if len(j.at.states) != j.p.Len() {
					t.Fatalf("seed %d: %d states are stored, %d open: %v", seed, len(j.at.states), j.p.Len(), slices.Sorted(maps.Keys(j.at.states)))
				}
			}
		})
	}
}

func TestLateRecordsAreCounted(t *testing.T) {
	w := windows(t, 10, 0, 0, 5)
	j := &job{t: t, at: &topic{states: map[string]string{}, time: math.MinInt64}, config: func() *Config {
		return &Config{Fold: aggregates(t, "n=count")(), Windows: w, Emit: EmitChanges}
	}}
	j.restore()
	records := []testRecord{{"a", 3, 0}, {"a", 14, 0}, {"a", 9, 0}, {"a", 15, 0}, {"a", 9, 0}, {"a", 15, 0}}
	for i := range records {
		j.add(&records[i], int64(i))
	}
	j.save(len(records))
	_, late := naive(records, w)
	if late != 1 || j.late != late {
		t.Errorf("%d late, want %d", j.late, late)
	}
	want := []string{`"a" 0-10 {"n":2}`, `"a" 10-20 {"n":3}`}
	if diff := cmp.Diff(want, j.at.results); diff != "" {
		t.Error(diff)
	}
}

func TestReduceAndForget(t *testing.T) {
	j := &job{t: t, at: &topic{states: map[string]string{}, time: math.MinInt64}, config: func() *Config {
		return &Config{Fold: reduce(t, `if .value.n == 0 then null elif .value.n < 0 then empty else ($state // 0) + .value.n end`)(), Emit: EmitChanges}
	}}
	j.restore()
	steps := []struct {
		record testRecord
		want   string
	}{
		{testRecord{"a", 1, 5}, `"a" 5`},
		{testRecord{"a", 2, -1}, ""},
		{testRecord{"a", 3, 2}, `"a" 7`},
		{testRecord{"b", 3, 0}, ""},
		{testRecord{"a", 4, 0}, `"a" gone`},
		{testRecord{"a", 5, 1}, `"a" 1`},
	}
	for i, step := range steps {
		if i%2 == 1 {
			j.restore()
		}
		j.at.results = nil
		j.add(&step.record, int64(i))
		j.save(i + 1)
		if got := strings.Join(j.at.results, "\n"); got != step.want {
			t.Errorf("step %d: %s, want %s", i, got, step.want)
		}
	}
	if got := j.at.states[`["a"]`]; got != `{"updated":5,"state":1}` {
		t.Error(got)
	}
}

func TestExpire(t *testing.T) {
	j := &job{t: t, at: &topic{states: map[string]string{}, time: math.MinInt64}, config: func() *Config {
		return &Config{Fold: aggregates(t, "n=count")(), Emit: EmitEvery, Expire: 10}
	}}
	j.restore()
	for i, r := range []testRecord{{"a", 0, 0}, {"b", 5, 0}, {"a", 9, 0}, {"b", 15, 0}, {"c", 19, 0}, {"a", 20, 0}} {
		if j.add(&r, int64(i)); i == 2 {
			j.save(3)
			j.restore()
		}
	}
	j.save(6)
	want := []string{`"a" {"n":1}`, `"b" {"n":1}`, `"a" {"n":2}`, `"b" {"n":1}`, `"c" {"n":1}`, `"a" {"n":1}`}
	if diff := cmp.Diff(want, j.at.results); diff != "" {
		t.Error(diff)
	}
}

func TestAggregates(t *testing.T) {
	list := "n=count, total=sum(.value.n), mean=avg(.value.n), min(.value.n), max(.value.n), first(.value.n), last(.value.n), kinds=distinct(.value.n % 3), some=approx_distinct(.value.n)"
	j := &job{t: t, at: &topic{states: map[string]string{}, time: math.MinInt64}, config: func() *Config {
		return &Config{Fold: aggregates(t, list)(), Emit: EmitChanges}
	}}
	j.restore()
	for i := range 50 {
		r := testRecord{"a", int64(i), int64(50 - i)}
		if j.add(&r, int64(i)); i%7 == 3 {
			j.save(i + 1)
			j.restore()
		}
	}
	j.at.results = nil
	j.save(50)
	want := []string{`"a" {"n":50,"total":1275,"mean":25.5,"min":1,"max":50,"first":50,"last":1,"kinds":3,"some":50}`}
	if diff := cmp.Diff(want, j.at.results); diff != "" {
		t.Error(diff)
	}
}

func TestAggregatesRefused(t *testing.T) {
	for list, want := range map[string]string{
		"n=mean(.x)": "want NAME=FUNCTION", "sum": "want sum(EXPR)", "count(.x)": "count has no expression",
		"n=count, n=sum(.x)": "two are called n", "n=sum(.x": "want sum(EXPR)", "": "want NAME=FUNCTION", "n=sum(.x |)": "ends too early",
	} {
		if _, err := ParseAggregates("--aggregate", []string{list}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", list, err, want)
		}
	}
}

func BenchmarkAddCount(b *testing.B) {
	all, err := ParseAggregates("--aggregate", []string{"n=count, total=sum(.value.n)"})
	if err != nil {
		b.Fatal(err)
	}
	p := NewPartition(&Config{Fold: &Fold{Aggregates: all}, Windows: Windows{Size: 1000, Advance: 1000}, Emit: EmitFinal})
	p.Out = func(*Result) error { return nil }
	value := []byte(`{"n":12,"who":"somebody"}`)
	keys := make([][]byte, 1000)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "key-%d", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		view := expr.Record{Key: expr.Field{Data: keys[i%1000]}, Value: expr.Field{Data: value}}
		if _, err := p.Add(b.Context(), &Input{View: &view, Key: keys[i%1000], Time: int64(i / 10), Offset: int64(i)}); err != nil {
			b.Fatal(err)
		}
		if i%10000 == 0 {
			if err := p.Save(p.Out, func([]byte, []byte) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	}
}
