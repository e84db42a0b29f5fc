package live

import (
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"
)

// TestKeys presses keys and looks at the calls that they make.
func TestKeys(t *testing.T) {
	tests := map[string]struct {
		keys string // u and d for the arrows, C for Ctrl-C
		want []string
	}{
		"add":                       {"++", []string{"add", "add"}},
		"remove the newest":         {"-", []string{"remove 12"}},
		"then the next newest":      {"--", []string{"remove 12", "remove 11"}},
		"remove the selected":       {"3-", []string{"remove 3"}},
		"removed ones are passed":   {"3-4u-", []string{"remove 3", "remove 2"}},
		"several digits":            {"11-", []string{"remove 11"}},
		"no such member":            {"13-", []string{"remove 3"}},
		"arrows":                    {"uu-", []string{"remove 10"}},
		"arrows stop at the ends":   {"1uud-", []string{"remove 2"}},
		"freeze and go on":          {"2ff", []string{"freeze 2 true", "freeze 2 false"}},
		"quit once":                 {"qq", []string{"quit"}},
		"quit by Ctrl-C":            {"C", []string{"quit"}},
		"nothing else when leaving": {"q+-f", []string{"quit"}},
		"hurry":                     {"qC", []string{"quit", "interrupted while leaving"}},
		"unknown":                   {"x", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := newFakeGroup(12, 24)
			var calls []string
			m := &model{Options: g.options(&calls)}
			m.Update(tick{})
			for _, key := range test.keys {
				press := tea.KeyPressMsg{Code: key, Text: string(key)}
				switch key {
				case 'u':
					press = tea.KeyPressMsg{Code: tea.KeyUp}
				case 'd':
					press = tea.KeyPressMsg{Code: tea.KeyDown}
				case 'C':
					press = tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
				}
				m.Update(press)
			}
			if m.err != nil {
				calls = append(calls, m.err.Error())
			}
			if diff := cmp.Diff(test.want, calls); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestPanic lets a function panic: the view ends with an error that has the place.
func TestPanic(t *testing.T) {
	m := &model{Options: Options{FPS: maxFPS, Snapshots: func() Snapshot { panic("torn") }}}
	_, cmd := m.Update(tick{})
	if _, quits := cmd().(tea.QuitMsg); !quits {
		t.Error("the view goes on")
	}
	if m.err == nil || m.err.Error() != "panic: torn" {
		t.Errorf("got %v", m.err)
	}
}
