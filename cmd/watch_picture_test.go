//go:build unix

package cmd

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"kstream/kafka/kafkatest/tmux"
)

// TestPictureOfWatch draws the live view of a real run. UPDATE=1 writes docs/watch.svg,
// which must show what comes today: the same headings and keys, and five members that
// share ten partitions.
func TestPictureOfWatch(t *testing.T) {
	const kept = "../docs/watch.svg"
	term, _ := startWatch(t, ">out", "--color", "always")
	awaitHolds(t, term, map[string]int{"1": 2, "2": 2, "3": 2, "4": 2, "5": 2})
	term.AwaitText("1000 records", "lag 0")
	picture := tmux.SVG(term.Coloured(), 80)
	term.Keys("q")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(kept, []byte(picture), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	today, then := textsOf(t, picture), textsOf(t, string(text))
	for _, picture := range []string{today, then} {
		for _, want := range []string{"group watched", "5 members", "1000 records", "add", "remove", "freeze", "quit"} {
			if !strings.Contains(picture, want) {
				t.Errorf("%q is not in\n%s", want, picture)
			}
		}
		if n := len(holds(picture)); n != 0 && n != 5 {
			t.Errorf("%d members are in\n%s", n, picture)
		}
	}
}

// textsOf returns the texts of a picture, a line each.
func textsOf(t *testing.T, picture string) string {
	t.Helper()
	var texts strings.Builder
	decoder := xml.NewDecoder(strings.NewReader(picture))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return texts.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		if data, ok := token.(xml.CharData); ok {
			texts.Write(data)
		}
	}
}
