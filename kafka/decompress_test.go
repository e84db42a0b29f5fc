package kafka

import (
	"bytes"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/snappy/xerial"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// packings are text in each way that clients compress it.
func packings(t *testing.T, text []byte) map[string]packing {
	t.Helper()
	var zipped, framed bytes.Buffer
	z := gzip.NewWriter(&zipped)
	l := lz4.NewWriter(&framed)
	if err := l.Apply(lz4.SizeOption(uint64(len(text)))); err != nil {
		t.Fatal(err)
	}
	for _, step := range []func() error{
		func() error { _, err := z.Write(text); return err }, z.Close,
		func() error { _, err := l.Write(text); return err }, l.Close,
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	old := bytes.Clone(framed.Bytes())
	end := 6 + 8                            // magic, flags, block size, size
	old[end] = byte(xxh32(old[0:end]) >> 8) // over the magic too
	if old[end] == framed.Bytes()[end] {
		t.Fatal("the checksum is the right one")
	}
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]packing{
		"none":        {codecNone, text},
		"gzip":        {codecGzip, zipped.Bytes()},
		"snappy":      {codecSnappy, snappy.Encode(nil, text)},
		"Java snappy": {codecSnappy, xerial.Encode(nil, text)},
		"lz4":         {codecLZ4, framed.Bytes()},
		"old lz4":     {codecLZ4, old},
		"zstd":        {codecZstd, e.EncodeAll(text, nil)},
	}
}

type packing struct {
	codec codec
	bytes []byte
}

// What each codec packs is unpacked, up to a limit.
func TestDecompress(t *testing.T) {
	for _, text := range [][]byte{[]byte("a record"), bytes.Repeat([]byte("many records "), 20_000)} {
		for name, p := range packings(t, text) {
			got, err := decompress(p.codec, p.bytes, len(text))
			if err != nil || !bytes.Equal(got, text) {
				t.Errorf("%s of %d bytes: %d, %v", name, len(text), len(got), err)
			}
			if p.codec == codecNone {
				continue
			}
			if _, err := decompress(p.codec, p.bytes, len(text)-1); err == nil {
				t.Errorf("%s: more than the limit", name)
			}
			for _, cut := range []int{0, 1, 5, len(p.bytes) / 2, len(p.bytes) - 1} {
				if got, err := decompress(p.codec, p.bytes[:cut], len(text)); err == nil && bytes.Equal(got, text) && p.codec != codecLZ4 { // whose end may be missing
					t.Errorf("%s cut to %d bytes: no error", name, cut)
				}
			}
		}
	}
	if _, err := decompress(5, []byte("x"), 10); err == nil || !strings.Contains(err.Error(), "compression 5") {
		t.Error(err)
	}
	if _, err := decompress(codecSnappy, []byte("\xff\xff\xff\x7f x"), maxUnpacked); err == nil || !strings.Contains(err.Error(), "cannot be") {
		t.Error(err)
	}
}

// Bytes of any kind are unpacked, up to the limit, or refused.
func FuzzDecompress(f *testing.F) {
	f.Add(int8(1), []byte("\x1f\x8b"))
	f.Add(int8(2), []byte(xerialMagic+"\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x02\x01\x00"))
	f.Add(int8(3), []byte("\x04\x22\x4d\x18\x60\x40\x82"))
	f.Add(int8(4), []byte("\x28\xb5\x2f\xfd"))
	f.Fuzz(func(t *testing.T, c int8, packed []byte) {
		const limit = 1 << 16
		if got, err := decompress(codec(c), packed, limit); err == nil && len(got) > limit && codec(c) != codecNone {
			t.Errorf("%d bytes", len(got))
		}
	})
}
