package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shown is an Effective as one line a setting, for comparison.
func shown(e *Effective) string {
	var b strings.Builder
	for _, s := range e.List() {
		if s.Name != "timeout" && s.Name != "context" {
			b.WriteString(s.Name + "=" + s.Value + " (" + s.Origin + ")\n")
		}
	}
	for _, w := range e.Warnings {
		b.WriteString("! " + w + "\n")
	}
	return b.String()
}

func TestResolve(t *testing.T) {
	const scram = "auth: {mechanism: scram_sha512, username: u, password: '@env:P'}"
	tests := map[string]struct {
		config  string // of context c, which is current
		props   string // a properties file
		opts    Options
		env     []string
		want    string
		wantErr string
		hint    string
	}{
		"defaults":    {want: "bootstrap.servers=localhost:9092 (default)\n"},
		"flag":        {opts: Options{Brokers: "a:1, b:2"}, env: []string{"KSTREAM_BROKERS=c:3"}, want: "bootstrap.servers=a:1,b:2 (flag --brokers)\n"},
		"environment": {config: "brokers: [d:4]", env: []string{"KSTREAM_BROKERS=c:3"}, want: "bootstrap.servers=c:3 (environment KSTREAM_BROKERS)\n"},
		"context":     {config: "brokers: [d:4]", want: "bootstrap.servers=d:4 (context c)\n"},
		"brokers by -X": {
			opts: Options{Properties: []string{"metadata.broker.list=x:1"}}, env: []string{"KSTREAM_BROKERS=c:3"},
			want: "bootstrap.servers=x:1 (flag -X)\n",
		},
		"order": {
			config: "librdkafka: {client.id: d, client.rack: d, linger.ms: 4, debug: all, fetch.min.bytes: 9}",
			props:  "client.id=b\nclient.rack=b\n", env: []string{"KSTREAM_PROPERTY_CLIENT_ID=c", "KSTREAM_PROPERTY_client_rack=c", "KSTREAM_PROPERTY_DEBUG=c"},
			opts: Options{Properties: []string{"client.id=z", "client.id=a", "queue.buffering.max.ms=1"}},
			want: `bootstrap.servers=localhost:9092 (default)
client.id=a (flag -X)
client.rack=b (file FILE)
debug=c (environment KSTREAM_PROPERTY_DEBUG)
fetch.min.bytes=9 (context c)
linger.ms=1 (flag -X)
`,
		},
		"scram without TLS": {config: scram, want: `bootstrap.servers=localhost:9092 (default)
sasl.mechanism=SCRAM-SHA-512 (context c)
sasl.password=@env:P (context c)
sasl.username=u (context c)
security.protocol=SASL_PLAINTEXT (context c)
`},
		"literal secret": {
			config: "tls: {}", opts: Options{Properties: []string{"sasl.mechanism=plain", "sasl.username=u", "sasl.password=p"}},
			want: `bootstrap.servers=localhost:9092 (default)
sasl.mechanism=PLAIN (flag -X)
sasl.password=*** (flag -X)
sasl.username=u (flag -X)
security.protocol=SASL_SSL (flag -X)
! -X sasl.password: other users of this machine can see a secret on the command line; use @env:, @file: or @keyring:
`,
		},
		"tls": {config: "tls: {ca: ~/ca.pem, insecure: true, verify-hostname: false}", env: []string{"HOME=/h"}, want: `bootstrap.servers=localhost:9092 (default)
enable.ssl.certificate.verification=false (context c)
security.protocol=SSL (context c)
ssl.ca.location=/h/ca.pem (context c)
ssl.endpoint.identification.algorithm=none (context c)
! context c: certificates are not verified: anybody may pose as the broker
`},
		"other brokers": {config: scram, opts: Options{Brokers: "e:1"}, want: `bootstrap.servers=e:1 (flag --brokers)
sasl.mechanism=SCRAM-SHA-512 (context c)
sasl.password=@env:P (context c)
sasl.username=u (context c)
security.protocol=SASL_PLAINTEXT (context c)
! the brokers come from flag --brokers, the credentials from the current context c
`},
		"plain in the clear": {
			props: "sasl.mechanism=PLAIN\nsasl.jaas.config=x.PlainLoginModule required username=\"u\" password=\"p\";\nsecurity.protocol=SASL_PLAINTEXT\nnot.known=1\nmax.block.ms=1",
			want: `bootstrap.servers=localhost:9092 (default)
sasl.mechanism=PLAIN (file FILE)
sasl.password=*** (file FILE)
sasl.username=u (file FILE)
security.protocol=SASL_PLAINTEXT (file FILE)
! FILE: ignored, for librdkafka has no such property: not.known
! PLAIN without TLS: the password crosses the network readable
`,
		},
		"oidc": {config: "{tls: {}, auth: {token-url: 'https://t', client-id: i, client-secret: s}}", want: `bootstrap.servers=localhost:9092 (default)
sasl.mechanism=OAUTHBEARER (context c)
sasl.oauthbearer.client.credentials.client.id=i (context c)
sasl.oauthbearer.client.credentials.client.secret=*** (context c)
sasl.oauthbearer.method=oidc (context c)
sasl.oauthbearer.token.endpoint.url=https://t (context c)
security.protocol=SASL_SSL (context c)
`},
		"token": {config: "auth: {mechanism: oauth, token: '@cmd:t'}", want: `bootstrap.servers=localhost:9092 (default)
sasl.mechanism=OAUTHBEARER (context c)
security.protocol=SASL_PLAINTEXT (context c)
auth.token=@cmd:t (context c)
`},
		"token by flag": {config: scram, opts: Options{Token: "@file:t"}, env: []string{"KSTREAM_TOKEN=x"}, want: `bootstrap.servers=localhost:9092 (default)
sasl.mechanism=OAUTHBEARER (flag --token)
sasl.password=@env:P (context c)
sasl.username=u (context c)
security.protocol=SASL_PLAINTEXT (context c)
auth.token=@file:t (flag --token)
`},
		"token by variable, before OIDC": {config: "{tls: {}, auth: {token-url: 'https://t', client-id: i, client-secret: '@env:S'}}", env: []string{"KSTREAM_TOKEN=x"}, want: `bootstrap.servers=localhost:9092 (default)
sasl.mechanism=OAUTHBEARER (environment KSTREAM_TOKEN)
sasl.oauthbearer.client.credentials.client.id=i (context c)
sasl.oauthbearer.client.credentials.client.secret=@env:S (context c)
sasl.oauthbearer.token.endpoint.url=https://t (context c)
security.protocol=SASL_SSL (context c)
auth.token=*** (environment KSTREAM_TOKEN)
`},
		"a mechanism before the token's": {opts: Options{Properties: []string{"sasl.mechanism=PLAIN", "sasl.username=u", "sasl.password=@env:P"}}, env: []string{"KSTREAM_TOKEN=x"}, want: `bootstrap.servers=localhost:9092 (default)
sasl.mechanism=PLAIN (flag -X)
sasl.password=@env:P (flag -X)
sasl.username=u (flag -X)
security.protocol=SASL_PLAINTEXT (flag -X)
! PLAIN without TLS: the password crosses the network readable
`},
		"MSK by its brokers": {config: "{auth: {mechanism: aws_msk_iam}, brokers: ['b-1.c.x1.c2.kafka.eu-west-1.amazonaws.com:9098']}", env: []string{"AWS_REGION=us-east-1"}, want: `bootstrap.servers=b-1.c.x1.c2.kafka.eu-west-1.amazonaws.com:9098 (context c)
sasl.aws.region=eu-west-1 (context c)
sasl.mechanism=AWS_MSK_IAM (context c)
security.protocol=SASL_SSL (context c)
`},
		"MSK by variables": {env: []string{"KSTREAM_PROPERTY_SASL_MECHANISM=AWS_MSK_IAM", "KSTREAM_PROPERTY_SASL_AWS_PROFILE=work", "AWS_REGION=us-east-1"}, want: `bootstrap.servers=localhost:9092 (default)
sasl.aws.profile=work (environment KSTREAM_PROPERTY_SASL_AWS_PROFILE)
sasl.aws.region=us-east-1 (environment AWS_REGION)
sasl.mechanism=AWS_MSK_IAM (environment KSTREAM_PROPERTY_SASL_MECHANISM)
security.protocol=SASL_SSL (environment KSTREAM_PROPERTY_SASL_MECHANISM)
`},
		"MSK of Java": {props: "security.protocol=SASL_SSL\nsasl.mechanism=AWS_MSK_IAM\nsasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required awsProfileName=\"work\";\nsasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler\n", opts: Options{Brokers: "boot-x.c1.kafka-serverless.us-west-2.amazonaws.com:9098"}, want: `bootstrap.servers=boot-x.c1.kafka-serverless.us-west-2.amazonaws.com:9098 (flag --brokers)
sasl.aws.profile=work (file FILE)
sasl.aws.region=us-west-2 (flag --brokers)
sasl.mechanism=AWS_MSK_IAM (file FILE)
security.protocol=SASL_SSL (file FILE)
`},
		"registry": {
			config: "schema-registry: {url: 'http://a', username: u, password: p, ca: /ca, insecure: true}", env: []string{"KSTREAM_REGISTRY=https://me:pw@b/x"},
			want: `bootstrap.servers=localhost:9092 (default)
schema.registry.ca=/ca (context c)
schema.registry.insecure=true (context c)
schema.registry.password=*** (environment KSTREAM_REGISTRY)
schema.registry.url=https://b/x (environment KSTREAM_REGISTRY)
schema.registry.username=me (environment KSTREAM_REGISTRY)
! context c: the registry's certificate is not verified
`,
		},
		"registry by several URLs": {opts: Options{Registry: "http://me:pw@a, https://b/x"}, want: `bootstrap.servers=localhost:9092 (default)
schema.registry.password=*** (flag --registry)
schema.registry.url=http://a,https://b/x (flag --registry)
schema.registry.username=me (flag --registry)
`},
		"registry by -X": {opts: Options{Properties: []string{"schema.registry.url=http://a", "schema.registry.basic.auth.user.info=u:p"}, Registry: ""}, env: []string{"KSTREAM_REGISTRY=http://b"}, want: `bootstrap.servers=localhost:9092 (default)
schema.registry.password=*** (flag -X)
schema.registry.url=http://a (flag -X)
schema.registry.username=u (flag -X)
! -X schema.registry.basic.auth.user.info: other users of this machine can see a secret on the command line; use @env:, @file: or @keyring:
`},
		"kcat's topic.": {opts: Options{Properties: []string{"topic.auto.offset.reset=latest"}}, want: "bootstrap.servers=localhost:9092 (default)\nauto.offset.reset=latest (flag -X)\n"},
		"credentials not used": {
			config: scram, opts: Options{Properties: []string{"security.protocol=plaintext"}},
			want: `bootstrap.servers=localhost:9092 (default)
sasl.mechanism=SCRAM-SHA-512 (context c)
sasl.password=@env:P (context c)
sasl.username=u (context c)
security.protocol=PLAINTEXT (flag -X)
! security.protocol=PLAINTEXT (flag -X): the credentials are not used
`,
		},

		"unknown property":    {opts: Options{Properties: []string{"sasl.pasword=hunter2"}}, wantErr: `-X: librdkafka has no property "sasl.pasword"`, hint: "did you mean sasl.password?"},
		"unknown in context":  {config: "librdkafka: {foo.bar.baz: 1}", wantErr: `CONFIG: context c: librdkafka: librdkafka has no property "foo.bar.baz"`},
		"unknown variable":    {env: []string{"KSTREAM_PROPERTY_SASL_USERNAM=u"}, wantErr: "KSTREAM_PROPERTY_SASL_USERNAM: librdkafka has no such property", hint: "did you mean KSTREAM_PROPERTY_SASL_USERNAME?"},
		"our own":             {opts: Options{Properties: []string{"go.logs.channel.enable=false"}}, wantErr: `-X: "go.logs.channel.enable" is set by kstream itself`},
		"no value":            {opts: Options{Properties: []string{"=secret"}}, wantErr: `-X: want NAME=VALUE, have ""`},
		"no mechanism":        {opts: Options{Properties: []string{"security.protocol=SASL_SSL"}}, wantErr: "flag -X: SASL_SSL needs a SASL mechanism", hint: askMechanism},
		"kerberos":            {config: "auth: {mechanism: GSSAPI}", wantErr: "context c: GSSAPI (Kerberos) is not built into this client: it would need the system's Kerberos libraries", hint: "docs/config.md says how to build one that has it; the mechanisms are PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, AWS_MSK_IAM"},
		"mechanism":           {config: "auth: {mechanism: SCRAM-SHA-51}", wantErr: `context c: there is no SASL mechanism "SCRAM-SHA-51"`, hint: "did you mean SCRAM-SHA-512? the mechanisms are PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, AWS_MSK_IAM"},
		"no user":             {config: "auth: {mechanism: PLAIN}", wantErr: "context c: PLAIN needs a user name", hint: "set auth.username in the context, or -X sasl.username=NAME"},
		"no password":         {config: "auth: {mechanism: PLAIN, username: u}", wantErr: "context c: PLAIN needs a password", hint: "set auth.password in the context, or -X sasl.password=@env:NAME"},
		"no token":            {config: "auth: {mechanism: OAUTHBEARER}", wantErr: "context c: OAUTHBEARER needs a token", hint: `--token, KSTREAM_TOKEN or auth.token ("@cmd:…", "@file:…"), or auth.token-url with client-id and client-secret, in the context`},
		"two ways":            {opts: Options{Token: "@file:t", Properties: []string{"sasl.mechanism=PLAIN"}}, wantErr: "flag --token: a token is of mechanism OAUTHBEARER, not of PLAIN"},
		"no region":           {config: "auth: {mechanism: AWS_MSK_IAM}", wantErr: "context c: AWS_MSK_IAM needs the region, which the brokers' names do not hold", hint: "set auth.aws-region in the context, -X sasl.aws.region=REGION, or AWS_REGION"},
		"no client id":        {config: "auth: {token-url: 'https://t'}", wantErr: "context c: OIDC needs a client id", hint: "set auth.client-id in the context, or -X sasl.oauthbearer.client.id=ID"},
		"no client secret":    {config: "auth: {token-url: 'https://t', client-id: i}", wantErr: "context c: OIDC needs a client secret", hint: "set auth.client-secret in the context, or -X sasl.oauthbearer.client.secret=@env:NAME"},
		"token URL":           {config: "auth: {token-url: 't.example/token', client-id: i, client-secret: s}", wantErr: `context c: the token endpoint must be an http:// or https:// URL, not ***`},
		"protocol":            {opts: Options{Properties: []string{"security.protocol=TLS"}}, wantErr: `flag -X: security.protocol must be PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL, not "TLS"`},
		"registry's URL":      {opts: Options{Registry: "host:8081"}, wantErr: `flag --registry: the registry must be an http:// or https:// URL, not "host:8081"`},
		"no broker":           {opts: Options{Brokers: " ,"}, wantErr: `flag --brokers: no broker in " ,": want HOST:PORT,…`},
		"timeout":             {opts: Options{Timeout: "10"}, wantErr: `--timeout: "10": a unit is missing: want a number and a unit of ms s m h d w, such as 500ms, 1h30m or 2d`},
		"timeout by variable": {env: []string{"KSTREAM_TIMEOUT=0"}, wantErr: `KSTREAM_TIMEOUT: "0": must be more than 0`},
	}
	if kerberos {
		delete(tests, "kerberos")
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			tt.opts.Environ = append(tt.env, "XDG_CONFIG_HOME="+dir)
			path := filepath.Join(dir, "kstream", "config.yaml")
			if tt.config != "" {
				d, err := OpenDocument(path)
				if err != nil {
					t.Fatal(err)
				}
				if err = d.Save(); err != nil { // makes the directory
					t.Fatal(err)
				}
				text := "current: c\ncontexts: {c: {" + strings.TrimSuffix(strings.TrimPrefix(tt.config, "{"), "}")
				if !strings.HasPrefix(tt.config, "{") {
					text = "current: c\ncontexts: {c: {" + tt.config
				}
				if err = os.WriteFile(path, []byte(text+"}}\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if tt.props != "" {
				tt.opts.File = writeFile(t, "client.properties", tt.props, 0o600)
			}
			got, err := Resolve(tt.opts)
			gotErr := strings.ReplaceAll(errText(err), path, "CONFIG")
			if diff := cmp.Diff(tt.wantErr, gotErr); diff != "" {
				t.Fatal(diff)
			}
			if err != nil {
				if known := (*Error)(nil); !errors.As(err, &known) || known.Kind != Usage || known.Hint != tt.hint {
					t.Errorf("got %#v", known)
				}
				return
			}
			text := shown(got)
			if tt.opts.File != "" {
				text = strings.ReplaceAll(text, tt.opts.File, "FILE")
			}
			if diff := cmp.Diff(tt.want, text); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestResolveChoosesContext(t *testing.T) {
	path := writeFile(t, "c.yaml", "current: a\ncontexts: {a: {brokers: [a:1]}, prod: {brokers: [b:1], readonly: true}}\n", 0o644)
	missing := filepath.Join(t.TempDir(), "none.yaml")
	tests := map[string]struct {
		opts          Options
		want, wantErr string
		kind          Kind
	}{
		"current":       {opts: Options{Config: path}, want: "a"},
		"flag":          {opts: Options{Config: path, Context: "prod", Environ: []string{"KSTREAM_CONTEXT=a"}}, want: "prod"},
		"environment":   {opts: Options{Environ: []string{"KSTREAM_CONTEXT=prod", "KSTREAM_CONFIG=" + path}}, want: "prod"},
		"unknown":       {opts: Options{Config: path, Context: "prd"}, wantErr: `--context: there is no context "prd"`, kind: UnknownContext},
		"no file":       {opts: Options{Context: "a", Environ: []string{"HOME=" + filepath.Dir(missing)}}, wantErr: `--context a: there is no configuration file`, kind: UnknownContext},
		"named file":    {opts: Options{Config: missing}, wantErr: missing + ": no such file", kind: NoSuchFile},
		"no properties": {opts: Options{File: missing}, wantErr: missing + ": no such file", kind: NoSuchFile},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, err := Resolve(tt.opts)
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if err != nil {
				var e *Error
				if !errors.As(err, &e) || e.Kind != tt.kind {
					t.Errorf("%#v, want kind %d", err, tt.kind)
				}
				return
			}
			if e.Context != tt.want || e.ReadOnly != (tt.want == "prod") || e.ConfigFile != path {
				t.Errorf("got %+v", e)
			}
			if diff := cmp.Diff([]string{path + " can be read by others (mode 0644): chmod 600 " + path}, e.Warnings); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConnect(t *testing.T) {
	ca := writeFile(t, "ca.pem", "x", 0o600)
	token := writeFile(t, "token", "one", 0o600)
	e, err := Resolve(Options{
		Brokers: "a:1", Timeout: "1m30s",
		Properties: []string{
			"ssl.ca.location=" + ca, "sasl.mechanism=SCRAM-SHA-256", "sasl.username=@env:WHO", "sasl.password=@env:P",
			"schema.registry.url=http://r", "schema.registry.username=u", "schema.registry.password=@env:P",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if e.Timeout != 90*time.Second {
		t.Errorf("timeout is %v", e.Timeout)
	}
	asked := 0
	secrets := Secrets{Getenv: func(name string) (string, bool) {
		asked++
		return "value of " + name, name != "GONE"
	}}
	c, err := e.Connect(t.Context(), secrets)
	if err != nil {
		t.Fatal(err)
	}
	if asked != 2 {
		t.Errorf("%d look-ups", asked)
	}
	want := map[string]string{
		"bootstrap.servers": "a:1", "sasl.mechanism": "SCRAM-SHA-256", "sasl.password": "value of P",
		"sasl.username": "value of WHO", "security.protocol": "SASL_SSL", "ssl.ca.location": ca,
	}
	if diff := cmp.Diff(want, c.Properties); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"url": "http://r", "username": "u", "password": "value of P"}, c.Registry); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("no *** here", c.Scrub("no value of P here")); diff != "" {
		t.Error(diff)
	}
	if c.Tokens != nil || c.Credentials != nil {
		t.Error("there is a token")
	}

	e.Properties["sasl.password"] = Setting{"@env:GONE", Origin{FromContext, "prod"}}
	_, err = e.Connect(t.Context(), secrets)
	if diff := cmp.Diff("sasl.password (context prod): @env:GONE: the variable is not set", errText(err)); diff != "" {
		t.Error(diff)
	}
	e.Properties = map[string]Setting{"ssl.ca.location": {ca + "x", Origin{FromFlag, "-X"}}}
	_, err = e.Connect(t.Context(), secrets)
	if diff := cmp.Diff("ssl.ca.location (flag -X): "+ca+"x: no such file or directory", errText(err)); diff != "" {
		t.Error(diff)
	}

	e.Properties, e.Token = nil, Setting{"@file:" + token, Origin{FromContext, "prod"}}
	if c, err = e.Connect(t.Context(), secrets); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one", "two"} { // a token that was refused is read anew
		if err = os.WriteFile(token, []byte(want+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := c.Tokens.Token(t.Context())
		if err != nil || got.Text != want {
			t.Errorf("got %q, %v, want %q", got.Text, err, want)
		}
		c.Tokens.Refused(got.Text)
	}
}
