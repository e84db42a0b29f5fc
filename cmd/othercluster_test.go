package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
)

// TestOtherClusterTakesNothingFromTheFirst is about settings, passwords above all, that
// are meant for the first cluster.
func TestOtherClusterTakesNothingFromTheFirst(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	text := `current: prod
contexts:
  prod: {brokers: ["127.0.0.1:1"], auth: {mechanism: plain, username: u, password: "@env:P"}}
  copy: {brokers: ["127.0.0.1:2"], librdkafka: {client.id: copies}}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{
		"KSTREAM_CONFIG=" + file, "KSTREAM_BROKERS=127.0.0.1:3", "KSTREAM_CONTEXT=prod",
		"KSTREAM_PROPERTY_CLIENT_ID=mine", "KSTREAM_REGISTRY=http://127.0.0.1:4", "KSTREAM_TIMEOUT=3s",
	}
	tests := map[string]struct {
		flags   connect.OtherOptions
		want    string
		wantErr string
	}{
		"none": {want: "127.0.0.1:3 client.id=mine sasl.mechanism=PLAIN sasl.password=@env:P sasl.username=u security.protocol=SASL_PLAINTEXT " +
			"registry=http://127.0.0.1:4 3s"},
		"brokers":           {flags: connect.OtherOptions{Brokers: "127.0.0.1:5"}, want: "127.0.0.1:5 3s"},
		"context":           {flags: connect.OtherOptions{Context: "copy"}, want: "127.0.0.1:2 client.id=copies 3s"},
		"brokers instead":   {flags: connect.OtherOptions{Brokers: "127.0.0.1:5", Context: "copy"}, want: "127.0.0.1:5 client.id=copies 3s"},
		"unknown context":   {flags: connect.OtherOptions{Context: "copi"}, wantErr: `--dst-context: there is no context "copi"`},
		"brokers are empty": {flags: connect.OtherOptions{Brokers: ","}, wantErr: `flag --dst-brokers: no broker in ",": want HOST:PORT,…`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			first := &connect.Options{}
			got, err := tt.flags.Plan(&cli.Env{Environ: environ}, first)
			if err != nil {
				if diff := cmp.Diff(tt.wantErr, err.Error()); diff != "" {
					t.Error(diff)
				}
				return
			}
			if same := got == first; same == tt.flags.Given() {
				t.Errorf("is it the first cluster? %v", same)
			}
			var words []string
			for _, s := range got.Effective.List() {
				switch s.Name {
				case "bootstrap.servers", "timeout":
					words = append(words, s.Value)
				case "context": // told of both alike
				case "schema.registry.url":
					words = append(words, "registry="+s.Value)
				default:
					words = append(words, s.Name+"="+got.Effective.Properties[s.Name].Value)
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(words, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
