package config

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestImport(t *testing.T) {
	tests := map[string]struct {
		path, text, wantErr string
		want                *Imported
	}{
		"kaf": {
			path: "config",
			text: `
current-cluster: prod
clusteroverride: ""
clusters:
- name: local
  version: ""
  brokers: ["localhost:9092"]
  SASL: null
  TLS: null
- name: prod
  brokers: [b1:9093, b2:9093]
  SASL: {mechanism: SCRAM-SHA-512, username: u, password: 0123}
  TLS: {cafile: /ca, insecure: true}
  security-protocol: SASL_SSL
  schema-registry-url: https://sr
  schema-registry-credentials: {username: r, password: "@env:SR"}
`,
			want: &Imported{
				Format: "kaf", Current: "prod",
				Contexts: map[string]Context{
					"local": {Brokers: List{"localhost:9092"}},
					"prod": {
						Brokers: List{"b1:9093", "b2:9093"}, Auth: &Auth{Mechanism: "SCRAM-SHA-512", Username: "u", Password: "0123"},
						TLS: &TLS{CA: "/ca", Insecure: true}, Registry: &Registry{URL: "https://sr", Username: "r", Password: "@env:SR"},
					},
				},
			},
		},
		"kafkactl": {
			path: "config.yml",
			text: `
contexts:
  default:
    brokers: [localhost:9092]
    tls: {enabled: false, ca: x}
  remote:
    brokers:
      - r1:9092
    tls: {enabled: true, ca: my-ca, cert: my-cert, certKey: my-key}
    sasl: {enabled: true, username: admin, password: admin}
    clientID: me
    kubernetes: {enabled: true}
    schemaRegistry: {url: "localhost:8081", tls: {enabled: true}}
current-context: remote
`,
			want: &Imported{
				Format: "kafkactl", Current: "remote",
				Contexts: map[string]Context{
					"default": {Brokers: List{"localhost:9092"}},
					"remote": {
						Brokers: List{"r1:9092"}, Auth: &Auth{Mechanism: "PLAIN", Username: "admin", Password: "admin"},
						TLS: &TLS{CA: "my-ca", Cert: "my-cert", Key: "my-key"}, Registry: &Registry{URL: "https://localhost:8081"},
						Librdkafka: map[string]Scalar{"client.id": "me"},
					},
				},
				Notes: []Note{{"remote", "it runs within Kubernetes; that is left out, and the brokers may not be reachable from here"}},
			},
		},
		"rpk": {
			path: "rpk.yaml",
			text: `
version: 6
current_profile: cloud
profiles:
  - name: cloud
    kafka_api:
      brokers: [c:9092]
      tls: {}
      sasl: {user: u, password: "@cmd:x", mechanism: SCRAM_SHA_256}
    schema_registry:
      addresses: [c:30081]
      tls: {}
`,
			want: &Imported{
				Format: "rpk", Current: "cloud",
				Contexts: map[string]Context{"cloud": {
					Brokers: List{"c:9092"}, TLS: &TLS{}, Auth: &Auth{Mechanism: "SCRAM-SHA-256", Username: "u", Password: "@cmd:x"},
					Registry: &Registry{URL: "https://c:30081", Username: "u", Password: "@cmd:x"},
				}},
			},
		},
		"kcl": {
			path: "config.toml",
			text: "current_profile = 'prod'\nseed_brokers = ['a:1']\n[profiles.prod]\nseed_brokers = ['b:1']\n[profiles.prod.tls]\nserver_name = 's'\n[profiles.prod.sasl]\nmethod = 'scram-sha-512'\nuser = 'u'\npass = 'p'\n",
			want: &Imported{
				Format: "kcl", Current: "prod",
				Contexts: map[string]Context{
					"default": {Brokers: List{"a:1"}},
					"prod":    {Brokers: List{"b:1"}, TLS: &TLS{}, Auth: &Auth{Mechanism: "SCRAM-SHA-512", Username: "u", Password: "p"}},
				},
				Notes: []Note{{"prod", "tls.server_name is left out: librdkafka takes the broker's name"}},
			},
		},
		"kcat": {
			path: "/etc/kcat.conf",
			text: "metadata.broker.list=a:1,b:2\nsecurity.protocol=ssl\nclient.id=me\n",
			want: &Imported{Format: "kcat", Contexts: map[string]Context{
				"kcat": {Brokers: List{"a:1", "b:2"}, TLS: &TLS{}, Librdkafka: map[string]Scalar{"client.id": "me"}},
			}},
		},
		"java": {
			path: "client",
			text: `bootstrap.servers=a:1
security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";
acks=all
no.such.thing=1
key.serializer=x
schema.registry.url=https://sr
basic.auth.user.info=r:s
`,
			want: &Imported{
				Format: "java",
				Contexts: map[string]Context{"client": {
					Brokers: List{"a:1"}, TLS: &TLS{}, Auth: &Auth{Mechanism: "PLAIN", Username: "u", Password: "p"},
					Registry: &Registry{URL: "https://sr", Username: "r", Password: "s"}, Librdkafka: map[string]Scalar{"acks": "all"},
				}},
				Notes: []Note{{"", "left out, for librdkafka has no such property: no.such.thing"}},
			},
		},
		"Confluent Cloud": {
			path: "api-key.txt", text: "=== Confluent Cloud API key: lkc-1 ===\n\nAPI key:\nK\n\nAPI secret:\ns+/=\n\nBootstrap server:\npkc-1.confluent.cloud:9092\n",
			want: &Imported{Format: "Confluent Cloud", Contexts: map[string]Context{
				"cloud": {Brokers: List{"pkc-1.confluent.cloud:9092"}, TLS: &TLS{}, Auth: &Auth{Mechanism: "PLAIN", Username: "K", Password: "s+/="}},
			}},
		},
		"Confluent Cloud's registry": {
			path: "api-key.txt", text: "=== Confluent Cloud API key: lsrc-1 ===\r\n\r\nAPI key:\r\nK\r\n\r\nAPI secret:\r\ns\r\n",
			want: &Imported{
				Format: "Confluent Cloud", Contexts: map[string]Context{"registry": {Registry: &Registry{Username: "K", Password: "s"}}},
				Notes: []Note{{"", "it is the key of a schema registry: schema-registry.url says where that is"}},
			},
		},
		"no key in it": {path: "x.txt", text: "=== Confluent Cloud API key ===\nAPI key:\nK\n", wantErr: "x.txt: an API key and its secret are not in it"},
		"Strimzi": {
			path: "all.yaml", text: `apiVersion: v1
kind: List
items:
- apiVersion: kafka.strimzi.io/v1
  kind: Kafka
  metadata: {name: my-cluster}
  status:
    listeners:
    - name: plain
      bootstrapServers: my-cluster-kafka-bootstrap.kafka.svc:9092
    - name: external
      bootstrapServers: kafka.example.com:443
      certificates: ["-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"]
- kind: Secret
  metadata: {name: ada}
  data: {password: czNjcmV0, sasl.jaas.config: eA==}
`,
			want: &Imported{Format: "Strimzi", Contexts: map[string]Context{
				"plain": {Brokers: List{"my-cluster-kafka-bootstrap.kafka.svc:9092"}, Auth: &Auth{Mechanism: "SCRAM-SHA-512", Username: "ada", Password: "s3cret"}},
				"external": {
					Brokers: List{"kafka.example.com:443"}, TLS: &TLS{CA: "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"},
					Auth: &Auth{Mechanism: "SCRAM-SHA-512", Username: "ada", Password: "s3cret"},
				},
			}},
		},
		"Strimzi's secrets": {
			path: "s.yaml", text: "kind: Secret\nmetadata: {name: ada}\nstringData: {ca.crt: clients, user.crt: c, user.key: k}\n---\nkind: Secret\nmetadata: {name: my-cluster-cluster-ca-cert}\ndata: {ca.crt: Y2E=, ca.password: eA==}\n",
			want: &Imported{Format: "Strimzi", Contexts: map[string]Context{"strimzi": {TLS: &TLS{CA: "ca", Cert: "c", Key: "k"}}}},
		},
		"no base64":      {path: "s.yaml", text: "kind: Secret\ndata: {password: '!'}", wantErr: "s.yaml: password is not in base64"},
		"another kind":   {path: "s.yaml", text: "kind: Pod\nmetadata: {name: x}", wantErr: "s.yaml: neither a Secret of Strimzi nor a Kafka with listeners in its status"},
		"something else": {path: "x.yaml", text: "a: 1", wantErr: "x.yaml: this is no configuration of kaf, kafkactl, rpk, kcl, kcat, Strimzi, Confluent Cloud or a Java client"},
		"no cluster":     {path: "x.yaml", text: "clusters: []", wantErr: "x.yaml: no cluster in it"},
		"broken TOML":    {path: "x.toml", text: "a = ", wantErr: "x.toml: line 1 (last key ***): unexpected EOF; expected value"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Import(tt.path, []byte(tt.text))
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An imported context must connect as the original did.
func TestImportResolves(t *testing.T) {
	imported, err := Import("client.properties", []byte(`bootstrap.servers=a:1
security.protocol=SASL_PLAINTEXT
sasl.mechanism=OAUTHBEARER
sasl.jaas.config=x.OAuthBearerLoginModule required clientId="i" clientSecret="s";
sasl.oauthbearer.token.endpoint.url=https://t
`))
	if err != nil {
		t.Fatal(err)
	}
	c, notes, err := imported.Pick("client.properties", "mine")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a secret stands in it as it is; @keyring:, @file: or @cmd: keep it elsewhere"}, notes); diff != "" {
		t.Error(diff)
	}
	path := writeFile(t, "config.yaml", "", 0o600)
	d, err := OpenDocument(path)
	if err != nil {
		t.Fatal(err)
	}
	if err = errors.Join(d.Set("mine", c), d.Use("mine"), d.Save()); err != nil {
		t.Fatal(err)
	}
	e, err := Resolve(Options{Config: path})
	if err != nil {
		t.Fatal(err)
	}
	const want = `bootstrap.servers=a:1 (context mine)
sasl.mechanism=OAUTHBEARER (context mine)
sasl.oauthbearer.client.credentials.client.id=i (context mine)
sasl.oauthbearer.client.credentials.client.secret=*** (context mine)
sasl.oauthbearer.method=oidc (context mine)
sasl.oauthbearer.token.endpoint.url=https://t (context mine)
security.protocol=SASL_PLAINTEXT (context mine)
`
	if diff := cmp.Diff(want, shown(e)); diff != "" {
		t.Error(diff)
	}
}

func TestPick(t *testing.T) {
	two := &Imported{
		Contexts: map[string]Context{"a": {}, "prod": {ReadOnly: true, TLS: &TLS{Insecure: true}}},
		Notes:    []Note{{"", "of both"}, {"a", "of another"}, {"prod", "of it"}},
	}
	c, notes, err := two.Pick("f", "prod")
	if err != nil || !c.ReadOnly {
		t.Errorf("got %+v, %v", c, err)
	}
	if diff := cmp.Diff([]string{"of both", "of it", "certificates are not verified"}, notes); diff != "" {
		t.Error(diff)
	}
	_, _, err = two.Pick("f", "x")
	if diff := cmp.Diff(&Error{Kind: UnknownContext, Message: `f: there is no cluster "x"`, Hint: "there are: a, prod"}, err); diff != "" {
		t.Error(diff)
	}
}

func FuzzImport(f *testing.F) {
	f.Add("x.yaml", "clusters: [{name: a, brokers: [b:1], SASL: {}}]")
	f.Add("x.yaml", "contexts: {a: {brokers: b, sasl: {enabled: true}}}")
	f.Add("x.yaml", "profiles: [{name: a, kafka_api: {tls: {}}, schema_registry: {addresses: [x]}}]")
	f.Add("x.toml", "[profiles.a]\nseed_brokers = ['b']")
	f.Add("x.conf", "bootstrap.servers=a\nsecurity.protocol=x")
	f.Fuzz(func(t *testing.T, path, text string) {
		got, err := Import(path, []byte(text))
		if (got == nil) == (err == nil) {
			t.Fatalf("%v and %v", got, err)
		}
	})
}
