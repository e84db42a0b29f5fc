package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A secret that somebody wrote in the wrong place, or that cannot be read where it is,
// never stands in an error, a hint, a warning or a list of settings.
func TestCanaries(t *testing.T) {
	for _, canary := range []string{"hunter2", "Canary-s3cret", "correcthorse", "qz7x/qz8x:qz9x#qz0x", "zq7y,zq8y@zq9y", "QUJDREVG==", "qpzz%zz", "[qxqx]{qyqy}"} {
		contexts := map[string]string{
			"an alias":      "auth: {mechanism: PLAIN, username: u, password: *%s}",
			"mechanism":     "auth: {mechanism: '%s', username: u, password: p}",
			"a plain one":   "auth: {mechanism: %s, username: u}",
			"a key":         "auth: {'%s': x}",
			"two keys":      "auth: {username: u, '%s': x, '%s': y}",
			"a key of two":  "tls: {'%s': true}\n    tls: {'%s': true}",
			"a bool":        "tls: {insecure: '%s'}",
			"verify":        "tls: {verify-hostname: '%s'}",
			"readonly":      "readonly: '%s'",
			"a list":        "auth: ['%s']",
			"a mapping":     "auth: {password: {'%s': x}}",
			"not closed":    "auth: {password: \"%s",
			"a tag":         "auth: {password: !%s x}",
			"tabs":          "auth:\n\t\tpassword: %s",
			"a colon":       "auth: {password: a: %s}",
			"an anchor":     "auth: {password: &%s}",
			"a merge":       "<<: *%s",
			"url":           "schema-registry: {url: '%s'}",
			"url user":      "schema-registry: {url: 'https://u:%s@host:80'}",
			"url no scheme": "schema-registry: {url: 'u:%s@host:80'}",
			"url path":      "schema-registry: {url: 'ftp://u:%s@host:80'}",
			"brokers":       "brokers: ['SASL_PLAINTEXT://u:%s@h:1']",
			"brokers bare":  "brokers: ['u:%s@h:1']",
			"a ca":          "tls: {ca: '%s'}",
			"a registry ca": "schema-registry: {url: 'http://h', ca: '%s'}",
			"a property":    "librdkafka: {'%s': x}",
			"a protocol":    "librdkafka: {security.protocol: '%s'}",
			"a key file":    "tls: {cert: /dev/null, key: '%s', key-password: '%s'}",
			"no user":       "auth: {mechanism: PLAIN, password: '%s'}",
			"no mechanism":  "auth: {username: u, password: '%s'}",
			"a good one":    "auth: {mechanism: PLAIN, username: u, password: '%s'}",
			"token url":     "auth: {mechanism: OAUTHBEARER, token-url: 'https://u:%s@h', client-id: c, client-secret: '%s'}",
		}
		files := map[string]string{
			"bare":       "security.protocol=SASL_SSL\n%s\n",
			"spaced":     "sasl.password %s\n",
			"mechanism":  "sasl.mechanism=%s\n",
			"jaas":       "sasl.jaas.config=%s\n",
			"jaas class": "sasl.jaas.config=a.%s required username=u;\n",
			"jaas open":  "sasl.jaas.config=PlainLoginModule required password=\"%s;\n",
			"a name":     "%s=x\n",
			"a store":    "ssl.truststore.location=%s\n",
			"a keystore": "ssl.keystore.location=%s\n",
			"a protocol": "security.protocol=%s\n",
			"a url":      "schema.registry.url=u:%s@h\n",
			"user.info":  "schema.registry.url=http://h\nschema.registry.basic.auth.user.info=u:%s\n",
			"brokers":    "bootstrap.servers=SASL_SSL://u:%s@h:9\n",
			"an escape":  "sasl.password=\\u%s\n",
		}
		check := func(name, where, text string) {
			paths := strings.HasSuffix(name, " ca") || strings.Contains(name, "key file") || strings.Contains(name, "store")
			if paths && (where == "list" || strings.ContainsAny(canary, "./:")) {
				return // it may be a path
			}
			if strings.Contains(text, canary) {
				t.Errorf("%s: %s: %s", name, where, text)
			}
			for part := range strings.FieldsFuncSeq(canary, func(r rune) bool { return strings.ContainsRune("/:#,@%[]{}=", r) }) {
				if len(part) > 3 && strings.Contains(text, part) {
					t.Errorf("%s: %s: a part of %s: %s", name, where, canary, text)
				}
			}
		}
		resolve := func(name string, o Options) {
			e, err := Resolve(o)
			if err == nil {
				check(name, "warnings", fmt.Sprint(e.Warnings, e.Details))
				check(name, "list", fmt.Sprint(e.List()))
				_, err = e.Connect(t.Context(), Secrets{})
			}
			tell(name, err, check)
		}
		dir := t.TempDir()
		for name, text := range contexts {
			path := filepath.Join(dir, "c.yaml")
			save(t, path, "current: c\ncontexts:\n  c:\n    brokers: localhost:1\n    "+strings.ReplaceAll(text, "%s", canary)+"\n")
			if strings.HasPrefix(name, "brokers") {
				save(t, path, "current: c\ncontexts:\n  c:\n    "+strings.ReplaceAll(text, "%s", canary)+"\n")
			}
			resolve("context, "+name, Options{Config: path})
		}
		save(t, filepath.Join(dir, "d.yaml"), "current: '"+canary+"'\ncontexts: {c: {}}\n")
		resolve("current", Options{Config: filepath.Join(dir, "d.yaml")})
		for name, text := range files {
			for _, ext := range []string{".properties", ".conf"} {
				path := filepath.Join(dir, "f"+ext)
				text := strings.ReplaceAll(text, "%s", canary)
				save(t, path, text)
				resolve("file, "+name+ext, Options{File: path})
				imported, err := Import(path, []byte(text))
				if err == nil {
					check(name, "notes", fmt.Sprint(imported.Notes))
				}
				tell("import, "+name, err, check)
			}
		}
		for name, text := range map[string]string{
			"kaf":  "clusters: [{name: c, SASL: {mechanism: '%s', password: *%s}}]",
			"kaf2": "clusters: [{name: c, brokers: [h], SASL: {mechanism: '%s', password: x}}]",
			"rpk":  "profiles: [{name: c, kafka_api: {sasl: {password: %s: x}}}]",
			"any":  "contexts: {c: {sasl: '%s'}}",
			"k8s":  "kind: Secret\ndata: {password: '%s', '%s': x}",
			"k8s2": "kind: Secret\nstringData: {password: %s}",
		} {
			imported, err := Import("x.yaml", []byte(strings.ReplaceAll(text, "%s", canary)))
			if err == nil {
				check(name, "notes", fmt.Sprint(imported.Notes))
			}
			tell("import, "+name, err, check)
		}
		for _, text := range []string{"seed_brokers = ['h']\n[sasl]\npass = %s\n", "[sasl]\npass = '%s\n", "[sasl]\n%s\n", "[sasl]\nmethod = '%s'\npass='%s'\npass='%s'\n"} {
			imported, err := Import("x.toml", []byte(strings.ReplaceAll(text, "%s", canary)))
			if err == nil {
				check("toml", "notes", fmt.Sprint(imported.Notes))
			}
			tell("import of TOML", err, check)
		}
		for name, o := range map[string]Options{
			"-b":          {Brokers: "SASL_PLAINTEXT://u:" + canary + "@h:1"},
			"-b bare":     {Brokers: "u:" + canary + "@h:1"},
			"--registry":  {Registry: "u:" + canary + "@h:80"},
			"--registry2": {Registry: "http://u:" + canary + "@h:80"},
			"--registry3": {Registry: "http://u:" + canary + "@h:80,nonsense"},
			"-X":          {Properties: []string{canary}},
			"-X =":        {Properties: []string{canary + "=x"}},
			"-X protocol": {Properties: []string{"security.protocol=" + canary}},
			"-X url":      {Properties: []string{"schema.registry.url=u:" + canary + "@h"}},
			"env brokers": {Environ: []string{"KSTREAM_BROKERS=u:" + canary + "@h"}},
			"env url":     {Environ: []string{"KSTREAM_REGISTRY=u:" + canary + "@h"}},
			"env":         {Environ: []string{"KSTREAM_PROPERTY_SASL_MECHANISM=" + canary}},
		} {
			resolve(name, o)
		}
	}
}

func save(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func tell(name string, err error, check func(name, where, text string)) {
	if err == nil {
		return
	}
	check(name, "error", err.Error())
	if known := (*Error)(nil); errors.As(err, &known) {
		check(name, "hint", known.Hint)
	}
}
