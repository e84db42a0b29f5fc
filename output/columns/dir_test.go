package columns

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka/kafkatest/columnstest"
	"kstream/output"
)

// message makes one of partition 0 of orders.
func message(offset int64, key, value string) *output.Message {
	return &output.Message{
		Topic: "orders", Offset: offset, Timestamp: 1795337438558 + offset, TimestampType: "create",
		Key: output.Field{Bytes: []byte(key)}, Value: output.Field{Bytes: []byte(value)},
	}
}

func frames(messages ...*output.Message) []byte {
	var out []byte
	for _, m := range messages {
		out = Rows{}.Append(out, m)
	}
	return out
}

// writeDir writes messages into a folder and gives the names of its files.
func writeDir(t *testing.T, path string, o Options, messages ...*output.Message) []string {
	t.Helper()
	d, err := OpenDir(path, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		if _, err := d.Write(frames(m)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return names(t, path)
}

func names(t *testing.T, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// read runs a reader of other people on files in dir.
func read(t *testing.T, dir string, args ...string) string {
	t.Helper()
	if err := columnstest.Available(); err != nil {
		t.Skip(err)
	}
	out, err := columnstest.Run(context.Background(), dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// everything has what can be in a record, and values whose members are not all alike.
func everything() []*output.Message {
	full := message(7, "k1", `{"id":1,"price":1.5,"tags":["a","b"],"in":{"ok":true,"deep":[[1],[],[2,3]]},"mixed":1,"when":null,"none":{},"wide":12345678901234567890}`)
	full.Headers = []output.Header{{Key: "h", Value: output.Field{Bytes: []byte("v")}}, {Key: "n"}, {Key: "\xffé", Value: output.Field{Bytes: []byte{}}}}
	null := message(9, "", "")
	null.Value.Bytes, null.Key.Bytes, null.Timestamp, null.TimestampType = nil, nil, 0, ""
	broken := message(12, "k", "\x00\xff")
	broken.Value.Err = "avro: byte 0: no schema id"
	decoded := message(13, "k", "")
	decoded.Value = output.Field{Bytes: []byte{1}, JSON: []byte(`{"id":-9223372036854775808,"price":2,"tags":[],"in":null}`), Encoding: "avro", Schema: "7"}
	return []*output.Message{
		full,
		message(8, "k2", ` {"tags":null,"price":3,"id":2,"mixed":"x\n\u00e9","in":{"deep":null},"when":null} `),
		null,
		message(10, "k\xff", `{"id":3,"tags":[null,"c"],"mixed":[1, 2]}`),
		message(11, "k", "plain text"),
		broken, decoded,
	}
}

func TestArrowReadsParquet(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	got := writeDir(t, dir, Options{}, everything()...)
	if diff := cmp.Diff([]string{"orders-0-7-13.parquet"}, got); diff != "" {
		t.Fatal(diff)
	}
	golden(t, "arrow.txt", read(t, dir, "arrow", got[0]))
}

// golden compares with a file that a person has read.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDirGoesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	var first, second []*output.Message
	for i := range int64(10) {
		first = append(first, message(i*2, "k", `{"a":1}`))
		second = append(second, message(100+i, "k", `{"a":2,"b":"new"}`))
	}
	writeDir(t, dir, Options{Rows: 4}, first...)
	d, err := OpenDir(dir, Options{Rows: 100})
	if err != nil {
		t.Fatal(err)
	}
	next, _, err := d.Begin("orders", "", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := d.Begin("orders", "", 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if next != 19 || other != 0 {
		t.Errorf("next: %d and %d", next, other)
	}
	if _, err := d.Write(frames(second...)); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{
		"orders-0-0-6.parquet", "orders-0-100-109.parquet", "orders-0-16-18.parquet", "orders-0-8-14.parquet",
	}, names(t, dir)); diff != "" {
		t.Error(diff)
	}
	want := "[20, 14, 0, 109]\n[\"BIGINT\"]\n[30, 10]\n"
	got := read(t, dir, "duckdb",
		"select count(*), count(distinct partition) * 14, min(\"offset\"), max(\"offset\") from read_parquet('*.parquet', union_by_name=true)",
		"select distinct typeof(value.a) from 'orders-0-100-109.parquet'",
		"select sum(value.a), count(value.b) from read_parquet('*.parquet', union_by_name=true)")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLaterRows has rows that do not fit the types of the first: nothing is lost.
func TestLaterRows(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	d, err := OpenDir(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for i := range int64(firstRows) {
		all = append(all, frames(message(i, "k", `{"a":1,"s":{"x":"y"}}`))...)
	}
	for i, value := range []string{`{"a":"one","s":{"x":"y"}}`, `{"a":2,"new":true}`, `{"a":3,"a":4}`, `[1]`, "text", "\xff"} {
		all = append(all, frames(message(firstRows+int64(i), "k", value))...)
	}
	if _, err := d.Write(all); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	want := `[9999, 1, "y", null, null]
[10000, null, "y", "{\"a\":\"one\",\"s\":{\"x\":\"y\"}}", null]
[10001, 2, null, "{\"a\":2,\"new\":true}", null]
[10002, 3, null, "{\"a\":3,\"a\":4}", null]
[10003, null, null, "[1]", null]
[10004, null, null, null, {"bytes": "dGV4dA=="}]
[10005, null, null, null, {"bytes": "/w=="}]
`
	got := read(t, dir, "duckdb", `select "offset", value.a, value.s.x, value_json, value_bytes from '*.parquet' where "offset" >= 9999 order by "offset"`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDirRefuses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	d, err := OpenDir(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	bad := message(0, "k", "v")
	bad.Topic = "../../etc/x"
	if _, err := d.Write(frames(bad)); err == nil || !strings.HasPrefix(err.Error(), dir+": no file can have this name") {
		t.Errorf("a topic that leads out: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if d, err = OpenDir(dir, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Write(frames(message(3, "k", "v"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil { // the first file would have made it
		t.Fatal(err)
	}
	taken := filepath.Join(dir, "orders-0-3-3.parquet")
	if err := os.Symlink("nowhere", taken); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); !errors.Is(err, ErrExists) || err.Error() != taken+": the file exists" {
		t.Errorf("a name that is taken: %v", err)
	}
	if diff := cmp.Diff([]string{"orders-0-3-3.parquet"}, names(t, dir)); diff != "" {
		t.Error(diff)
	}
	if _, err := OpenDir(filepath.Join(dir, "a", "b"), Options{}); err == nil || !strings.HasSuffix(err.Error(), "no such file or directory") {
		t.Errorf("a folder in no folder: %v", err)
	}
}

// writeAvro makes an Avro file and gives its path.
func writeAvro(t *testing.T, messages ...*output.Message) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.avro")
	f, err := NewAvroFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(frames(messages...)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the name is there before the file is whole: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"out.avro"}, names(t, filepath.Dir(path))); diff != "" {
		t.Error(diff)
	}
	return path
}

func TestAvroRefuses(t *testing.T) {
	path := writeAvro(t, everything()...)
	if _, err := NewAvroFile(path, nil); !errors.Is(err, ErrExists) || err.Error() != path+": the file exists" {
		t.Errorf("again: %v", err)
	}
}

func TestOthersReadAvro(t *testing.T) {
	path := writeAvro(t, append(everything(), message(14, "k", `{"a-b":1,"a_b":2,"":{"9":true}}`))...)
	golden(t, "avro.txt", read(t, filepath.Dir(path), "avro", path))
	empty := writeAvro(t)
	if got := read(t, filepath.Dir(empty), "avro", empty); got != "" {
		t.Errorf("no rows: %s", got)
	}
}

// offsets returns messages at offsets from one to before another.
func offsets(from, to int64) []*output.Message {
	var all []*output.Message
	for i := from; i < to; i++ {
		all = append(all, message(i, "k", "{}"))
	}
	return all
}

// What files cover is known by ranges: what lies before or between them is written, a gap
// behind them is told, and so is another topic.
func TestDirRanges(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	run := func(id string, from, to, wantNext, wantGap int64) {
		t.Helper()
		d, err := OpenDir(dir, Options{Rows: 30})
		if err != nil {
			t.Fatal(err)
		}
		next, gap, err := d.Begin("orders", id, 0, from)
		if err != nil || next != wantNext || gap != wantGap {
			t.Errorf("begin at %d: %d, %d, %v; want %d, %d", from, next, gap, err, wantNext, wantGap)
		}
		if _, err := d.Write(frames(offsets(next, to)...)); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	run("a", 60, 70, 60, 60)
	run("a", 0, 20, 0, 0)    // what comes before is not skipped
	run("", 0, 80, 20, 20)   // nor what lies between; nothing is there twice
	run("a", 65, 80, 80, 80) // in the middle of what is there
	run("a", 90, 95, 90, 80) // a gap
	want := []string{
		"orders-0-0-19.parquet", "orders-0-20-49.parquet", "orders-0-50-59.parquet", "orders-0-60-69.parquet",
		"orders-0-70-79.parquet", "orders-0-90-94.parquet",
	}
	if diff := cmp.Diff(want, names(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d, err := OpenDir(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Begin("orders", "b", 0, 0); !errors.Is(err, ErrOtherTopic) {
		t.Errorf("another topic: %v", err)
	}
	if _, _, err := d.Begin("other", "b", 0, 0); err != nil {
		t.Errorf("a topic of another name: %v", err)
	}
	if _, err := d.Write(frames(message(200, "k", "{}"), message(3, "k", "{}"))); err == nil {
		t.Error("offsets that fall are taken")
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}
