package cmd

import (
	"os"
	"regexp"
	"strings"
	"testing"

	shellquote "github.com/kballard/go-shellquote"
	"github.com/spf13/cobra"
)

// TestComingFromParses parses each kstream command of docs/coming-from.md, up to where it
// would do something.
func TestComingFromParses(t *testing.T) {
	page, err := os.ReadFile("../docs/coming-from.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(line, " | ")
		if !strings.HasPrefix(line, "| `") || len(cells) != 2 {
			continue
		}
		for _, m := range regexp.MustCompile("`(kstream [^`]*)`").FindAllStringSubmatch(cells[1], -1) {
			n++
			words, err := shellquote.Split(m[1])
			if err != nil {
				t.Errorf("coming-from.md:%d: %s: %v", i+1, m[1], err)
				continue
			}
			root := testRoot()
			everyCommand(root, func(c *cobra.Command) {
				if c.RunE != nil {
					c.RunE = func(*cobra.Command, []string) error { n--; return nil }
				}
			})
			before := n
			root.SetArgs(words[1:])
			if err := root.Execute(); err != nil {
				t.Errorf("coming-from.md:%d: %s: %v", i+1, m[1], err)
			} else if n != before-1 {
				t.Errorf("coming-from.md:%d: %s runs nothing", i+1, m[1])
			}
			n = before
		}
	}
	if n < 100 {
		t.Errorf("%d commands", n)
	}
}
