package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseProperties(t *testing.T) {
	tests := map[string]struct {
		path, text, wantErr string
		want                []Line
	}{
		"separators":   {text: "a=1\nb: 2\nc 3\nd = 4\ne\n", want: []Line{{1, "a", "1"}, {2, "b", "2"}, {3, "c", "3"}, {4, "d", "4"}, {5, "e", ""}}},
		"comments":     {text: "# x\n  ! y\n\na=#1\r\n", want: []Line{{4, "a", "#1"}}},
		"continued":    {text: "a=x,\\\n   y,\\\n\t# z\nb=1", want: []Line{{1, "a", "x,y,# z"}, {4, "b", "1"}}},
		"even slashes": {text: "a=x\\\\\nb=1", want: []Line{{1, "a", `x\`}, {2, "b", "1"}}},
		"ends open":    {text: "a=x\\", want: []Line{{1, "a", "x"}}},
		"escapes":      {text: `a\ b\=c=\t\u00e4\ud83d\ude00\z`, want: []Line{{1, "a b=c", "\tä😀z"}}},
		"equals in it": {text: "a=b=c", want: []Line{{1, "a", "b=c"}}},
		"bad unicode":  {text: "\na=\\u12", wantErr: `x:2: \u needs four hexadecimal digits`},
		"kcat":         {path: "kcat.conf", text: "# c\na = x\\y \n", want: []Line{{2, "a", `x\y`}}},
		"kcat broken":  {path: "kcat.conf", text: "a", wantErr: "kcat.conf:1: want NAME=VALUE"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.path == "" {
				tt.path = "x"
			}
			got, err := ParseProperties(tt.path, []byte(tt.text))
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFromJava(t *testing.T) {
	const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required `
	tests := map[string]struct {
		text, wantErr, hint string
		want                []Line
		notes               []string
	}{
		"plain":       {text: `sasl.jaas.config=` + plain + `username="u" password="p;q";`, want: []Line{{1, "sasl.username", "u"}, {1, "sasl.password", "p;q"}}},
		"scram":       {text: "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\\n  username='u' \\\n  password=\"a\\\\\"b\";", want: []Line{{1, "sasl.username", "u"}, {1, "sasl.password", `a"b`}}},
		"oauth":       {text: `sasl.jaas.config=x.OAuthBearerLoginModule required clientId="i" clientSecret="s" scope="a" extension_logicalCluster="l";`, want: []Line{{1, "sasl.oauthbearer.client.id", "i"}, {1, "sasl.oauthbearer.client.secret", "s"}, {1, "sasl.oauthbearer.scope", "a"}, {1, "sasl.oauthbearer.extensions", "logicalCluster=l"}}},
		"kerberos":    {text: `sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required;`, wantErr: "x:1: sasl.jaas.config: GSSAPI (Kerberos) is not built into this client: it would need the system's Kerberos libraries"},
		"module":      {text: `sasl.jaas.config=a.B required;`, wantErr: `x:1: sasl.jaas.config: the login module is none of PlainLoginModule, ScramLoginModule, OAuthBearerLoginModule and IAMLoginModule`},
		"open quote":  {text: `sasl.jaas.config=` + plain + `password="secret`, wantErr: "x:1: sasl.jaas.config: a quote is not closed"},
		"dropped":     {text: "key.serializer=a.B\nmax.poll.records=5\nbuffer.memory=1\nclient.id=me", want: []Line{{4, "client.id", "me"}}},
		"interceptor": {text: "consumer.interceptor.classes=a.B", want: []Line{{1, "consumer.interceptor.classes", "a.B"}}},
		"Java's name": {text: "fetch.max.wait.ms=5\nssl.cipher.suites=", want: []Line{{1, "fetch.wait.max.ms", "5"}}},
		"ciphers":     {text: "ssl.cipher.suites=TLS_RSA_WITH_AES_128_CBC_SHA", notes: []string{"x:1: ssl.cipher.suites is left out: OpenSSL has other names for them"}},
		"assignor":    {text: "partition.assignment.strategy=org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor", want: []Line{{1, "partition.assignment.strategy", "range,cooperative-sticky"}}},
		"hostname":    {text: "ssl.endpoint.identification.algorithm=", want: []Line{{1, "ssl.endpoint.identification.algorithm", "none"}}},
		"jks":         {text: "ssl.truststore.location=/t.jks\nssl.truststore.password=x\nssl.truststore.type=jks", want: []Line{{1, trustStoreFile, "/t.jks"}, {2, trustStorePassword, "x"}}},
		"pem inside":  {text: "ssl.truststore.type=PEM\nssl.truststore.certificates=c\nssl.keystore.certificate.chain=d\nssl.keystore.key=k\nssl.key.password=p", want: []Line{{2, "ssl.ca.pem", "c"}, {3, "ssl.certificate.pem", "d"}, {4, "ssl.key.pem", "k"}, {5, "ssl.key.password", "p"}}},
		"providers":   {text: "sasl.password=${env:P}\nssl.key.password=${directory:/run/s:key}\nclient.id=${other:x}", want: []Line{{1, "sasl.password", "@env:P"}, {2, "ssl.key.password", "@file:/run/s/key"}, {3, "client.id", "${other:x}"}}},
		"pem":         {text: "ssl.truststore.location=/t\nssl.truststore.type=PEM\nssl.truststore.password=x", want: []Line{{1, "ssl.ca.location", "/t"}}},
		"key store":   {text: "ssl.keystore.location=/k.p12\nssl.keystore.password=x\nssl.keystore.type=PKCS12", want: []Line{{1, "ssl.keystore.location", "/k.p12"}, {2, "ssl.keystore.password", "x"}}},
		"registry":    {text: "schema.registry.url=http://r\nbasic.auth.user.info=u:p\nbasic.auth.credentials.source=USER_INFO", want: []Line{{1, "schema.registry.url", "http://r"}, {2, "schema.registry.basic.auth.user.info", "u:p"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			lines, err := ParseProperties("x", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			got, notes, err := FromJava("x", lines)
			if diff := cmp.Diff(tt.wantErr, errText(err)); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.notes, notes); diff != "" {
				t.Error(diff)
			}
			if tt.hint != "" {
				if diff := cmp.Diff(tt.hint, hintOf(err)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func FuzzProperties(f *testing.F) {
	f.Add("a=b\\\n c\nsasl.jaas.config=x.PlainLoginModule required username=\"u\" password='p';")
	f.Add("ssl.keystore.location=/k.p12\n\\u00e4 : \\\\")
	f.Fuzz(func(t *testing.T, text string) {
		for _, path := range []string{"client.properties", "kcat.conf"} {
			lines, err := ParseProperties(path, []byte(text))
			if err != nil {
				continue
			}
			if _, _, err = FromJava(path, lines); err != nil && err.Error() == "" {
				t.Fatal("an error without text")
			}
		}
		if words, err := splitWords(text); err == nil && len(words) == 0 {
			t.Fatal("no words")
		}
	})
}
