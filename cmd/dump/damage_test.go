package dump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOneFlippedByte changes each byte of a file in turn: it is found, and where it is.
func TestOneFlippedByte(t *testing.T) {
	dir := t.TempDir()
	data := write(t, filepath.Join(dir, "x.dump"))
	path := filepath.Join(dir, "flipped.dump")
	for i := range data {
		for _, flip := range []byte{0x01, 0x80} {
			data[i] ^= flip
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			for name, open := range map[string]func() (*Reader, error){
				"file":   func() (*Reader, error) { return Open(path) },
				"stream": func() (*Reader, error) { return NewReader(bytes.NewReader(data)) },
			} {
				r, err := open()
				if err == nil {
					_, err = readAll(r)
					r.Close()
				}
				var d *DamageError
				if !errors.As(err, &d) {
					t.Fatalf("byte %d ^ %#x, %s: %v", i, flip, name, err)
				}
				if int64(i) < d.From || int64(i) >= d.To {
					t.Errorf("byte %d ^ %#x, %s: %v", i, flip, name, err)
				}
				if name == "file" && d.Part == "block" && (d.Topic == "" || d.Last < d.First) {
					t.Errorf("byte %d: no records named: %v", i, err)
				}
			}
			data[i] ^= flip
		}
	}
}

// TestTorn cuts a file off at each byte: what is before is given out, then the error comes.
func TestTorn(t *testing.T) {
	dir := t.TempDir()
	data := write(t, filepath.Join(dir, "x.dump"))
	path := filepath.Join(dir, "torn.dump")
	most := 0
	for n := range data {
		if err := os.WriteFile(path, data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		var d *DamageError
		if !errors.As(err, &d) && (n >= 4 || !errors.Is(err, ErrNotDump)) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if d != nil && (int64(n) < d.From || int64(n) >= d.To) {
			t.Errorf("%d bytes: %v", n, err)
		}
		r, err := NewReader(bytes.NewReader(data[:n]))
		if err != nil {
			continue
		}
		got, err := readAll(r)
		if !errors.As(err, &d) {
			t.Fatalf("%d bytes of a stream: %v", n, err)
		}
		count := 0
		for tp, records := range got {
			count += len(records)
			if diff := cmp.Diff(wanted()[tp][:len(records)], records); diff != "" {
				t.Fatalf("%d bytes: -want +got:\n%s", n, diff)
			}
		}
		most = max(most, count)
	}
	if most != len(sample()) {
		t.Errorf("at most %d records before the damage", most)
	}
	more := append(bytes.Clone(data), 'x')
	if err := os.WriteFile(path, more, 0o600); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%s: end, bytes %d–%d: more bytes after the end", path, len(data), len(data))
	if _, err := Open(path); err == nil || err.Error() != want {
		t.Errorf("appended: %v, want %s", err, want)
	}
}

// TestBehindDamage reads on behind a block that is damaged.
func TestBehindDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.dump")
	data := write(t, path)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	hurt := r.blocks[1].end() - 1
	data[hurt] ^= 4
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var damages, records int
	for {
		got, err := r.Next()
		if err == io.EOF {
			break
		}
		var d *DamageError
		if err != nil && !errors.As(err, &d) {
			t.Fatal(err)
		}
		if d != nil {
			damages++
			want := fmt.Sprintf("%s: block 2, bytes %d–%d, orders[1] offsets 0–0: checksum mismatch", path, r.blocks[1].at, hurt)
			if err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
		records += len(got)
	}
	if damages != 1 || records != len(sample())-1 {
		t.Errorf("%d damages, %d records", damages, records)
	}
}

func TestNotADump(t *testing.T) {
	for name, data := range map[string]string{"empty": "", "short": "x", "text": strings.Repeat("hello ", 100), "zstd": "\x28\xb5\x2f\xfd" + strings.Repeat("x", 200)} {
		if _, err := NewReader(strings.NewReader(data)); !errors.Is(err, ErrNotDump) || err.Error() != "-: not a dump of kstream" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.HasSuffix(err.Error(), "is a directory") {
		t.Errorf("folder: %v", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}
