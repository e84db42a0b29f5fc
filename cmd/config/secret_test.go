package config

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zalando/go-keyring"
)

func TestLookup(t *testing.T) {
	file := writeFile(t, "secret", "s3cret\r\n", 0o600)
	missing := filepath.Join(t.TempDir(), "none")
	secrets := Secrets{
		Getenv: func(name string) (string, bool) {
			v, ok := map[string]string{"A": "from env", "HOME": filepath.Dir(file)}[name]
			return v, ok
		},
		Keyring: func(name string) (string, error) {
			switch name {
			case "prod":
				return "from keyring", nil
			case "gone":
				return "", keyring.ErrNotFound
			}
			return "", errors.New(`exec: "dbus-launch": executable file not found in $PATH`)
		},
	}
	tests := map[string]struct {
		value, want, wantErr, hint string
		kind                       Kind
	}{
		"literal":        {value: "p@ss", want: "p@ss"},
		"no scheme":      {value: "@home", want: "@home"},
		"env":            {value: "@env:A", want: "from env"},
		"env unset":      {value: "@env:B", wantErr: "@env:B: the variable is not set"},
		"file":           {value: "@file:" + file, want: "s3cret"},
		"home":           {value: "@file:~/secret", want: "s3cret"},
		"no file":        {value: "@file:" + missing, wantErr: "@file:" + missing + ": no such file", kind: NoSuchFile},
		"command":        {value: `@cmd:printf '%s\n' "a b"`, want: "a b"},
		"no shell":       {value: `@cmd:echo $HOME;`, want: "$HOME;"},
		"command fails":  {value: `@cmd:sh -c "echo locked >&2; exit 3"`, wantErr: `@cmd:sh -c "echo locked >&2; exit 3": exit status 3: locked`},
		"quote":          {value: `@cmd:echo 'a`, wantErr: "@cmd:echo 'a: a quote is not closed"},
		"empty command":  {value: `@cmd: `, wantErr: "@cmd: : the command is empty"},
		"keyring":        {value: "@keyring:prod", want: "from keyring"},
		"not in keyring": {value: "@keyring:gone", wantErr: "@keyring:gone: the keyring has no such secret", hint: `store it as account "gone" of service "kstream"`},
		"no keyring":     {value: "@keyring:x", wantErr: `@keyring:x: no keyring on this machine (exec: "dbus-launch": executable file not found in $PATH)`, hint: "use @file: or @cmd: instead"},
		"no name":        {value: "@env:", wantErr: "@env:: a name is missing after the colon"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := secrets.Lookup(t.Context(), tt.value)
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if known := (*Error)(nil); err != nil && (!errors.As(err, &known) || known.Kind != tt.kind || known.Hint != tt.hint) {
				t.Errorf("got %#v", err)
			}
		})
	}
}

func TestRedact(t *testing.T) {
	for name, want := range map[string]string{
		"sasl.password": hidden, "ssl.key.password": hidden, "ssl.key.pem": hidden, "sasl.jaas.config": hidden,
		"sasl.oauthbearer.client.secret": hidden, "auth.token": hidden, "sasl.oauthbearer.assertion.private.key.passphrase": hidden,
		"sasl.username": "value", "sasl.oauthbearer.token.endpoint.url": "value", "ssl.key.location": "value",
	} {
		if got := Redact(name, "value"); got != want {
			t.Errorf("%s: got %s", name, got)
		}
	}
	if got := Redact("sasl.password", "@env:X"); got != "@env:X" {
		t.Errorf("a reference: got %s", got)
	}
	if got := Redact("url", "http://u:p@h/x"); got != "http://u:***@h/x" {
		t.Errorf("a URL: got %s", got)
	}
}

func TestScrub(t *testing.T) {
	s := NewScrubber([]string{"hunter2", "hunter2-long", "abc"})
	for text, want := range map[string]string{
		"login hunter2-long, hunter2 failed": "login ***, *** failed",
		"abc stays":                          "abc stays",
		"sasl.password=x1 y":                 "sasl.password=*** y",
		`{"password": "a \" b", "n": 1}`:     `{"password": ***, "n": 1}`,
		"sasl.jaas.config=x username=u":      "sasl.jaas.config=***",
		"GET http://me:pw@host/a":            "GET http://me:***@host/a",
		"Authorization: Bearer eyJ.x":        "Authorization: Bearer ***",
		"unexpected token in JSON":           "unexpected token in JSON",
		"-----BEGIN PRIVATE KEY-----\nMII\n": "-----BEGIN PRIVATE KEY-----***",
	} {
		if diff := cmp.Diff(want, s.Scrub(text)); diff != "" {
			t.Error(diff)
		}
	}
}
