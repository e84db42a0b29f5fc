package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/output"
)

func TestConfirm(t *testing.T) {
	table := &output.Table{Columns: []output.Column{{Name: "group"}}}
	table.Add("a\x1b[2J")
	const shown = "group\na\\x1b[2J\nDelete a? [y/N] "
	tests := map[string]struct {
		flags    Confirmation
		terminal bool
		answer   string
		wantErr  string
		want     string
	}{
		"--yes":       {flags: Confirmation{Yes: true}},
		"no terminal": {wantErr: "delete a: needs a yes, and there is no terminal to ask on"},
		"y":           {terminal: true, answer: "y\n", want: shown},
		"Yes":         {terminal: true, answer: " Yes \n", want: shown},
		"no":          {terminal: true, answer: "n\n", want: shown, wantErr: "delete a: not confirmed, nothing was changed"},
		"return":      {terminal: true, answer: "\n", want: shown, wantErr: "delete a: not confirmed, nothing was changed"},
		"ctrl-d":      {terminal: true, want: shown, wantErr: "delete a: not confirmed, nothing was changed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			env := &Env{Stdin: strings.NewReader(tt.answer), Stderr: &stderr, StdinTerminal: tt.terminal, StderrTerminal: tt.terminal, Color: "never"}
			err := tt.flags.Ask(t.Context(), env, table, "delete a")
			text := ""
			if err != nil {
				text = err.Error()
				if CodeOf(err) != CodeNeedsYes {
					t.Errorf("code %s", CodeOf(err))
				}
			}
			if diff := cmp.Diff(tt.wantErr, text); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.want, stderr.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
