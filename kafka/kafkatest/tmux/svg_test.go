//go:build unix

package tmux

import (
	"encoding/xml"
	"strings"
	"testing"
)

func TestSVG(t *testing.T) {
	picture := SVG("\x1b[1mbold\x1b[0m <&>\n\x1b[38;5;208;7mor\x1b[0m \x1b[38;2;1;2;3mrgb\x1b[39m·\x1b[2m\x1b[91mdim\n", 20)
	var any struct {
		Texts []struct {
			X      string `xml:"x,attr"`
			Fill   string `xml:"fill,attr"`
			Weight string `xml:"font-weight,attr"`
			Text   string `xml:",chardata"`
		} `xml:"text"`
		Boxes []struct {
			Fill string `xml:"fill,attr"`
		} `xml:"rect"`
	}
	if err := xml.Unmarshal([]byte(picture), &any); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, text := range any.Texts {
		got = append(got, text.Fill+" "+text.Weight+" "+text.Text)
	}
	want := "#d8dee9 bold bold|#d8dee9  <&>|" + ground + "  or|#010203  rgb|#d8dee9  ·|#e88388  dim"
	if text := strings.Join(got, "|"); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	if len(any.Boxes) != 2 || any.Boxes[1].Fill != "#ff8700" {
		t.Errorf("boxes: %+v", any.Boxes)
	}
	if !strings.HasPrefix(any.Texts[1].X, "54.0 ") { // behind four letters and a blank
		t.Errorf("<&> stands at %s", any.Texts[1].X)
	}
}
