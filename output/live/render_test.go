package live

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestRender compares pictures with testdata/*.golden.
func TestRender(t *testing.T) {
	unicode := Look{Unicode: true, Selected: 2}
	tests := map[string]struct {
		snapshot Snapshot
		size     Size
		look     Look
	}{
		"80x24":             {sample(5, 10), Size{80, 24}, unicode},
		"80x24-colour":      {troubled(), Size{80, 24}, Look{Unicode: true, Colour: true, Selected: 1}},
		"80x24-ascii":       {troubled(), Size{80, 24}, Look{Selected: 1}},
		"80x24-partitions":  {sample(5, 1000), Size{80, 24}, unicode},
		"80x24-members":     {sample(100, 200), Size{80, 24}, Look{Unicode: true, Selected: 50}},
		"80x24-nothing-yet": {sample(0, 0), Size{80, 24}, Look{Unicode: true}},
		"80x24-unowned":     {sample(0, 10), Size{80, 24}, Look{Unicode: true}},
		"80x24-leaving":     {sample(2, 4), Size{80, 24}, Look{Unicode: true, Selected: 2, Leaving: true}},
		"80x6":              {sample(5, 10), Size{80, 6}, unicode},
		"44x24":             {sample(5, 10), Size{44, 24}, unicode},
		"44x24-map":         {sample(5, 60), Size{44, 24}, Look{Unicode: true, Colour: true, Selected: 5}},
		"200x60":            {troubled(), Size{200, 60}, unicode},
		"80x1":              {sample(5, 10), Size{80, 1}, unicode},
		"80x1-leaving":      {sample(5, 10), Size{80, 1}, Look{Leaving: true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := Render(test.snapshot, test.size, test.look) + "\n"
			path := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRenderFits draws on screens of all sizes: nothing may be too long, too wide, or
// more than the terminal was said to understand.
func TestRenderFits(t *testing.T) {
	snapshots := map[string]Snapshot{
		"nothing": {}, "usual": sample(5, 10), "troubled": troubled(), "many partitions": sample(3, 700), "many members": sample(100, 40),
	}
	for name, s := range snapshots {
		for _, look := range []Look{{}, {Unicode: true, Selected: 3}, {Colour: true, Selected: 99}, {Colour: true, Unicode: true, Leaving: true}} {
			for width := 0; width < 140; width += 1 + width/20 {
				for _, height := range []int{0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 16, 24, 50} {
					size := Size{width, height}
					if fault := misfit(Render(s, size, look), size, look); fault != "" {
						t.Fatalf("%s at %+v with %+v: %s", name, size, look, fault)
					}
				}
			}
		}
	}
}

// misfit says what is wrong with a picture.
func misfit(picture string, size Size, look Look) string {
	if size.Width == 0 || size.Height == 0 {
		return picture
	}
	lines := strings.Split(picture, "\n")
	if len(lines) > size.Height {
		return fmt.Sprintf("%d lines", len(lines))
	}
	for _, line := range lines {
		if width := ansi.StringWidth(line); width > size.Width {
			return fmt.Sprintf("%d columns: %q", width, line)
		}
		if look.Colour {
			line = ansi.Strip(line)
		}
		for _, c := range line {
			if c < ' ' || c == 0x7f || c >= 0x80 && (!look.Unicode || c < 0xa0) {
				return fmt.Sprintf("%q in %q", c, line)
			}
		}
	}
	return ""
}

func TestCount(t *testing.T) {
	tests := map[string]struct {
		n           int64
		count, size string
	}{
		"zero":      {0, "0", "0B"},
		"exact":     {9999, "9999", "9999B"},
		"thousands": {10_000, "10.0k", "10.0kB"},
		"rounded":   {999_949, "999.9k", "999.9kB"},
		"millions":  {999_950, "1.0M", "1.0MB"},
		"largest":   {math.MaxInt64, "9E", "9EB"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := count(test.n); got != test.count {
				t.Errorf("count: got %s, want %s", got, test.count)
			}
			if got := size(test.n); got != test.size {
				t.Errorf("size: got %s, want %s", got, test.size)
			}
		})
	}
}
