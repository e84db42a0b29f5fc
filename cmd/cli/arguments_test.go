package cli

import "testing"

func TestSecretIn(t *testing.T) {
	for _, test := range []struct{ before, arg, want string }{
		{"-X", "sasl.password=hunter2", "hunter2"},
		{"", "-Xsasl.password=hunter2", "hunter2"},
		{"", "--property=ssl.key.password=hunter2=", "hunter2="},
		{"--password", "hunter2", "hunter2"},
		{"", "--token=hunter2", "hunter2"},
		{"team", "auth.password=hunter2", "hunter2"},
		{"--registry", "http://u:hunter2@host:80", "hunter2"},
		{"-X", "schema.registry.url=http://u:p@ss@host", "p@ss"},
		{"--password", "@env:PASSWORD", ""},
		{"-X", "sasl.password=@file:x", ""},
		{"--password-file", "path", ""},
		{"-X", "sasl.username=ada", ""},
		{"-b", "localhost:9092", ""},
		{"consume", "orders", ""},
	} {
		from, to := secretIn(test.before, test.arg)
		if got := test.arg[from:to]; got != test.want {
			t.Errorf("%s %s: %q, want %q", test.before, test.arg, got, test.want)
		}
	}
}
