// Package serdetest holds the tests that every format must pass.
//
// A format's tests are a corpus (Corpus, which also cuts every datum at every byte and
// reads back what it wrote) and a fuzz target (Fuzz). What they promise: no panic on any
// bytes, memory in proportion to the data, an answer in time, an error that names the
// format and the place, and JSON that is valid.
package serdetest

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
	"kstream/serde/value"
)

// Bounds of one call on n bytes: Slack bytes and Factor times n of memory, counting what
// is freed again, and MaxTime of the processor.
const (
	Factor  = 256
	Slack   = 4 << 20
	MaxTime = 3 * time.Second
)

// Case is a datum and what it must become.
type Case struct {
	Hex      string // the data; spaces are for people
	Data     []byte // instead of Hex
	Plain    string // its JSON
	Lossless string // its lossless JSON; empty: the same as Plain
	Err      string // instead: the exact error
	OneWay   bool   // writing the value makes other bytes, which read back as equal
	ReadOnly bool   // the value cannot be written
}

func (c Case) data(t testing.TB) []byte {
	t.Helper()
	if c.Data != nil {
		return c.Data
	}
	data, err := hex.DecodeString(strings.Join(strings.Fields(c.Hex), ""))
	if err != nil {
		t.Fatalf("the case itself: %v", err)
	}
	return data
}

// Open makes the serde under test; Options say the JSON mode.
type Open func(o serde.Options) (serde.Serde, error)

// Corpus runs every case: read in both modes, by Decode and by Render; written again
// from both the value and the lossless JSON; cut at every byte.
func Corpus(t *testing.T, open Open, cases map[string]Case) {
	t.Helper()
	plain, lossless := mustOpen(t, open, value.Plain), mustOpen(t, open, value.Lossless)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			data := c.data(t)
			wantLossless := c.Lossless
			if wantLossless == "" {
				wantLossless = c.Plain
			}
			checkRead(t, plain, data, c.Plain, c.Err, value.JSONOptions{})
			checkRead(t, lossless, data, wantLossless, c.Err, value.JSONOptions{Mode: value.Lossless})
			if len(data) <= 4096 {
				Cuts(t, plain, data)
			}
			if c.Err == "" && !c.ReadOnly {
				checkWrite(t, lossless, data, wantLossless, !c.OneWay)
			}
		})
	}
}

func mustOpen(t testing.TB, open Open, m value.Mode) serde.Serde {
	t.Helper()
	s, err := open(serde.Options{JSONMode: m})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkRead compares the JSON of both ways to get it.
func checkRead(t *testing.T, s serde.Serde, data []byte, want, wantErr string, o value.JSONOptions) {
	t.Helper()
	in := serde.Input{Topic: "t", Part: serde.Value, Data: data}
	rendered, _, renderErr := serde.Render(t.Context(), []byte("before"), s, in, o)
	r, err := s.Decode(t.Context(), in)
	if wantErr != "" {
		if diff := cmp.Diff(wantErr, text(err)); diff != "" {
			t.Errorf("%s: Decode: error (-want +got):\n%s", o.Mode, diff)
		}
		if diff := cmp.Diff(wantErr, text(renderErr)); diff != "" {
			t.Errorf("%s: Render: error (-want +got):\n%s", o.Mode, diff)
		}
		if string(rendered) != "before" {
			t.Errorf("%s: Render: an error must leave dst alone, have %q", o.Mode, rendered)
		}
		return
	}
	if err != nil || renderErr != nil {
		t.Errorf("%s: Decode: %v; Render: %v", o.Mode, err, renderErr)
		return
	}
	if diff := cmp.Diff("before"+want, string(rendered)); diff != "" {
		t.Errorf("%s: Render (-want +got):\n%s", o.Mode, diff)
	}
	got, err := value.AppendJSON(nil, r.Value, o)
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Errorf("%s: Decode (-want +got): %v\n%s", o.Mode, err, diff)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// checkWrite encodes the lossless JSON and, where identical, wants the same bytes; in
// any case they must read back as the same JSON.
func checkWrite(t *testing.T, s serde.Serde, data []byte, lossless string, identical bool) {
	t.Helper()
	o := value.JSONOptions{Mode: value.Lossless}
	out, err := serde.EncodeJSON(t.Context(), []byte{}, s, "t", serde.Value, []byte(lossless), o)
	if err != nil {
		t.Errorf("EncodeJSON: %v", err)
		return
	}
	if identical {
		if diff := cmp.Diff(hex.EncodeToString(data), hex.EncodeToString(out.Data)); diff != "" {
			t.Errorf("EncodeJSON (-want +got):\n%s", diff)
		}
	}
	again, _, err := serde.Render(t.Context(), nil, s, serde.Input{Topic: "t", Part: serde.Value, Data: out.Data, Headers: out.Headers}, o)
	if diff := cmp.Diff(lossless, string(again)); diff != "" || err != nil {
		t.Errorf("read back (-want +got): %v\n%s", err, diff)
	}
}

// RoundTrip writes JSON and wants it back as it was.
func RoundTrip(t *testing.T, s serde.Serde, m value.Mode, json string) {
	t.Helper()
	o := value.JSONOptions{Mode: m}
	out, err := serde.EncodeJSON(t.Context(), []byte{}, s, "t", serde.Value, []byte(json), o)
	if err != nil {
		t.Errorf("%s: EncodeJSON: %v", json, err)
		return
	}
	back, _, err := serde.Render(t.Context(), nil, s, serde.Input{Topic: "t", Part: serde.Value, Data: out.Data, Headers: out.Headers}, o)
	if diff := cmp.Diff(json, string(back)); diff != "" || err != nil {
		t.Errorf("round trip (-want +got): %v\n%s", err, diff)
	}
}

// Cuts decodes every prefix of data. Each is a value or an error, within the bounds.
func Cuts(t testing.TB, s serde.Serde, data []byte) {
	t.Helper()
	for n := range len(data) {
		Check(t, s, data[:n:n])
	}
}

// Fuzz feeds data to s and, where it is a value, what s writes for it again. Add seeds
// that the format reads well: mutation works from them.
func Fuzz(f *testing.F, open Open, seeds ...[]byte) {
	f.Helper()
	plain, lossless := mustOpen(f, open, value.Plain), mustOpen(f, open, value.Lossless)
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		Check(t, plain, data)
		Check(t, lossless, data)
		Stable(t, lossless, data)
	})
}

// Seeds returns the data of a corpus, for Fuzz.
func Seeds(t testing.TB, cases map[string]Case) [][]byte {
	t.Helper()
	var seeds [][]byte
	for _, c := range cases {
		seeds = append(seeds, c.data(t))
	}
	return seeds
}

// Check decodes data and renders it: no panic, bounded memory and time, a proper error
// or valid JSON. It reports whether data is a value.
func Check(t testing.TB, s serde.Serde, data []byte) bool {
	t.Helper()
	in := serde.Input{Topic: "t", Part: serde.Value, Data: data}
	kept := string(data)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start, used := time.Now(), processTime()
	r, err := s.Decode(context.Background(), in)
	took := time.Since(start)
	if used > 0 {
		took = min(took, processTime()-used)
	}
	runtime.ReadMemStats(&after)
	if used, most := after.TotalAlloc-before.TotalAlloc, uint64(Slack+Factor*len(data)); used > most {
		t.Fatalf("% x: Decode of %d bytes takes %d bytes of memory, more than %d", head(data), len(data), used, most)
	}
	if took > MaxTime {
		t.Fatalf("% x: Decode of %d bytes takes %v", head(data), len(data), took)
	}
	if string(data) != kept {
		t.Fatalf("% x: Decode changes its input", head([]byte(kept)))
	}
	out, _, renderErr := serde.Render(context.Background(), nil, s, in, value.JSONOptions{})
	for _, err := range []error{err, renderErr} {
		checkError(t, data, err)
	}
	if renderErr == nil && !json.Valid(out) {
		t.Fatalf("% x: Render gives what is no JSON: %.200s", head(data), out)
	}
	if err != nil {
		return false
	}
	for _, o := range []value.JSONOptions{{}, {Mode: value.Lossless}} {
		out, err := value.AppendJSON(nil, r.Value, o)
		switch {
		case errors.Is(err, serde.ErrTooBig), errors.Is(err, serde.ErrTooDeep):
		case err != nil:
			t.Fatalf("% x: no JSON: %v", head(data), err)
		case !json.Valid(out):
			t.Fatalf("% x: not JSON: %.200s", head(data), out)
		}
	}
	return true
}

// checkError wants errors short, on one line, and of the two kinds that Decoder promises.
func checkError(t testing.TB, data []byte, err error) {
	t.Helper()
	var decode *serde.DecodeError
	switch {
	case err == nil:
	case !errors.As(err, &decode) && !errors.Is(err, serde.ErrRegistry):
		t.Fatalf("% x: error is no DecodeError: %v", head(data), err)
	case len(err.Error()) > 1000:
		t.Fatalf("% x: error of %d bytes: %.200s…", head(data), len(err.Error()), err)
	case decode != nil && decode.Offset > len(data):
		t.Fatalf("% x: %v: there are only %d bytes", head(data), err, len(data))
	}
}

func head(data []byte) []byte { return data[:min(len(data), 64)] }

// Stable wants a value, written and read again, to be the same JSON. Values that the
// format cannot write are passed over.
func Stable(t testing.TB, lossless serde.Serde, data []byte) {
	t.Helper()
	ctx, o := context.Background(), value.JSONOptions{Mode: value.Lossless}
	in := serde.Input{Topic: "t", Part: serde.Value, Data: data}
	first, _, err := serde.Render(ctx, nil, lossless, in, o)
	if err != nil {
		return
	}
	out, err := serde.EncodeJSON(ctx, []byte{}, lossless, in.Topic, in.Part, first, o)
	if err != nil || out.Data == nil {
		return
	}
	in.Data, in.Headers = out.Data, out.Headers
	second, _, err := serde.Render(ctx, nil, lossless, in, o)
	if diff := cmp.Diff(string(first), string(second)); diff != "" || err != nil {
		t.Fatalf("% x: reading what was written for %.200s (-want +got): %v\n%s", head(data), first, err, diff)
	}
}

// Benchmark measures both ways on one datum: bytes to JSON, bytes to value, JSON to
// bytes.
func Benchmark(b *testing.B, open Open, data []byte) {
	s := mustOpen(b, open, value.Plain)
	ctx, in, o := context.Background(), serde.Input{Topic: "t", Part: serde.Value, Data: data}, value.JSONOptions{}
	text, _, err := serde.Render(ctx, nil, s, in, o)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("render", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(data)))
		dst := make([]byte, 0, 2*len(text))
		for b.Loop() {
			if _, _, err := serde.Render(ctx, dst, s, in, o); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if _, err := s.Decode(ctx, in); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(text)))
		dst := make([]byte, 0, 2*len(data))
		for b.Loop() {
			if _, err := serde.EncodeJSON(ctx, dst, s, "t", serde.Value, text, o); err != nil {
				b.Fatal(err)
			}
		}
	})
}
