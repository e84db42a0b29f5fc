package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMeterLine(t *testing.T) {
	tests := map[string]struct {
		total, read int64
		took        time.Duration
		want        string
	}{
		"nothing yet": {1000, 0, time.Second, "counted 0%"},
		"slow":        {1000, 250, 10 * time.Second, "counted 25%, 25 offsets a second, 30s left"},
		"fast":        {9_000_000_000, 3_000_000_000, 1000 * time.Second, "counted 33%, 3.0M offsets a second, 33m20s left"},
		"done":        {10, 10, 500 * time.Microsecond, "counted 100%, 20.0k offsets a second, 0s left"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := Meter{done: "counted"}
			if d := cmp.Diff(tt.want, m.line(tt.total, tt.read, tt.took)); d != "" {
				t.Errorf("line (-want +got):\n%s", d)
			}
		})
	}
}

// The line is drawn now and then, on a terminal alone, and taken away at the end.
func TestMeterShow(t *testing.T) {
	left := int64(100)
	for name, tt := range map[string]struct {
		env  Env
		want string
	}{
		"terminal": {Env{StderrTerminal: true}, "\r\x1b[Kcounted 30%, 100 offsets a second, 1s left\r\x1b[Kcounted 60%, 100 offsets a second, 0s left\r\x1b[K"},
		"quiet":    {Env{StderrTerminal: true, Quiet: true}, ""},
		"pipe":     {Env{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			now := time.UnixMilli(0)
			env := tt.env
			env.Stderr, env.Now = &text, func() time.Time { return now }
			m := NewMeter(&env, "counted")
			for range 6 {
				now = now.Add(100 * time.Millisecond)
				left -= 10
				m.Show(100, func() int64 { return left })
			}
			m.Clear()
			m.Clear()
			left = 100
			if d := cmp.Diff(tt.want, text.String()); d != "" {
				t.Errorf("stderr (-want +got):\n%s", d)
			}
		})
	}
}
