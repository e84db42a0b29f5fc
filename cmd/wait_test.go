package cmd

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"kstream/cmd/cli"
	"kstream/kafka/embedded"
)

// A wrong password ends a wait at once, though the time is far from up.
func TestWaitWrongPassword(t *testing.T) {
	b, err := embedded.Start(embedded.Config{
		Topics: []embedded.Topic{{Name: "orders"}},
		Users:  []embedded.User{{Mechanism: "SCRAM-SHA-256", Name: "alice", Password: "right", Super: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	tests := map[string]struct {
		password string
		args     []string
		want     cli.Code // empty: it goes well
	}{
		"broker, wrong": {"wrong", []string{"broker"}, cli.CodeAuthFailed},
		"topic, wrong":  {"wrong", []string{"topic", "orders"}, cli.CodeAuthFailed},
		"group, wrong":  {"wrong", []string{"group", "g"}, cli.CodeAuthFailed},
		"broker, right": {"right", []string{"broker"}, ""},
		"topic, right":  {"right", []string{"topic", "orders"}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			root := newRoot(&cli.Env{
				Stdin: strings.NewReader(""), Stdout: &said, Stderr: &said, Now: time.Now,
				Getenv: func(string) string { return "" },
				Environ: []string{
					"KSTREAM_PROPERTY_SECURITY_PROTOCOL=sasl_plaintext", "KSTREAM_PROPERTY_SASL_MECHANISM=SCRAM-SHA-256",
					"KSTREAM_PROPERTY_SASL_USERNAME=alice", "KSTREAM_PROPERTY_SASL_PASSWORD=" + tt.password,
				},
			})
			root.SetArgs(append(append([]string{"wait"}, tt.args...), "-b", b.Addr(), "--within", "10m"))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := root.ExecuteContext(ctx)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("error %v; said %s", err, said.String())
			case tt.want != "" && (err == nil || cli.CodeOf(err) != tt.want):
				t.Errorf("error %v, want %s; said %s", err, tt.want, said.String())
			}
		})
	}
}
