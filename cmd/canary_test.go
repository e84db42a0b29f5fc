//go:build linux

package cmd

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kstream/cmd/cli"
)

const canary = "Canary-s3cret"

// buggyEnv is an environment in which writing to stdout panics, with all that this process
// was told in the message.
func buggyEnv() *cli.Env {
	env := cli.NewEnv()
	env.Stdout = buggyWriter{}
	return env
}

type buggyWriter struct{}

func (buggyWriter) Write(p []byte) (int, error) {
	panic(fmt.Sprintf("no good: %s; password=%s; it was %s", p, canary, os.Getenv("CANARY")))
}

var _ io.Writer = buggyWriter{}

// A secret that stands where one may stand is not shown: neither by ps, nor in the
// environment of the commands that are started, by the client's log, in errors, by context
// show and doctor, or in the report of a bug.
func TestCanariesOfCommands(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.create(1)
	s.numbers(0, 1)
	const look = `tr '\0' '\n' </proc/self/environ >>environ; tr '\0' '\n' </proc/$PPID/cmdline >>cmdline; `
	serde := filepath.Join(s.dir, "serde") // answers each frame with itself
	cat := "-s=exec:sh " + serde
	save := func(dir, name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	save(s.dir, "serde", look+"exec cat")
	java := func(line string) string { return "security.protocol=PLAINTEXT\n" + line + "\n" }
	x := func(settings ...string) (flags []string) {
		for _, setting := range settings {
			flags = append(flags, "-X", setting)
		}
		return flags
	}
	type place struct {
		flags   []string
		environ []string
		file    string // name=text; the flags name it
		context string // lines of the context c, which is the current one
	}
	jaas := `org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="` + canary + `";`
	places := map[string]place{
		"-X sasl.password":      {flags: x("sasl.mechanism=PLAIN", "sasl.username=u", "sasl.password="+canary)},
		"-Xsasl.password":       {flags: []string{"-Xsasl.mechanism=PLAIN", "-Xsasl.username=u", "-Xsasl.password=" + canary}},
		"--property":            {flags: []string{"--property=ssl.key.password=" + canary}},
		"-X ssl.key.password":   {flags: x("ssl.key.password=" + canary)},
		"-X a keystore":         {flags: x("ssl.keystore.password=" + canary)},
		"-X JAAS":               {flags: x("sasl.mechanism=PLAIN", "sasl.jaas.config="+jaas)},
		"-X a client secret":    {flags: x("sasl.oauthbearer.client.id=c", "sasl.oauthbearer.client.secret="+canary)},
		"-X a token":            {flags: x("sasl.oauthbearer.config=token=" + canary)},
		"--registry":            {flags: []string{"--registry", "http://u:" + canary + "@127.0.0.1:1"}},
		"-X a registry's user":  {flags: append(x("schema.registry.basic.auth.user.info=u:"+canary), "--registry=http://127.0.0.1:1")},
		"-X a registry's URL":   {flags: x("schema.registry.url=http://u:" + canary + "@127.0.0.1:1")},
		"--properties":          {flags: []string{"--properties", "f.properties"}, file: "f.properties=" + java("sasl.mechanism=PLAIN\nsasl.jaas.config="+jaas)},
		"--properties, a store": {flags: []string{"--properties", "f.properties"}, file: "f.properties=" + java("ssl.key.password="+canary+"\nssl.truststore.password="+canary)},
		"--properties, kcat":    {flags: []string{"--properties", "f.conf"}, file: "f.conf=" + java("sasl.mechanism=PLAIN\nsasl.username=u\nsasl.password="+canary)},
		"a variable":            {environ: []string{"KSTREAM_PROPERTY_SASL_MECHANISM=PLAIN", "KSTREAM_PROPERTY_SASL_USERNAME=u", "KSTREAM_PROPERTY_SASL_PASSWORD=" + canary}},
		"a variable, a key":     {environ: []string{"KSTREAM_PROPERTY_SSL_KEY_PASSWORD=" + canary}},
		"a variable, registry":  {environ: []string{"KSTREAM_REGISTRY=http://u:" + canary + "@127.0.0.1:1"}},
		"@env:":                 {flags: x("sasl.mechanism=PLAIN", "sasl.username=u", "sasl.password=@env:CANARY"), environ: []string{"CANARY=" + canary}},
		"@env: of a variable":   {environ: []string{"KSTREAM_PROPERTY_SSL_KEY_PASSWORD=@env:CANARY", "CANARY=" + canary}},
		"@file:":                {flags: x("ssl.key.password=@file:secret"), file: "secret=" + canary + "\n"},
		"@cmd:":                 {flags: x("ssl.key.password=@cmd:sh helper", "sasl.mechanism=PLAIN", "sasl.username=u", "sasl.password=@env:CANARY"), environ: []string{"CANARY=" + canary}, file: "helper=" + look + "echo another\n"},
		"@cmd: that says it":    {flags: x("ssl.key.password=@cmd:cat secret"), file: "secret=" + canary + "\n"},
		"auth.password":         {context: "auth: {mechanism: PLAIN, username: u, password: " + canary + "}"},
		"tls.key-password":      {context: "librdkafka: {ssl.key.password: " + canary + "}"},
		"context, registry":     {context: "schema-registry: {url: 'http://127.0.0.1:1', username: u, password: " + canary + "}"},
		"context, @env:":        {context: "auth: {mechanism: PLAIN, username: u, password: '@env:CANARY'}", environ: []string{"CANARY=" + canary}},
	}
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := *s
			s.t, s.dir = t, t.TempDir()
			group := s.group + "-" + regexp.MustCompile(`[^a-z]`).ReplaceAllString(strings.ToLower(name), "-")
			if file, text, ok := strings.Cut(place.file, "="); ok {
				save(s.dir, file, text)
			}
			save(s.dir, "config.yaml", "current: c\ncontexts:\n  c:\n    timeout: 9s\n    "+place.context+"\n")
			flags := append([]string{"--config", "config.yaml"}, place.flags...)
			plain := append(x("security.protocol=plaintext"), flags...)
			for _, run := range []struct {
				program string
				code    int // -1: any
				args    []string
			}{
				{"kstream", 0, append([]string{"consume", s.topic, "-e", "-vv", "-g", group, "--from-offset", "beginning", "--exec", look + "exec cat"}, plain...)},
				{"kstream", 0, append([]string{"consume", s.topic, "-e", cat}, plain...)},
				{"kstream", 5, append([]string{"topic", "list", "-vv", "-b", "127.0.0.1:1", "--timeout", "2s"}, flags...)},
				{"kstream", -1, append([]string{"schema", "list", "-vv", "-o", "json", "--timeout", "2s"}, flags...)},
				{"kstream", 0, append([]string{"context", "show", "--effective"}, flags...)},
				{"kstream", -1, append([]string{"doctor", "-vv"}, flags...)},
				{"kstream-with-a-bug", 70, append([]string{"topic", "list"}, plain...)},
			} {
				p := s.launch(nil, run.program, place.environ, run.args...)
				p.closeInput()
				if run.code < 0 {
					<-p.ended
				} else {
					p.wait(run.code)
				}
				for where, text := range map[string]string{"stdout": p.printed(), "stderr": p.said()} {
					for line := range strings.Lines(text) {
						if strings.Contains(line, canary) {
							t.Errorf("%s, %s: %s", run.args[0], where, line)
						}
					}
				}
			}
			for _, file := range []string{"environ", "cmdline"} {
				text, err := os.ReadFile(filepath.Join(s.dir, file))
				if err != nil {
					t.Fatal(err)
				}
				if len(text) < 20 {
					t.Errorf("%s: only %q", file, text)
				}
				for line := range strings.Lines(string(text)) {
					if strings.Contains(line, canary) {
						t.Errorf("a child's %s: %s", file, line)
					}
				}
			}
		})
	}
}
