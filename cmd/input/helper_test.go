package input

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

// ways are the ways in which the same bytes may arrive.
var ways = map[string]func(string) io.Reader{
	"whole":    func(s string) io.Reader { return strings.NewReader(s) },
	"bytes":    func(s string) io.Reader { return iotest.OneByteReader(strings.NewReader(s)) },
	"halves":   func(s string) io.Reader { return iotest.HalfReader(strings.NewReader(s)) },
	"data+EOF": func(s string) io.Reader { return iotest.DataErrReader(strings.NewReader(s)) },
}

// dump reads everything and writes it down, a record or an error a line.
func dump(t testing.TB, r Reader) []string {
	t.Helper()
	out := []string{}
	for rec, err := range All(r) {
		var bad *BadRecord
		switch {
		case errors.As(err, &bad):
			out = append(out, fmt.Sprintf("bad %v <%s>", err, bad.Raw))
		case err != nil:
			out = append(out, "end "+err.Error())
		default:
			out = append(out, shownRecord(rec))
		}
	}
	return out
}

func shownRecord(rec *Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s@%d: ", rec.Place, rec.Place.Offset)
	if rec.Topic != "" || rec.Partition != NoPartition || rec.Timestamp != NoTimestamp {
		at := "none" // -1 is a timestamp, too
		if rec.Timestamp != NoTimestamp {
			at = strconv.FormatInt(rec.Timestamp, 10)
		}
		fmt.Fprintf(&b, "%s[%d] t=%s ", rec.Topic, rec.Partition, at)
	}
	b.WriteString(shownField(&rec.Key) + " = " + shownField(&rec.Value))
	for i := range rec.Headers {
		b.WriteString(" " + rec.Headers[i].Key + ":" + shownField(&rec.Headers[i].Value))
	}
	return b.String()
}

func shownField(f *Field) string {
	switch {
	case f.IsNull():
		return "null"
	case f.Encoding != "":
		return f.Encoding + string(f.Bytes)
	}
	return fmt.Sprintf("%q", f.Bytes)
}

func open(t testing.TB, c Config) ReadCloser {
	t.Helper()
	r, err := Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func ptr(s string) *string { return &s }
